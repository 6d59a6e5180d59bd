import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messageType } from '../../../collector/otlp/schema.ts';
import { startTestStore, type TestStore } from '../../store/harness.ts';
import { metric, startTestCollector, type TestCollector, waitForRows } from '../harness.ts';
import { toProtobuf } from '../otlp/requests.ts';
import { type Answer, type Sending, sendTo } from './http-client.ts';

let test: TestStore;
let collector: TestCollector;

beforeAll(async () => {
  test = await startTestStore();
  collector = await startTestCollector(test.store, { otlp_http: { max_request_bytes: 1 << 20 } });
});
afterAll(async () => {
  await collector?.stop();
  await test?.stop();
});

const send = (path: string, body: Buffer | string, options?: Sending) => sendTo(collector.http, path, body, options);

const JSON_TYPE = { 'content-type': 'application/json' };
const PROTOBUF_TYPE = { 'content-type': 'application/x-protobuf' };
const NOW = BigInt(Date.now() - 60_000) * 1_000_000n;

let spans = 0;
/** A good span of a service of its own. */
function span(changes: object = {}): object {
  spans++;
  return {
    traceId: spans.toString(16).padStart(32, '0'),
    spanId: spans.toString(16).padStart(16, '0'),
    name: 'work',
    kind: 2,
    startTimeUnixNano: String(NOW),
    endTimeUnixNano: String(NOW + 1_000_000n),
    ...changes,
  };
}

const traces = (service: string, ...items: object[]) => ({
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
      scopeSpans: [{ spans: items }],
    },
  ],
});
const json = (value: unknown) => JSON.stringify(value);
const stored = (service: string, count: number) =>
  waitForRows<{ SpanName: string }>(
    test.store,
    `SELECT SpanName FROM otel_traces WHERE ServiceName = '${service}'`,
    count,
  );

function status(answer: Answer): { code: number; message: string } {
  if (answer.headers['content-type'] === 'application/json') return JSON.parse(answer.body.toString());
  const type = messageType('RpcStatus');
  return type.toObject(type.decode(answer.body)) as { code: number; message: string };
}

describe('a good request', () => {
  it('is answered in its own encoding', async () => {
    const request = traces('encodings', span());
    const asJson = await send('/v1/traces', json(request), {
      headers: { 'content-type': 'Application/JSON; charset=utf-8' },
    });
    expect([asJson.status, asJson.headers['content-type'], asJson.body.toString()]).toEqual([
      200,
      'application/json',
      '{}',
    ]);
    const asProtobuf = await send('/v1/traces', toProtobuf('traces', traces('encodings', span())), {
      headers: PROTOBUF_TYPE,
    });
    expect([asProtobuf.status, asProtobuf.headers['content-type']]).toEqual([200, 'application/x-protobuf']);
    expect(asProtobuf.body).toHaveLength(0);
    expect(await stored('encodings', 2)).toHaveLength(2);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['zstd', zstdCompressSync],
  ] as const)('may be packed with %s', async (encoding, pack) => {
    const headers = { ...JSON_TYPE, 'content-encoding': encoding };
    const answer = await send('/v1/traces', pack(json(traces(encoding, span()))), { headers });
    expect(answer.status).toBe(200);
    expect(await stored(encoding, 1)).toHaveLength(1);
  });

  it.each(['/v1/traces', '/v1/metrics', '/v1/logs'])('may be empty: %s', async (path) => {
    expect((await send(path, '', { headers: PROTOBUF_TYPE })).status).toBe(200);
    expect((await send(path, '{}', { headers: JSON_TYPE })).body.toString()).toBe('{}');
    expect((await send(path, '{"resourceSpans":[{}]}', { headers: JSON_TYPE })).status).toBe(200);
  });

  it('is stored once when its sender repeats it', async () => {
    const bytes = toProtobuf('traces', traces('repeated', span(), span()));
    for (let i = 0; i < 3; i++) expect((await send('/v1/traces', bytes, { headers: PROTOBUF_TYPE })).status).toBe(200);
    await send('/v1/traces', toProtobuf('traces', traces('repeated', span())), { headers: PROTOBUF_TYPE });
    expect(await stored('repeated', 3)).toHaveLength(3);
    const repeated = 'weir_collector_repeated_total{receiver="otlp_http",signal="traces"}';
    expect(await metric(collector.telemetry, repeated)).toBe(4);
  });

  it('is stored each time when nothing in it tells one event from the next', async () => {
    const attributes = [{ key: 'service.name', value: { stringValue: 'undated' } }];
    const scopeLogs = [{ logRecords: [{ body: { stringValue: 'heartbeat' } }] }];
    const request = json({ resourceLogs: [{ resource: { attributes }, scopeLogs }] });
    for (let i = 0; i < 2; i++) await send('/v1/logs', request, { headers: JSON_TYPE });
    const rows = await waitForRows(test.store, `SELECT 1 FROM otel_logs WHERE ServiceName = 'undated'`, 2);
    expect(rows).toHaveLength(2);
  });

  it('leaves its connection open for the next', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const sockets = new Set<unknown>();
    agent.on('free', (socket) => sockets.add(socket));
    for (let i = 0; i < 5; i++) {
      const answer = await send('/v1/traces', json(traces('keep-alive', span())), { headers: JSON_TYPE, agent });
      expect(answer.status).toBe(200);
      await new Promise((next) => setImmediate(next));
    }
    expect(sockets.size).toBe(1);
    agent.destroy();
  });
});

