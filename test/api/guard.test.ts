import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApi, startPeer, type TestApi } from './room.ts';

const TOKEN = 'correct-horse-battery';

/** fetch forbids setting Host, so the plain client does it. */
function statusWithHost(url: string, path: string, headers: Record<string, string>, method = 'GET'): Promise<number> {
  return new Promise((done, fail) => {
    const call = httpRequest(url + path, { method, headers }, (response) => {
      response.resume();
      done(response.statusCode ?? 0);
    });
    call.on('error', fail);
    call.end();
  });
}

describe('without a token, on loopback', () => {
  let api: TestApi;
  let peer: Awaited<ReturnType<typeof startPeer>>;
  beforeAll(async () => {
    peer = await startPeer(() => ({ status: 200, body: '{}' }));
    api = await startApi({ alertingUrl: peer.url });
  });
  afterAll(async () => {
    await api.stop();
    await peer.stop();
  });

  test('every answer carries the security headers', async () => {
    for (const path of ['/', '/healthz', '/api/nothing']) {
      const { headers } = await api.get(path);
      expect(headers.get('content-security-policy')).toContain("script-src 'self'");
      expect(headers.get('content-security-policy')).not.toContain('unsafe');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-powered-by')).toBeNull();
    }
  });

  test('a foreign Host is refused: a page that rebinds its name cannot read', async () => {
    expect(await statusWithHost(api.url, '/api/setup', { host: 'evil.example' })).toBe(403);
    expect(await statusWithHost(api.url, '/api/setup', { host: 'localhost:8080' })).toBe(200);
    expect(await statusWithHost(api.url, '/api/setup', { host: '[::1]:8080' })).toBe(200);
  });

  test.each([
    ['a foreign origin', { origin: 'https://evil.example' }, 403],
    ['an opaque origin', { origin: 'null' }, 403],
    ['a cross-site fetch', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a form', { 'content-type': 'text/plain' }, 415],
  ])('a write from %s is refused and not passed on', async (_, headers, status) => {
    const before = peer.heard.length;
    const response = await api.post(
      '/api/incidents/INC-1/ack',
      { by: 'Mallory' },
      headers as unknown as Record<string, string>,
    );
    expect(response.status).toBe(status);
    expect(peer.heard.length).toBe(before);
  });

  test('a delete from a foreign origin is refused', async () => {
    const response = await fetch(`${api.url}/api/silences/x`, {
      method: 'DELETE',
      headers: { origin: 'https://evil.example' },
    });
    expect(response.status).toBe(403);
  });

  test('a write from this site passes', async () => {
    const response = await api.post('/api/incidents/INC-1/ack', { by: 'Ines' }, { origin: api.url });
    expect(response.status).toBe(200);
    expect(peer.heard.at(-1)).toMatchObject({
      method: 'POST',
      path: '/api/incidents/INC-1/ack',
      body: '{"by":"Ines"}',
    });
  });
});

describe('with a token', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startApi({ listen: { token: TOKEN } });
  });
  afterAll(() => api.stop());

  test('nothing but liveness answers without it', async () => {
    expect((await api.get('/healthz')).status).toBe(200);
    for (const path of ['/', '/api/setup', '/api/live', '/metrics', '/readyz', '/incidents']) {
      expect((await api.get(path)).status, path).toBe(401);
    }
  });

  test('programs send it as bearer', async () => {
    expect((await api.get('/api/setup', { authorization: `Bearer ${TOKEN}` })).status).toBe(200);
    expect((await api.get('/api/setup', { authorization: 'Bearer wrong-wrong-wrong' })).status).toBe(401);
  });

  test('people sign in by the address and get a cookie scripts cannot read', async () => {
    const response = await api.get(`/incidents?state=open&token=${TOKEN}`);
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('/incidents?state=open');
    const cookie = response.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/HttpOnly/i);
    expect(cookie).toMatch(/SameSite=Strict/i);
    const signedIn = await api.get('/api/setup', { cookie: cookie.split(';')[0] as string });
    expect(signedIn.status).toBe(200);
  });

  test('the redirect after sign-in stays on this host', async () => {
    const response = await api.get(`//evil.example/x?token=${TOKEN}`);
    expect(response.headers.get('location') ?? '/').toMatch(/^\/(?!\/)/);
  });

  test('a wrong token is refused and sets no cookie', async () => {
    const response = await api.get('/?token=wrong');
    expect(response.status).toBe(401);
    expect(response.headers.get('set-cookie')).toBeNull();
    expect((await api.get('/api/setup', { cookie: 'weir_token=wrong' })).status).toBe(401);
    expect((await api.get('/api/setup', { cookie: 'weir_token=%E0%A4%A' })).status).toBe(401);
  });

  test('the host may be any name', async () => {
    expect(
      await statusWithHost(api.url, '/api/setup', { host: 'weir.example', authorization: `Bearer ${TOKEN}` }),
    ).toBe(200);
  });
});

test('binding off loopback without a token refuses to start', async () => {
  await expect(startApi({ listen: { host: '0.0.0.0' } })).rejects.toMatchObject({ code: 'core_listen_unprotected' });
});
