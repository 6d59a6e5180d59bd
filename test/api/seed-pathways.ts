import type { PipelineDefinition } from '../../core/definition.ts';
import { ATTR, METRIC } from '../../core/semconv.ts';
import { STEP_MS, stepStart } from '../../core/time.ts';
import type { Store } from '../../store/client.ts';
import { type Conservation, writeConservation } from '../../store/queries/conservation.ts';
import { writeDeadLetterTopics } from '../../store/queries/dead-letters.ts';
import { writeDefinitions } from '../../store/queries/definitions.ts';
import { writeFreshness } from '../../store/queries/freshness.ts';
import { pathwayBuckets } from '../../store/queries/pathways-buckets.ts';
import { type SloStatus, writeSloStates } from '../../store/queries/slos.ts';
import { insertStock } from '../store/stock-rows.ts';
import { PIPELINE } from './seed.ts';
import { RATE } from './seed-parts.ts';

/** The checkpoints of one pathway through the pipeline of seed.ts, with the median seconds of the hop before each. */
export const STOPS = [
  { hash: '00000000000000a1', service: 'gateway', direction: 'out', destination: 'orders', group: '', hop: 0 },
  {
    hash: '00000000000000a2',
    service: 'enrichment',
    direction: 'in',
    destination: 'orders',
    group: 'enrichment',
    hop: 0.3,
  },
  {
    hash: '00000000000000a3',
    service: 'enrichment',
    direction: 'out',
    destination: 'orders.enriched',
    group: '',
    hop: 0.04,
  },
  {
    hash: '00000000000000a4',
    service: 'payments',
    direction: 'in',
    destination: 'orders.enriched',
    group: 'payments',
    hop: 0.02,
  },
  { hash: '00000000000000a5', service: 'payments', direction: 'out', destination: 'payments', group: '', hop: 0.06 },
  {
    hash: '00000000000000a6',
    service: 'warehouse-sink',
    direction: 'in',
    destination: 'payments',
    group: 'warehouse-sink',
    hop: 0.9,
  },
] as const;

const SPREAD = [0.5, 0.7, 0.85, 1, 1, 1.15, 1.35, 1.7, 2.3, 3.1];

/** Histograms of the pathway for `minutes` before `now`, what was judged of it, SLOs, and records that went wrong. */
export async function seedPathways(store: Store, now: number, minutes: number): Promise<void> {
  const last = stepStart(now, STEP_MS) - STEP_MS;
  const series: object[] = [];
  const rows: object[] = [];
  let sum = 0;
  for (const [i, stop] of STOPS.entries()) {
    sum += stop.hop;
    for (const [k, metric] of [METRIC.pathwayLatency, METRIC.pathwayEdgeLatency].entries()) {
      const id = 7000 + i * 2 + k;
      series.push({
        ...{ SeriesId: id, Seen: Math.floor(now / 1000), MetricName: metric, ServiceName: stop.service },
        ...{ Pipeline: PIPELINE, Type: 'exponential_histogram', Temporality: 1 },
        Attributes: {
          [ATTR.pathwayHash]: stop.hash,
          [ATTR.pathwayParent]: STOPS[i - 1]?.hash ?? '',
          [ATTR.pathwayDirection]: stop.direction,
          'messaging.system': 'kafka',
          [ATTR.messagingDestination]: stop.destination,
          [ATTR.messagingGroup]: stop.group,
        },
      });
      for (let time = last - minutes * 60_000; time <= last; time += STEP_MS) {
        const slow = 1 + 0.2 * Math.sin(time / 400_000);
        const median = (metric === METRIC.pathwayLatency ? sum : stop.hop) * slow;
        const [indexes, counts] = pathwayBuckets(SPREAD.map((factor) => median * factor));
        const count = counts.reduce((total, one) => total + one * RATE, 0);
        rows.push({
          ...{ Time: time / 1000, Pipeline: PIPELINE, MetricName: metric, Service: stop.service, SeriesId: id },
          ...{ Count: count, DurationSum: count * median, Buckets: [indexes, counts.map((one) => one * RATE)] },
        });
      }
    }
  }
  await store.insert('metric_series', series);
  await store.insert('pathways_10s', rows);
  await writeConservation(store, judgements(now));
  await writeSlos(store, now);
  await writeWrong(store, now);
}