describe('single bad items', () => {
  it('are refused with their reasons, the others are kept', async () => {
    const bad = [
      span({ traceId: 'abcd' }),
      span({ spanId: '0000000000000000' }),
      span({ startTimeUnixNano: '0' }),
      span({ endTimeUnixNano: String(NOW - 1n) }),
      span({ endTimeUnixNano: String(2n ** 63n) }),
      span({ parentSpanId: 'abcd' }),
    ];
    const answer = await send('/v1/traces', json(traces('partial', span(), ...bad, span())), { headers: JSON_TYPE });
    expect(answer.status).toBe(200);
    const { partialSuccess } = JSON.parse(answer.body.toString());
    expect(partialSuccess.rejectedSpans).toBe('6');
    expect(partialSuccess.errorMessage).toBe(
      '6 spans refused: the trace id has 2 bytes, not 16 at resourceSpans[0].scopeSpans[0].spans[1]; ' +
        'the span id is all zero at resourceSpans[0].scopeSpans[0].spans[2]; ' +
        'the start time is not set at resourceSpans[0].scopeSpans[0].spans[3]',
    );
    expect(await stored('partial', 2)).toHaveLength(2);
    const dropped = (reason: string) =>
      metric(collector.telemetry, `weir_collector_dropped_total{signal="traces",reason="${reason}"}`);
    expect(await dropped('invalid_time')).toBe(3);
    expect(await dropped('invalid_trace_id')).toBe(1);
  });

  it('are counted in protobuf too', async () => {
    const bytes = toProtobuf('traces', traces('partial-protobuf', span({ traceId: 'abcd' })));
    const answer = await send('/v1/traces', bytes, { headers: PROTOBUF_TYPE });
    const type = messageType('ExportServiceResponse');
    const { partial_success } = type.toObject(type.decode(answer.body), { longs: Number }) as Record<string, unknown>;
    expect(partial_success).toMatchObject({ rejected: 1, error_message: expect.stringContaining('trace id') });
  });

  it.each([
    [
      'bucket counts that do not fit the bounds',
      { bucketCounts: ['1', '2'], explicitBounds: [1, 2] },
      /2 bucket counts do not fit 2 bounds/,
    ],
    ['bounds that do not ascend', { bucketCounts: ['1', '2', '0'], explicitBounds: [2, 1] }, /do not ascend/],
    ['no time', { timeUnixNano: '0' }, /the time is not set/],
  ])('of metrics: %s', async (_, changes, message) => {
    const point = { timeUnixNano: String(NOW), count: '3', ...changes };
    const metrics = [{ name: 'm', histogram: { dataPoints: [point], aggregationTemporality: 1 } }];
    const request = { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] };
    const answer = await send('/v1/metrics', json(request), { headers: JSON_TYPE });
    const { partialSuccess } = JSON.parse(answer.body.toString());
    expect(partialSuccess.rejectedDataPoints).toBe('1');
    expect(partialSuccess.errorMessage).toMatch(message);
  });

  it('of logs', async () => {
    const logRecords = [{ timeUnixNano: String(NOW), traceId: 'ab' }];
    const answer = await send('/v1/logs', json({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }), {
      headers: JSON_TYPE,
    });
    expect(JSON.parse(answer.body.toString()).partialSuccess.rejectedLogRecords).toBe('1');
  });
});

