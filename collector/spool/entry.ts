import { crc32 } from 'node:zlib';

/**
 * One appended piece of a segment, as its index file records it: 44 bytes, little endian:
 * offset u64, length u32, rows u32, CRC-32 of the piece u32, number of the piece in its request u32, digest of the
 * request 16 bytes (zero when it has none), CRC-32 of the 40 bytes before u32.
 * Every record stands for itself, so one damaged record hides one piece and not the rest.
 */
export interface Entry {
  readonly offset: number;
  readonly length: number;
  readonly rows: number;
  readonly crc: number;
  readonly piece: number;
  /** 32 hex digits, or '' when the same bytes may come again on purpose. */
  readonly digest: string;
}

export const ENTRY_BYTES = 44;
const CHECKED_BYTES = 40;
const NO_DIGEST = '0'.repeat(32);

export function encodeEntry(entry: Entry): Buffer {
  const record = Buffer.alloc(ENTRY_BYTES);
  record.writeBigUInt64LE(BigInt(entry.offset), 0);
  record.writeUInt32LE(entry.length, 8);
  record.writeUInt32LE(entry.rows, 12);
  record.writeUInt32LE(entry.crc, 16);
  record.writeUInt32LE(entry.piece, 20);
  record.write(entry.digest === '' ? NO_DIGEST : entry.digest, 24, 'hex');
  record.writeUInt32LE(crc32(record.subarray(0, CHECKED_BYTES)), CHECKED_BYTES);
  return record;
}

/** The records of an index file; undefined stands for a damaged one, a torn tail is left out. */
export function parseEntries(index: Buffer): (Entry | undefined)[] {
  const entries: (Entry | undefined)[] = [];
  for (let at = 0; at + ENTRY_BYTES <= index.length; at += ENTRY_BYTES) {
    entries.push(parseEntry(index.subarray(at, at + ENTRY_BYTES)));
  }
  return entries;
}

function parseEntry(record: Buffer): Entry | undefined {
  if (crc32(record.subarray(0, CHECKED_BYTES)) !== record.readUInt32LE(CHECKED_BYTES)) return undefined;
  const digest = record.toString('hex', 24, 40);
  return {
    offset: Number(record.readBigUInt64LE(0)),
    length: record.readUInt32LE(8),
    rows: record.readUInt32LE(12),
    crc: record.readUInt32LE(16),
    piece: record.readUInt32LE(20),
    digest: digest === NO_DIGEST ? '' : digest,
  };
}

/** Whether the bytes of a segment's data file that an entry speaks of are all there and unchanged. */
export function isIntact(entry: Entry, data: Buffer): boolean {
  const end = entry.offset + entry.length;
  return end <= data.length && crc32(data.subarray(entry.offset, end)) === entry.crc;
}
