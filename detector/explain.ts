import type { Anomaly, Vote } from '../core/anomaly.ts';
import { durationWords } from '../core/duration-words.ts';
import type { Signal } from '../core/signal.ts';
import { scoreAgain } from './votes.ts';
import { chanceWords, rangeWords, valueWords } from './wording.ts';

/** Whether the stored inputs give the stored score again, to the last bit. `unscored`: a rule decided without a score. */
export function recomputes(anomaly: Anomaly): 'equal' | 'differs' | 'unscored' {
  if (!anomaly.votes.some(({ weight }) => weight > 0)) return 'unscored';
  return Object.is(scoreAgain(anomaly), anomaly.score) ? 'equal' : 'differs';
}

/** The explain card of a stored anomaly as text, one fact a line. */
export function explanationOf(anomaly: Anomaly): string {
  const { decision, labels } = anomaly;
  const signal = (labels['signal'] ?? 'custom') as Signal;
  const words = (value: number) => valueWords(signal, value);
  const { signal: _signal, ...place } = labels;
  const lines: [string, string][] = [
    ['detector', `${anomaly.detector} (${anomaly.severity}, watches ${anomaly.direction})`],
    ['series', [signal, ...Object.entries(place).map(([name, value]) => `${name}=${value}`)].join(' ')],
    ['strange since', timeOf(Number(decision['onset'] ?? anomaly.time))],
    ['fired', anomaly.firedAt > 0 ? timeOf(anomaly.firedAt) : 'not yet'],
    ['resolved', anomaly.resolvedAt > 0 ? timeOf(anomaly.resolvedAt) : 'not yet'],
    [
      'value',
      `${words(anomaly.value)}, expected ${rangeWords(signal, anomaly.lower, anomaly.upper)} around ${words(anomaly.expected)}`,
    ],
    ['decided by', String(decision['breach'] ?? '')],
    ['threshold', thresholdWords(anomaly)],
    [
      'rung',
      `${decision['rung'] ?? 'no ensemble'}, ${durationWords(Number(decision['history'] ?? NaN) / 1000)} of history`,
    ],
    ['guards', guardWords(anomaly)],
    ['query', String(decision['query'] ?? '')],
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  const facts = lines.map(([name, text]) => `${name.padEnd(width)}  ${text}\n`);
  return `${facts.join('')}\n${votesTable(anomaly.votes)}\n${again(anomaly)}\n`;
}

function timeOf(time: number): string {
  return new Date(time).toISOString();
}

function thresholdWords({ threshold, decision }: Anomaly): string {
  const shift = decision['feedback_shift'];
  if (typeof shift !== 'number') return String(threshold);
  const people = (name: string) => {
    const count = Number(decision[`feedback_${name}_people`] ?? 0);
    return count === 0 ? [] : [`${count} called it ${name}`];
  };
  const who = [...people('noise'), ...people('useful')].join(', ');
  return `${threshold} (${decision['score']} configured, ${shift < 0 ? 'lowered' : 'raised'} by ${Math.abs(shift)}: ${who})`;
}

const DURATIONS = ['for', 'keep_firing_for', 'min_history'];
const NUMBERS = ['min_change', 'min_difference', 'min_value', 'min_expected', 'min_volume', 'stopped_below', 'noise'];

function guardWords({ decision }: Anomaly): string {
  const durations = DURATIONS.filter((name) => typeof decision[name] === 'number').map(
    (name) => `${name} ${durationWords(Number(decision[name]) / 1000)}`,
  );
  const numbers = NUMBERS.filter((name) => typeof decision[name] === 'number').map(
    (name) => `${name} ${decision[name]}`,
  );
  return [...durations, ...numbers].join(', ');
}

const COLUMNS = ['says', 'deviation', 'weight', 'odds', 'chance', 'u', 'body', 'sigma', 'xi'];

/** One row for each stream and rule: what it measured, what that weighs, and the tail that judged it. */
function votesTable(votes: readonly Vote[]): string {
  const cell = (value: number | undefined) => (value === undefined ? '' : String(Number(value.toPrecision(6))));
  const rows = votes.map(({ scorer, score, weight, p, inputs }) => [
    scorer,
    cell(score),
    weight === 0 ? 'decides alone' : String(weight),
    cell(inputs['odds']),
    weight === 0 ? (p === 0 ? 'passed' : 'not passed') : chanceWords(inputs['odds'] ?? 0),
    cell(inputs['u']),
    cell(inputs['body']),
    cell(inputs['sigma']),
    cell(inputs['xi']),
  ]);
  const table = [COLUMNS, ...rows];
  const widths = COLUMNS.map((_, i) => Math.max(...table.map((row) => (row[i] as string).length)));
  return table
    .map(
      (row) =>
        `${row
          .map((text, i) => text.padEnd(widths[i] as number))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function again(anomaly: Anomaly): string {
  const { score, decision } = anomaly;
  const result = recomputes(anomaly);
  if (result === 'unscored') return 'A rule decided; there is no score to compute again.';
  const given = `interval ${decision['interval']} ms, ${decision['points']} points before it, score before it ${decision['before']}`;
  const verdict =
    result === 'equal'
      ? `Computed again from these it is exactly ${score}.`
      : `Computed again from these it is ${scoreAgain(anomaly)}: it DIFFERS from what is stored.`;
  return `score ${score} (${given}). ${verdict}`;
}
