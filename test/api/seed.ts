import type { Anomaly } from '../../core/anomaly.ts';
import { fingerprint, type Labels } from '../../core/labels.ts';
import { STEP_MS, stepStart } from '../../core/time.ts';
import type { Store } from '../../store/client.ts';
import { writeAnomalies } from '../../store/queries/anomalies.ts';
import { writeExpectations } from '../../store/queries/expectations.ts';
import { type FreshnessStatus, writeFreshness } from '../../store/queries/freshness.ts';
import { writeStageStates } from '../../store/queries/states.ts';
import { writeEdges, writeNodes } from '../../store/queries/topology-rows.ts';
import { columnsOf, type Expectation } from '../store/queries/expectation-rows.ts';
import { insertStock } from '../store/stock-rows.ts';
import { buckets, GROUPS, noise, PARTS, RATE } from './seed-parts.ts';

/** A pipeline of four stages in which `enrichment` falls behind because its database got slow. */
export const PIPELINE = 'orders';
export const STAGES = ['gateway', 'enrichment', 'payments', 'warehouse-sink'] as const;

export interface Seed {
  /** Start of the last closed step. */
  readonly last: number;
  /** First step of the fault; infinite when there is none. */
  readonly faultAt: number;
  readonly anomalies: readonly Anomaly[];
}

/** Seconds of lag `seconds` after the fault began. */
export function lagAt(stage: string, seconds: number): number {
  if (stage !== 'enrichment' || seconds < 0) return 0.6;
  return 0.6 + seconds * 0.66;
}

/** Fills a store with `minutes` of the pipeline up to `now`, the fault in its last `faultMinutes`. */
export async function seedOrders(
  store: Store,
  options: { now: number; minutes: number; faultMinutes: number; consoleUrl?: string },
): Promise<Seed> {
  const last = stepStart(options.now, STEP_MS) - STEP_MS;
  const first = last - options.minutes * 60_000;
  const faultAt = options.faultMinutes === 0 ? Number.POSITIVE_INFINITY : last - options.faultMinutes * 60_000;
  await writeSteps(store, first, last, faultAt);
  await writeGraph(store, first, options.now, options.consoleUrl ?? '');
  await writeStates(store, options.now, faultAt <= last);
  await writeTraces(store, last);
  const anomalies = faultAt <= last ? faultAnomalies(faultAt) : [];
  await writeAnomalies(store, anomalies, options.now);
  return { last, faultAt, anomalies };
}

/** Rollups, lag gauges and expected bands of the steps [first, last]. */
export async function writeSteps(store: Store, first: number, last: number, faultAt: number): Promise<void> {
  const red: object[] = [];
  const gauges: object[] = [];
  const expected: Expectation[] = [];
  for (let time = first; time <= last; time += STEP_MS) {
    const fault = time >= faultAt;
    const seconds = (time - faultAt) / 1000;
    PARTS.forEach((part, i) => {
      const count = Math.round(part.rate(fault) * 10 * noise(time / STEP_MS, i));
      red.push({
        Time: time / 1000,
        Pipeline: PIPELINE,
        Service: part.service,
        Kind: part.kind,
        Operation: part.kind === 'Server' ? 'POST /orders' : part.kind.toLowerCase(),
        Destination: part.destination,
        DestinationSystem: part.system,
        DestinationKind: part.destinationKind,
        ConsumerGroup: part.group,
        Source: 'spans',
        Count: count,
        Errors: time % 70_000 === 0 ? 1 : 0,
        Messages: count,
        DurationSum: count * part.median(fault),
        EventTimeMax: part.kind === 'Consumer' ? time + STEP_MS - lagAt('enrichment', seconds) * 1000 : 0,
        Buckets: buckets(part.median(fault) * noise(time / STEP_MS, i + 20), count),
      });
      if (part.kind === 'Server' || part.kind === 'Consumer') {
        expected.push(band({ signal: 'throughput', stage: part.service }, time, RATE, 12));
        expected.push(
          band({ signal: 'latency_p99', stage: part.service }, time, part.median(false) * 2.3, part.median(false)),
        );
        expected.push(
          band({ signal: 'latency_p95', stage: part.service }, time, part.median(false) * 1.8, part.median(false)),
        );
      }
      if (part.kind === 'Client') {
        expected.push(
          band(
            { signal: 'dependency_p95', stage: part.service, dependency: part.destination },
            time,
            part.median(false) * 1.8,
            part.median(false),
          ),
        );
      }
    });
    for (const group of GROUPS) {
      const lag = lagAt(group.stage, seconds);
      for (let partition = 0; partition < group.partitions; partition++) {
        const attributes = { group: group.stage, topic: group.topic, partition: String(partition) };
        const share = (lag * 61) / group.partitions;
        gauges.push(
          gauge(
            'kafka.consumer_group.lag',
            attributes,
            time,
            Math.round(share * noise(time / STEP_MS, partition + 40)),
          ),
        );
        gauges.push(
          gauge('weir.consumer_group.lag_time', attributes, time, lag * noise(time / STEP_MS, partition + 60)),
        );
      }
      expected.push(
        band({ signal: 'lag_seconds', stage: group.stage, topic: group.topic, group: group.stage }, time, 0.6, 1.4),
      );
    }
  }
  await store.insert('red_10s', red);
  await writeFreshness(store, freshnessOf(first, last, faultAt));
  await insertStock(store, 'otel_metrics_gauge', gauges);
  await writeExpectations(store, columnsOf(expected));
}

