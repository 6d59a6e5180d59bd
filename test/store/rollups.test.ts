import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Buckets, bucketIndex, bucketSeconds, quantileFromBuckets } from '../../store/queries/buckets.ts';
import { startTestStore, type TestStore } from './harness.ts';
import { consume, NOON, point, query, span } from './queries/telemetry-rows.ts';

let stand: TestStore;
beforeAll(async () => {
  stand = await startTestStore();
});
afterAll(() => stand?.stop());

interface RedRow {
  readonly time: number;
  readonly service: string;
  readonly kind: string;
  readonly operation: string;
  readonly destination: string;
  readonly system: string;
  readonly destinationKind: string;
  readonly group: string;
  readonly source: string;
  readonly count: number;
  readonly errors: number;
  readonly messages: number;
  readonly seconds: number;
  readonly eventTime: number;
  readonly buckets: Buckets;
}

function red(pipeline: string): Promise<RedRow[]> {
  return stand.store.rows<RedRow>(
    `SELECT toUnixTimestamp(Time) * 1000 AS time, Service AS service, Kind AS kind, Operation AS operation,
        Destination AS destination, DestinationSystem AS system, DestinationKind AS destinationKind, ConsumerGroup AS group,
        Source AS source, sum(Count) AS count, sum(Errors) AS errors, sum(Messages) AS messages,
        sum(DurationSum) AS seconds, max(EventTimeMax) AS eventTime, sumMap(Buckets) AS buckets
    FROM red_10s WHERE Pipeline = {pipeline:String}
    GROUP BY time, service, kind, operation, destination, system, destinationKind, group, source
    ORDER BY time, service, kind, destination`,
    { pipeline },
  );
}

const total = ([, counts]: Buckets) => counts.reduce((sum, count) => sum + count, 0);

/** Inserts as the collector does: one token per batch, which counts in the views as well. */
function insert(table: string, rows: readonly object[], token?: string): Promise<unknown> {
  return stand.store.client.insert({
    table,
    values: rows,
    format: 'JSONEachRow',
    clickhouse_settings: {
      async_insert: 0,
      deduplicate_blocks_in_dependent_materialized_views: 1,
      ...(token === undefined ? {} : { insert_deduplication_token: token }),
    },
  });
}

