import type { Attributes } from '@opentelemetry/api';
import { type Counter, counters } from './counters.ts';
import type { Received } from './kafka-spans.ts';
import { ATTR, METRIC } from './semconv.ts';
import { errorType } from './span.ts';
import { shared } from './state.ts';

/** Bounds in seconds that the semantic conventions advise for `messaging.process.duration`. */
export const DURATION_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const MAX_SERIES = 1000;

export interface DurationPoint {
  readonly attributes: Attributes;
  readonly counts: number[];
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

interface Series {
  readonly attributes: Attributes;
  counts: Float64Array;
  count: number;
  sum: number;
  min: number;
  max: number;
}

/** How long records were handled for, by destination, group, partition and class of failure. */
export class Durations {
  readonly #series = new Map<string, Series>();
  #last: { readonly received: Received; readonly series: Series } | undefined;

  add(received: Received, failure: string, seconds: number, count: number): void {
    const last = failure === '' && this.#last !== undefined && isSame(received, this.#last.received);
    const series = last ? this.#last?.series : this.#find(received, failure);
    if (series === undefined) {
      counters.overflow(count);
      return;
    }
    if (failure === '' && !last) this.#last = { received, series };
    let bucket = 0;
    while (bucket < DURATION_BOUNDS.length && seconds > (DURATION_BOUNDS[bucket] as number)) bucket++;
    (series.counts[bucket] as number) += count;
    series.count += count;
    series.sum += seconds * count;
    if (seconds < series.min) series.min = seconds;
    if (seconds > series.max) series.max = seconds;
  }

  #find({ topic, partition, group }: Received, failure: string): Series | undefined {
    const key = `${topic}\0${group}\0${partition}\0${failure}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      if (this.#series.size >= MAX_SERIES) return undefined;
      const attributes: Attributes = {
        [ATTR.messagingSystem]: 'kafka',
        [ATTR.messagingOperationName]: 'process',
        [ATTR.messagingDestination]: topic,
        [ATTR.messagingPartition]: String(partition),
      };
      if (group !== '') attributes[ATTR.messagingGroup] = group;
      if (failure !== '') attributes[ATTR.errorType] = failure;
      const counts = new Float64Array(DURATION_BOUNDS.length + 1);
      series = { attributes, counts, count: 0, sum: 0, min: Number.POSITIVE_INFINITY, max: 0 };
      this.#series.set(key, series);
    }
    return series;
  }

  /** What was added since the last time; series without a record in between are forgotten. */
  take(): DurationPoint[] {
    const points = [...this.#series.values()].map((series) => ({ ...series, counts: Array.from(series.counts) }));
    this.#series.clear();
    this.#last = undefined;
    return points;
  }
}

export const durations = shared('durations', () => new Durations());

export function noteSent(topic: string, count: number): void {
  counters.add(
    METRIC.sentMessages,
    {
      [ATTR.messagingSystem]: 'kafka',
      [ATTR.messagingOperationName]: 'send',
      [ATTR.messagingDestination]: topic,
    },
    count,
  );
}

/** Most records come from where the one before came from. */
let consumed: Counter | undefined;
let from: Received = { topic: '', partition: -1, group: '' };

function isSame(one: Received, other: Received): boolean {
  return one.partition === other.partition && one.topic === other.topic && one.group === other.group;
}

export function noteConsumed(received: Received, count: number): void {
  if (consumed?.live === true && isSame(received, from)) {
    consumed.value += count;
    return;
  }
  const { topic, partition, group } = received;
  from = received;
  consumed = counters.add(
    METRIC.consumedMessages,
    {
      [ATTR.messagingSystem]: 'kafka',
      [ATTR.messagingOperationName]: 'process',
      [ATTR.messagingDestination]: topic,
      [ATTR.messagingPartition]: String(partition),
      [ATTR.messagingGroup]: group,
    },
    count,
  );
}

/** Times the handling of `count` records, which took as long as the call or its promise. The outcome is passed on. */
export function timeProcess<T>(received: Received, count: number, work: () => T): T {
  const begun = performance.now();
  const done = (failure: string) => durations.add(received, failure, (performance.now() - begun) / 1000, count);
  let result: T;
  try {
    result = work();
  } catch (error) {
    done(errorType(error));
    throw error;
  }
  if (typeof (result as { then?: unknown } | undefined)?.then !== 'function') {
    done('');
    return result;
  }
  return (result as unknown as Promise<unknown>).then(
    (value) => {
      done('');
      return value;
    },
    (error: unknown) => {
      done(errorType(error));
      throw error;
    },
  ) as T;
}
