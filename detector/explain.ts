import type { Anomaly, Vote } from '../core/anomaly.ts';
import { durationWords } from '../core/duration-words.ts';
import { judgedPoints } from '../core/judged-points.ts';
import type { Signal } from '../core/signal.ts';
import { type Millis, STEP_MS } from '../core/time.ts';
import { chanceOfScore } from './ahead/entry.ts';
import { scoreAhead } from './ahead/votes.ts';
import { linesAhead } from './ahead/words.ts';
import { isOfRow, rowScoreAgain } from './stage-judge.ts';
import { rowTable } from './stage-words.ts';
import { scoreAgain } from './votes.ts';
import { chanceWords, rangeWords, tableText, valueWords } from './wording.ts';

const isAhead = ({ decision }: Pick<Anomaly, 'decision'>) => decision['breach'] === 'ahead';

/** Whether the stored inputs give the stored score again, to the last bit. `unscored`: a rule decided without a score. */
export function recomputes(anomaly: Anomaly): 'equal' | 'differs' | 'unscored' {
  if (isAhead(anomaly)) return Object.is(scoreAhead(anomaly.votes), anomaly.score) ? 'equal' : 'differs';
  if (isOfRow(anomaly)) return Object.is(rowScoreAgain(anomaly), anomaly.score) ? 'equal' : 'differs';
  if (!anomaly.votes.some(({ weight }) => weight > 0)) return 'unscored';
  return Object.is(scoreAgain(anomaly), anomaly.score) ? 'equal' : 'differs';
}

/** The explain card of a stored anomaly as text, one fact a line. */
export function explanationOf(anomaly: Anomaly): string {
  const { decision, labels } = anomaly;
  const signal = signalOf(anomaly);
  const { signal: _signal, ...place } = labels;
  const onset = Number(decision['onset'] ?? anomaly.time);
  const points = judgedPoints({ ...anomaly, onset, step: stepOf(anomaly) });
  const lines: [string, string][] = [
    ['detector', `${anomaly.detector} (${anomaly.severity}, watches ${anomaly.direction})`],
    ['series', [signal, ...Object.entries(place).map(([name, value]) => `${name}=${value}`)].join(' ')],
    ['strange since', timeOf(onset)],
    ['fired', anomaly.firedAt > 0 ? timeOf(anomaly.firedAt) : 'not yet'],
    ['resolved', anomaly.resolvedAt > 0 ? timeOf(anomaly.resolvedAt) : 'not yet'],
    ...valueLines(anomaly),
    ['decided by', String(decision['breach'] ?? '')],
    ['threshold', thresholdWords(anomaly)],
    [
      'rung',
      `${decision['rung'] ?? 'no ensemble'}${FORECAST_WORDS[String(decision['forecasts'])] ?? ''}, ${durationWords(Number(decision['history'] ?? NaN) / 1000)} of history`,
    ],
    ['guards', guardWords(anomaly)],
    ['query', String(decision['query'] ?? '')],
    ['points', `weir query "${points.sql}"`],
    ['', `GET ${points.path}, the series with key ${points.key}`],
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  const facts = lines.map(([name, text]) => `${name.padEnd(width)}  ${text}\n`);
  const table = isAhead(anomaly) ? '' : `${isOfRow(anomaly) ? rowTable(anomaly.votes) : votesTable(anomaly.votes)}\n`;
  return `${facts.join('')}\n${table}${again(anomaly)}\n`;
}

const signalOf = ({ labels }: Anomaly) => (labels['signal'] ?? 'custom') as Signal;

function valueLines(anomaly: Anomaly): [string, string][] {
  if (isAhead(anomaly)) return [valueAhead(anomaly), ...linesAhead(anomaly)];
  if (isOfRow(anomaly)) return [['value', `signals part like this in ${chanceWords(anomaly.score)} minutes`]];
  return [valueLine(anomaly)];
}

function valueLine(anomaly: Anomaly): [string, string] {
  const signal = signalOf(anomaly);
  const { value, expected, lower, upper } = anomaly;
  const usual = `${rangeWords(signal, lower, upper)} around ${valueWords(signal, expected)}`;
  return ['value', `${valueWords(signal, value)}, expected ${usual}`];
}

function valueAhead(anomaly: Anomaly): [string, string] {
  return ['value', valueWords(signalOf(anomaly), anomaly.value)];
}

const FORECAST_WORDS: Readonly<Record<string, string>> = {
  better: ' (forecasts do better than its own course)',
  no_better: ' (forecasts do no better than its own course)',
};

/** Length of the judged step, out of the stored query. */
function stepOf({ decision }: Anomaly): Millis {
  const query = JSON.parse(String(decision['query'] ?? '{}')) as { readonly step?: Millis };
  return query.step ?? STEP_MS;
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

const DURATIONS = ['for', 'keep_firing_for', 'min_history', 'hold_for'];
const NUMBERS = ['min_change', 'min_difference', 'min_value', 'min_expected', 'min_volume', 'stopped_below', 'noise'];

function guardWords({ decision }: Anomaly): string {
  const durations = DURATIONS.filter((name) => typeof decision[name] === 'number').map(
    (name) => `${name} ${durationWords(Number(decision[name]) / 1000)}`,
  );
  const numbers = NUMBERS.filter((name) => typeof decision[name] === 'number').map(
    (name) => `${name} ${decision[name]}`,
  );
  const state = decision['state'] === undefined ? [] : [`state ${decision['state']}`];
  return [...durations, ...numbers, ...state].join(', ');
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
  return tableText([COLUMNS, ...rows]);
}

function again(anomaly: Anomaly): string {
  const { score, decision } = anomaly;
  const result = recomputes(anomaly);
  if (isAhead(anomaly)) {
    const chance = `chance ${chanceOfScore(score)} (score ${score}), the mean of trend and network by weight.`;
    return result === 'equal'
      ? `${chance} Computed again from these it is exactly that.`
      : `${chance} Computed again from these it is ${scoreAhead(anomaly.votes)}: it DIFFERS from what is stored.`;
  }
  if (isOfRow(anomaly)) {
    const names = ['mean', 'u', 'body', 'sigma', 'xi'].map((name) => `${name} ${decision[name]}`);
    const said = `score ${score} (the mean odds of the first two signals, less the ordinary, in the tail of rows: ${names.join(', ')}).`;
    return result === 'equal'
      ? `${said} Computed again from these it is exactly that.`
      : `${said} Computed again from these it is ${rowScoreAgain(anomaly)}: it DIFFERS from what is stored.`;
  }
  if (result === 'unscored') return 'A rule decided; there is no score to compute again.';
  const given = `interval ${decision['interval']} ms, ${decision['points']} points before it, score before it ${decision['before']}`;
  const verdict =
    result === 'equal'
      ? `Computed again from these it is exactly ${score}.`
      : `Computed again from these it is ${scoreAgain(anomaly)}: it DIFFERS from what is stored.`;
  return `score ${score} (${given}). ${verdict}`;
}
