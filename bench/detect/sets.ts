import type { Millis } from '../../core/time.ts';

/** A set of labelled series, and how it is scored. */
export interface DetectSet {
  readonly name: string;
  /** Folder of the series, in the folder of all data. */
  readonly folder: string;
  readonly scoring: 'nab' | 'events' | 'quiet';
  /** Distance of rows without times. */
  readonly interval?: Millis;
  /** Arguments of the scorer for events, as the scorers' own page has them. */
  readonly scorer?: readonly string[];
  /** Lists the columns at fault for each labelled segment. */
  readonly causes?: boolean;
  readonly about: string;
}

export const SETS: readonly DetectSet[] = [
  { name: 'nab', folder: 'nab/data', scoring: 'nab', about: 'NAB, one metric, threshold 0.5' },
  {
    name: 'kpi',
    folder: 'kpi',
    scoring: 'events',
    scorer: ['--merge-gap', '10'],
    about: 'KPIs of web services, one metric, 1 min and 5 min, second half scored',
  },
  {
    name: 'mscloud',
    folder: 'mscloud',
    scoring: 'events',
    scorer: ['--merge-gap', '2', '--delay-k', '3', '--warmup-share', '0.25', '--warmup-days', '7'],
    about: 'Microsoft cloud, one metric, 1 min and 1 h, first quarter (at most 7 days) not scored',
  },
  {
    name: 'smd',
    folder: 'smd',
    scoring: 'events',
    interval: 60_000,
    scorer: ['--interval', '60', '--merge-gap', '10'],
    causes: true,
    about: 'server machines, 38 metrics, 1 min, history given',
  },
  {
    name: 'asd',
    folder: 'asd',
    scoring: 'events',
    interval: 300_000,
    scorer: ['--interval', '300', '--merge-gap', '3'],
    about: 'application servers, 19 metrics, 5 min, history given',
  },
  {
    name: 'spark',
    folder: 'exathlon_undisturbed',
    scoring: 'quiet',
    about: 'quiet Spark Streaming, 85 metrics, 1 s: every alarm is false',
  },
];

/** What issue 5 wants to reach, and the best that is known, by set and measure. */
export const GOALS: Readonly<Record<string, { readonly reach: string; readonly known: string }>> = {
  'nab standard': { reach: '73', known: '72.7 (ARTime, held-out files)' },
  'nab low FP': { reach: '64', known: '63.8 (CAD OSE, held-out files)' },
  'nab low FN': { reach: '', known: '78.8 (ARTime, held-out files)' },
  'kpi event F1': { reach: '0.65', known: '0.50 (simple floor)' },
  'kpi false alarms a series-day': { reach: '0.10', known: '0.14 (simple floor)' },
  'mscloud event F1': { reach: '0.60', known: '0.46 (simple floor)' },
  'mscloud false alarms a series-day': { reach: '0.05', known: '0.04 (simple floor)' },
  'smd VUS-PR': { reach: '0.58', known: '0.447 published; 0.54 PCA error' },
  'smd Hit@100 %': { reach: '0.86', known: '0.82 (largest z)' },
  'smd Hit@150 %': { reach: '', known: '0.92 (largest z)' },
  'spark alarms a series-day, each column alone': { reach: '2', known: '43 (rolling z)' },
  'spark row alarms an hour': { reach: '1', known: '' },
};
