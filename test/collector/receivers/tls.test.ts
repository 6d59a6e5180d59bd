import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect as connectHttp2 } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type PeerCertificate, type SecureVersion } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Listening, listenOn } from './listening.ts';

const fixture = (name: string) => new URL(`./fixtures/${name}`, import.meta.url).pathname;
const pem = (name: string) => readFile(fixture(name), 'utf8');

let folder: string;
const open: Listening[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-tls-'));
  await use('server');
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.receiver.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Puts a pair of files where the listener looks for it. */
async function use(name: string): Promise<void> {
  await copyFile(fixture(`${name}.pem`), join(folder, 'tls.pem'));
  await copyFile(fixture(`${name}.key`), join(folder, 'tls.key'));
}

async function listen(kind: 'otlp_http' | 'otlp_grpc', tls: object = {}, rest: object = {}): Promise<Listening> {
  const files = { cert_file: join(folder, 'tls.pem'), key_file: join(folder, 'tls.key') };
  const listening = await listenOn(kind, { tls: { ...files, reload_interval: '50ms', ...tls }, ...rest });
  open.push(listening);
  return listening;
}

interface Identity {
  readonly cert?: string;
  readonly key?: string;
}

async function identity(name: string): Promise<Identity> {
  return { cert: await pem(`${name}.pem`), key: await pem(`${name}.key`) };
}

async function postHttp(url: string, client: Identity = {}): Promise<number> {
  const ca = await pem('ca.pem');
  return await new Promise((done, fail) => {
    const headers = { 'content-type': 'application/x-protobuf' };
    const request = httpsRequest(`${url}/v1/traces`, { method: 'POST', ca, headers, agent: false, ...client });
    request.on('response', (response) => {
      response.resume();
      done(response.statusCode ?? 0);
    });
    request.on('error', fail);
    request.end('bytes');
  });
}

async function callGrpc(url: string, client: Identity = {}): Promise<string> {
  const session = connectHttp2(url, { ca: await pem('ca.pem'), ...client });
  try {
    return await new Promise((done, fail) => {
      session.on('error', fail);
      const stream = session.request({
        ':method': 'POST',
        ':path': '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
        'content-type': 'application/grpc',
      });
      stream.on('error', fail);
      stream.on('trailers', (trailers) => done(String(trailers['grpc-status'])));
      stream.on('close', () => fail(new Error('no answer')));
      stream.resume();
      stream.end(Buffer.from([0, 0, 0, 0, 1, 65]));
    });
  } finally {
    session.destroy();
  }
}

async function certificateOf(url: string, maxVersion: SecureVersion = 'TLSv1.3'): Promise<PeerCertificate> {
  const { hostname: host, port } = new URL(url);
  const ca = await pem('ca.pem');
  return await new Promise((done, fail) => {
    const socket = connectTls({ host, port: Number(port), ca, maxVersion }, () => {
      done(socket.getPeerCertificate());
      socket.destroy();
    });
    socket.on('error', fail);
  });
}

describe.each(['otlp_http', 'otlp_grpc'] as const)('%s with certificates', (kind) => {
  const send = kind === 'otlp_http' ? postHttp : callGrpc;
  const ok = kind === 'otlp_http' ? 200 : '0';

  it('takes telemetry from whoever trusts them', async () => {
    const { url, taken } = await listen(kind);
    expect(url).toMatch(/^https:/);
    expect(await send(url)).toBe(ok);
    expect(taken).toHaveLength(1);
    await expect(send(url.replace('https:', 'http:'))).rejects.toThrow();
  });

  it('lets only senders in whose certificate is signed as demanded', async () => {
    const { url, taken } = await listen(kind, { client_ca_file: fixture('ca.pem') });
    await expect(send(url)).rejects.toThrow();
    await expect(send(url, await identity('stranger'))).rejects.toThrow();
    expect(taken).toHaveLength(0);
    expect(await send(url, await identity('client'))).toBe(ok);
  });

  it('may bind off loopback when it demands certificates, and not without', async () => {
    const host = { host: '0.0.0.0' };
    await expect(listen(kind, {}, host)).rejects.toMatchObject({ code: 'core_listen_unprotected' });
    const { url } = await listen(kind, { client_ca_file: fixture('ca.pem') }, host);
    expect(await send(url.replace('0.0.0.0', '127.0.0.1'), await identity('client'))).toBe(ok);
  });

  it('uses renewed files without a restart, and the old ones while the new do not fit', async () => {
    const { url } = await listen(kind);
    expect((await certificateOf(url)).subject.CN).toBe('localhost');
    await copyFile(fixture('renewed.pem'), join(folder, 'tls.pem'));
    await new Promise((next) => setTimeout(next, 150));
    await writeFile(join(folder, 'tls.key'), '');
    await new Promise((next) => setTimeout(next, 150));
    expect((await certificateOf(url)).subject.CN).toBe('localhost');
    await use('renewed');
    const deadline = Date.now() + 10_000;
    while ((await certificateOf(url)).subject.CN !== 'renewed.localhost' && Date.now() < deadline) {
      await new Promise((next) => setTimeout(next, 50));
    }
    expect((await certificateOf(url)).subject.CN).toBe('renewed.localhost');
    expect(await send(url)).toBe(ok);
  });

  it('refuses versions below the configured one', async () => {
    const { url } = await listen(kind, { min_version: '1.3' });
    await expect(certificateOf(url, 'TLSv1.2')).rejects.toThrow();
    expect((await certificateOf(url)).subject.CN).toBe('localhost');
  });

  it.each([
    ['cert_file', { cert_file: '/nowhere/tls.pem' }, /tls\.cert_file: cannot read \/nowhere\/tls\.pem/],
    ['key_file', { key_file: fixture('ca.pem') }, /tls\.key_file: .* is not a private key/],
    ['key_file', { key_file: fixture('client.key') }, /tls\.key_file: .* is not the key of the certificate/],
    ['client_ca_file', { client_ca_file: fixture('client.key') }, /tls\.client_ca_file: .* is not a certificate/],
  ])('says at the start what is wrong with %s', async (_, tls, message) => {
    await expect(listen(kind, tls)).rejects.toMatchObject({
      code: 'collector_tls_invalid',
      message: expect.stringMatching(message),
    });
    await expect(listen(kind, tls)).rejects.toThrow(`collector.${kind}.tls`);
  });
});

it.each(['hello', ''])('refuses text that is no certificate: "%s"', async (text) => {
  await writeFile(join(folder, 'tls.pem'), text);
  await expect(listen('otlp_http')).rejects.toThrow(/tls\.cert_file: .* is not a certificate/);
});