describe('spans', () => {
  test('a span counts in the ten seconds in which it ended', async () => {
    await insert('otel_traces', [
      span({ pipeline: 'ends', at: NOON + 9990, ms: 9 }),
      span({ pipeline: 'ends', at: NOON + 9990, ms: 10 }),
      span({ pipeline: 'ends', at: NOON + 9990, ms: 30_000, error: true }),
    ]);
    const rows = await red('ends');
    expect(rows.map((row) => [row.time - NOON, row.count, row.errors])).toEqual([
      [0, 1, 0],
      [10_000, 1, 0],
      [30_000, 1, 1],
    ]);
    expect(rows[2]?.seconds).toBeCloseTo(30, 9);
  });

  test('old spellings of attributes, kinds and statuses are read', async () => {
    const modern = consume('orders', 'billing', {
      pipeline: 'modern',
      error: true,
      attributes: { 'messaging.batch.message_count': '25', 'weir.event.time': String(NOON - 4000) },
    });
    const old = {
      ...span({
        pipeline: 'old',
        attributes: {
          'messaging.system': 'kafka',
          'messaging.destination': 'orders',
          'messaging.kafka.consumer.group': 'billing',
          'messaging.batch.message_count': '25',
          'weir.event.time': String(NOON - 4000),
        },
      }),
      SpanKind: 'SPAN_KIND_CONSUMER',
      StatusCode: 'STATUS_CODE_ERROR',
    };
    await insert('otel_traces', [modern, old]);
    const [row] = await red('modern');
    expect(row).toMatchObject({
      kind: 'Consumer',
      destination: 'orders',
      destinationKind: 'topic',
      system: 'kafka',
      group: 'billing',
      count: 1,
      messages: 25,
      errors: 1,
      eventTime: NOON - 4000,
    });
    expect(await red('old')).toEqual([row]);
  });

  test('calls name what they call', async () => {
    const call = (attributes: Record<string, string>) => span({ pipeline: 'calls', kind: 'Client', attributes });
    await insert('otel_traces', [
      query('warehouse', { pipeline: 'calls' }),
      call({ 'db.system': 'mysql', 'db.name': 'shop' }),
      call({ 'db.system.name': 'redis', 'db.namespace': '0' }),
      call({ 'http.request.method': 'GET', 'server.address': 'rates.example' }),
      call({ 'http.method': 'GET', 'net.peer.name': 'legacy.example' }),
      call({ 'rpc.system': 'grpc', 'peer.service': 'pricing', 'server.address': '10.0.0.7' }),
      span({ pipeline: 'calls', kind: 'Server', attributes: { 'http.request.method': 'GET', 'server.address': 'me' } }),
    ]);
    const rows = await red('calls');
    expect(rows.map((row) => `${row.kind} ${row.destinationKind}:${row.system}:${row.destination}`).sort()).toEqual([
      'Client database:mysql:shop',
      'Client database:postgresql:warehouse',
      'Client database:redis:',
      'Client external:grpc:pricing',
      'Client external:http:legacy.example',
      'Client external:http:rates.example',
      'Server :http:',
    ]);
  });

  test('the pipeline is weir.pipeline, else service.namespace, else default', async () => {
    await insert('otel_traces', [
      span({ service: 'a', resource: { 'weir.pipeline': 'first', 'service.namespace': 'second' } }),
      span({ service: 'b', resource: { 'service.namespace': 'second' } }),
      span({ service: 'c' }),
    ]);
    expect((await red('first')).map((row) => row.service)).toEqual(['a']);
    expect((await red('second')).map((row) => row.service)).toEqual(['b']);
    expect((await red('default')).map((row) => row.service)).toContain('c');
  });
});

describe('percentiles', () => {
  /** A fixed sequence of numbers in (0, 1). */
  function* uniform(seed: number): Generator<number> {
    for (let state = seed; ; ) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      yield (state + 0.5) / 2 ** 32;
    }
  }

  test('are within 1.1 % of the exact ones, over a microsecond to an hour, however the spans came in', async () => {
    const random = uniform(7);
    const next = () => random.next().value as number;
    const durations = Array.from({ length: 6000 }, () => {
      const normal = Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());
      return Math.min(3_600_000, Math.max(0.001, 20 * Math.exp(2 * normal)));
    });
    for (let i = 0; i < durations.length; i += 1500) {
      const batch = durations.slice(i, i + 1500);
      await insert(
        'otel_traces',
        batch.map((ms) => span({ pipeline: 'quantiles', at: NOON - ms, ms })),
      );
    }
    const rows = await red('quantiles');
    expect(rows.reduce((sum, row) => sum + row.count, 0)).toBe(6000);
    const [merged] = await stand.store.rows<{ buckets: Buckets }>(
      "SELECT sumMap(Buckets) AS buckets FROM red_10s WHERE Pipeline = 'quantiles'",
    );
    const sorted = durations.map((ms) => Math.round(ms * 1e6) / 1e9).sort((a, b) => a - b);
    for (const q of [0.001, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1]) {
      const exact = sorted[Math.ceil(q * sorted.length) - 1] as number;
      const error = Math.abs(quantileFromBuckets(merged?.buckets as Buckets, q) / exact - 1);
      expect(error, `p${q * 100}`).toBeLessThanOrEqual(0.011);
    }
  });

  test('the engine and the code agree on the bucket of a duration', async () => {
    const millis = [0, 0.000001, 0.001, 0.5, 1, 1.01, 125, 250, 999.999999, 1000, 2000, 86_400_000];
    await insert(
      'otel_traces',
      millis.map((ms, i) => span({ pipeline: 'indexes', name: `op-${i}`, at: NOON - 1000 * i, ms })),
    );
    const rows = await red('indexes');
    expect(rows).toHaveLength(millis.length);
    for (const row of rows) {
      const ms = millis[Number(row.operation.slice(3))] as number;
      const [index] = row.buckets[0];
      expect([index, index === undefined ? 0 : index - 1], `${ms} ms`).toContain(
        bucketIndex(Math.max(ms, 1e-6) / 1000),
      );
    }
  });
});

