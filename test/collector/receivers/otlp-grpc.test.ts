import {
  type CallOptions,
  Client,
  compressionAlgorithms,
  credentials,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { messageType } from '../../../collector/otlp/schema.ts';
import { startTestStore, type TestStore } from '../../store/harness.ts';
import { startTestCollector, type TestCollector, waitForRows } from '../harness.ts';
import { toProtobuf, tracesJson } from '../otlp/requests.ts';

let test: TestStore;
let collector: TestCollector;
const clients: Client[] = [];

beforeAll(async () => {
  test = await startTestStore();
  collector = await startTestCollector(test.store, { otlp_grpc: { max_request_bytes: 8 << 20 } });
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await collector?.stop();
  await test?.stop();
});

const TRACES = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const LOGS = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const NOW = BigInt(Date.now() - 60_000) * 1_000_000n;

interface Sending {
  readonly url?: string;
  readonly metadata?: Record<string, string>;
  readonly gzip?: boolean;
}

function call(method: string, bytes: Buffer, options: Sending = {}): Promise<Buffer> {
  const address = (options.url ?? collector.grpc).replace('http://', '');
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.max_send_message_length': -1,
    ...(options.gzip ? { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip } : {}),
  });
  clients.push(client);
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(options.metadata ?? {})) metadata.set(key, value);
  const callOptions: CallOptions = { deadline: Date.now() + 20_000 };
  return new Promise((done, fail) => {
    const same = (value: Buffer) => value;
    client.makeUnaryRequest(method, same, same, bytes, metadata, callOptions, (error, answer) =>
      error ? fail(error) : done(answer as Buffer),
    );
  });
}

async function refusal(
  sent: Promise<Buffer>,
): Promise<{ code: number; details: string; status: Record<string, unknown> }> {
  const error = (await sent.then(
    () => new Error('it was accepted'),
    (thrown: unknown) => thrown,
  )) as ServiceError;
  const type = messageType('RpcStatus');
  const [bytes] = error.metadata?.get('grpc-status-details-bin') ?? [];
  const status = bytes === undefined ? {} : type.toObject(type.decode(bytes as Buffer));
  return { code: error.code, details: error.details, status };
}

function traces(service: string, spans: number, changes: object = {}): Buffer {
  const span = (i: number) => ({
    traceId: 'a'.repeat(32),
    spanId: (i + 1).toString(16).padStart(16, '0'),
    name: `work ${i}`,
    startTimeUnixNano: String(NOW),
    endTimeUnixNano: String(NOW + 1n),
    ...changes,
  });
  const attributes = [{ key: 'service.name', value: { stringValue: service } }];
  const scopeSpans = [{ spans: Array.from({ length: spans }, (_, i) => span(i)) }];
  return toProtobuf('traces', { resourceSpans: [{ resource: { attributes }, scopeSpans }] });
}

describe('OTLP over gRPC', () => {
  it.each([false, true])('stores what it acknowledges (gzip: %s)', async (gzip) => {
    const service = `grpc-${gzip}`;
    expect(await call(TRACES, traces(service, 3), { gzip })).toHaveLength(0);
    const rows = await waitForRows(test.store, `SELECT SpanId FROM otel_traces WHERE ServiceName = '${service}'`, 3);
    expect(rows).toHaveLength(3);
  });

  it('takes an empty request and one above the 4 MiB that gRPC allows by default', async () => {
    expect(await call(LOGS, Buffer.alloc(0))).toHaveLength(0);
    const large = traces('large', 30_000, { traceState: 'x'.repeat(150) });
    expect(large.length).toBeGreaterThan(5 << 20);
    await call(TRACES, large);
  });

  it('tells what was refused of a request that was taken', async () => {
    const answer = await call(TRACES, traces('partial', 2, { startTimeUnixNano: '0' }));
    const type = messageType('ExportServiceResponse');
    const { partial_success } = type.toObject(type.decode(answer), { longs: Number }) as Record<string, unknown>;
    expect(partial_success).toMatchObject({ rejected: 2, error_message: expect.stringContaining('start time') });
  });

  it('refuses bytes that are no request: INVALID_ARGUMENT with the place', async () => {
    const { code, details, status } = await refusal(call(TRACES, Buffer.from([0x0a, 0x05, 0x12])));
    expect(code).toBe(3);
    expect(details).toContain('resourceSpans');
    expect(status).toMatchObject({ code: 3, message: details });
  });

  it('refuses a request that is too large: RESOURCE_EXHAUSTED without a hint to retry', async () => {
    for (const gzip of [false, true]) {
      const { code, status } = await refusal(call(TRACES, Buffer.alloc(9 << 20), { gzip }));
      expect(code).toBe(8);
      expect(status['details'] ?? []).toEqual([]);
    }
  });

  it('refuses unknown methods: UNIMPLEMENTED', async () => {
    expect(
      (await refusal(call('/opentelemetry.proto.collector.trace.v1.TraceService/Import', Buffer.alloc(0)))).code,
    ).toBe(12);
    expect((await refusal(call('/other.Service/Export', Buffer.alloc(0)))).code).toBe(12);
  });

  it('demands the configured token: UNAUTHENTICATED', async () => {
    const token = 'a-token-of-some-length';
    const own = await startTestCollector(test.store, { otlp_grpc: { token } });
    const send = (metadata: Record<string, string>) => call(TRACES, traces('token', 1), { url: own.grpc, metadata });
    expect((await refusal(send({}))).code).toBe(16);
    expect((await refusal(send({ authorization: 'Bearer nonsense' }))).code).toBe(16);
    expect(await send({ authorization: `Bearer ${token}` })).toHaveLength(0);
    for (const client of clients.splice(0)) client.close();
    await own.stop();
  });

  it('tells the sender when to come again under overload: UNAVAILABLE with RetryInfo', async () => {
    const own = await startTestCollector(test.store, { spool: { min_free_bytes: Number.MAX_SAFE_INTEGER } });
    const { code, details, status } = await refusal(call(TRACES, toProtobuf('traces', tracesJson), { url: own.grpc }));
    expect(code).toBe(14);
    expect(details).toContain('free on the disk');
    const [detail] = status['details'] as [{ type_url: string; value: Uint8Array }];
    expect(detail.type_url).toBe('type.googleapis.com/google.rpc.RetryInfo');
    const type = messageType('RetryInfo');
    const retryInfo = type.toObject(type.decode(detail.value), { longs: Number });
    expect(retryInfo).toEqual({ retry_delay: { seconds: 5 } });
    for (const client of clients.splice(0)) client.close();
    await own.stop();
  });
});
