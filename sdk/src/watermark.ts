import type { Attributes } from '@opentelemetry/api';
import { counters } from './counters.ts';
import { about, eventTimes, noteEventTime } from './event-time.ts';
import { METRIC } from './semconv.ts';
import { shared } from './state.ts';

export interface WatermarkOptions {
  /** Queue or topic whose events are handled. */
  readonly destination: string;
  readonly group?: string;
  /** How far behind the newest event of its partition an event may come, in milliseconds; 0 when absent. */
  readonly allowedLateness?: number;
  /** A partition without an event for this long holds the watermark back no longer, in milliseconds; 60 000 when absent. */
  readonly idleAfter?: number;
}

export type Timeliness = 'on_time' | 'out_of_order' | 'late';

/** Partitions one watermark follows. Of more, the first ones count. */
const MAX_PARTITIONS = 10_000;
const MAX_WATERMARKS = 1000;

/**
 * A watermark: the time before which every event has been handled. Each partition vouches for its newest event less the
 * allowed lateness, and the least of them counts (the bounded-out-of-orderness watermark of Akidau et al., The Dataflow
 * Model, 2015). It never goes back.
 */
export class Watermark {
  readonly #options: WatermarkOptions;
  readonly #now: () => number;
  readonly #partitions = new Map<string | number, { newest: number; seen: number }>();
  readonly attributes: Attributes;
  #reached = Number.NEGATIVE_INFINITY;

  constructor(options: WatermarkOptions, now: () => number = Date.now) {
    this.#options = options;
    this.#now = now;
    this.attributes = about(options.destination, options.group);
  }

  /**
   * Notes that an event was handled; `time` is a date or unix milliseconds. Tells whether it came in order, out of order
   * but in time, or after the watermark had passed it; the last two are counted.
   */
  observe(time: number | Date, partition: string | number = ''): Timeliness {
    const event = Number(time);
    if (!(event > 0)) return 'on_time';
    const { destination, group } = this.#options;
    const late = event < (this.value ?? event);
    noteEventTime(destination, group, event);
    const before = this.#partitions.get(partition);
    const ordered = before === undefined || event >= before.newest;
    if (before !== undefined) {
      before.newest = Math.max(before.newest, event);
      before.seen = this.#now();
    } else if (this.#partitions.size < MAX_PARTITIONS) {
      this.#partitions.set(partition, { newest: event, seen: this.#now() });
    }
    if (late) counters.add(METRIC.lateEvents, about(destination, group));
    if (!ordered) counters.add(METRIC.outOfOrderEvents, about(destination, group));
    if (late) return 'late';
    return ordered ? 'on_time' : 'out_of_order';
  }

  /** Sets the watermark where an engine knows it: everything before `time` has been handled. */
  advance(time: number | Date): void {
    if (Number(time) > 0) this.#reached = Math.max(this.#reached, Number(time));
  }

  /** A partition that was taken away must not hold the watermark back. */
  forget(partition: string | number): void {
    this.#partitions.delete(partition);
  }

  /** Unix milliseconds; undefined before the first event. */
  get value(): number | undefined {
    const alive = this.#now() - (this.#options.idleAfter ?? 60_000);
    let least = Number.POSITIVE_INFINITY;
    for (const { newest, seen } of this.#partitions.values()) {
      if (seen >= alive && newest < least) least = newest;
    }
    if (least < Number.POSITIVE_INFINITY) {
      this.#reached = Math.max(this.#reached, least - (this.#options.allowedLateness ?? 0));
    }
    return this.#reached > 0 ? this.#reached : undefined;
  }
}

const watermarks = shared('watermarks', () => new Map<string, Watermark>());

/** The watermark of a destination and group, reported as `weir.watermark`. The first call's options count. */
export function watermark(options: WatermarkOptions): Watermark {
  const key = `${options.destination}\0${options.group ?? ''}`;
  let mark = watermarks.get(key);
  if (mark === undefined) {
    mark = new Watermark(options);
    if (watermarks.size < MAX_WATERMARKS) watermarks.set(key, mark);
    eventTimes.leaveOrder(options.destination, options.group ?? '');
  }
  return mark;
}

export function* watermarkValues(): Generator<{ readonly attributes: Attributes; readonly value: number }> {
  for (const { attributes, value } of watermarks.values()) if (value !== undefined) yield { attributes, value };
}
