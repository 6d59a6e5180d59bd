import { exponential, normal, poisson, type Random, seededRandom } from '../load/random.ts';
import { rateAt } from '../load/rate.ts';
import { ERROR_RATIO, PARTITIONS, sampleMs, WORK, type Work } from '../load/work.ts';
import type { StageName } from '../topics.ts';
import { type CheckpointAttributes, checkpoint } from './checkpoints.ts';

export const STEP_MS = 10_000;

/** Lag is a level: one step of six tells it as well, for a sixth of the rows. */
const LAG_EVERY_MS = 60_000;

/** Scale of the exponential histograms: 16 buckets to a power of two, 4.4 % wide. */
export const SCALE = 4;

export interface DurationPoint {
  readonly metric: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly count: number;
  /** Seconds. */
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  /** Index of `buckets[0]`; bucket i holds (2^(i/16), 2^((i+1)/16)] seconds. */
  readonly offset: number;
  readonly buckets: readonly number[];
}

export interface GaugePoint {
  readonly metric: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** Records that passed a checkpoint, all of pathways that began in the step. */
export interface RecordsPoint {
  readonly attributes: CheckpointAttributes;
  readonly count: number;
}

export interface ServiceStep {
  readonly service: string;
  readonly durations: readonly DurationPoint[];
  readonly gauges: readonly GaugePoint[];
  readonly records: readonly RecordsPoint[];
}

/** What the machinery adds to the sleeps of the live pipeline: handing a record to the broker. */
const SEND_KAFKA: Work = { medianMs: 4, sigma: 0.8 };
const SEND_MEMORY: Work = { medianMs: 1, sigma: 1 };
const sendOf = (system: string) => (system === 'kafka' ? SEND_KAFKA : SEND_MEMORY);

/** Sleeps end a little late, and now and then the machine has something else to do. */
const TIMER_MS = 1.2;
const HICCUP_MS = 20;

function sum(works: readonly Work[], random: Random): number {
  const late = random() < 0.04 ? exponential(random, 1 / HICCUP_MS) : 0;
  return works.reduce((total, work) => total + sampleMs(work, random), TIMER_MS + late);
}

function histogram(
  metric: string,
  attributes: Readonly<Record<string, string>>,
  milliseconds: readonly number[],
): DurationPoint[] {
  if (milliseconds.length === 0) return [];
  const seconds = milliseconds.map((ms) => ms / 1000);
  const indexes = seconds.map((value) => Math.ceil(Math.log2(value) * 2 ** SCALE) - 1);
  const offset = Math.min(...indexes);
  const buckets = new Array<number>(Math.max(...indexes) - offset + 1).fill(0);
  for (const index of indexes) buckets[index - offset] = (buckets[index - offset] as number) + 1;
  const total = seconds.reduce((a, b) => a + b, 0);
  const range = { min: Math.min(...seconds), max: Math.max(...seconds) };
  return [{ metric, attributes, count: seconds.length, sum: total, ...range, offset, buckets }];
}

const samples = (count: number, works: readonly Work[], random: Random) =>
  Array.from({ length: count }, () => sum(works, random));

function failures(count: number, ratio: number, random: Random): number {
  return Math.min(count, poisson(random, count * ratio));
}

/**
 * Lag of a group that keeps up: what is being handled and what has come since the last commit. Kafka's consumers fetch
 * in rounds, and Weir reckons their lag in time from the rate; the log's owner knows the age of its records.
 */
function lagGauges(group: string, topic: string, rate: number, system: string, random: Random): GaugePoint[] {
  const perPartition = rate / PARTITIONS;
  const kafka = system === 'kafka';
  return Array.from({ length: PARTITIONS }, (_, partition) => {
    const lag = poisson(random, perPartition * (kafka ? 0.2 : 0.08));
    const age = kafka ? (lag - 0.5) / perPartition : Math.min(0.3, 0.05 * Math.exp(0.5 * normal(random)));
    const attributes = { group, topic, partition };
    return [
      { metric: 'kafka.consumer_group.lag', attributes, value: lag },
      { metric: 'weir.consumer_group.lag_time', attributes, value: lag === 0 ? 0 : age },
    ];
  }).flat();
}

interface Consumed {
  readonly service: StageName;
  readonly topic: string;
  readonly works: readonly Work[];
  readonly errorRatio: number;
  readonly error: string;
  /** Where what is handled goes. */
  readonly output?: string;
  readonly database?: Work;
}

const CONSUMED: readonly Consumed[] = [
  {
    service: 'enrichment',
    topic: 'orders',
    works: [WORK.enrichment],
    errorRatio: ERROR_RATIO.enrichment,
    error: 'RangeError',
    output: 'orders.enriched',
  },
  {
    service: 'payments',
    topic: 'orders.enriched',
    works: [WORK.payments],
    errorRatio: ERROR_RATIO.payments,
    error: 'ProviderError',
    output: 'payments',
  },
  {
    service: 'warehouse-sink',
    topic: 'payments',
    works: [WORK['warehouse-sink']],
    errorRatio: 0,
    error: '',
    database: WORK.warehouse,
  },
];

function consumed(
  stage: Consumed,
  from: RecordsPoint,
  start: number,
  system: string,
  random: Random,
): ServiceStep & { output: RecordsPoint } {
  const { service } = stage;
  const arrived = from.count;
  const process = {
    'messaging.system': system,
    'messaging.operation.name': 'process',
    'messaging.destination.name': stage.topic,
    'messaging.consumer.group.name': stage.service,
  };
  const failed = failures(arrived, stage.errorRatio, random);
  const passed = arrived - failed;
  const calls = stage.database === undefined ? undefined : samples(passed, [stage.database], random);
  const parts = stage.output === undefined ? stage.works : [...stage.works, sendOf(system)];
  const works = samples(passed, parts, random).map((ms, i) => ms + (calls?.[i] ?? 0));
  const durations = [
    ...histogram('messaging.process.duration', process, works),
    ...histogram(
      'messaging.process.duration',
      { ...process, 'error.type': stage.error },
      samples(failed, parts, random),
    ),
    ...sent(stage.output, passed, system, random),
    ...sent(failed > 0 ? 'orders.dlq' : undefined, failed, system, random),
    ...(calls === undefined
      ? []
      : histogram(
          'db.client.operation.duration',
          {
            'db.system.name': 'sqlite',
            'db.namespace': 'warehouse',
            'db.operation.name': 'INSERT',
            'db.collection.name': 'orders',
          },
          calls,
        )),
  ];
  const attributes = { 'messaging.destination.name': stage.topic, 'messaging.consumer.group.name': stage.service };
  const gauges = [{ metric: 'weir.event.time', attributes, value: Math.round(start + STEP_MS - 100 - 200 * random()) }];
  const read = { service, direction: 'in', system, destination: stage.topic, group: service } as const;
  const at = checkpoint(read, from.attributes);
  const write = (destination: string | undefined, count: number): RecordsPoint[] =>
    destination === undefined || count === 0
      ? []
      : [{ attributes: checkpoint({ service, direction: 'out', system, destination }, at), count }];
  const output = write(stage.output, passed);
  const records = [{ attributes: at, count: arrived }, ...output, ...write('orders.dlq', failed)];
  return { service, durations, gauges, records, output: output[0] ?? { attributes: at, count: 0 } };
}

function sent(topic: string | undefined, count: number, system: string, random: Random): DurationPoint[] {
  if (topic === undefined) return [];
  const attributes = {
    'messaging.system': system,
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'messaging.destination.name': topic,
  };
  return histogram('messaging.client.operation.duration', attributes, samples(count, [sendOf(system)], random));
}

/**
 * What the pipeline would have reported in the step that begins at `start`: drawn from the functions that also drive
 * the live stages, so that levels match. The same step gives the same numbers.
 */
export function historyStep(start: number, system: string): readonly ServiceStep[] {
  const random = seededRandom(Math.floor(start / STEP_MS));
  const rate = rateAt(start + STEP_MS / 2);
  const orders = poisson(random, (rate * STEP_MS) / 1000);
  const route = {
    'http.request.method': 'POST',
    'http.route': '/orders',
    'http.response.status_code': '202',
    'url.scheme': 'http',
  };
  const place = { service: 'gateway', direction: 'out', system, destination: 'orders' } as const;
  let flowing: RecordsPoint = { attributes: checkpoint(place), count: orders };
  const gateway: ServiceStep = {
    service: 'gateway',
    durations: [
      ...histogram('http.server.request.duration', route, samples(orders, [WORK.gateway, sendOf(system)], random)),
      ...sent('orders', orders, system, random),
    ],
    gauges: [],
    records: [flowing],
  };
  const steps: ServiceStep[] = [gateway];
  const lag: GaugePoint[] = [];
  for (const stage of CONSUMED) {
    const step = consumed(stage, flowing, start, system, random);
    const { service, durations, gauges, records } = step;
    steps.push({ service, durations, gauges, records });
    if (start % LAG_EVERY_MS === 0) lag.push(...lagGauges(stage.service, stage.topic, rate, system, random));
    flowing = step.output;
  }
  return [...steps, { service: 'order-log', durations: [], gauges: lag, records: [] }];
}