function judgements(now: number): Conservation[] {
  const pairs = [
    ...STOPS.slice(1).map((stop, i) => ({ kind: 'edge' as const, from: STOPS[i] as (typeof STOPS)[number], stop })),
    { kind: 'pathway' as const, from: STOPS[0], stop: STOPS[5] },
  ];
  return pairs.map(({ kind, from, stop }): Conservation => {
    const drops = stop.hash.endsWith('a4') || kind === 'pathway';
    const missing = drops ? 0.012 : 0.0001;
    return {
      ...{ time: now - 20_000, pipeline: PIPELINE, kind, from: from.hash, to: stop.hash, fromService: from.service },
      ...{ service: stop.service, direction: stop.direction, destination: stop.destination, group: stop.group },
      ...{ state: drops ? 'dropping' : 'conserved', sent: 110_400, reached: Math.round(110_400 * (1 - missing)) },
      ...{ ratio: 1, seconds: 600, missing, sigmas: drops ? 9 : 0.3, settle: 30, detectable: 0.0008 },
      ...{ delay1: 40, delay01: 400 },
      reason: drops ? '1,325 of 110,400 records are missing' : 'as many arrive as were sent',
    };
  });
}

export const SLOS = [
  {
    slo: 'Orders in the warehouse',
    indicator: 'freshness',
    node: 'warehouse',
    kind: 'database',
    left: 0.52,
    target: 900,
  },
  { slo: 'Order to payment', indicator: 'latency', node: 'payments', kind: 'service', left: 0.97, target: 60 },
  { slo: 'Orders enriched', indicator: 'errors', node: 'enrichment', kind: 'service', left: -0.1, target: Number.NaN },
] as const;

async function writeSlos(store: Store, now: number): Promise<void> {
  const slos = SLOS.map(({ slo, left, target, ...one }) => ({
    ...one,
    ...{ name: slo, objective: 0.99, target, period: 30 * 86_400_000, minEvents: 100 },
  }));
  const definition: PipelineDefinition = {
    ...{
      name: PIPELINE,
      description: 'From the shop to the warehouse',
      owner: 'data-platform',
      criticality: 'high' as const,
    },
    ...{ parts: [], edges: [], slos },
  };
  await writeDefinitions(store, [definition], now - 3_600_000);
  const states = SLOS.map(({ slo, indicator, node, kind, left }): SloStatus => {
    const burning = left < 0.6;
    return {
      ...{
        time: now - 10_000,
        pipeline: PIPELINE,
        slo,
        indicator,
        kind,
        node,
        objective: 0.99,
        good: 9e5,
        total: 9.1e5,
      },
      ...{ budgetLeft: left, burns: burning ? [15, 16, 7, 9, 1.2, 2] : [0.2, 0.1, 0.2, 0.1, 0.2, 0.1] },
      ...{ fast: burning ? 1.04 : 0.02, slow: burning ? 1.2 : 0.2 },
      state: left <= 0 ? 'exhausted' : burning ? 'fast_burn' : 'met',
      reason: burning ? "burns 15.0 times the budget's rate over 1 h" : '97 % of the budget of 30 d left',
    };
  });
  await writeSloStates(store, states);
}

async function writeWrong(store: Store, now: number): Promise<void> {
  const time = now - 5000;
  await writeFreshness(store, [
    {
      ...{ time, pipeline: PIPELINE, kind: 'database', node: 'warehouse', completeTo: time - 1_448_000, age: 1448 },
      ...{ ownAge: 4, state: 'behind', limitedBy: 'service:enrichment' },
      reason: 'enrichment has not handled what came after',
    },
    {
      ...{ time, pipeline: PIPELINE, kind: 'service', node: 'payments', completeTo: time - 9000, age: 9, ownAge: 1 },
      ...{ state: 'current', limitedBy: 'service:payments', reason: '' },
    },
  ]);
  const sums = [30, 20, 5].map((minutesAgo, i) => ({
    ...{ ResourceAttributes: { 'service.name': 'enrichment', 'weir.pipeline': PIPELINE }, ServiceName: 'enrichment' },
    ...{
      MetricName: i === 2 ? METRIC.duplicates : METRIC.deadLetters,
      Attributes: { 'messaging.destination.name': 'orders' },
    },
    StartTimeUnix: String(Math.floor((now - minutesAgo * 60_000) / 1000) - 10),
    TimeUnix: String(Math.floor((now - minutesAgo * 60_000) / 1000)),
    ...{ Value: 12 + i, AggregationTemporality: 1, IsMonotonic: true },
  }));
  await insertStock(store, 'otel_metrics_sum', sums);
  await writeDeadLetterTopics(store, [
    {
      ...{ time, pipeline: PIPELINE, topic: 'orders.dlq', sourceTopic: 'orders', stage: 'enrichment', depth: 412 },
      ...{ rate: 0.2, oldestAge: 7300, newestAge: 12, oldestIsBound: true },
    },
  ]);
}
