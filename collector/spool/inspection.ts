import { type FileHandle, open, readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { type Entry, parseIndex } from './entry.ts';

/** A stretch of a segment's data file that is not as it was written. */
export interface Damage {
  readonly offset: number;
  readonly length: number;
  /** Rows that were in it; 0 when the index has forgotten them. */
  readonly rows: number;
}

/** What the two files of a segment hold, told from each other by the checksums. */
export interface Inspection {
  /** Whole blocks, in order. */
  readonly entries: readonly Entry[];
  /** Acknowledged and changed on disk since. */
  readonly damages: readonly Damage[];
  /** Where the data ends when a write that was cut short is taken off. */
  readonly end: number;
  /** Length of the data file. */
  readonly length: number;
}

/** Reads a segment block by block, at most one of them in memory. `blocks` bounds the entries that count. */
export async function inspectSegment(
  paths: { readonly dataPath: string; readonly indexPath: string },
  blocks = Number.POSITIVE_INFINITY,
): Promise<Inspection> {
  const index = parseIndex(await readFile(paths.indexPath).catch(() => Buffer.alloc(0)));
  const data = await open(paths.dataPath, 'r');
  try {
    const { size } = await data.stat();
    return await inspect(index, blocks, data, size);
  } finally {
    await data.close();
  }
}

async function inspect(
  index: ReturnType<typeof parseIndex>,
  blocks: number,
  data: FileHandle,
  length: number,
): Promise<Inspection> {
  const entries: Entry[] = [];
  const damages: Damage[] = [];
  let end = 0;
  for (const entry of index.entries) {
    if (entry.number >= blocks) break;
    // The crash came between the entry and its block: nobody was told yes.
    if (entry.offset + entry.length > length) break;
    if (entry.offset > end) damages.push({ offset: end, length: entry.offset - end, rows: 0 });
    const isWhole = crc32(await readRange(data, entry.offset, entry.length)) === entry.crc;
    if (isWhole) entries.push(entry);
    else damages.push({ offset: entry.offset, length: entry.length, rows: entry.rows });
    end = entry.offset + entry.length;
  }
  if (index.isTailDamaged && blocks === Number.POSITIVE_INFINITY && length > end) {
    damages.push({ offset: end, length: length - end, rows: 0 });
  }
  return { entries, damages, end, length };
}

export async function readRange(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await file.read(bytes, read, length - read, offset + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return bytes.subarray(0, read);
}
