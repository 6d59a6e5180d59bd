import { constants } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { LeanTable, TableBlock } from '../reader/tables.ts';
import { type Entry, encodeEntry } from './entry.ts';
import { LogFile } from './log-file.ts';

/** A segment that nothing is appended to any more: the writer inserts it under its id and removes it. */
export interface ClosedSegment {
  /** Unique over all restarts; sorts by age; the insert's deduplication token. */
  readonly id: string;
  readonly table: LeanTable;
  readonly dataPath: string;
  readonly indexPath: string;
  readonly rows: number;
  /** Length of the data file, for the backlog's bound. */
  readonly bytes: number;
  /** Entries of the index that count; what may stand behind them was never acknowledged. */
  readonly blocks: number;
  /** Whether the data file is what to insert as it stands, with no damaged or unacknowledged part. */
  readonly isIntact: boolean;
}

export function segmentPaths(directory: string, table: string, id: string): { dataPath: string; indexPath: string } {
  return { dataPath: join(directory, table, `${id}.native`), indexPath: join(directory, table, `${id}.idx`) };
}

export async function removeSegment(segment: { readonly dataPath: string; readonly indexPath: string }): Promise<void> {
  await rm(segment.dataPath, { force: true });
  await rm(segment.indexPath, { force: true });
}

/** A segment being written: Native blocks back to back in one file, their entries in another. */
export class OpenSegment {
  readonly id: string;
  readonly table: LeanTable;
  readonly #paths: { readonly dataPath: string; readonly indexPath: string };
  readonly #data: LogFile;
  readonly #index: LogFile;
  #rows = 0;
  #blocks = 0;
  #isSound = true;

  private constructor(
    place: { id: string; table: LeanTable; dataPath: string; indexPath: string },
    data: LogFile,
    index: LogFile,
  ) {
    this.id = place.id;
    this.table = place.table;
    this.#paths = { dataPath: place.dataPath, indexPath: place.indexPath };
    this.#data = data;
    this.#index = index;
  }

  /** Creates the two files; an existing one is an error. */
  static async create(directory: string, table: LeanTable, id: string): Promise<OpenSegment> {
    const paths = segmentPaths(directory, table, id);
    const data = await LogFile.create(paths.dataPath);
    let index: LogFile | undefined;
    try {
      index = await LogFile.create(paths.indexPath);
      await syncFolder(join(directory, table));
      return new OpenSegment({ id, table, ...paths }, data, index);
    } catch (error) {
      await Promise.allSettled([data.close(), index?.close()]);
      await removeSegment(paths);
      throw error;
    }
  }

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#data.length;
  }

  /** Returns when the disk has block and entry. One append at a time; none after one that failed. */
  async append(block: TableBlock, digests: readonly string[]): Promise<void> {
    const { bytes, rows } = block;
    const entry: Entry = {
      number: this.#blocks,
      offset: this.#data.length,
      length: bytes.length,
      rows,
      crc: crc32(bytes),
      digests,
    };
    const results = await Promise.allSettled([this.#data.append(bytes), this.#index.append(encodeEntry(entry))]);
    this.#isSound = results.every(({ status }) => status === 'fulfilled');
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    this.#rows += rows;
    this.#blocks++;
  }

  /** Cuts off what a group that failed elsewhere may have left in this segment. */
  async takeBack(to: SegmentMark): Promise<void> {
    this.#rows = to.rows;
    this.#blocks = to.blocks;
    this.#isSound = false;
    const results = await Promise.allSettled([this.#data.cut(to.bytes), this.#index.cut(to.indexBytes)]);
    this.#isSound = results.every(({ status }) => status === 'fulfilled');
  }

  mark(): SegmentMark {
    return { rows: this.#rows, blocks: this.#blocks, bytes: this.#data.length, indexBytes: this.#index.length };
  }

  async close(): Promise<ClosedSegment> {
    await Promise.allSettled([this.#data.close(), this.#index.close()]);
    const { id, table } = this;
    const { bytes, rows, blocks } = this.mark();
    return { id, table, ...this.#paths, rows, bytes, blocks, isIntact: this.#isSound };
  }
}

/** Where a segment stood before an append. */
export interface SegmentMark {
  readonly rows: number;
  readonly blocks: number;
  readonly bytes: number;
  readonly indexBytes: number;
}

/** The names in a folder must survive a power cut as well as the bytes of its files. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY);
  await folder.sync().finally(() => folder.close());
}