describe('histograms of metrics', () => {
  const delta = { AggregationTemporality: 1 };
  const kafka = {
    'messaging.consumer.group.name': 'g',
    'messaging.destination.name': 'orders',
    'messaging.system': 'kafka',
  };

  test('explicit buckets count at their geometric middle, at the end of their interval', async () => {
    const rest = {
      Count: 10,
      Sum: 3,
      BucketCounts: [1, 4, 5],
      ExplicitBounds: [0.1, 0.4],
      Min: 0.025,
      Max: 0.9,
      ...delta,
    };
    const spec = { pipeline: 'explicit', metric: 'messaging.process.duration', service: 'billing', attributes: kafka };
    await insert('otel_metrics_histogram', [
      // A point at the edge of two steps tells of the step before it.
      point({ ...spec, at: NOON + 10_000 }, rest),
      point({ ...spec, at: NOON + 5000, attributes: { ...kafka, 'error.type': 'timeout' } }, rest),
      point({ ...spec, at: NOON + 5000 }, { ...rest, AggregationTemporality: 2 }),
      point({ ...spec, at: NOON + 5000, metric: 'unrelated.duration' }, rest),
    ]);
    const rows = await red('explicit');
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      time: NOON,
      kind: 'Consumer',
      destination: 'orders',
      group: 'g',
      source: 'metrics',
      count: 20,
      errors: 10,
      messages: 20,
      seconds: 6,
    });
    const buckets = rows[0]?.buckets as Buckets;
    expect(buckets[1]).toEqual([2, 8, 10]);
    for (const [i, middle] of [Math.sqrt(0.025 * 0.1), 0.2, 0.6].entries()) {
      expect(Math.abs(bucketSeconds(buckets[0][i] as number) / middle - 1)).toBeLessThan(0.0111);
    }
  });

  test('a first bound of zero, a missing maximum and a point without bounds do no harm', async () => {
    const spec = { pipeline: 'odd', metric: 'http.server.request.duration', service: 'gateway' };
    await insert('otel_metrics_histogram', [
      point(spec, { Count: 6, Sum: 1, BucketCounts: [1, 2, 3], ExplicitBounds: [0, 5], Min: 0, Max: 0, ...delta }),
      point(spec, { Count: 4, Sum: 2, BucketCounts: [4], ExplicitBounds: [], ...delta }),
      point(spec, { Count: 3, Sum: 1.5, BucketCounts: [], ExplicitBounds: [], ...delta }),
    ]);
    const [row] = await red('odd');
    expect(row?.count).toBe(13);
    expect(total(row?.buckets as Buckets)).toBe(13);
    expect(quantileFromBuckets(row?.buckets as Buckets, 0.5)).toBeCloseTo(0.5, 1);
  });

  test.each([
    ['finer', 8],
    ['equal', 5],
    ['coarser', 1],
  ])('an exponential histogram of %s scale is brought to ours', async (name, scale) => {
    const base = 2 ** (2 ** -scale);
    const values = [0.012, 0.05, 0.05, 0.31, 1.7];
    const offset = Math.floor(Math.log(0.012) / Math.log(base)) - 1;
    const counts = new Array<number>(Math.ceil(Math.log(1.7) / Math.log(base)) - offset).fill(0);
    for (const value of values) {
      const at = Math.ceil(Math.log(value) / Math.log(base)) - 1 - offset;
      counts[at] = (counts[at] as number) + 1;
    }
    const rest = {
      Count: 7,
      Sum: 2,
      Scale: scale,
      ZeroCount: 2,
      PositiveOffset: offset,
      PositiveBucketCounts: counts,
      ...delta,
    };
    await insert('otel_metrics_exponential_histogram', [
      point({ pipeline: name, metric: 'messaging.process.duration', attributes: kafka, at: NOON + 3000 }, rest),
    ]);
    const [row] = await red(name);
    const buckets = row?.buckets as Buckets;
    expect(total(buckets)).toBe(7);
    expect(quantileFromBuckets(buckets, 0.2)).toBeLessThan(1e-8);
    const allowed = Math.sqrt(base) * 2 ** (1 / 64) * 1.0001;
    for (const [i, value] of values.entries()) {
      const error = quantileFromBuckets(buckets, (i + 3) / 7) / value;
      expect(Math.max(error, 1 / error), `${value} s`).toBeLessThan(allowed);
    }
  });

  test('client operations that send are producers, other clients stay clients', async () => {
    const rest = { Count: 1, Sum: 1, BucketCounts: [1], ExplicitBounds: [], ...delta };
    const operation = (type: string) =>
      point(
        {
          pipeline: 'operations',
          metric: 'messaging.client.operation.duration',
          attributes: {
            'messaging.destination.name': 'orders',
            'messaging.operation.type': type,
            'messaging.system': 'kafka',
          },
        },
        rest,
      );
    const db = { 'db.namespace': 'warehouse', 'db.system.name': 'postgresql' };
    await insert('otel_metrics_histogram', [
      operation('send'),
      operation('receive'),
      point({ pipeline: 'operations', metric: 'db.client.operation.duration', attributes: db }, rest),
    ]);
    expect((await red('operations')).map((row) => [row.kind, row.destinationKind, row.destination])).toEqual([
      ['Client', 'topic', 'orders'],
      ['Client', 'database', 'warehouse'],
      ['Producer', 'topic', 'orders'],
    ]);
  });
});

