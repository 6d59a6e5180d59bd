import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeRequest } from '../../../collector/otlp/encode.ts';
import type { KeyValue, OtlpRequests, OtlpSignal, Resource, Span } from '../../../collector/otlp/model.ts';
import { processorsConfig } from '../../../collector/processors/config.ts';
import { createProcessors } from '../../../collector/processors/processors.ts';
import { DEFAULT_READER_LIMITS } from '../../../collector/reader/limits.ts';
import { type ReadOutcome, WireReader } from '../../../collector/reader/reader.ts';
import { silentTelemetry, type Telemetry } from '../../../core/telemetry.ts';
import { LeanTables, type TableRows } from '../../oracle/lean-tables.ts';
import { startTestStore, type TestStore } from '../../store/harness.ts';
import { metric } from '../harness.ts';
import { attribute, texts } from './wire-items.ts';

const NOW = 1_760_000_000_000_000_000n;
const CONTEXT = { now: NOW, oldest: 0n, newest: NOW + 1_000_000_000n };
const SALT = '0123456789abcdef';

let store: TestStore;
let tables: LeanTables;
beforeAll(async () => {
  store = await startTestStore();
  tables = await LeanTables.open(store.store);
}, 60_000);
afterAll(async () => {
  await tables?.close();
  await store?.stop();
});

class Pipeline {
  readonly telemetry: Telemetry = silentTelemetry();
  readonly #processors;
  #reader: WireReader | undefined;

  constructor(config: object) {
    this.#processors = createProcessors(processorsConfig.parse(config), this.telemetry, () => Number(NOW / 1_000_000n));
  }

  /** Reads a request and then what was diverted of it, as one group. */
  async read<S extends OtlpSignal>(signal: S, request: OtlpRequests[S]): Promise<ReadOutcome> {
    const { hooks, revision } = this.#processors;
    this.#reader ??= await WireReader.open({ limits: DEFAULT_READER_LIMITS, hooks, revision });
    const outcome = this.#reader.read(signal, encodeRequest(signal, request), CONTEXT);
    const diverted = this.#processors.takeDiverted();
    if (diverted !== undefined) this.#reader.read('metrics', diverted, CONTEXT);
    expect(this.#processors.takeDiverted()).toBeUndefined();
    return outcome;
  }

  rows(): Promise<TableRows> {
    return tables.load(this.#reader?.take() ?? []);
  }
}

const resource: Resource = {
  attributes: texts({
    'service.name': 'shop',
    'service.namespace': 'orders',
    'host.name': 'a@example.org',
    'os.type': 'x',
  }),
};

function span(name: string, attributes: KeyValue[], more: Partial<Span> = {}): Span {
  return {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    name,
    kind: 2,
    startTimeUnixNano: NOW - 1000n,
    endTimeUnixNano: NOW,
    attributes,
    ...more,
  };
}

function spans(...list: Span[]): OtlpRequests['traces'] {
  return {
    resourceSpans: [
      { resource, scopeSpans: [{ scope: { name: 'lib', attributes: texts({ 'user.id': 'u1' }) }, spans: list }] },
    ],
  };
}

describe('attribute rules in the wire reader', () => {
  it('delete, hash, redact and mask attributes of resources, scopes, spans, events and links', async () => {
    const pipeline = new Pipeline({
      attributes: [
        { keys: ['http.request.header.*'], action: 'delete' },
        { keys: ['user.id'], action: 'hash', salt: SALT },
        { keys: ['db.query.text'], action: 'redact' },
        { keys: ['*'], action: 'mask', pii: ['email'] },
      ],
    });
    const attributes = [
      ...texts({
        'http.request.header.cookie': 'c',
        'user.id': 'u1',
        'db.query.text': 'select 1',
        note: 'to b@c.org!',
      }),
      attribute('mails', { arrayValue: { values: [{ stringValue: 'x@y.org' }] } }),
    ];
    await pipeline.read(
      'traces',
      spans(
        span('a', attributes, {
          events: [{ timeUnixNano: NOW, name: 'e', attributes }],
          links: [{ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', attributes }],
        }),
      ),
    );
    const rows = await pipeline.rows();
    const text = JSON.stringify([...rows]);
    for (const secret of ['b@c.org', 'x@y.org', 'a@example.org', 'select 1', 'header.cookie', '"u1"']) {
      expect(text).not.toContain(secret);
    }
    const row = rows.get('spans')?.[0] ?? {};
    const hash = (row.Attributes as string[][]).find(([key]) => key === 'user.id')?.[1];
    const wanted = [
      ['db.query.text', '****'],
      ['mails', '["****"]'],
      ['note', 'to ****!'],
      ['user.id', expect.stringMatching(/^[0-9a-f]{32}$/)],
    ];
    expect(row.Attributes).toEqual(wanted);
    expect((row.Events as unknown[][])[0]?.[2]).toEqual(wanted);
    expect((row.Links as unknown[][])[0]?.[3]).toEqual(wanted);
    const [scope] = rows.get('resource_scopes') ?? [];
    expect(scope).toMatchObject({ ServiceName: 'shop', Pipeline: 'orders', ScopeAttributes: [['user.id', hash]] });
    expect(scope?.ResourceAttributes).toContainEqual(['host.name', '****']);
    expect(scope?.ResourceAttributes).toContainEqual(['service.name', 'shop']);
  });

  it('leave nothing of a deleted attribute in the columns made of it', async () => {
    const keys = ['http.route', 'http.response.status_code', 'error.type', 'db.*', 'messaging.*'];
    const pipeline = new Pipeline({ attributes: [{ keys, places: ['item'], action: 'delete' }] });
    const attributes = [
      ...texts({
        'http.route': '/secret',
        'error.type': 'secret',
        'db.collection.name': 'secret',
        'db.system.name': 'secret',
      }),
      attribute('http.response.status_code', { intValue: 418n }),
      ...texts({ 'messaging.system': 'secret', 'messaging.destination.name': 'secret' }),
    ];
    await pipeline.read('traces', spans(span('a', attributes)));
    const rows = (await pipeline.rows()).get('spans');
    expect(rows).toMatchObject([{ SpanName: 'a', HttpStatus: 0, DestinationKind: '' }]);
    expect(JSON.stringify(rows)).not.toContain('secret');
  });

  it('make one series of two that differ in a deleted attribute alone, and keep hashed ones apart', async () => {
    const pipeline = new Pipeline({
      attributes: [
        { keys: ['session'], action: 'delete' },
        { keys: ['user'], action: 'hash', salt: SALT },
      ],
    });
    const point = (user: string, session: string) => ({
      timeUnixNano: NOW,
      asInt: 1n,
      attributes: texts({ session, user }),
    });
    const dataPoints = [point('a', '1'), point('a', '2'), point('b', '3')];
    await pipeline.read('metrics', {
      resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints } }] }] }],
    });
    const rows = await pipeline.rows();
    const ids = rows.get('metric_points')?.map(({ SeriesId }) => SeriesId) ?? [];
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[0]);
    expect(new Set(rows.get('metric_series')?.map(({ SeriesId }) => SeriesId)).size).toBe(2);
  });

  it('make other scopes than no rules do', async () => {
    const scopes: unknown[] = [];
    for (const config of [{}, { attributes: [{ keys: ['absent'], action: 'delete' }] }]) {
      const pipeline = new Pipeline(config);
      await pipeline.read('traces', spans(span('a', [])));
      scopes.push((await pipeline.rows()).get('resource_scopes')?.[0]?.ScopeId);
    }
    expect(scopes[0]).not.toBe(scopes[1]);
  });
});

