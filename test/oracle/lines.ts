import type { StockRows, StockTable } from './rows.ts';

/** Rows of one table as JSONEachRow lines, each ended by a newline. */
export interface Lines {
  readonly table: StockTable;
  readonly bytes: Buffer;
  readonly rows: number;
  /** The UTC days (since 1970) of the partitions the rows go to. */
  readonly days: ReadonlySet<number>;
}

/** Bounds of one `Lines`, so that it fits into one segment: characters, rows and partitions. */
export const LINES_LIMITS = { characters: 4 << 20, rows: 50_000, days: 50 } as const;

/** Rows as text, cut into pieces within `LINES_LIMITS` (a single row may be longer). */
export function encodeLines(rows: StockRows): Lines[] {
  const pieces: Lines[] = [];
  for (const [table, tableRows] of rows) {
    let texts: string[] = [];
    let characters = 0;
    let days = new Set<number>();
    const cut = () => {
      if (texts.length === 0) return;
      pieces.push({ table, bytes: Buffer.from(`${texts.join('\n')}\n`), rows: texts.length, days });
      texts = [];
      characters = 0;
      days = new Set();
    };
    for (const { day, columns } of tableRows) {
      if (days.size === LINES_LIMITS.days && !days.has(day)) cut();
      const text = JSON.stringify(columns);
      texts.push(text);
      days.add(day);
      characters += text.length;
      if (characters >= LINES_LIMITS.characters || texts.length >= LINES_LIMITS.rows) cut();
    }
    cut();
  }
  return pieces;
}
