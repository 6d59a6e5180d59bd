import type { PastEvent } from '../core/past-event.ts';
import { factsOfSignal } from '../core/signal.ts';
import { durationWords, formatUnit } from './format.ts';

/** What came of an event that happened before, in plain words: its peak, how it ended, what people said. */
export function eventText(event: PastEvent, now: number): string {
  const { labels, onset, resolvedAt, peak, opinions, sameSeries, detector } = event;
  const unit = factsOfSignal(labels['signal'])?.unit ?? '';
  const lasted = durationWords(((resolvedAt || now) - onset) / 1000);
  const facts = [
    ...(sameSeries ? [] : [`${detector} on another series`]),
    ...(peak === null ? [] : [`up to ${formatUnit(peak, unit)}`]),
    resolvedAt === 0 ? `fires still, for ${lasted}` : `over after ${lasted}`,
    ...opinions.map(({ by, verdict }) => `${by} called it ${verdict}`),
  ];
  return facts.join(', ');
}
