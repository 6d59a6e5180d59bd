import type { Anomaly, Vote } from '../core/anomaly.ts';
import { type Direction, factsOfSignal } from '../core/signal.ts';
import type { Millis } from '../core/time.ts';
import { isFlow } from './coverage.ts';
import { nextStanding } from './decide.ts';
import { oddsFrom } from './engine/tails.ts';
import { type FeedbackBook, thresholdAt } from './feedback.ts';
import { MOST_ODDS } from './rows/evidence.ts';
import type { RowsJudge } from './rows/rows-judge.ts';
import { rowLength, type StageRows } from './stage-rows.ts';
import type { Verdict } from './verdict.ts';
import { type Watcher, watchOf } from './watched.ts';

/** Columns whose odds make those of the row, and the least that each of them must show. */
const PAIR = 2;
const LEAST_ODDS = 1;
/** While an alert fires, or is about to, less than what opened it keeps it going: what moved is soon half learnt. */
const HOLD_SHARE = 0.6;
/** An alert of a single signal speaks for its stage for so many rows more. */
const AFTER_ROWS = 5;
/** A load further than this from what is usual, in scales, is beyond what is known of how signals keep together. */
const FAR = 3;

/**
 * Decides on the row of a stage that `rows` judged last. It is strange when the two signals furthest from what the others
 * foretell are so by odds (`apartOdds` of detector/rows) at the threshold, at least one of them to a side that is bad
 * news, under a load that is known; and it opens no alert where an alert of one of the signals fires, or just did: that
 * one says more.
 */
export function judgeRow(
  stage: StageRows,
  rows: RowsJudge,
  watchers: readonly Watcher[],
  start: Millis,
  step: Millis,
  feedback: FeedbackBook,
): Verdict[] {
  const { watched } = stage;
  const length = rowLength(step);
  const { apartOdds, apartBasis } = rows.row;
  const votes = votesOf(stage, rows);
  const known = !loadIsFar(stage, rows);
  const spoken = stage.busy.some((busy) => busy <= start && start - busy <= AFTER_ROWS * length);
  return watchers.map((watcher): Verdict => {
    const { entry } = watcher;
    const { decision } = entry;
    const watch = watchOf(watched, entry.name);
    const { phase } = watch.standing;
    const people = feedback.of(watched.key, entry.name);
    const moved = people && thresholdAt(people, decision.score, start);
    const limit = moved?.threshold ?? decision.score;
    const ready = watched.history >= decision.min_history;
    const strange = (least: number) =>
      phase === 'inactive'
        ? apartOdds >= least && known && apart(votes) && !spoken
        : apartOdds >= HOLD_SHARE * least && (phase === 'firing' || !spoken);
    const breach = ready && strange(limit);
    const { standing, transition } = nextStanding(decision, watch.standing, {
      start,
      end: start + length,
      breach,
    });
    const before = watch.standing;
    watch.standing = standing;
    return {
      watcher,
      votes: standing.phase === 'inactive' ? [] : votes,
      inputs: undefined,
      facts: { row: length, ...apartBasis },
      score: apartOdds,
      expected: NaN,
      lower: 0,
      upper: limit,
      noise: NaN,
      breach: breach ? 'relations' : 'none',
      moved,
      held: ready && !breach && phase === 'inactive' && !spoken && strange(decision.score) ? 'noise' : undefined,
      transition,
      standing: transition === 'resolved' ? before : standing,
    };
  });
}

/** Whether more or less flows than was ever usual: what goes with that nobody knows. */
function loadIsFar({ columns, width }: StageRows, rows: RowsJudge): boolean {
  return columns.slice(0, width).some(({ signal }, j) => isFlow(signal) && Math.abs(rows.columnOf(j).standard) > FAR);
}

/** Two signals at least are off, and one of them to a side that is bad news. */
function apart(votes: readonly Vote[]): boolean {
  const [first, second] = votes;
  if (!first || !second || (second.inputs['odds'] as number) < LEAST_ODDS) return false;
  return votes.some(({ scorer, score, inputs }) => (inputs['odds'] as number) >= LEAST_ODDS && isBad(scorer, score));
}

function isBad(column: string, deviation: number): boolean {
  const direction: Direction = factsOfSignal(column.split(' ')[0])?.direction ?? 'both';
  return direction === 'both' || deviation * (direction === 'up' ? 1 : -1) > 0;
}

/**
 * What each signal shows beyond what the others foretell, the strangest first. `score` is that in usual deviations of it,
 * `p` its chance, `weight` its share in the row's odds; `expected` is what the others foretell of its value.
 */
function votesOf({ columns, width }: StageRows, rows: RowsJudge): Vote[] {
  const seen = columns.slice(0, width).map(({ name }, j) => ({ name, ...rows.columnOf(j) }));
  const sorted = seen.filter(({ apart }) => !Number.isNaN(apart)).sort((a, b) => b.odds.apart - a.odds.apart);
  const whole = sorted.reduce((sum, { odds }) => sum + (odds.apart >= LEAST_ODDS ? odds.apart : 0), 0);
  return sorted.map(({ name, apart, odds, apartTail, value, foretold }) => ({
    scorer: name,
    score: apart,
    p: 10 ** -odds.apart,
    weight: odds.apart >= LEAST_ODDS ? odds.apart / whole : 0,
    expected: foretold,
    lower: NaN,
    upper: NaN,
    inputs: {
      value,
      odds: odds.apart,
      u: apartTail[0],
      body: apartTail[1],
      sigma: apartTail[2],
      xi: apartTail[3],
    },
  }));
}

/** Whether an anomaly is of a row of signals. */
export function isOfRow({ decision }: Pick<Anomaly, 'decision'>): boolean {
  return typeof decision['row'] === 'number';
}

/** The score of a stored anomaly of a row again, to the last bit; NaN where inputs are missing. */
export function rowScoreAgain({ votes, decision }: Pick<Anomaly, 'votes' | 'decision'>): number {
  const odds = votes
    .map(({ score, inputs }) => {
      const [u, body, sigma, xi] = ['u', 'body', 'sigma', 'xi'].map((name) => inputs[name] ?? NaN);
      return Math.min(MOST_ODDS, oddsFrom(Math.abs(score), u as number, body as number, sigma as number, xi as number));
    })
    .sort((a, b) => b - a);
  const numberOf = (name: string) => Number(decision[name] ?? NaN);
  let sum = 0;
  for (let i = 0; i < PAIR; i++) sum += odds[i] ?? 0;
  const [u, body, sigma, xi] = ['u', 'body', 'sigma', 'xi'].map(numberOf) as [number, number, number, number];
  return oddsFrom(sum / PAIR - numberOf('mean'), u, body, sigma, xi);
}
