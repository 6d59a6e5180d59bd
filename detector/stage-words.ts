import type { Vote } from '../core/anomaly.ts';
import { durationWords, NARROW } from '../core/duration-words.ts';
import type { Labels } from '../core/labels.ts';
import type { Signal } from '../core/signal.ts';
import { columnTitle } from '../core/stage-column.ts';
import type { Millis } from '../core/time.ts';
import { chanceWords, tableText, valueWords } from './wording.ts';

/** Signals named in one sentence. */
const NAMED = 3;

/** The words of an alert about the signals of a stage. They carry no number of one signal. */
export function rowAnnotations(labels: Labels, votes: readonly Vote[], score: number, since: Millis): Labels {
  const named = votes.filter(({ weight }) => weight > 0).slice(0, NAMED);
  const names = named.map(({ scorer }) => columnTitle(scorer));
  const each = named.map((vote) => {
    const signal = vote.scorer.split(' ')[0] as Signal;
    const foretold = Number.isNaN(vote.expected) ? '' : ` (the others foretell ${valueWords(signal, vote.expected)})`;
    return `${columnTitle(vote.scorer)} ${Math.round(vote.weight * 100)}${NARROW}%: ${valueWords(signal, vote.inputs['value'] ?? NaN)}${foretold}`;
  });
  return {
    summary: `${labels['stage']}: ${listed(names)} no longer keep together as they did, for ${durationWords(since / 1000)}`,
    description:
      `Pipeline ${labels['pipeline'] ?? 'default'}. No signal needs to be strange by itself: a parting like this is seen in ` +
      `${chanceWords(score)} minutes of this stage. ${each.join('; ')}.`,
  };
}

function listed(names: readonly string[]): string {
  if (names.length < 2) return names.join('') || 'the signals';
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

const HEAD = ['signal', 'share', 'value', 'foretold', 'deviation', 'odds', 'chance', 'u', 'body', 'sigma', 'xi'];

/** The signals of a stored row as a table: value, what the others foretell of it, its deviation from that and the tail that judged it. */
export function rowTable(votes: readonly Vote[]): string {
  const cell = (value: number | undefined) => String(Number((value ?? NaN).toPrecision(6)));
  const rows = votes.map(({ scorer, score, weight, expected, inputs }) => [
    scorer,
    weight === 0 ? '' : `${Math.round(weight * 100)} %`,
    valueWords(scorer.split(' ')[0] as Signal, inputs['value'] ?? NaN),
    valueWords(scorer.split(' ')[0] as Signal, expected),
    cell(score),
    cell(inputs['odds']),
    chanceWords(inputs['odds'] ?? 0),
    ...['u', 'body', 'sigma', 'xi'].map((name) => cell(inputs[name])),
  ]);
  return tableText([HEAD, ...rows]);
}
