import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Lines } from '../otlp/lines.ts';
import type { StockTable } from '../otlp/rows.ts';
import { ENTRY_BYTES, encodeEntry } from './entry.ts';

/** Lines with the request they belong to: the digest of its bytes ('' for none) and their number in it. */
export interface Piece {
  readonly lines: Lines;
  readonly digest: string;
  readonly number: number;
}

export interface ByteRange {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

/** A segment that nothing is appended to any more: the writer inserts it under its id and removes it. */
export interface ClosedSegment {
  /** Unique over all restarts; sorts by age; the insert's deduplication token. */
  readonly id: string;
  readonly table: StockTable;
  readonly dataPath: string;
  readonly indexPath: string;
  /** The parts of the data file to insert, in order: all of it unless a part was found damaged. */
  readonly ranges: readonly ByteRange[];
  readonly rows: number;
  /** Bytes on disk, for the backlog's bound. */
  readonly bytes: number;
}

export function segmentPaths(directory: string, table: string, id: string): { dataPath: string; indexPath: string } {
  return { dataPath: join(directory, table, `${id}.jsonl`), indexPath: join(directory, table, `${id}.idx`) };
}

/** A segment being written: JSONEachRow lines in one file, an `Entry` for each appended piece in another. */
export class OpenSegment {
  readonly id: string;
  readonly table: StockTable;
  readonly openedAt: number;
  readonly dataPath: string;
  readonly indexPath: string;
  readonly #data: FileHandle;
  readonly #index: FileHandle;
  readonly #days = new Set<number>();
  #pending: Piece[] = [];
  #durable = { bytes: 0, rows: 0, entries: 0 };
  #rows = 0;
  #bytes = 0;

  private constructor(
    place: { id: string; table: StockTable; openedAt: number; dataPath: string; indexPath: string },
    data: FileHandle,
    index: FileHandle,
  ) {
    this.id = place.id;
    this.table = place.table;
    this.openedAt = place.openedAt;
    this.dataPath = place.dataPath;
    this.indexPath = place.indexPath;
    this.#data = data;
    this.#index = index;
  }

  /** Creates the two files; an existing one is an error. */
  static async create(directory: string, table: StockTable, id: string, openedAt: number): Promise<OpenSegment> {
    const paths = segmentPaths(directory, table, id);
    const data = await open(paths.dataPath, 'wx');
    try {
      const index = await open(paths.indexPath, 'wx');
      // The names must survive a power cut as well as the bytes.
      const folder = await open(join(directory, table), 'r');
      await folder.sync().finally(() => folder.close());
      return new OpenSegment({ id, table, openedAt, ...paths }, data, index);
    } catch (error) {
      await data.close();
      throw error;
    }
  }

  /** Rows, bytes and days with what waits for `commit`. */
  get size(): { readonly rows: number; readonly bytes: number; readonly days: ReadonlySet<number> } {
    return { rows: this.#rows, bytes: this.#bytes, days: this.#days };
  }

  get durableBytes(): number {
    return this.#durable.bytes;
  }

  /** Takes a piece for the next `commit`. */
  add(piece: Piece): void {
    const { lines } = piece;
    this.#pending.push(piece);
    this.#rows += lines.rows;
    this.#bytes += lines.bytes.length;
    for (const day of lines.days) this.#days.add(day);
  }

  /** Writes what was added and waits until the disk has it, data and index at once. */
  async commit(): Promise<void> {
    const pieces = this.#pending;
    this.#pending = [];
    if (pieces.length === 0) return;
    const { bytes, rows, entries } = this.#durable;
    let offset = bytes;
    const records = pieces.map(({ lines, digest, number }) => {
      const { length } = lines.bytes;
      const entry = { offset, length, rows: lines.rows, crc: crc32(lines.bytes), piece: number, digest };
      offset += length;
      return encodeEntry(entry);
    });
    const data = Buffer.concat(pieces.map(({ lines }) => lines.bytes));
    const results = await Promise.allSettled([
      writeAll(this.#data, data, bytes).then(() => this.#data.datasync()),
      writeAll(this.#index, Buffer.concat(records), entries * ENTRY_BYTES).then(() => this.#index.datasync()),
    ]);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    this.#durable = {
      bytes: offset,
      rows: rows + pieces.reduce((total, { lines }) => total + lines.rows, 0),
      entries: entries + pieces.length,
    };
  }

  /** Closes the files. What a failed `commit` may have left behind the durable part is not spoken of. */
  async close(): Promise<ClosedSegment> {
    await Promise.allSettled([this.#data.close(), this.#index.close()]);
    const { bytes, rows } = this.#durable;
    const { id, table, dataPath, indexPath } = this;
    return { id, table, dataPath, indexPath, rows, bytes, ranges: bytes === 0 ? [] : [{ start: 0, end: bytes }] };
  }
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const result = await file.write(bytes, written, bytes.length - written, position + written);
    written += result.bytesWritten;
  }
}
