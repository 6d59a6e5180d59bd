import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { numberOf } from './cells.ts';
import { filterSql, nanosOf, packedSql, type SpanFilter } from './span-filter.ts';

export interface AttributeQuery extends SpanFilter {
  /** Unix milliseconds; of [from, to) the newest spans are looked at. */
  readonly from: Millis;
  readonly to: Millis;
  /** What the key or value must begin with. */
  readonly prefix?: string;
  /** Default 100. */
  readonly limit?: number;
}

/** A key, or a value of one key, and how many spans of the sample have it. */
export interface AttributeCount {
  readonly text: string;
  readonly spans: number;
}

const FIRST_WINDOW = 10_000_000_000n;
const GROWTH = 8n;
/** Keys cost a number a span to read, values the text of all attributes. */
const ENOUGH_KEYS = 100_000;
const ENOUGH_VALUES = 5_000;
const MOST_VALUES = 20_000;

/** Keys of attributes among the newest spans that fit (some 100 000 of them), the most frequent first. */
export async function readAttributeKeys(store: Store, query: AttributeQuery): Promise<AttributeCount[]> {
  return sample(query, ENOUGH_KEYS, (from, to) => {
    const { cheap, dear, params } = filterSql(query, from, to);
    return store.rows<AttributeCount>(
      `
SELECT arrayJoin(arrayMap(key -> replaceAll(replaceAll(key, '\\x01\\x01', '\\0'), '\\x01\\x02', '\\x01'),
        arrayPopBack(splitByChar('\\0', toString(keys))))) AS text,
    sum(n) AS spans
FROM (SELECT AttributeKeys AS keys, count() AS n FROM spans PREWHERE ${cheap} WHERE ${dear} GROUP BY keys)
WHERE startsWith(text, {prefix:String})
GROUP BY text
ORDER BY spans DESC, text
LIMIT {limit:UInt32}`,
      { ...params, ...tailOf(query) },
    );
  });
}

/** Values of one attribute among the newest spans that fit and have it (some 5 000 of them), the most frequent first. */
export async function readAttributeValues(store: Store, key: string, query: AttributeQuery): Promise<AttributeCount[]> {
  return sample(query, ENOUGH_VALUES, (from, to) => {
    const { cheap, dear, params } = filterSql(query, from, to);
    return store.rows<AttributeCount>(
      `
SELECT value AS text, count() AS spans
FROM (
    SELECT Attributes[{key:String}] AS value
    FROM spans
    PREWHERE ${cheap} AND position(AttributeKeys, ${packedSql('{key:String}')}) > 0
    WHERE ${dear} AND value != '' AND startsWith(value, {prefix:String})
    LIMIT ${MOST_VALUES})
GROUP BY text
ORDER BY spans DESC, text
LIMIT {limit:UInt32}`,
      { ...params, ...tailOf(query), key },
    );
  });
}

function tailOf({ prefix = '', limit = 100 }: AttributeQuery) {
  return { prefix, limit };
}

/** What `read` finds in the newest window of the range with enough in it, windows growing backwards from its end. */
async function sample(
  query: AttributeQuery,
  enough: number,
  read: (from: bigint, to: bigint) => Promise<AttributeCount[]>,
): Promise<AttributeCount[]> {
  const from = nanosOf(query.from);
  const to = nanosOf(query.to);
  for (let width = FIRST_WINDOW; ; width *= GROWTH) {
    const all = to - width <= from;
    const rows = await read(all ? from : to - width, to);
    const found = rows.reduce((sum, row) => sum + numberOf(row.spans), 0);
    if (all || found >= enough) return rows.map(({ text, spans }) => ({ text, spans: numberOf(spans) }));
  }
}
