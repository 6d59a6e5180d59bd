import type { Millis } from '../core/time.ts';
import type { Known } from '../core/view.ts';
import type { Store } from '../store/client.ts';

/** What was expected of a series, one entry per step of a grid; null where nothing was judged. */
export interface Band {
  readonly expected: Known[];
  readonly lower: Known[];
  readonly upper: Known[];
}

interface BandRow {
  readonly key: string;
  readonly at: number;
  readonly expected: Known;
  readonly lower: Known;
  readonly upper: Known;
}

export interface BandQuery {
  readonly keys: readonly string[];
  readonly start: Millis;
  readonly step: Millis;
  readonly count: number;
}

/**
 * Expected bands of many series in one query. Of the points judged within a step the last counts, of one judged twice
 * the wider band, as in `readExpectations`. A series nothing is known of is not in the answer.
 */
export async function readBands(store: Store, query: BandQuery): Promise<Map<string, Band>> {
  const { keys, start, step, count } = query;
  const bands = new Map<string, Band>();
  if (keys.length === 0 || count === 0) return bands;
  const rows = await store.rows<BandRow>(
    `
SELECT SeriesKey AS key, intDiv(toUnixTimestamp(Time) - {start:UInt32}, {step:UInt32}) AS at,
    Expected AS expected, Lower AS lower, Upper AS upper
FROM expectations
WHERE SeriesKey IN {keys:Array(String)}
    AND Time >= toDateTime({start:UInt32}) AND Time < toDateTime({end:UInt32})
ORDER BY SeriesKey, Time DESC, Upper - Lower DESC
LIMIT 1 BY key, at`,
    {
      keys: [...keys],
      start: Math.floor(start / 1000),
      end: Math.floor((start + step * count) / 1000),
      step: Math.round(step / 1000),
    },
  );
  for (const row of rows) {
    let band = bands.get(row.key);
    if (band === undefined) {
      const gaps = (): Known[] => Array<Known>(count).fill(null);
      band = { expected: gaps(), lower: gaps(), upper: gaps() };
      bands.set(row.key, band);
    }
    const at = Number(row.at);
    band.expected[at] = known(row.expected);
    band.lower[at] = known(row.lower);
    band.upper[at] = known(row.upper);
  }
  return bands;
}

/** A number as JSON can carry it: NaN and the infinities become null. */
export function known(value: number | null | undefined): Known {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
