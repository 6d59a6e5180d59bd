import type { Attributes } from '@opentelemetry/api';
import { counters } from './counters.ts';
import { ATTR, METRIC } from './semconv.ts';
import { shared } from './state.ts';

interface Partition {
  newest: number;
  offset: number;
}

/** Event times of one destination and group. */
interface Seen {
  readonly attributes: Attributes;
  newest: number;
  /** Whether a watermark judges the order of its events. */
  judged: boolean;
  readonly partitions: Map<string | number, Partition>;
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

  /**
   * Notes an event time (unix milliseconds) that was handled. With a partition, an event older than one before it in the
   * partition is counted as out of order. With an offset too, a partition that is read again starts anew.
   */
  note(destination: string, group: string, time: number, partition?: string | number, offset = Number.NaN): void {
    const seen = this.#find(destination, group);
    if (seen === undefined) return;
    if (time > seen.newest) seen.newest = time;
    if (partition === undefined || seen.judged) return;
    const before = seen.partitions.get(partition);
    if (before === undefined) {
      if (this.#partitions >= MAX_PARTITIONS) return;
      this.#partitions++;
      seen.partitions.set(partition, { newest: time, offset });
      return;
    }
    const again = offset <= before.offset;
    before.offset = offset;
    if (again || time >= before.newest) before.newest = time;
    else counters.add(METRIC.outOfOrderEvents, about(destination, group));
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
    const seen: Seen = { attributes: about(destination, group), newest: 0, judged: false, partitions: new Map() };
    groups.set(group, seen);
    return seen;
  }

  /** One value per destination and group, in unix milliseconds. */
  *values(): Generator<{ readonly attributes: Attributes; readonly value: number }> {
    for (const groups of this.#seen.values()) {
      for (const { attributes, newest } of groups.values()) if (newest > 0) yield { attributes, value: newest };
    }
  }
}

export const eventTimes = shared('event-times', () => new EventTimes());

/** Notes an event time that was handled, whatever is sampled. */
export function noteEventTime(
  destination: string,
  group: string | undefined,
  time: number,
  partition?: string | number,
  offset?: number,
): void {
  eventTimes.note(destination, group ?? '', time, partition, offset);
}
