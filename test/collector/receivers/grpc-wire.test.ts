import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseTimeout, percentEncode } from '../../../collector/receivers/grpc/metadata.ts';
import { type Listening, type ListeningOptions, listenOn } from './listening.ts';

const TRACES = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const HEALTH = '/grpc.health.v1.Health/Check';

let listening: Listening;
let session: ClientHttp2Session;

async function open(overrides: Record<string, unknown> = {}, options: ListeningOptions = {}): Promise<void> {
  await close();
  listening = await listenOn('otlp_grpc', { max_request_bytes: 1 << 20, ...overrides }, options);
  session = connect(listening.url);
  session.on('error', () => {});
}
async function close(): Promise<void> {
  session?.destroy();
  await listening?.receiver.stop();
}
beforeEach(() => open());
afterEach(close);

function frame(message: Uint8Array, flag = 0): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

interface Reply {
  /** Of the response and its trailers. */
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** One call whose bytes are written piece by piece; the stream stays open when `end` is false. */
function call(pieces: readonly Buffer[], headers: Record<string, string> = {}, end = true): Promise<Reply> {
  return new Promise((done, fail) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': TRACES,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    const found: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    stream.on('response', (response) => Object.assign(found, response));
    stream.on('trailers', (trailers) => Object.assign(found, trailers));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', fail);
    stream.on('close', () => done({ headers: found, body: Buffer.concat(chunks) }));
    const write = async () => {
      for (const piece of pieces) {
        if (stream.destroyed) return;
        stream.write(piece);
        await new Promise((next) => setImmediate(next));
      }
      if (end) stream.end();
    };
    write().catch(fail);
  });
}

describe('a message', () => {
  it('arrives whole however its frames are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 3000 }),
        fc.array(fc.integer({ min: 1, max: 700 })),
        async (bytes, cuts) => {
          const framed = frame(bytes);
          const pieces: Buffer[] = [];
          let at = 0;
          for (const cut of cuts) {
            if (at >= framed.length) break;
            pieces.push(framed.subarray(at, at + cut));
            at += cut;
          }
          pieces.push(framed.subarray(at));
          const { headers, body } = await call(pieces);
          expect([headers['grpc-status'], body]).toEqual(['0', Buffer.alloc(5)]);
          expect(listening.taken.at(-1)).toEqual({
            signal: 'traces',
            encoding: 'protobuf',
            text: Buffer.from(bytes).toString('latin1'),
          });
        },
      ),
      { numRuns: 60 },
    );
    expect(listening.admission.bytes).toBe(0);
  });

  it('of some hundred kilobytes is not mixed up with others that come at the same time', async () => {
    const bodies = Array.from({ length: 12 }, (_, i) => Buffer.alloc(200_000 + i * 1000, 65 + i));
    const replies = await Promise.all(bodies.map((body) => call([frame(body)])));
    expect(replies.map(({ headers }) => headers['grpc-status'])).toEqual(bodies.map(() => '0'));
    const texts = new Set(listening.taken.map(({ text }) => text));
    for (const body of bodies) expect(texts.has(body.toString('latin1'))).toBe(true);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['zstd', zstdCompressSync],
  ] as const)('may be compressed with %s', async (encoding, pack) => {
    for (const size of [100, 500_000]) {
      const text = 'span '.repeat(size / 5);
      const { headers } = await call([frame(pack(text), 1)], { 'grpc-encoding': encoding });
      expect(headers['grpc-status']).toBe('0');
      expect(listening.taken.at(-1)?.text).toBe(text);
    }
  });

  it('may be left uncompressed where a compression is announced', async () => {
    await call([frame(Buffer.from('plain'))], { 'grpc-encoding': 'gzip' });
    expect(listening.taken.at(-1)?.text).toBe('plain');
  });
});

