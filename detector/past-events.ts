import { durationWords } from '../core/duration-words.ts';
import type { PastEvent } from '../core/past-event.ts';
import type { Signal } from '../core/signal.ts';
import type { Millis } from '../core/time.ts';
import { valueWords } from './wording.ts';

/** What happened before that is like an anomaly, as text: one event a line, the newest first. */
export function pastEventsText(events: readonly PastEvent[], now: Millis): string {
  if (events.length === 0) return '\nNothing like it is stored of this series, or of this detector on this stage.\n';
  const lines = events.map((event) => `  ${eventText(event, now)}\n`);
  return `\nBefore it:\n${lines.join('')}`;
}

function eventText(event: PastEvent, now: Millis): string {
  const { detector, labels, firedAt, resolvedAt, peak, score, opinions } = event;
  const signal = (labels['signal'] ?? 'custom') as Signal;
  const lasted = durationWords(((resolvedAt || now) - event.onset) / 1000);
  const facts = [
    `${new Date(firedAt).toISOString()} ${detector}`,
    ...(event.sameSeries ? [] : [`another series (${otherLabels(event)})`]),
    ...(peak === null ? [] : [`up to ${valueWords(signal, peak)}`]),
    ...(score === null ? [] : [`score ${score.toFixed(1)}`]),
    resolvedAt === 0 ? `fires still, for ${lasted}` : `over after ${lasted}`,
    ...opinions.map(({ by, verdict, note }) => `${by} called it ${verdict}${note === '' ? '' : ` ("${note}")`}`),
  ];
  return `${facts.join(', ')}  ${event.id}`;
}

function otherLabels({ labels }: PastEvent): string {
  const { pipeline: _pipeline, stage: _stage, ...rest } = labels;
  return Object.entries(rest)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}
