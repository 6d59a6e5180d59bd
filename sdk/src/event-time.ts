import { metrics } from '@opentelemetry/api';
import { ATTR, SCOPE } from './semconv.ts';
import { shared } from './state.ts';

interface Seen {
  readonly destination: string;
  readonly group: string | undefined;
  time: number;
}

/** A program that reads from dynamically named destinations must not grow this table for ever. */
const MAX_SEEN = 1000;
const seen = shared('event-time', () => new Map<string, Seen>());

/** Keeps the newest event time handled per destination and group; sampling does not touch it. */
export function noteEventTime(destination: string, group: string | undefined, time: number): void {
  const key = `${destination}\u0000${group ?? ''}`;
  const entry = seen.get(key);
  if (entry === undefined) {
    if (seen.size < MAX_SEEN) seen.set(key, { destination, group, time });
  } else if (time > entry.time) entry.time = time;
}

/** The gauge `weir.event.time` in unix milliseconds, one point per destination and group. */
export function observeEventTimes(): void {
  const gauge = metrics.getMeter(SCOPE).createObservableGauge('weir.event.time', {
    unit: 'ms',
    description: 'Newest event time handled, unix milliseconds',
  });
  gauge.addCallback((result) => {
    for (const { destination, group, time } of seen.values()) {
      result.observe(time, {
        [ATTR.messagingDestination]: destination,
        ...(group === undefined ? {} : { [ATTR.messagingGroup]: group }),
      });
    }
  });
}
