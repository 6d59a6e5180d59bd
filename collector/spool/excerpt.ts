import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Entry } from './entry.ts';
import { readRange } from './inspection.ts';
import type { ClosedSegment } from './segment.ts';

/** A file to insert: blocks of one segment, all or some. */
export interface Excerpt {
  readonly path: string;
  readonly bytes: number;
  remove(): Promise<void>;
}

/** Copies blocks of a segment to a file of their own in `folder`. Throws when one of them has changed on disk. */
export async function writeExcerpt(
  folder: string,
  segment: ClosedSegment,
  entries: readonly Entry[],
): Promise<Excerpt> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${segment.id}-${entries[0]?.number ?? 0}-${entries.length}.native`);
  const data = await open(segment.dataPath, 'r');
  try {
    const excerpt = await open(path, 'w');
    try {
      let bytes = 0;
      for (const { offset, length, crc, number } of entries) {
        const block = await readRange(data, offset, length);
        if (crc32(block) !== crc) throw new Error(`block ${number} of segment ${segment.id} has changed on disk`);
        await excerpt.write(block);
        bytes += length;
      }
      return { path, bytes, remove: () => rm(path, { force: true }) };
    } finally {
      await excerpt.close();
    }
  } finally {
    await data.close();
  }
}