describe('filters in the wire reader', () => {
  it('drop health checks and keep failed ones', async () => {
    const pipeline = new Pipeline({
      filter: [{ rule: 'health', signal: 'traces', service: 'shop', name: 'GET /healthz', status: 'unset' }],
    });
    const outcome = await pipeline.read(
      'traces',
      spans(
        span('GET /healthz', []),
        span('GET /orders', []),
        span('GET /healthz', [], { status: { code: 2 } }),
        span('GET /healthz', []),
      ),
    );
    expect((await pipeline.rows()).get('spans')?.map(({ SpanName }) => SpanName)).toEqual([
      'GET /orders',
      'GET /healthz',
    ]);
    expect(outcome.accepted).toBe(2);
    expect(outcome.rejections.counts.get('filtered')).toBe(2);
    const sample = 'weir_collector_processor_dropped_total{processor="filter",rule="health"}';
    expect(await metric(pipeline.telemetry, sample)).toBe(2);
  });

  it('drop log records of low severity', async () => {
    const pipeline = new Pipeline({ filter: [{ signal: 'logs', severity_below: 'info' }] });
    const record = (severityNumber: number) => ({ timeUnixNano: NOW, severityNumber, body: { stringValue: 'x' } });
    await pipeline.read('logs', {
      resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record(5), record(9), record(0)] }] }],
    });
    expect((await pipeline.rows()).get('logs')?.map(({ SeverityNumber }) => SeverityNumber)).toEqual([9, 0]);
  });

  it('drop data points by metric and attribute', async () => {
    const pipeline = new Pipeline({ filter: [{ signal: 'metrics', metric: 'jvm.*', attributes: { pool: 'old' } }] });
    const point = (pool: string) => ({ timeUnixNano: NOW, asDouble: 1, attributes: texts({ pool }) });
    const dataPoints = [point('old'), point('eden')];
    const metrics = ['jvm.memory', 'process.memory'].map((name) => ({ name, gauge: { dataPoints } }));
    await pipeline.read('metrics', { resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] });
    expect((await pipeline.rows()).get('metric_points')?.map(({ MetricName }) => MetricName)).toEqual([
      'jvm.memory',
      'process.memory',
      'process.memory',
    ]);
  });
});

