import { open, readdir, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { LEAN_TABLES, type LeanTable } from '../reader/tables.ts';
import { inspectSegment, readRange } from './inspection.ts';
import type { Quarantine } from './quarantine.ts';
import { type ClosedSegment, removeSegment, segmentPaths } from './segment.ts';

/** A request with durable rows in a table. */
export interface KnownRequest {
  readonly digest: string;
  readonly table: LeanTable;
}

export interface Recovery {
  /** Oldest first. */
  readonly segments: readonly ClosedSegment[];
  /** Requests in the segments, so that a sender which repeats one is recognized. */
  readonly known: readonly KnownRequest[];
  /** Bytes behind the last whole block: writes the crash cut short, never acknowledged. */
  readonly tornBytes: number;
  /** Stretches of segments whose bytes changed on disk; acknowledged, and kept in the quarantine only. */
  readonly damaged: readonly { readonly segment: string; readonly table: LeanTable; readonly rows: number }[];
}

const DAMAGE =
  'The bytes changed on disk between the acknowledgement and the insert: the checksum of the index differs.';

/**
 * Finds the segments a former process left behind. A torn tail is cut off; a damaged part is copied to `quarantine`
 * and left out of the insert; a segment without any whole block is removed.
 */
export async function recoverSegments(directory: string, quarantine: Quarantine): Promise<Recovery> {
  const segments: ClosedSegment[] = [];
  const damaged: { segment: string; table: LeanTable; rows: number }[] = [];
  const known: KnownRequest[] = [];
  let tornBytes = 0;
  for (const table of LEAN_TABLES) {
    const names = new Set(await readdir(join(directory, table)));
    for (const name of names) {
      const id = name.replace(/\.(native|idx)$/, '');
      if (name.endsWith('.idx') && !names.has(`${id}.native`)) await rm(join(directory, table, name));
      if (!name.endsWith('.native')) continue;
      const { segment, digests, torn, lost } = await recoverSegment(directory, table, id, quarantine);
      tornBytes += torn;
      for (const digest of digests) known.push({ digest, table });
      for (const rows of lost) damaged.push({ segment: id, table, rows });
      if (segment.rows > 0) segments.push(segment);
      else await removeSegment(segment);
    }
  }
  segments.sort((a, b) => (a.id < b.id ? -1 : 1));
  return { segments, known, tornBytes, damaged };
}

interface Found {
  readonly segment: ClosedSegment;
  readonly digests: readonly string[];
  readonly torn: number;
  /** Rows of each damaged part. */
  readonly lost: readonly number[];
}

async function recoverSegment(directory: string, table: LeanTable, id: string, quarantine: Quarantine): Promise<Found> {
  const paths = segmentPaths(directory, table, id);
  const { entries, damages, end, length } = await inspectSegment(paths);
  const data = await open(paths.dataPath, 'r');
  try {
    for (const damage of damages) {
      const bytes = await readRange(data, damage.offset, damage.length);
      await quarantine.keep(table, `${id}-damaged-${damage.offset}`, bytes, DAMAGE);
    }
  } finally {
    await data.close();
  }
  if (length > end) await truncate(paths.dataPath, end);
  const quarantined = damages.reduce((total, { offset, length: bytes }) => total + (offset >= end ? bytes : 0), 0);
  const segment = {
    id,
    table,
    ...paths,
    rows: entries.reduce((total, { rows }) => total + rows, 0),
    bytes: end,
    blocks: (entries.at(-1)?.number ?? -1) + 1,
    isIntact: damages.every(({ offset }) => offset >= end),
  };
  const digests = entries.flatMap((entry) => entry.digests);
  return { segment, digests, torn: length - end - quarantined, lost: damages.map(({ rows }) => rows) };
}
