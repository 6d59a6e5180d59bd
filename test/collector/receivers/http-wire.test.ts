import { Agent, request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { type Dialled, dial as dialTo, until } from './dial.ts';
import { sendTo } from './http-client.ts';
import { type Listening, type ListeningOptions, listenOn } from './listening.ts';

const PROTOBUF = { 'content-type': 'application/x-protobuf' };

let listening: Listening;
const sockets: Socket[] = [];

async function open(overrides: Record<string, unknown> = {}, options: ListeningOptions = {}): Promise<void> {
  listening = await listenOn('otlp_http', { max_request_bytes: 1 << 20, ...overrides }, options);
}
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listening.receiver.stop();
});

/** A connection that the end of the test closes. */
async function dial(): Promise<Dialled> {
  const dialled = await dialTo(listening.url);
  sockets.push(dialled.socket);
  return dialled;
}

const HEAD = 'POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n';

describe('a body', () => {
  it('is handed on as it was sent, of any size, many at a time', async () => {
    await open({ max_request_bytes: 8 << 20 });
    const agent = new Agent({ keepAlive: true, maxSockets: 6 });
    const bodies = [0, 1, 9000, 65_536, 70_000, 1_400_000, 5_000_000].map((size, i) => Buffer.alloc(size, 97 + i));
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(
        bodies.map((body) => sendTo(listening.url, '/v1/logs', body, { headers: PROTOBUF, agent })),
      );
      expect(answers.map(({ status }) => status)).toEqual(bodies.map(() => 200));
      const texts = listening.taken.splice(0).map(({ text }) => text);
      expect(texts.sort((a, b) => a.length - b.length)).toEqual(bodies.map((body) => body.toString('latin1')));
    }
    expect(listening.admission.bytes).toBe(0);
    agent.destroy();
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['zlib', deflateSync],
    ['zstd', zstdCompressSync],
  ] as const)('is unpacked: %s', async (encoding, pack) => {
    await open();
    for (const size of [50, 900_000]) {
      const text = 'abcde'.repeat(size / 5);
      const headers = { ...PROTOBUF, 'content-encoding': encoding };
      expect((await sendTo(listening.url, '/v1/metrics', pack(text), { headers })).status).toBe(200);
      expect(listening.taken.at(-1)).toEqual({ signal: 'metrics', encoding: 'protobuf', text });
    }
  });

  it('may come in chunks, byte by byte, and several requests in one packet', async () => {
    await open();
    const { socket, heard } = await dial();
    for (const byte of `${HEAD}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`) {
      socket.write(byte);
      await new Promise((next) => setImmediate(next));
    }
    await until(() => listening.taken.length === 1);
    socket.write(`${HEAD}content-length: 1\r\n\r\n1${HEAD}content-length: 1\r\n\r\n2`);
    await until(() => heard().split('HTTP/1.1 200').length === 4);
    expect(listening.taken.map(({ text }) => text)).toEqual(['abcde', '1', '2']);
  });
});

describe('Expect: 100-continue', () => {
  const ask = (headers: Record<string, string>, body: string) =>
    new Promise<{ continued: boolean; status: number }>((done, fail) => {
      let continued = false;
      const request = httpRequest(`${listening.url}/v1/traces`, {
        method: 'POST',
        headers: { ...PROTOBUF, expect: '100-continue', ...headers },
      });
      request.on('continue', () => {
        continued = true;
        request.end(body);
      });
      request.on('response', (response) => {
        response.resume();
        done({ continued, status: response.statusCode ?? 0 });
        request.destroy();
      });
      request.on('error', fail);
      request.flushHeaders();
    });

  it('is answered before the body is sent, by going on or by the refusal', async () => {
    const token = 'a-token-of-some-length';
    await open({ token });
    const authorization = `Bearer ${token}`;
    expect(await ask({ authorization, 'content-length': '5' }, 'bytes')).toEqual({ continued: true, status: 200 });
    expect(listening.taken.at(-1)?.text).toBe('bytes');
    expect(await ask({ 'content-length': '5' }, 'bytes')).toEqual({ continued: false, status: 401 });
    const large = { authorization, 'content-length': String(2 << 20) };
    expect(await ask(large, '')).toEqual({ continued: false, status: 413 });
    const odd = { authorization, 'content-length': '5', 'content-encoding': 'br' };
    expect(await ask(odd, 'bytes')).toEqual({ continued: false, status: 415 });
  });
});

describe('slow senders', () => {
  it.each([
    ['headers', 'POST /v1/traces HTTP/1.1\r\nhost: x\r\n'],
    ['the body', `${HEAD}content-length: 100\r\n\r\nonly this`],
  ])('of %s are cut off', async (_, text) => {
    await open({ request_timeout: '300ms' });
    const { socket, heard, closed } = await dial();
    socket.write(text);
    await closed;
    expect(heard()).toMatch(/^HTTP\/1\.1 408 /);
    expect(listening.taken).toEqual([]);
    await until(() => listening.admission.bytes === 0);
  });

  it('are bounded in number by the bytes that may be on their way', async () => {
    await open({}, { maxInFlight: 32 << 10 });
    for (let i = 0; i < 8; i++) (await dial()).socket.write(`${HEAD}content-length: 100\r\n\r\n`);
    await until(() => listening.admission.bytes === 32 << 10);
    const answer = await sendTo(listening.url, '/v1/traces', 'x', { headers: PROTOBUF });
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
    for (const socket of sockets.splice(0)) socket.destroy();
    await until(() => listening.admission.bytes === 0);
    expect((await sendTo(listening.url, '/v1/traces', 'x', { headers: PROTOBUF })).status).toBe(200);
  });
});

it('lets a page read how long it has to wait', async () => {
  await open({ cors: { allowed_origins: ['https://example.org'] } });
  const headers = { ...PROTOBUF, origin: 'https://example.org' };
  const answer = await sendTo(listening.url, '/v1/traces', 'x', { headers });
  expect(answer.headers['access-control-allow-origin']).toBe('https://example.org');
  expect(answer.headers['access-control-expose-headers']).toBe('retry-after');
});

it('answers what is on its way when it stops', async () => {
  let finish = () => {};
  const held = new Promise<void>((done) => {
    finish = done;
  });
  await open({}, { consume: () => held });
  const pending = sendTo(listening.url, '/v1/traces', 'x', { headers: PROTOBUF });
  await until(() => listening.taken.length === 1);
  const stopped = listening.receiver.stop();
  finish();
  const answer = await pending;
  expect([answer.status, answer.headers['connection']]).toEqual([200, 'close']);
  await stopped;
});
