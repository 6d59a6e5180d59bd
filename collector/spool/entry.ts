import { crc32 } from 'node:zlib';

/**
 * One appended block of a segment, as its index file tells: a record of its own after the records of the requests
 * whose rows it holds. Every record has 40 bytes, little endian, and stands for itself, so that a damaged one hides
 * one block and not the rest:
 * kind and number of the block u32 (kind in the high byte), 32 bytes, CRC-32 of the 36 bytes before u32.
 * Kind 1, a block: offset u64, length u32, rows u32, CRC-32 of the block u32, requests u32, 8 zero bytes.
 * Kind 2, requests: two digests of 16 bytes, zeros for none.
 */
export interface Entry {
  /** Of the block in its segment, from 0. */
  readonly number: number;
  readonly offset: number;
  readonly length: number;
  readonly rows: number;
  readonly crc: number;
  /** Requests with rows in the block, 32 hex digits each; those that may come again on purpose are left out. */
  readonly digests: readonly string[];
}

export const RECORD_BYTES = 40;
const CHECKED_BYTES = 36;
const DIGEST_BYTES = 16;
const BLOCK = 1;
const REQUESTS = 2;
const NO_DIGEST = '0'.repeat(2 * DIGEST_BYTES);

export function encodeEntry(entry: Entry): Buffer {
  const { digests } = entry;
  const requests = Math.ceil(digests.length / 2);
  const bytes = Buffer.alloc((requests + 1) * RECORD_BYTES);
  for (let i = 0; i < requests; i++) {
    const at = i * RECORD_BYTES;
    bytes.write(digests[2 * i] as string, at + 4, 'hex');
    if (2 * i + 1 < digests.length) bytes.write(digests[2 * i + 1] as string, at + 4 + DIGEST_BYTES, 'hex');
    sealRecord(bytes, at, REQUESTS, entry.number);
  }
  const at = requests * RECORD_BYTES;
  bytes.writeBigUInt64LE(BigInt(entry.offset), at + 4);
  bytes.writeUInt32LE(entry.length, at + 12);
  bytes.writeUInt32LE(entry.rows, at + 16);
  bytes.writeUInt32LE(entry.crc, at + 20);
  bytes.writeUInt32LE(digests.length, at + 24);
  sealRecord(bytes, at, BLOCK, entry.number);
  return bytes;
}

function sealRecord(bytes: Buffer, at: number, kind: number, number: number): void {
  bytes.writeUInt32LE(kind * 0x100_0000 + number, at);
  bytes.writeUInt32LE(crc32(bytes.subarray(at, at + CHECKED_BYTES)), at + CHECKED_BYTES);
}

export interface Index {
  /** In the order of their blocks. */
  readonly entries: readonly Entry[];
  /** Whether a whole record behind the last entry is not sound; a write that was cut short leaves less than one. */
  readonly isTailDamaged: boolean;
}

/** Reads an index file. Damaged records are left out: their blocks show as gaps between the entries. */
export function parseIndex(index: Buffer): Index {
  const entries: Entry[] = [];
  const digests = new Map<number, string[]>();
  let tail = 0;
  for (let at = 0; at + RECORD_BYTES <= index.length; at += RECORD_BYTES) {
    if (crc32(index.subarray(at, at + CHECKED_BYTES)) !== index.readUInt32LE(at + CHECKED_BYTES)) continue;
    const head = index.readUInt32LE(at);
    const number = head % 0x100_0000;
    const kind = Math.floor(head / 0x100_0000);
    if (kind === REQUESTS) {
      const known = digests.get(number) ?? [];
      for (const start of [at + 4, at + 4 + DIGEST_BYTES]) {
        const digest = index.toString('hex', start, start + DIGEST_BYTES);
        if (digest !== NO_DIGEST) known.push(digest);
      }
      digests.set(number, known);
    } else if (kind === BLOCK) {
      tail = at + RECORD_BYTES;
      entries.push({
        number,
        offset: Number(index.readBigUInt64LE(at + 4)),
        length: index.readUInt32LE(at + 12),
        rows: index.readUInt32LE(at + 16),
        crc: index.readUInt32LE(at + 20),
        digests: digests.get(number) ?? [],
      });
    }
  }
  return { entries, isTailDamaged: hasDamage(index.subarray(tail)) };
}

function hasDamage(tail: Buffer): boolean {
  for (let at = 0; at + RECORD_BYTES <= tail.length; at += RECORD_BYTES) {
    if (crc32(tail.subarray(at, at + CHECKED_BYTES)) !== tail.readUInt32LE(at + CHECKED_BYTES)) return true;
  }
  return false;
}