describe('a call is refused', () => {
  const cases: readonly [string, readonly Buffer[], Record<string, string>, string, RegExp][] = [
    [
      'an unknown compression',
      [frame(Buffer.from('x'), 1)],
      { 'grpc-encoding': 'snappy' },
      '12',
      /snappy.*gzip, deflate, zstd/,
    ],
    ['a compression that is not named', [frame(gzipSync('x'), 1)], {}, '3', /grpc-encoding/],
    ['broken compression', [frame(Buffer.from('hello'), 1)], { 'grpc-encoding': 'gzip' }, '3', /not valid gzip/],
    ['no message', [], {}, '3', /no message/],
    ['half a message', [frame(Buffer.from('hello')).subarray(0, 7)], {}, '3', /ends inside/],
    ['two messages', [frame(Buffer.from('a')), frame(Buffer.from('b'))], {}, '3', /more than one/],
    ['an unknown flag', [frame(Buffer.from('a'), 7)], {}, '3', /flag/],
    ['an unknown method', [frame(Buffer.from('a'))], { ':path': '/other.Service/Export' }, '12', /other\.Service/],
  ];
  it.each(cases)('for %s', async (_, pieces, headers, code, message) => {
    const reply = await call(pieces, headers);
    expect(reply.headers['grpc-status']).toBe(code);
    expect(decodeURIComponent(String(reply.headers['grpc-message']))).toMatch(message);
    if (code === '12') expect(reply.headers['grpc-accept-encoding']).toBe('identity, gzip, deflate, zstd');
    expect(listening.taken).toEqual([]);
    expect(listening.admission.bytes).toBe(0);
  });

  it('as too large as soon as its length is known, and by what it unpacks to', async () => {
    const announced = await call([frame(Buffer.alloc(2 << 20)).subarray(0, 100)], {}, false);
    expect(announced.headers['grpc-status']).toBe('8');
    const bomb = frame(gzipSync(Buffer.alloc(64 << 20)), 1);
    expect((await call([bomb], { 'grpc-encoding': 'gzip' })).headers['grpc-status']).toBe('8');
    expect(listening.refused).toEqual(['collector_request_too_large', 'collector_request_too_large']);
    expect(listening.admission.bytes).toBe(0);
  });

  it('with an HTTP status where it is no gRPC', async () => {
    const status = async (headers: Record<string, string>) => (await call([], headers)).headers[':status'];
    expect(await status({ 'content-type': 'application/json' })).toBe(415);
    expect(await status({ 'content-type': 'application/grpc-web+proto' })).toBe(415);
    expect(await status({ 'content-type': 'application/grpc+proto; charset=utf-8' })).toBe(200);
    expect(await status({ ':method': 'PUT' })).toBe(405);
  });

  it('at its deadline, while it is read and while it is made durable', async () => {
    const began = Date.now();
    const slow = await call([frame(Buffer.from('never ends')).subarray(0, 8)], { 'grpc-timeout': '200m' }, false);
    expect(slow.headers['grpc-status']).toBe('4');
    expect(Date.now() - began).toBeLessThan(5000);
    await open({}, { consume: () => new Promise((done) => setTimeout(done, 1500)) });
    expect((await call([frame(Buffer.from('x'))], { 'grpc-timeout': '100m' })).headers['grpc-status']).toBe('4');
  });

  it('when it takes longer than request_timeout', async () => {
    await open({ request_timeout: '200ms' });
    const reply = await call([frame(Buffer.from('never ends')).subarray(0, 8)], {}, false);
    expect(reply.headers['grpc-status']).toBe('4');
  });

  it('with RetryInfo while too much is being read', async () => {
    await open({}, { maxInFlight: 64 << 10 });
    const ticket = listening.admission.enter();
    ticket.grow(60 << 10);
    const reply = await call([frame(Buffer.alloc(40_000))]);
    expect(reply.headers['grpc-status']).toBe('14');
    const details = Buffer.from(String(reply.headers['grpc-status-details-bin']), 'base64').toString('latin1');
    expect(details).toContain('google.rpc.RetryInfo');
    ticket.leave();
    expect((await call([frame(Buffer.alloc(40_000))])).headers['grpc-status']).toBe('0');
  });
});

describe('the server', () => {
  it('answers health checks, of itself and of each service', async () => {
    const ask = async (name: string) => {
      const request =
        name === '' ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, name.length]), Buffer.from(name)]);
      const { headers, body } = await call([frame(request)], { ':path': HEALTH });
      return [headers['grpc-status'], body.subarray(5).toString('hex')];
    };
    expect(await ask('')).toEqual(['0', '0801']);
    expect(await ask('opentelemetry.proto.collector.logs.v1.LogsService')).toEqual(['0', '0801']);
    expect(await ask('nobody')).toEqual(['5', '']);
    await open({}, { health: { ready: false, detail: 'no' } });
    expect(await ask('')).toEqual(['0', '0802']);
  });

  it('lets open calls finish when it stops, and takes nothing new', async () => {
    let finish = () => {};
    await open(
      {},
      {
        consume: () =>
          new Promise<void>((done) => {
            finish = done;
          }),
      },
    );
    const goaway = new Promise((done) => session.once('goaway', done));
    const pending = call([frame(Buffer.from('last'))]);
    while (listening.taken.length === 0) await new Promise((next) => setTimeout(next, 10));
    const stopped = listening.receiver.stop();
    await goaway;
    finish();
    expect((await pending).headers['grpc-status']).toBe('0');
    await stopped;
    await expect(call([frame(Buffer.from('late'))])).rejects.toThrow();
  });

  it('cuts off a peer that opens and resets streams without end', async () => {
    const cut = new Promise((done) => session.once('close', done));
    let opened = 0;
    while (!session.destroyed && opened < 20_000) {
      const stream = session.request({ ':method': 'POST', ':path': TRACES, 'content-type': 'application/grpc' });
      stream.on('error', () => {});
      stream.close(constants.NGHTTP2_CANCEL);
      if (++opened % 100 === 0) await new Promise((next) => setImmediate(next));
    }
    await cut;
    expect(opened).toBeLessThan(20_000);
    session = connect(listening.url);
    expect((await call([frame(Buffer.from('x'))])).headers['grpc-status']).toBe('0');
    expect(listening.admission.bytes).toBe(0);
  });
});

describe('metadata', () => {
  it('reads timeouts in every unit', () => {
    expect(['2H', '3M', '10S', '250m', '500u', '1000000n', undefined, 'soon', '123456789S'].map(parseTimeout)).toEqual([
      7_200_000,
      180_000,
      10_000,
      250,
      0.5,
      1,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('encodes any message in printable ASCII that decodes to it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const encoded = percentEncode(text);
        expect(encoded).toMatch(/^[ -~]*$/);
        expect(decodeURIComponent(encoded)).toBe(text.toWellFormed());
      }),
    );
    expect(percentEncode('100 % Grüße')).toBe('100 %25 Gr%C3%BC%C3%9Fe');
  });
});
