import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { EXACT_FLOATS, floatCell, millisCell, numberOf } from './cells.ts';

/** What was stated of one kind of limit and one window ahead, and what came of it. */
export interface LimitForecast {
  /** `threshold`, `slo`, `retention` or `capacity`. */
  readonly kind: string;
  /** Seconds ahead. */
  readonly window: number;
  readonly time: Millis;
  /** Series that are watched for such a limit. */
  readonly series: number;
  /** Mean squared distance of the chances to what happened; NaN while none is known. */
  readonly brier: number;
  /** By tenths of chance: how many were stated, their mean, and the share after which the limit was crossed; NaN of none. */
  readonly counts: readonly number[];
  readonly stated: readonly number[];
  readonly happened: readonly number[];
  /** Warnings that are over, those that came true, and the mean seconds from these to the crossing; NaN of none. */
  readonly announced: number;
  readonly kept: number;
  readonly lead: number;
  /** Crossings, and those of them that were announced. */
  readonly crossings: number;
  readonly foreseen: number;
}

export async function writeLimitForecasts(store: Store, forecasts: readonly LimitForecast[]): Promise<void> {
  const rows = forecasts.map((one) => ({
    Kind: one.kind,
    Window: one.window,
    Time: millisCell(one.time),
    Series: one.series,
    Brier: floatCell(one.brier),
    Counts: [...one.counts],
    Stated: one.stated.map(floatCell),
    Happened: one.happened.map(floatCell),
    Announced: one.announced,
    Kept: one.kept,
    Lead: floatCell(one.lead),
    Crossings: one.crossings,
    Foreseen: one.foreseen,
  }));
  await store.insert('limit_forecasts', rows);
}

type Cell = number | string | null;
type Row = Record<'window' | 'series' | 'time' | 'announced' | 'kept' | 'crossings' | 'foreseen', number | string> & {
  readonly kind: string;
  readonly brier: Cell;
  readonly lead: Cell;
  readonly counts: readonly Cell[];
  readonly stated: readonly Cell[];
  readonly happened: readonly Cell[];
};

/** The newest word on each kind of limit and window, by kind, the shorter window first. */
export async function readLimitForecasts(store: Store): Promise<LimitForecast[]> {
  const rows = await store.rows<Row>(
    `
SELECT Kind AS kind, Window AS window, toUnixTimestamp64Milli(Time) AS time, Series AS series, Brier AS brier, Counts AS counts,
    Stated AS stated, Happened AS happened, Announced AS announced, Kept AS kept, Lead AS lead, Crossings AS crossings, Foreseen AS foreseen
FROM limit_forecasts FINAL
ORDER BY kind, window`,
    {},
    EXACT_FLOATS,
  );
  return rows.map(({ kind, brier, lead, counts, stated, happened, ...whole }) => ({
    kind,
    window: Number(whole.window),
    time: Number(whole.time),
    series: Number(whole.series),
    brier: numberOf(brier),
    counts: counts.map(numberOf),
    stated: stated.map(numberOf),
    happened: happened.map(numberOf),
    announced: Number(whole.announced),
    kept: Number(whole.kept),
    lead: numberOf(lead),
    crossings: Number(whole.crossings),
    foreseen: Number(whole.foreseen),
  }));
}