/** What every stage that reads had reached: what waits before `enrichment` holds back all after it. */
function freshnessOf(first: number, last: number, faultAt: number): FreshnessStatus[] {
  const statuses: FreshnessStatus[] = [];
  for (let time = first + STEP_MS; time <= last + STEP_MS; time += STEP_MS) {
    const age = lagAt('enrichment', (time - STEP_MS - faultAt) / 1000);
    const late = age > 60;
    for (const node of STAGES.slice(1)) {
      statuses.push({
        ...{ time, pipeline: PIPELINE, kind: 'service', node, completeTo: time - age * 1000, age },
        ...{ ownAge: node === 'enrichment' ? age : 0.6, state: late ? 'behind' : 'current' },
        ...{ limitedBy: 'service:enrichment', reason: late ? 'Unread records wait before enrichment' : '' },
      });
    }
  }
  return statuses;
}

function band(labels: Labels, time: number, expected: number, half: number): Expectation {
  return {
    time,
    labels: { pipeline: PIPELINE, ...labels },
    value: expected,
    expected,
    lower: Math.max(0, expected - half),
    upper: expected + half,
    score: 0.1,
  };
}

function gauge(name: string, attributes: Labels, time: number, value: number) {
  return {
    ResourceAttributes: { 'service.name': 'kafka', 'weir.pipeline': PIPELINE },
    ServiceName: 'kafka',
    MetricName: name,
    Attributes: attributes,
    StartTimeUnix: String(time / 1000),
    TimeUnix: `${time / 1000 + 5}.000000000`,
    Value: value,
  };
}

async function writeGraph(store: Store, firstSeen: number, lastSeen: number, consoleUrl: string): Promise<void> {
  const node = (name: string, kind: 'service' | 'topic' | 'database', system = '') => ({
    pipeline: PIPELINE,
    node: name,
    kind,
    system,
    consoleUrl: name === 'gateway' ? consoleUrl : '',
    firstSeen,
    since: firstSeen,
    lastSeen,
  });
  await writeNodes(store, [
    ...STAGES.map((stage) => node(stage, 'service')),
    node('orders', 'topic', 'kafka'),
    node('orders.enriched', 'topic', 'kafka'),
    node('payments', 'topic', 'kafka'),
    node('customers', 'database', 'postgresql'),
    node('warehouse', 'database', 'postgresql'),
  ]);
  const edge = (from: string, to: string, kind: 'produces' | 'consumes' | 'calls', group = '') => ({
    pipeline: PIPELINE,
    from,
    to,
    kind,
    fromKind: kind === 'consumes' ? ('topic' as const) : ('service' as const),
    toKind:
      kind === 'consumes' ? ('service' as const) : kind === 'produces' ? ('topic' as const) : ('database' as const),
    group,
    firstSeen,
    since: firstSeen,
    lastSeen,
  });
  await writeEdges(store, [
    edge('gateway', 'orders', 'produces'),
    edge('orders', 'enrichment', 'consumes', 'enrichment'),
    edge('enrichment', 'customers', 'calls'),
    edge('enrichment', 'orders.enriched', 'produces'),
    edge('orders.enriched', 'payments', 'consumes', 'payments'),
    edge('payments', 'payments', 'produces'),
    edge('payments', 'warehouse-sink', 'consumes', 'warehouse-sink'),
    edge('warehouse-sink', 'warehouse', 'calls'),
  ]);
}

export async function writeStates(store: Store, now: number, fault: boolean): Promise<void> {
  await writeStageStates(
    store,
    STAGES.map((stage) => {
      const behind = fault && stage === 'enrichment';
      return {
        time: now - 5000,
        pipeline: PIPELINE,
        stage,
        state: behind ? ('falling_behind' as const) : ('healthy' as const),
        lagSeconds: Number.NaN,
        lag: Number.NaN,
        throughput: behind ? 61 : RATE,
        reason: behind
          ? 'Reads 61 of 184 records per second; its lag grows 40 s every minute.'
          : 'Keeps up with what arrives.',
      };
    }),
  );
}

