import { byHalf, type Half } from './split.ts';

/** One line of the table: a number for each half and for both, NaN where there is none. */
export interface Measure {
  readonly name: string;
  readonly values: Readonly<Record<Half | 'both', number>>;
  readonly digits: number;
}

/** What the scorer of events says of one series. */
export interface SeriesEvents {
  readonly name: string;
  readonly segments: number;
  readonly found: number;
  readonly alarms: number;
  readonly true_alarms: number;
  readonly false_alarms: number;
  readonly delays: readonly number[];
  readonly normal_days: number;
  readonly vus_pr?: number | null;
}

export interface EventScores {
  readonly summary: { readonly event_f1: number; readonly false_alarms_per_series_day: number };
  readonly series: readonly SeriesEvents[];
}

export interface NabProfile {
  readonly profile: 'standard' | 'low_fp' | 'low_fn';
  readonly score: number;
  readonly per_file: readonly {
    readonly file: string;
    readonly raw: number;
    readonly windows: number;
    readonly windows_found: number;
    readonly fp_rows: number;
  }[];
}

const MISSED_WINDOW = { standard: 1, low_fp: 1, low_fn: 2 } as const;

/**
 * Event F1 = 2 P R / (P + R), P = true alarms / alarms and R = segments found / segments over all series together; false
 * alarms over the days without label; VUS-PR as the mean of the series that have one. As the scorer's own summary.
 */
export function eventMeasures({ summary, series }: EventScores): Measure[] {
  const total = (
    some: readonly SeriesEvents[],
    key: 'segments' | 'found' | 'alarms' | 'true_alarms' | 'false_alarms',
  ) => some.reduce((sum, one) => sum + one[key], 0);
  const precision = (some: readonly SeriesEvents[]) => ratio(total(some, 'true_alarms'), total(some, 'alarms'));
  const recall = (some: readonly SeriesEvents[]) => ratio(total(some, 'found'), total(some, 'segments'));
  const f1 = (some: readonly SeriesEvents[]) => {
    const [p, r] = [precision(some), recall(some)];
    return p + r > 0 ? (2 * p * r) / (p + r) : 0;
  };
  const days = (some: readonly SeriesEvents[]) => some.reduce((sum, { normal_days }) => sum + normal_days, 0);
  const falsePerDay = (some: readonly SeriesEvents[]) => total(some, 'false_alarms') / days(some);
  const delay = (some: readonly SeriesEvents[]) => median(some.flatMap(({ delays }) => delays));
  const vus = (some: readonly SeriesEvents[]) => mean(some.flatMap(({ vus_pr }) => vus_pr ?? []));
  const line = (name: string, digits: number, pick: (some: readonly SeriesEvents[]) => number): Measure => {
    return { name, digits, values: byHalf(series, ({ name }) => name, pick) };
  };
  const measures = [
    line('event F1', 3, f1),
    line('event precision', 3, precision),
    line('event recall', 3, recall),
    line('false alarms a series-day', 3, falsePerDay),
    line('delay, median, rows', 0, delay),
    line('delay of nine in ten, rows', 0, (some) =>
      quantile(
        some.flatMap(({ delays }) => delays),
        0.9,
      ),
    ),
    line('VUS-PR', 3, vus),
  ];
  assertSame('event F1', f1(series), summary.event_f1);
  assertSame('false alarms', falsePerDay(series), summary.false_alarms_per_series_day);
  return measures;
}

/**
 * NAB's score of a part of the files: 100 (raw - none) / (all - none), where `none` misses every window that is scored
 * and `all` finds every window of the file at its first row.
 */
export function nabMeasures(profiles: readonly NabProfile[], windows: Readonly<Record<string, unknown[]>>): Measure[] {
  const names = { standard: 'standard', low_fp: 'low FP', low_fn: 'low FN' } as const;
  const scores = profiles.map(({ profile, score, per_file }): Measure => {
    const pick = (some: typeof per_file) => {
      const none = -MISSED_WINDOW[profile] * some.reduce((sum, { windows }) => sum + windows, 0);
      const all = some.reduce((sum, { file }) => sum + (windows[file]?.length ?? 0), 0);
      return (100 * (some.reduce((sum, { raw }) => sum + raw, 0) - none)) / (all - none);
    };
    const values = byHalf(per_file, ({ file }) => file, pick);
    assertSame(`NAB ${profile}`, values.both, score);
    return { name: names[profile], digits: 1, values };
  });
  const files = profiles[0]?.per_file ?? [];
  const count = (name: string, key: 'windows' | 'windows_found' | 'fp_rows'): Measure => {
    const pick = (some: typeof files) => some.reduce((sum, one) => sum + one[key], 0);
    return { name, digits: 0, values: byHalf(files, ({ file }) => file, pick) };
  };
  return [
    ...scores,
    count('windows', 'windows'),
    count('windows found', 'windows_found'),
    count('false alarm rows', 'fp_rows'),
  ];
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which the share `at` of them lies, between two of them in proportion; NaN of none. */
export function quantile(values: readonly number[], at: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) return Number.NaN;
  const place = at * (sorted.length - 1);
  const below = sorted[Math.floor(place)] as number;
  return below + (place - Math.floor(place)) * ((sorted[Math.ceil(place)] as number) - below);
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

/** What is added up here for both halves must be what the scorer says of all. */
function assertSame(what: string, ours: number, theirs: number): void {
  if (Math.abs(ours - theirs) > 1e-6) throw new Error(`${what}: ${ours} added up from the series, ${theirs} scored`);
}
