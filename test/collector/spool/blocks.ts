import { readFile } from 'node:fs/promises';
import type { LeanTable, TableBlock } from '../../../collector/reader/tables.ts';
import type { ClosedSegment } from '../../../collector/spool/segment.ts';
import type { BlockSource } from '../../../collector/spool/source.ts';
import type { Spool } from '../../../collector/spool/spool.ts';

/** One column of text: a block of Native's own layout, with a text that is easy to find in a file. */
export function textBlock(table: LeanTable, texts: readonly string[]): TableBlock {
  const parts = [varint(1), varint(texts.length), text('x'), text('String'), ...texts.map(text)];
  return { table, rows: texts.length, bytes: Buffer.concat(parts) };
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return Buffer.from([...bytes, value]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(bytes.length), bytes]);
}

/** The texts of `textBlock`s that lie back to back. */
export function parseTexts(bytes: Buffer): string[] {
  const texts: string[] = [];
  let at = 0;
  const number = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++] as number;
      value += (byte % 128) * shift;
      if (byte < 128) return value;
    }
  };
  const string = () => {
    const length = number();
    at += length;
    return bytes.toString('utf8', at - length, at);
  };
  while (at < bytes.length) {
    if (number() !== 1) throw new Error(`no block begins at byte ${at - 1}`);
    const rows = number();
    if (string() !== 'x' || string() !== 'String') throw new Error(`a broken block before byte ${at}`);
    for (let i = 0; i < rows; i++) texts.push(string());
  }
  return texts;
}

/** Stands for the wire reader: gives the texts that were read since the last `take`, one block for each table. */
export class TextSource implements BlockSource {
  readonly #rows = new Map<LeanTable, string[]>();
  forgotten = 0;

  read(table: LeanTable, texts: readonly string[]): void {
    const rows = this.#rows.get(table) ?? [];
    for (const text of texts) rows.push(text);
    this.#rows.set(table, rows);
  }

  get pendingRows(): number {
    return [...this.#rows.values()].reduce((total, rows) => total + rows.length, 0);
  }

  get pendingBytes(): number {
    return [...this.#rows.values()].flat().reduce((total, text) => total + text.length, 0);
  }

  take(): TableBlock[] {
    const blocks = [...this.#rows].map(([table, rows]) => textBlock(table, rows));
    this.#rows.clear();
    return blocks;
  }

  /** Whoever still reads a block reads zeros. */
  release(blocks: readonly TableBlock[]): void {
    for (const { bytes } of blocks) bytes.fill(0);
  }

  forget(): void {
    this.forgotten++;
  }
}

/** A request as the ingest hands it on; returns how many rows were not durable already. */
export async function append(
  spool: Spool,
  source: TextSource,
  rows: Partial<Record<LeanTable, readonly string[]>>,
  digest = '',
): Promise<number> {
  let written = 0;
  await spool.append(digest, (known) => {
    const tables = (Object.keys(rows) as LeanTable[]).filter((table) => !known.includes(table));
    for (const table of tables) source.read(table, rows[table] ?? []);
    written = tables.reduce((total, table) => total + (rows[table]?.length ?? 0), 0);
    return { digest, tables };
  });
  return written;
}

/** The texts a writer would insert of a segment. */
export async function segmentTexts(spool: Spool, segment: ClosedSegment): Promise<string[]> {
  if (segment.isIntact) return parseTexts(await readFile(segment.dataPath));
  const { entries } = await spool.entries(segment);
  const excerpt = await spool.excerpt(segment, entries);
  const texts = parseTexts(await readFile(excerpt.path));
  await excerpt.remove();
  return texts;
}
