import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { LeanTable } from '../../../collector/reader/tables.ts';
import type { ClosedSegment } from '../../../collector/spool/segment.ts';
import { Spool, type SpoolOptions } from '../../../collector/spool/spool.ts';
import { silentTelemetry } from '../../../core/telemetry.ts';
import { append, segmentTexts, TextSource } from './blocks.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

export async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'weir-spool-'));
  cleanups.push(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Segments stay open for an hour unless told otherwise. */
export const SLOW_ROLL = { idleAge: 3_600_000, maxAge: 3_600_000, maxRows: 200_000, maxBytes: 8 << 20 };

export async function openSpool(directory: string, options: Partial<SpoolOptions> = {}) {
  const closed: ClosedSegment[] = [];
  const telemetry = silentTelemetry();
  const source = new TextSource();
  const spool = new Spool({
    directory,
    maxBytes: 1 << 30,
    minFreeBytes: 0,
    roll: SLOW_ROLL,
    telemetry,
    now: Date.now,
    onClosed: (segment) => closed.push(segment),
    ...options,
  });
  await spool.open(source);
  const close = async () => {
    await spool.close();
    await spool.unlock();
  };
  cleanups.push(close);
  return {
    spool,
    source,
    closed,
    telemetry,
    close,
    write: (rows: Partial<Record<LeanTable, readonly string[]>>, digest?: string) =>
      append(spool, source, rows, digest),
    texts: async () => (await Promise.all(closed.map((segment) => segmentTexts(spool, segment)))).flat(),
  };
}

/** What a kill -9 leaves: the files as they are, without a close. */
export async function afterCrash(directory: string): Promise<string> {
  const copy = await folder();
  await cp(directory, copy, { recursive: true });
  return copy;
}

export async function files(directory: string, table: LeanTable, ending: string): Promise<string[]> {
  const names = await readdir(join(directory, table));
  return names.filter((name) => name.endsWith(ending)).map((name) => join(directory, table, name));
}
