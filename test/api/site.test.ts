import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApi, type TestApi, temporaryFolder } from './room.ts';

describe('pages', () => {
  let api: TestApi;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeAll(async () => {
    folder = await temporaryFolder();
    await mkdir(join(folder.path, 'assets'));
    await writeFile(join(folder.path, 'index.html'), '<!doctype html><title>Weir</title>');
    await writeFile(join(folder.path, 'assets', 'index-abc123.js'), 'export {};');
    api = await startApi({ site: folder.path, health: { store: () => ({ ready: false, detail: 'starting' }) } });
  });
  afterAll(async () => {
    await api.stop();
    await folder.remove();
  });

  test('every address of the application gets its one document', async () => {
    for (const path of ['/', '/incidents/INC-1', '/stages/orders/a%20b']) {
      const response = await api.get(path);
      expect(response.status).toBe(200);
      expect(response.headers.get('cache-control')).toBe('no-cache');
      expect(await response.text()).toContain('<title>Weir</title>');
    }
  });

  test('hashed files never change, missing ones are missing', async () => {
    const response = await api.get('/assets/index-abc123.js');
    expect(response.headers.get('cache-control')).toContain('immutable');
    expect(response.headers.get('content-type')).toContain('javascript');
    expect((await api.get('/assets/index-gone.js')).status).toBe(404);
    expect((await api.get('/assets/..%2f..%2fpackage.json')).status).toBe(403);
  });

  test('health is answered beside the pages', async () => {
    expect(await (await api.get('/healthz')).text()).toBe('ok\n');
    const ready = await api.get('/readyz');
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ parts: { store: { detail: 'starting' } } });
    expect(await (await api.get('/metrics')).text()).toContain('weir_api_live_clients');
  });

  test('answers of the API are never stored, and what is not there is 404 in JSON', async () => {
    const response = await api.get('/api/nothing');
    expect(response.status).toBe(404);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toMatchObject({ error: { code: 'api_route_unknown' } });
  });

  test('the first-run page learns what listens', async () => {
    const receivers = () => [
      { name: 'OTLP over HTTP', address: 'http://127.0.0.1:4318', ready: true, detail: 'ready' },
    ];
    const other = await startApi({ receivers, health: { alerting: () => ({ ready: true }) } });
    const { receivers: list } = (await (await other.get('/api/setup')).json()) as {
      receivers: { name: string; detail: string }[];
    };
    expect(list.map((one) => [one.name, one.detail])).toEqual([
      ['OTLP over HTTP', 'ready'],
      ['alerting', 'ready'],
    ]);
    await other.stop();
  });
});

test('without built pages a clear text says what to run, and the API still answers', async () => {
  const folder = await temporaryFolder();
  const api = await startApi({ site: folder.path });
  const response = await api.get('/');
  expect(response.status).toBe(503);
  expect(response.headers.get('content-type')).toContain('text/plain');
  expect(await response.text()).toContain('npm run ui:build');
  expect((await api.get('/api/setup')).status).toBe(200);
  await api.stop();
  await api.stop();
  await folder.remove();
});

test('a store and an alerting that cannot be reached are answers, not crashes', async () => {
  const api = await startApi();
  const series = await api.get('/api/series?pipeline=orders');
  expect(series.status).toBe(503);
  expect(await series.json()).toMatchObject({ error: { message: expect.stringContaining('could not be read') } });
  const incidents = await api.get('/api/incidents');
  expect(incidents.status).toBe(502);
  expect(await incidents.json()).toMatchObject({ error: { code: 'api_alerting_unreachable' } });
  const broken = await fetch(`${api.url}/api/incidents/x/note`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{oops',
  });
  expect(broken.status).toBe(400);
  await api.stop();
});
