import type { Attributes } from '@opentelemetry/api';
import { counters } from './counters.ts';
import { ATTR, METRIC } from './semconv.ts';
import { shared } from './state.ts';

/** Whether the decimal digits of a number above zero stand for more than others; no number is made of them. */
function exceeds(digits: string, others: string): boolean {
  return digits.length === others.length ? digits > others : digits.length > others.length;
}

/** Event times of one partition, as the digits that Kafka's clients hand over. */
export class PartitionTimes {
  newest = '';
  #offset = '';
  readonly #seen: Seen;

  constructor(seen: Seen) {
    this.#seen = seen;
  }

  /**
   * Notes a record's time (unix milliseconds). One older than another before it in the partition is counted as out of
   * order, unless the partition is being read again, which offsets tell.
   */
  note(timestamp: string, offset = ''): void {
    if (exceeds(timestamp, this.newest)) {
      if (timestamp > '0') this.newest = timestamp;
    } else if (timestamp !== this.newest && timestamp > '0' && !this.#seen.judged) {
      if (offset !== '' && !exceeds(offset, this.#offset)) this.newest = timestamp;
      else counters.add(METRIC.outOfOrderEvents, this.#seen.about);
    }
    this.#offset = offset;
  }
}

/** Event times of one destination and group. */
interface Seen {
  readonly about: Record<string, string>;
  newest: number;
  /** Whether a watermark judges the order of its events. */
  judged: boolean;
  readonly partitions: Map<string | number, PartitionTimes>;
}

/** A program that reads from dynamically named destinations must not grow these tables for ever. */
const MAX_SEEN = 1000;
const MAX_PARTITIONS = 20_000;

export function about(destination: string, group: string | undefined): Record<string, string> {
  return {
    [ATTR.messagingDestination]: destination,
    ...(group === undefined || group === '' ? {} : { [ATTR.messagingGroup]: group }),
  };
}

/** The newest event time handled per destination and group, and events that came after newer ones of their partition. */
export class EventTimes {
  readonly #seen = new Map<string, Map<string, Seen>>();
  #size = 0;
  #partitions = 0;

  /** Notes an event time that was handled, in unix milliseconds. */
  note(destination: string, group: string, time: number): void {
    const seen = this.#find(destination, group);
    if (seen !== undefined && time > seen.newest) seen.newest = time;
  }

  /** The times of one partition; undefined when there are too many. To be kept by whoever reads it. */
  partition(destination: string, group: string, partition: string | number): PartitionTimes | undefined {
    const seen = this.#find(destination, group);
    let times = seen?.partitions.get(partition);
    if (times !== undefined || seen === undefined || this.#partitions >= MAX_PARTITIONS) return times;
    this.#partitions++;
    times = new PartitionTimes(seen);
    seen.partitions.set(partition, times);
    return times;
  }

  /** Leaves the order of a destination's events to a watermark, which knows more of it. */
  leaveOrder(destination: string, group: string): void {
    const seen = this.#find(destination, group);
    if (seen !== undefined) seen.judged = true;
  }

  #find(destination: string, group: string): Seen | undefined {
    let groups = this.#seen.get(destination);
    const found = groups?.get(group);
    if (found !== undefined) return found;
    if (this.#size >= MAX_SEEN) return undefined;
    this.#size++;
    if (groups === undefined) {
      groups = new Map();
      this.#seen.set(destination, groups);
    }
    const seen: Seen = { about: about(destination, group), newest: 0, judged: false, partitions: new Map() };
    groups.set(group, seen);
    return seen;
  }

  /** One value per destination and group, in unix milliseconds. */
  *values(): Generator<{ readonly attributes: Attributes; readonly value: number }> {
    for (const groups of this.#seen.values()) {
      for (const seen of groups.values()) {
        let value = seen.newest;
        for (const { newest } of seen.partitions.values()) value = Math.max(value, Number(newest));
        if (value > 0) yield { attributes: seen.about, value };
      }
    }
  }
}

export const eventTimes = shared('event-times', () => new EventTimes());

/** Notes an event time that was handled, in unix milliseconds, whatever is sampled. */
export function noteEventTime(destination: string, group: string | undefined, time: number): void {
  eventTimes.note(destination, group ?? '', time);
}

/** As above, of a partition whose records come in the order of their offsets. */
export function noteInPartition(
  destination: string,
  group: string | undefined,
  partition: string | number,
  time: number | bigint,
  offset?: number | bigint,
): void {
  const times = eventTimes.partition(destination, group ?? '', partition);
  times?.note(String(time), offset === undefined ? '' : String(offset));
}