describe('budgets in the wire reader', () => {
  /** Kafka lag by partition at a number of seconds. */
  const lag = (values: Record<string, number>, seconds = 0): OtlpRequests['metrics'] => {
    const timeUnixNano = NOW - 60_000_000_000n + BigInt(seconds) * 1_000_000_000n;
    const dataPoints = Object.entries(values).map(([partition, asDouble]) => ({
      timeUnixNano,
      asDouble,
      attributes: texts({ topic: 'orders', partition }),
    }));
    const metrics = [{ name: 'lag', unit: '{record}', gauge: { dataPoints } }];
    return { resourceMetrics: [{ resource, schemaUrl: 'https://example.org/s', scopeMetrics: [{ metrics }] }] };
  };

  async function stored(pipeline: Pipeline, names: Map<unknown, unknown>): Promise<Record<string, number>> {
    const rows = await pipeline.rows();
    for (const { SeriesId, Partition } of rows.get('metric_series') ?? []) names.set(SeriesId, Partition);
    return Object.fromEntries((rows.get('metric_points') ?? []).map((row) => [names.get(row.SeriesId), row.Value]));
  }

  it('refuse new series and keep known ones', async () => {
    const pipeline = new Pipeline({ cardinality: { series_per_source: 2 } });
    const point = (user: string) => ({ timeUnixNano: NOW, asDouble: 1, attributes: texts({ user }) });
    const request = (...users: string[]) => ({
      resourceMetrics: [
        { resource, scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints: users.map(point) } }] }] },
      ],
    });
    await pipeline.read('metrics', request('a', 'b'));
    const outcome = await pipeline.read('metrics', request('a', 'c', 'c', 'b'));
    expect(outcome.accepted).toBe(2);
    expect(outcome.rejections.counts.get('cardinality')).toBe(2);
    const rows = await pipeline.rows();
    expect(rows.get('metric_points')).toHaveLength(4);
    expect(rows.get('metric_series')).toHaveLength(2);
  });

  it('store partitions above the budget as one, but the hottest as themselves, from then on directly', async () => {
    const pipeline = new Pipeline({ cardinality: { series_per_metric: 2, partition_keep: 2 } });
    const names = new Map<unknown, unknown>();
    const outcome = await pipeline.read('metrics', lag({ 0: 1, 1: 1, 2: 10, 3: 20, 4: 30, 5: 40 }));
    expect(outcome.accepted).toBe(6);
    expect(await stored(pipeline, names)).toEqual({ 0: 1, 1: 1, 4: 30, 5: 40, other: 30 });
    await pipeline.read('metrics', lag({ 0: 2, 2: 50, 3: 50, 4: 3, 5: 4 }, 10));
    expect(await stored(pipeline, names)).toEqual({ 0: 2, 4: 3, 5: 4, other: 100 });
    await pipeline.read('metrics', lag({ 2: 61, 3: 50, 4: 3 }, 20));
    expect(await stored(pipeline, names)).toEqual({ 2: 61, 4: 3, other: 50 });
    expect(names.size).toBe(6);
    const summed = 'weir_collector_processor_diverted_total{result="summed"}';
    expect(await metric(pipeline.telemetry, summed)).toBe(5);
    const own = 'weir_collector_processor_diverted_total{result="own"}';
    expect(await metric(pipeline.telemetry, own)).toBe(3);
  });

  it('hide attributes of diverted points once, not twice', async () => {
    const pipeline = new Pipeline({
      cardinality: { series_per_metric: 1, partition_keep: 1 },
      attributes: [{ keys: ['topic'], action: 'hash', salt: SALT }],
    });
    await pipeline.read('metrics', lag({ 0: 1, 1: 5, 2: 3 }));
    const topics = (await pipeline.rows()).get('metric_series')?.map(({ Topic, Partition }) => [Partition, Topic]);
    expect(topics?.map(([partition]) => partition)).toEqual(['0', '1', 'other']);
    expect(new Set(topics?.map(([, topic]) => topic)).size).toBe(1);
  });
});