describe('gauges', () => {
  interface GaugeRow {
    readonly kind: string;
    readonly signal: string;
    readonly topic: string;
    readonly group: string;
    readonly partition: string;
    readonly last: number;
    readonly min: number;
    readonly max: number;
    readonly sum: number;
    readonly count: number;
    readonly attributes: Record<string, string>;
  }
  const gauges = (pipeline: string) =>
    stand.store.rows<GaugeRow>(
      `SELECT MetricKind AS kind, Signal AS signal, Topic AS topic, ConsumerGroup AS group, Partition AS partition,
          Last.2 AS last, Min AS min, Max AS max, Sum AS sum, Count AS count, Attributes AS attributes
      FROM gauge_10s FINAL WHERE Pipeline = {pipeline:String} ORDER BY MetricName, MetricKind`,
      { pipeline },
    );

  test('keep last by time, extremes, sum and count per series and step, across inserts', async () => {
    const attributes = { group: 'g', partition: '3', topic: 'orders' };
    const sample = (at: number, value: number) => point({ pipeline: 'gauges', at: NOON + at, value, attributes });
    await insert('otel_metrics_gauge', [sample(7000, 4), sample(9999, 2), sample(1000, 9)]);
    await insert('otel_metrics_gauge', [sample(8000, 1)]);
    expect(await gauges('gauges')).toEqual([
      {
        kind: 'gauge',
        signal: '',
        topic: 'orders',
        group: 'g',
        partition: '3',
        last: 2,
        min: 1,
        max: 9,
        sum: 16,
        count: 4,
        attributes,
      },
    ]);
  });

  test('sums say how they are to be read, and a NaN is left out', async () => {
    const attributes = { 'weir.signal': 'orders' };
    const sum = (metric: string, value: number | string, rest: object) =>
      point({ pipeline: 'sums', metric, attributes }, { Value: value, ...rest });
    await insert('otel_metrics_sum', [
      sum('a', 3, { AggregationTemporality: 1, IsMonotonic: true }),
      sum('b', 3, { AggregationTemporality: 2, IsMonotonic: true }),
      sum('c', 3, { AggregationTemporality: 2, IsMonotonic: false }),
      sum('d', 'nan', { AggregationTemporality: 1, IsMonotonic: true }),
    ]);
    expect((await gauges('sums')).map((row) => [row.kind, row.signal])).toEqual([
      ['delta', 'orders'],
      ['cumulative', 'orders'],
      ['gauge', 'orders'],
    ]);
  });

  test('the gauge weir.event.time feeds freshness', async () => {
    await insert('otel_metrics_gauge', [
      point({ pipeline: 'events', service: 'sink', metric: 'weir.event.time', value: NOON - 1500 }),
    ]);
    expect(await red('events')).toMatchObject([{ service: 'sink', count: 0, eventTime: NOON - 1500 }]);
  });
});

