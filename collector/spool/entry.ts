import { crc32 } from 'node:zlib';

/**
 * One appended piece of a segment, as its index file records it: 24 bytes, little endian:
 * offset u64, length u32, rows u32, CRC-32 of the piece u32, CRC-32 of the 20 bytes before u32.
 * Every record stands for itself, so one damaged record hides one piece and not the rest.
 */
export interface Entry {
  readonly offset: number;
  readonly length: number;
  readonly rows: number;
  readonly crc: number;
}

export const ENTRY_BYTES = 24;

export function encodeEntry(entry: Entry): Buffer {
  const record = Buffer.alloc(ENTRY_BYTES);
  record.writeBigUInt64LE(BigInt(entry.offset), 0);
  record.writeUInt32LE(entry.length, 8);
  record.writeUInt32LE(entry.rows, 12);
  record.writeUInt32LE(entry.crc, 16);
  record.writeUInt32LE(crc32(record.subarray(0, 20)), 20);
  return record;
}

/** The records of an index file; undefined stands for a damaged one, a torn tail is left out. */
export function parseEntries(index: Buffer): (Entry | undefined)[] {
  const entries: (Entry | undefined)[] = [];
  for (let at = 0; at + ENTRY_BYTES <= index.length; at += ENTRY_BYTES) {
    const record = index.subarray(at, at + ENTRY_BYTES);
    const intact = crc32(record.subarray(0, 20)) === record.readUInt32LE(20);
    entries.push(
      intact
        ? {
            offset: Number(record.readBigUInt64LE(0)),
            length: record.readUInt32LE(8),
            rows: record.readUInt32LE(12),
            crc: record.readUInt32LE(16),
          }
        : undefined,
    );
  }
  return entries;
}

/** Whether the bytes of a segment's data file that an entry speaks of are all there and unchanged. */
export function isIntact(entry: Entry, data: Buffer): boolean {
  const end = entry.offset + entry.length;
  return end <= data.length && crc32(data.subarray(entry.offset, end)) === entry.crc;
}