describe('a bad request', () => {
  it('is answered with what is wrong and where, in its own encoding', async () => {
    const asJson = await send('/v1/traces', json(traces('bad', span({ traceId: 7 }))), { headers: JSON_TYPE });
    expect(asJson.status).toBe(400);
    expect(status(asJson)).toEqual({
      code: 3,
      message: 'the number 7 where an id in hex digits is expected at resourceSpans[0].scopeSpans[0].spans[0].traceId',
    });
    const asProtobuf = await send('/v1/logs', Buffer.from([0x0a, 0x7f]), { headers: PROTOBUF_TYPE });
    expect(asProtobuf.status).toBe(400);
    expect(asProtobuf.headers['content-type']).toBe('application/x-protobuf');
    expect(status(asProtobuf)).toMatchObject({ code: 3, message: expect.stringContaining('resourceLogs') });
  });

  it.each([
    ['no gzip', Buffer.from('hello'), 'gzip'],
    ['cut gzip', gzipSync('x'.repeat(1000)).subarray(0, 20), 'gzip'],
    ['no zstd', Buffer.from('hello'), 'zstd'],
  ])('broken compression: %s', async (_, body, encoding) => {
    const answer = await send('/v1/traces', body, { headers: { ...JSON_TYPE, 'content-encoding': encoding } });
    expect(answer.status).toBe(400);
    expect(status(answer).message).toContain(encoding);
  });

  it('is refused by method, media type, compression and path', async () => {
    const get = await send('/v1/traces', '', { method: 'GET' });
    expect([get.status, get.headers['allow']]).toEqual([405, 'POST']);
    expect((await send('/v1/traces', '{}', { headers: { 'content-type': 'text/plain' } })).status).toBe(415);
    expect((await send('/v1/traces', '{}')).status).toBe(415);
    const packed = await send('/v1/traces', 'hello', { headers: { ...JSON_TYPE, 'content-encoding': 'br' } });
    expect([packed.status, packed.headers['accept-encoding']]).toEqual([415, 'gzip, deflate, zstd']);
    expect(status(packed)).toMatchObject({ code: 12, message: expect.stringContaining('"br"') });
    expect((await send('/v1/profiles', '{}', { headers: JSON_TYPE })).status).toBe(404);
  });
});

describe('size', () => {
  const tooLarge = async (answer: Answer) => {
    expect(answer.status).toBe(413);
    expect(status(answer)).toMatchObject({ code: 8, message: expect.stringContaining('max_request_bytes') });
    expect((await send('/healthz', '', { method: 'GET' })).status).toBe(200);
  };

  it('of a body is limited', async () => {
    await tooLarge(await send('/v1/traces', Buffer.alloc((1 << 20) + 1, 0x20), { headers: JSON_TYPE }));
  });

  it('of a body without a length is limited', async () => {
    const headers = { ...JSON_TYPE, 'transfer-encoding': 'chunked' };
    await tooLarge(await send('/v1/traces', Buffer.alloc(2 << 20, 0x20), { headers }));
  });

  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const)('of what comes out of a %s bomb is limited, at little memory', async (encoding, pack) => {
    const bomb = pack(Buffer.alloc(256 << 20));
    expect(bomb.length).toBeLessThan(1 << 20);
    const before = process.memoryUsage().arrayBuffers;
    await tooLarge(await send('/v1/traces', bomb, { headers: { ...PROTOBUF_TYPE, 'content-encoding': encoding } }));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 << 20);
  });
});

describe('senders that go away', () => {
  it('leave nothing behind', async () => {
    const { port, hostname } = new URL(collector.http);
    const socket = connect(Number(port), hostname);
    socket.write(
      `POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"res`,
    );
    await once(socket, 'connect');
    socket.destroy();
    await once(socket, 'close');
    expect((await send('/v1/traces', '{}', { headers: JSON_TYPE })).status).toBe(200);
  });
});