describe('deduplication', () => {
  const counts = async (pipeline: string) => {
    const [row] = await stand.store.rows<Record<string, number>>(
      `SELECT
          (SELECT count() FROM otel_traces WHERE ResourceAttributes['weir.pipeline'] = {pipeline:String}) AS spans,
          (SELECT sum(Count) FROM red_10s WHERE Pipeline = {pipeline:String}) AS calls,
          (SELECT count() FROM otel_metrics_gauge WHERE ResourceAttributes['weir.pipeline'] = {pipeline:String}) AS points,
          (SELECT sum(Count) FROM gauge_10s WHERE Pipeline = {pipeline:String}) AS samples`,
      { pipeline },
    );
    return row;
  };

  test('a batch sent twice with one token is stored and rolled up once', async () => {
    const spans = [span({ pipeline: 'twice' }), span({ pipeline: 'twice', at: NOON + 1 })];
    const points = [
      point({ pipeline: 'twice', value: 1 }),
      point({ pipeline: 'twice', value: 2, metric: 'weir.event.time' }),
    ];
    for (let attempt = 0; attempt < 3; attempt++) {
      await insert('otel_traces', spans, 'segment-1');
      await insert('otel_metrics_gauge', points, 'segment-1');
    }
    expect(await counts('twice')).toEqual({ spans: 2, calls: 2, points: 2, samples: 2 });
  });

  test('equal batches with different tokens are both stored and both rolled up', async () => {
    for (const token of ['segment-2', 'segment-3']) {
      await insert('otel_traces', [span({ pipeline: 'same' })], token);
      await insert('otel_metrics_gauge', [point({ pipeline: 'same', value: 1 })], token);
    }
    expect(await counts('same')).toEqual({ spans: 2, calls: 2, points: 2, samples: 2 });
  });

  test('different batches whose rollups are equal are both rolled up', async () => {
    await insert('otel_traces', [span({ pipeline: 'alike', at: NOON + 1 })], 'segment-4');
    await insert('otel_traces', [span({ pipeline: 'alike', at: NOON + 2 })], 'segment-5');
    expect(await counts('alike')).toMatchObject({ spans: 2, calls: 2 });
  });
});

