import type { Anomaly, Vote } from '../core/anomaly.ts';
import type { Outlook } from './ahead/lookout.ts';
import type { Breach, Standing, Transition } from './decide.ts';
import type { Inputs } from './engine/engine.ts';
import type { ThresholdInForce } from './feedback.ts';
import type { Watcher } from './watched.ts';

/** What was said of one point of one series. Used again for the next one, all but its list of verdicts. */
export interface PointVerdicts {
  /** What was expected and how strange the value is, of the direction in which that is most; NaN where nothing was expected. */
  expected: number;
  lower: number;
  upper: number;
  score: number;
  /**
   * Words of the detectors that have any: of those for which the point is strange, or would be had nothing held it, or of
   * which an alert fires or is pending. Nearly all points have none. Warnings of limits speak once an interval whatever it is.
   */
  verdicts: readonly Verdict[];
}

/** One detector's word on one point of one series. */
export interface Verdict {
  readonly watcher: Watcher;
  /** What each stream and rule says; of an ordinary point only the rules. */
  readonly votes: readonly Vote[];
  /** The numbers behind the score of a point that is not ordinary. */
  readonly inputs: Inputs | undefined;
  /** Further numbers of the decision, stored with it. */
  readonly facts?: Anomaly['decision'];
  readonly score: number;
  readonly expected: number;
  readonly lower: number;
  readonly upper: number;
  /** Deviations below this were taken for nothing. */
  readonly noise: number;
  readonly breach: Breach;
  /** The threshold the score was held against, where people have moved it; as configured where absent. */
  readonly moved: ThresholdInForce | undefined;
  /** What keeps a point from being strange which else were: what people said, or the state of the group. */
  readonly held: 'noise' | 'expected' | 'state' | undefined;
  readonly transition: Transition;
  readonly standing: Standing;
  /** Of a warning ahead of a limit: what lies there. */
  readonly outlook?: Outlook | undefined;
}