describe('a token', () => {
  const token = 'a-token-of-some-length';
  const withToken = { otlp_http: { token } };

  it('is demanded where one is configured', async () => {
    const own = await startTestCollector(test.store, withToken);
    const post = (headers: Record<string, string>) =>
      send('/v1/traces', '{}', { url: own.http, headers: { ...JSON_TYPE, ...headers } });
    const refused = await post({});
    expect([refused.status, refused.headers['www-authenticate'], status(refused).code]).toEqual([401, 'Bearer', 16]);
    expect((await post({ authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await post({ authorization: `Bearer ${token}` })).status).toBe(200);
    const get = (path: string) => send(path, '', { url: own.http, method: 'GET' });
    expect((await get('/metrics')).status).toBe(401);
    expect((await get('/healthz')).status).toBe(200);
    await own.stop();
  });

  it.each(['otlp_http', 'otlp_grpc'])('is demanded before %s binds off loopback', async (listener) => {
    const start = startTestCollector(test.store, { [listener]: { host: '0.0.0.0' } });
    await expect(start).rejects.toMatchObject({
      code: 'core_listen_unprotected',
      message: expect.stringContaining(`collector.${listener}.token`),
    });
  });
});

describe('browsers', () => {
  it('may send from the configured origins only', async () => {
    const cors = { allowed_origins: ['https://*.example.org'], allowed_headers: ['x-tenant'] };
    const own = await startTestCollector(test.store, { otlp_http: { cors } });
    const ask = (origin: string, method: string) =>
      send('/v1/traces', method === 'POST' ? '{}' : '', { url: own.http, method, headers: { ...JSON_TYPE, origin } });
    const preflight = await ask('https://shop.example.org', 'OPTIONS');
    expect(preflight.status).toBe(204);
    expect(preflight.headers['access-control-allow-origin']).toBe('https://shop.example.org');
    expect(preflight.headers['access-control-allow-headers']).toContain('x-tenant');
    expect((await ask('https://shop.example.org', 'POST')).headers['access-control-allow-origin']).toBeDefined();
    expect((await ask('https://example.com', 'OPTIONS')).headers['access-control-allow-origin']).toBeUndefined();
    expect(
      (await ask('https://a.example.org.evil.com', 'POST')).headers['access-control-allow-origin'],
    ).toBeUndefined();
    await own.stop();
  });

  it('get no permission by default', async () => {
    const answer = await send('/v1/traces', '', { method: 'OPTIONS', headers: { origin: 'https://example.org' } });
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('overload', () => {
  it('tells the sender to wait when the spool is full, and is seen in readiness', async () => {
    const own = await startTestCollector(test.store, { spool: { min_free_bytes: Number.MAX_SAFE_INTEGER } });
    const answer = await send('/v1/traces', json(traces('overload', span())), { url: own.http, headers: JSON_TYPE });
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5']);
    expect(status(answer)).toMatchObject({ code: 14, message: expect.stringContaining('free on the disk') });
    const ready = await send('/readyz', '', { url: own.http, method: 'GET' });
    expect(ready.status).toBe(503);
    expect(JSON.parse(ready.body.toString()).parts.collector.detail).toContain('free on the disk');
    expect(
      await metric(
        own.telemetry,
        'weir_collector_refused_requests_total{receiver="otlp_http",signal="traces",code="collector_spool_refused"}',
      ),
    ).toBe(1);
    await own.stop();
  });

  it('tells the sender to wait when too many bytes are being read', async () => {
    const own = await startTestCollector(test.store, { max_in_flight_bytes: 1 << 20 });
    const { port, hostname } = new URL(own.http);
    const slow = connect(Number(port), hostname);
    slow.write(
      `POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1048577\r\n\r\n`,
    );
    slow.write(Buffer.alloc(1 << 20, 0x20));
    const other = Buffer.alloc(64 << 10, 0x20);
    const deadline = Date.now() + 20_000;
    let answer = await send('/v1/logs', other, { url: own.http, headers: JSON_TYPE });
    while (answer.status !== 503 && Date.now() < deadline) {
      answer = await send('/v1/logs', other, { url: own.http, headers: JSON_TYPE });
    }
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
    slow.destroy();
    let after = answer;
    while (after.status === 503 && Date.now() < deadline) {
      after = await send('/v1/logs', '{}', { url: own.http, headers: JSON_TYPE });
    }
    expect(after.status).toBe(200);
    await own.stop();
  });
});

describe('self-telemetry', () => {
  it('counts received, accepted and stored alike', async () => {
    const own = await startTestCollector(test.store);
    await send('/v1/traces', json(traces('counted', span(), span(), span({ traceId: '' }))), {
      url: own.http,
      headers: JSON_TYPE,
    });
    await stored('counted', 2);
    const count = (name: string) => metric(own.telemetry, name);
    expect(await count('weir_collector_received_total{receiver="otlp_http",signal="traces"}')).toBe(3);
    expect(await count('weir_collector_accepted_total{receiver="otlp_http",signal="traces"}')).toBe(2);
    const page = await send('/metrics', '', { url: own.http, method: 'GET' });
    expect(page.body.toString()).toContain('weir_collector_spool_sync_seconds_count 1');
    await own.stop();
    expect(await count('weir_collector_stored_total{table="spans"}')).toBe(2);
    expect(await count('weir_collector_spool_bytes')).toBe(0);
  });
});
