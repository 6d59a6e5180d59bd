import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { STOCK_TABLES, type StockTable } from '../otlp/rows.ts';
import { ENTRY_BYTES, type Entry, isIntact, parseEntries } from './entry.ts';
import { type ByteRange, type ClosedSegment, segmentPaths } from './segment.ts';

/** A piece of a request that is durable. */
export interface KnownPiece {
  readonly digest: string;
  readonly piece: number;
}

export interface Recovery {
  /** Oldest first. */
  readonly segments: readonly ClosedSegment[];
  /** Pieces in the segments, so that a sender which repeats one is recognized. */
  readonly known: readonly KnownPiece[];
  /** Bytes behind the last whole piece: a write the crash cut short, never acknowledged. */
  readonly tornBytes: number;
  /** Pieces inside a segment whose bytes changed on disk; acknowledged and lost. Kept in the quarantine. */
  readonly damaged: readonly { readonly segment: string; readonly table: StockTable; readonly rows: number }[];
}

/**
 * Finds the segments a former process left behind. A torn tail is cut off; a damaged piece inside a segment is left
 * out of `ranges` and copied to `quarantine`; a segment without any whole piece is removed.
 */
export async function recoverSegments(directory: string, quarantine: string): Promise<Recovery> {
  const segments: ClosedSegment[] = [];
  const damaged: { segment: string; table: StockTable; rows: number }[] = [];
  const known: KnownPiece[] = [];
  let tornBytes = 0;
  for (const table of STOCK_TABLES) {
    const names = new Set(await readdir(join(directory, table)));
    for (const name of names) {
      const id = name.replace(/\.(jsonl|idx)$/, '');
      if (name.endsWith('.idx') && !names.has(`${id}.jsonl`)) await rm(join(directory, table, name));
      if (!name.endsWith('.jsonl')) continue;
      const found = await recoverSegment(directory, table, id, names.has(`${id}.idx`));
      tornBytes += found.tornBytes;
      known.push(...found.known);
      for (const piece of found.damaged) {
        damaged.push({ segment: id, table, rows: piece.rows });
        await mkdir(join(quarantine, table), { recursive: true });
        await writeFile(join(quarantine, table, `${id}.damaged-${piece.offset}`), piece.bytes);
      }
      if (found.segment.rows > 0) segments.push(found.segment);
      else await removeSegment(found.segment);
    }
  }
  segments.sort((a, b) => (a.id < b.id ? -1 : 1));
  return { segments, known, tornBytes, damaged };
}

export async function removeSegment(segment: ClosedSegment): Promise<void> {
  await rm(segment.dataPath, { force: true });
  await rm(segment.indexPath, { force: true });
}

interface Found {
  readonly segment: ClosedSegment;
  readonly known: readonly KnownPiece[];
  readonly tornBytes: number;
  readonly damaged: readonly { readonly rows: number; readonly offset: number; readonly bytes: Buffer }[];
}

async function recoverSegment(directory: string, table: StockTable, id: string, hasIndex: boolean): Promise<Found> {
  const paths = segmentPaths(directory, table, id);
  const data = await readFile(paths.dataPath);
  const index = hasIndex ? await readFile(paths.indexPath) : Buffer.alloc(0);
  const entries = parseEntries(index);
  const whole = entries.map((entry) => entry !== undefined && isIntact(entry, data));
  const last = whole.lastIndexOf(true);
  const kept = entries.filter((entry, i): entry is Entry => whole[i] === true);
  const end = kept.reduce((furthest, entry) => Math.max(furthest, entry.offset + entry.length), 0);
  // Everything behind the last whole piece is a torn tail; what is broken before it was whole once.
  const damaged = entries
    .slice(0, last)
    .flatMap((entry, i) => (whole[i] ? [] : [damagedPiece(entries, whole, i, entry, data)]));
  if (data.length > end) await truncate(paths.dataPath, end);
  if (index.length > (last + 1) * ENTRY_BYTES) await truncate(paths.indexPath, (last + 1) * ENTRY_BYTES);
  const rows = kept.reduce((total, entry) => total + entry.rows, 0);
  const segment = { id, table, ...paths, rows, bytes: end, ranges: joinRanges(kept) };
  const known = kept.filter((entry) => entry.digest !== '');
  return { segment, known, tornBytes: data.length - end, damaged };
}

/** A broken piece before the last whole one. When its own record is broken, it lies between its neighbours. */
function damagedPiece(
  entries: readonly (Entry | undefined)[],
  whole: readonly boolean[],
  i: number,
  entry: Entry | undefined,
  data: Buffer,
): { rows: number; offset: number; bytes: Buffer } {
  if (entry !== undefined) {
    const { offset, length, rows } = entry;
    return { rows, offset, bytes: data.subarray(offset, offset + length) };
  }
  const before = entries[whole.lastIndexOf(true, i)];
  const after = entries[whole.indexOf(true, i)];
  const offset = i > 0 && before !== undefined ? before.offset + before.length : 0;
  const bytes = data.subarray(offset, after?.offset ?? data.length);
  return { rows: bytes.reduce((lines, byte) => lines + (byte === 0x0a ? 1 : 0), 0), offset, bytes };
}

function joinRanges(entries: readonly Entry[]): ByteRange[] {
  const ranges: { start: number; end: number }[] = [];
  for (const { offset, length } of entries) {
    const last = ranges.at(-1);
    if (last !== undefined && last.end === offset) last.end += length;
    else ranges.push({ start: offset, end: offset + length });
  }
  return ranges;
}
