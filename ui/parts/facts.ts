import { factsOfSignal } from '../../core/signal.ts';
import { columnTitle } from '../../core/stage-column.ts';
import type { AnomalyView } from '../../core/view.ts';
import { movedText } from '../feedback-words.ts';
import { durationWords, formatCount, formatPercent, formatUnit } from '../format.ts';
import { knownText } from '../rung-words.ts';

const SCORERS: Readonly<Record<string, string>> = {
  threshold: 'Fixed limit',
  state: 'State of the group',
  frozen: 'Stands still',
  profile: 'Time of day',
  level: 'Time of day, at its present level',
  shift: 'Moved lately',
  slow_shift: 'Moved slowly',
  spread: 'Noise',
  step: 'Sudden change',
  regression: 'Its own course',
  forecast: 'Forecast, 1 step',
  drift: 'Drifts off its forecasts',
  trend: 'Its course reaches the limit',
  network: 'Its forecasts reach the limit',
};

/** A scorer's name as people read it, or that of a signal among those of a stage; other names stay as they are spelled. */
export function scorerTitle(name: string): string {
  return SCORERS[name] ?? columnTitle(name);
}

/** Surprise of a chance in decades: 1 in 1000 is 3. */
export function decades(p: number): number {
  return p > 0 ? -Math.log10(p) : 12;
}

const BREACHES: Readonly<Record<string, string>> = {
  score: 'too rare to be chance',
  rule: 'a fixed limit was passed',
  stopped: 'the flow stopped',
  relations: 'signals that keep together have parted',
  ahead: 'a limit lies ahead',
};

/** What is demanded beside the score; what is 0 demands nothing. */
const GUARDS: readonly (readonly [string, string, (value: number, unit: string) => string])[] = [
  ['min_change', 'Least change', (value) => formatUnit(value, '1')],
  ['min_difference', 'Least difference', formatUnit],
  ['min_value', 'Least value', formatUnit],
  ['min_expected', 'Least expected', formatUnit],
  ['min_volume', 'Least volume', formatCount],
  ['stopped_below', 'Stopped below', (value) => formatUnit(value, '1')],
  ['noise', 'Noise floor', formatUnit],
];

/** Of a warning: the chances of crossing the limit, and what came of earlier ones for this series. */
function aheadFacts(decision: AnomalyView['decision']): [string, string][] {
  const number = (key: string) => (typeof decision[key] === 'number' ? decision[key] : Number.NaN);
  const interval = number('interval') / 1000;
  const chance = (window: number) =>
    `${formatPercent(number(`chance_${window}`))} within ${durationWords(window * interval)}`;
  if (decision['breach'] !== 'ahead') return [];
  const facts: [string, string][] = [['Chance', `${chance(15)}, ${chance(30)}`]];
  if (number('reach') > 0)
    facts.push(['Reached in about', durationWords(60 * Math.max(1, Math.round(number('reach') / 60_000)))]);
  facts.push([
    'Warnings so far',
    `${formatCount(number('announced'))}, ${formatCount(number('kept'))} of them came true`,
  ]);
  return facts;
}

/** Inputs of the decision in words, in the order in which people ask for them. Durations are stored in milliseconds. */
export function factsOf(anomaly: AnomalyView): [string, string][] {
  const { decision, score, threshold } = anomaly;
  const facts: [string, string][] = [];
  const breach = BREACHES[String(decision['breach'])];
  const rule = anomaly.votes.find(({ weight, p }) => weight === 0 && p === 0)?.scorer;
  if (decision['breach'] === 'rule' && rule === 'state')
    facts.push(['Decided by', `the state of the group: ${String(decision['state'])}`]);
  else if (decision['breach'] === 'rule' && rule === 'frozen') facts.push(['Decided by', 'the value never changes']);
  else if (breach !== undefined) facts.push(['Decided by', breach]);
  const ahead = aheadFacts(decision);
  facts.push(...ahead);
  if (score !== null && ahead.length === 0)
    facts.push(['Score', `${score.toFixed(1)} of ${threshold.toFixed(1)} needed`]);
  const moved = movedText(decision);
  if (moved !== undefined) facts.push(['Threshold', moved]);
  const spans: readonly (readonly [string, string])[] = [
    ['for', 'Held for'],
    ['keep_firing_for', 'Keeps firing'],
    ['history', 'History'],
  ];
  for (const [key, title] of spans) {
    const value = decision[key];
    if (typeof value === 'number' && value > 0) facts.push([title, durationWords(value / 1000)]);
  }
  const known = knownText(String(decision['rung']));
  if (known !== undefined) facts.push(['Knows', known]);
  const { unit } = factsOfSignal(anomaly.labels['signal']) ?? { unit: '' };
  // Guards are of one signal: nothing of them is asked of signals that part.
  for (const [key, title, write] of decision['breach'] === 'relations' ? [] : GUARDS) {
    const value = decision[key];
    if (typeof value === 'number' && value > 0) facts.push([title, write(value, unit)]);
  }
  return facts;
}
