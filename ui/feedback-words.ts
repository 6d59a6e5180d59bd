import { type ExpectedWindow, type FeedbackVerdict, MOST_SHIFT } from '../core/feedback.ts';
import type { FeedbackView } from '../core/feedback-view.ts';
import { factsOfSignal } from '../core/signal.ts';
import type { AnomalyView } from '../core/view.ts';
import { formatClock, formatCount, formatUnit } from './format.ts';

export const VERDICT_WORDS: Readonly<Record<FeedbackVerdict, string>> = {
  useful: 'Useful',
  noise: 'Noise',
  expected: 'Expected',
};

/** What each word means, for those who have not said it yet. */
export const VERDICT_HINTS: Readonly<Record<FeedbackVerdict, string>> = {
  useful: 'Worth an alert: the next one of this series fires a little earlier',
  noise: 'Not worth an alert: the next one of this series takes more',
  expected: 'Bound to happen at this time of the week: the like of it does not fire then',
};

const DAYS = ['Mondays', 'Tuesdays', 'Wednesdays', 'Thursdays', 'Fridays', 'Saturdays', 'Sundays'];
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** Shifts below this are the same threshold to a reader. */
const SLIGHT = 0.005;

/** A score as people read it: `4.0`, `4.25`. */
export function scoreText(score: number): string {
  const text = score.toFixed(2);
  return text.endsWith('0') ? text.slice(0, -1) : text;
}

/** What feedback on an alert changes, in plain words; empty where it changes nothing and nobody said anything. */
export function effectText(feedback: FeedbackView, labels: AnomalyView['labels']): string {
  const { counts, movable, window } = feedback;
  if (counts === 'expected') {
    if (window === null) return 'A fixed limit decided this alert. It fires again: feedback does not move it.';
    return `Not alerted again on ${windowText(window)}, ${limitText(window, labels)}.`;
  }
  if (counts !== '' && !movable) {
    return 'A fixed limit or a stop decided this alert. That counts in the record of its detector and moves nothing.';
  }
  return thresholdText(feedback);
}

function thresholdText({ counts, configured, threshold }: FeedbackView): string {
  if (configured === null || threshold === null) return '';
  const shift = threshold - configured;
  const heard = counts === '' ? 'For what was said of others like it, the' : 'The';
  if (Math.abs(shift) < SLIGHT) {
    return counts === ''
      ? ''
      : `With all that was said of this series, its next alert takes a score of ${scoreText(configured)} as before.`;
  }
  const most = shift > MOST_SHIFT - SLIGHT ? ', which is as far as it goes' : '';
  return `${heard} next alert of this series takes a score of ${scoreText(threshold)} instead of ${scoreText(configured)}${most}. The difference halves every 30 days.`;
}

/** `Tuesdays, 02:50 – 04:02 UTC`, or over midnight `Sundays 23:10 – Mondays 01:20 UTC`. */
export function windowText({ from, length }: ExpectedWindow): string {
  const start = Math.floor(from / MINUTE_MS) * MINUTE_MS;
  const end = Math.ceil((from + length) / MINUTE_MS) * MINUTE_MS;
  const day = (time: number) => DAYS[Math.floor(time / DAY_MS) % 7] ?? '';
  if (day(start) === day(end)) return `${day(start)}, ${formatClock(start)} – ${formatClock(end)} UTC`;
  return `${day(start)} ${formatClock(start)} – ${day(end)} ${formatClock(end)} UTC`;
}

function limitText({ side, limit }: ExpectedWindow, labels: AnomalyView['labels']): string {
  const { unit } = factsOfSignal(labels['signal']) ?? { unit: '' };
  const value = labels['signal'] === 'custom' ? formatCount(limit) : formatUnit(limit, unit);
  return side === 'above' ? `up to ${value}` : `down to ${value}`;
}

const NUMBERS = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

/**
 * What moved the threshold of a decision: `4.0, raised by 0.5: two people called it noise`. Undefined where nothing did.
 * Its inputs are stored with the anomaly.
 */
export function movedText(decision: AnomalyView['decision']): string | undefined {
  const number = (key: string) => (typeof decision[key] === 'number' ? decision[key] : 0);
  const shift = number('feedback_shift');
  if (Math.abs(shift) < SLIGHT) return undefined;
  const told = (['noise', 'useful'] as const)
    .filter((verdict) => number(`feedback_${verdict}`) > 0)
    .map((verdict) => {
      const [alerts, people] = [number(`feedback_${verdict}`), number(`feedback_${verdict}_people`)];
      const who = `${NUMBERS[people] ?? people} ${people === 1 ? 'person' : 'people'}`;
      return `${who} called ${alerts === 1 ? 'it' : `${NUMBERS[alerts] ?? alerts} alerts`} ${verdict}`;
    });
  const by = Number(Math.abs(shift).toFixed(2));
  return `${scoreText(number('score'))}, ${shift > 0 ? 'raised' : 'lowered'} by ${by}: ${told.join(', ')}`;
}