describe('stock tables', () => {
  test('nanoseconds survive as decimal strings and as bare integers, zero included', async () => {
    const second = NOON / 1000;
    const bare = (digits: string) => (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(digits);
    const row = (name: string, Timestamp: unknown) => ({ ...span({ service: 'exact', name }), Timestamp });
    await insert('otel_traces', [row('decimal', `${second}.123456789`), row('bare', bare(`${second}987654321`))]);
    await insert('otel_metrics_sum', [point({ service: 'exact', value: 1 }, { StartTimeUnix: bare('0') })]);
    const rows = await stand.store.rows(
      `SELECT name, ns FROM (
          SELECT SpanName AS name, toString(toUnixTimestamp64Nano(Timestamp)) AS ns FROM otel_traces
          WHERE ServiceName = 'exact'
          UNION ALL
          SELECT 'start', toString(toUnixTimestamp64Nano(StartTimeUnix)) FROM otel_metrics_sum
          WHERE ServiceName = 'exact')
      ORDER BY name`,
    );
    expect(rows).toEqual([
      { name: 'bare', ns: `${second}987654321` },
      { name: 'decimal', ns: `${second}123456789` },
      { name: 'start', ns: '0' },
    ]);
  });

  test('have the columns that readers of the exporter expect', async () => {
    const columns = await stand.store.rows<{ table: string; names: string[] }>(
      `SELECT table, arraySort(groupArray(name)) AS names FROM system.columns
      WHERE database = currentDatabase() AND table LIKE 'otel%' GROUP BY table`,
    );
    const of = (table: string) => columns.find((row) => row.table === table)?.names ?? [];
    expect(of('otel_traces')).toEqual(
      [
        ...['Timestamp', 'TraceId', 'SpanId', 'ParentSpanId', 'TraceState', 'SpanName', 'SpanKind', 'ServiceName'],
        ...[
          'ResourceAttributes',
          'ScopeName',
          'ScopeVersion',
          'SpanAttributes',
          'Duration',
          'StatusCode',
          'StatusMessage',
        ],
        ...['Events.Timestamp', 'Events.Name', 'Events.Attributes'],
        ...['Links.TraceId', 'Links.SpanId', 'Links.TraceState', 'Links.Attributes'],
      ].sort(),
    );
    const common = [
      ...[
        'ResourceAttributes',
        'ResourceSchemaUrl',
        'ScopeName',
        'ScopeVersion',
        'ScopeAttributes',
        'ScopeDroppedAttrCount',
      ],
      ...['ScopeSchemaUrl', 'ServiceName', 'MetricName', 'MetricDescription', 'MetricUnit', 'Attributes'],
      ...['StartTimeUnix', 'TimeUnix', 'Flags'],
    ];
    const exemplars = ['FilteredAttributes', 'TimeUnix', 'Value', 'SpanId', 'TraceId'].map(
      (name) => `Exemplars.${name}`,
    );
    const range = ['Min', 'Max', 'AggregationTemporality'];
    expect(of('otel_metrics_gauge')).toEqual([...common, ...exemplars, 'Value'].sort());
    expect(of('otel_metrics_sum')).toEqual(
      [...common, ...exemplars, 'Value', 'AggregationTemporality', 'IsMonotonic'].sort(),
    );
    expect(of('otel_metrics_histogram')).toEqual(
      [...common, ...exemplars, ...range, 'Count', 'Sum', 'BucketCounts', 'ExplicitBounds'].sort(),
    );
    expect(of('otel_metrics_exponential_histogram')).toEqual(
      [
        ...[...common, ...exemplars, ...range, 'Count', 'Sum', 'Scale', 'ZeroCount', 'PositiveOffset'],
        ...['PositiveBucketCounts', 'NegativeOffset', 'NegativeBucketCounts'],
      ].sort(),
    );
    expect(of('otel_metrics_summary')).toEqual(
      [...common, 'Count', 'Sum', 'ValueAtQuantiles.Quantile', 'ValueAtQuantiles.Value'].sort(),
    );
    expect(of('otel_logs')).toEqual(
      expect.arrayContaining([
        'Timestamp',
        'TimestampTime',
        'SeverityText',
        'SeverityNumber',
        'Body',
        'LogAttributes',
        'EventName',
      ]),
    );
  });

  test('the trace index holds when a trace happened', async () => {
    await insert('otel_traces', [
      span({ trace: 'ab12', at: NOON + 61_000 }),
      span({ trace: 'ab12', at: NOON }),
      span({ trace: '', at: NOON - 50_000 }),
    ]);
    const rows = await stand.store.rows(
      `SELECT TraceId, toUnixTimestamp(min(Start)) AS start, toUnixTimestamp(max(End)) AS end
      FROM otel_traces_trace_id_ts GROUP BY TraceId`,
    );
    expect(rows).toEqual([{ TraceId: 'ab12', start: NOON / 1000, end: NOON / 1000 + 61 }]);
  });
});