/** What the detector stores when it finds the fault. */
export function faultAnomalies(faultAt: number): Anomaly[] {
  const make = (
    labels: Labels,
    value: number,
    expected: number,
    half: number,
    delay: number,
    score: number,
  ): Anomaly => {
    const full = { pipeline: PIPELINE, ...labels };
    const onset = faultAt + delay;
    const lower = Math.max(0, expected - half);
    const vote = (scorer: string, p: number, weight: number) => ({
      scorer,
      score: 6,
      p,
      weight,
      expected,
      lower,
      upper: expected + half,
      inputs: { value },
    });
    return {
      id: fingerprint({ ...full, onset: String(onset) }),
      detector: labels['signal'] === 'lag_seconds' ? 'LagGrowing' : 'DependencySlow',
      labels: full,
      time: onset + 20_000,
      firedAt: onset + 30_000,
      resolvedAt: 0,
      value,
      expected,
      lower,
      upper: expected + half,
      score,
      threshold: 4,
      direction: 'up',
      severity: labels['signal'] === 'lag_seconds' ? 'critical' : 'warning',
      votes: [
        vote('profile', 10 ** -(score + 1.2), 0.55),
        vote('forecast', 10 ** -(score - 1.5), 0.45),
        { ...vote('threshold', 1, 0), expected: Number.NaN, lower: Number.NaN, upper: 900 },
      ],
      decision: { breach: 'score', onset, for: 30_000, keep_firing_for: 60_000, min_volume: 10, history: 10_800_000 },
    };
  };
  return [
    make({ signal: 'dependency_p95', stage: 'enrichment', dependency: 'customers' }, 0.312, 0.0054, 0.003, 0, 6.6),
    make(
      { signal: 'lag_seconds', stage: 'enrichment', topic: 'orders', group: 'enrichment' },
      34,
      0.6,
      1.4,
      20_000,
      7.1,
    ),
  ];
}

/** What the detector posts for them. */
export function alertsOf(anomalies: readonly Anomaly[], now: number): object[] {
  const words: Readonly<Record<string, readonly [string, string, string]>> = {
    dependency_p95: [
      'enrichment: dependency latency p95 to customers is 312 ms, expected 2 to 8 ms',
      '312 ms',
      '5.4 ms',
    ],
    lag_seconds: ['enrichment: lag in time on orders is 34 s, expected 0 to 2 s', '34 s', '0.6 s'],
  };
  return anomalies.map((anomaly) => {
    const [summary, value, expected] = words[anomaly.labels['signal'] as string] ?? ['', '', ''];
    return {
      labels: { ...anomaly.labels, alertname: anomaly.detector, severity: anomaly.severity, weir_source: 'detector' },
      annotations: { summary, value, expected, anomaly_id: anomaly.id },
      startsAt: new Date(anomaly.firedAt).toISOString(),
      endsAt: new Date(now + 3_600_000).toISOString(),
    };
  });
}

/** A few whole traces around `last`: one through all stages, one with an error. */
export async function writeTraces(store: Store, last: number): Promise<void> {
  const rows: object[] = [];
  for (let n = 0; n < 24; n++) {
    const traceId = fingerprint({ trace: String(n) }).padStart(32, '0');
    const at = last - n * 17_000;
    const id = (part: string) => fingerprint({ trace: String(n), part });
    const failed = n === 3;
    const span = (
      part: string,
      parent: string,
      service: string,
      name: string,
      kind: string,
      after: number,
      ms: number,
      attributes: Labels,
      error = false,
    ) =>
      rows.push({
        Timestamp: `${((at + after) / 1000).toFixed(3)}000000`,
        TraceId: traceId,
        SpanId: id(part),
        ParentSpanId: parent === '' ? '' : id(parent),
        SpanName: name,
        SpanKind: kind,
        ServiceName: service,
        ResourceAttributes: { 'service.name': service, 'weir.pipeline': PIPELINE },
        SpanAttributes: attributes,
        Duration: ms * 1_000_000,
        StatusCode: error ? 'Error' : 'Unset',
        StatusMessage: error ? 'duplicate key value violates unique constraint' : '',
      });
    const message = (name: string) => ({ 'messaging.system': 'kafka', 'messaging.destination.name': name });
    const wait = n === 1 ? 92_000 : 12;
    span('a', '', 'gateway', 'POST /orders', 'Server', 0, 14, {
      'http.request.method': 'POST',
      'http.route': '/orders',
    });
    span('b', 'a', 'gateway', 'send orders', 'Producer', 8, 5, message('orders'));
    span('c', 'b', 'enrichment', 'process orders', 'Consumer', 13 + wait, 40 + n, {
      ...message('orders'),
      'messaging.consumer.group.name': 'enrichment',
    });
    span('d', 'c', 'enrichment', 'SELECT customers', 'Client', 15 + wait, 12, {
      'db.system.name': 'postgresql',
      'db.namespace': 'customers',
      'db.query.text': 'SELECT tier FROM customers WHERE id = $1',
    });
    span('e', 'c', 'enrichment', 'send orders.enriched', 'Producer', 46 + wait, 4, message('orders.enriched'));
    span('f', 'e', 'payments', 'process orders.enriched', 'Consumer', 62 + wait, 24, message('orders.enriched'));
    span('g', 'f', 'payments', 'send payments', 'Producer', 80 + wait, 4, message('payments'));
    span('h', 'g', 'warehouse-sink', 'process payments', 'Consumer', 95 + wait, 22, message('payments'), failed);
    span(
      'i',
      'h',
      'warehouse-sink',
      'INSERT orders_fact',
      'Client',
      98 + wait,
      16,
      { 'db.system.name': 'postgresql', 'db.namespace': 'warehouse' },
      failed,
    );
  }
  await insertStock(store, 'otel_traces', rows);
}
