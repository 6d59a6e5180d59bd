import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { crc32 } from 'node:zlib';
import { errorMessage } from '../core/errors.ts';
import type { Logger } from '../core/telemetry.ts';
import type { Millis } from '../core/time.ts';
import type { ActiveAlert } from './alerts.ts';
import type { StageState } from './stages.ts';
import type { Watched } from './watched.ts';

/** Raised whenever the shape or the meaning of a state changes; an older snapshot is then left and history replayed. */
const VERSION = 4;
const MAGIC = 'WEIRDET\n';
/** Before the header: the magic, its length and its checksum, 32 bits each, little endian. */
const PREFIX = MAGIC.length + 8;
/** The header and each block begin on a multiple of this, so that arrays can be read where they lie. */
const ALIGNMENT = 8;
const aligned = (bytes: number) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
const padding = (bytes: number) => new Uint8Array(aligned(bytes) - bytes);

/** All the detector remembers: alerts on the board, every series with its standings, and the engine's arrays. */
export interface Snapshot {
  readonly takenAt: Millis;
  readonly step: Millis;
  readonly cursor: Millis;
  readonly watched: readonly Watched[];
  /** Of `Stages`. */
  readonly stages: readonly StageState[];
  readonly alerts: readonly (readonly [string, ActiveAlert])[];
  /** Of `Slots`: where the places of `watched` are. */
  readonly slabs: readonly Uint8Array[];
  /** Of `Foresight`; empty without a network. */
  readonly forecasts: readonly Uint8Array[];
}

/** First in the file, as JSON: what the blocks after it are, with the length and the CRC-32 of each. */
interface Header {
  readonly version: number;
  readonly takenAt: Millis;
  readonly step: Millis;
  readonly cursor: Millis;
  /** The first holds series, stages and alerts (v8), the next ones the slabs, the last ones the forecasts. */
  readonly blocks: readonly { readonly bytes: number; readonly crc: number }[];
  readonly slabs: number;
}

const fileIn = (directory: string) => join(directory, 'state.bin');

/**
 * Writes beside the file and renames, so that a crash leaves the old snapshot or the new one. What `snapshot` holds is
 * read before this returns its promise, save slabs and forecasts, which are to be copies.
 */
export async function writeSnapshot(directory: string, snapshot: Snapshot): Promise<void> {
  const { takenAt, step, cursor, watched, stages, alerts, slabs, forecasts } = snapshot;
  const blocks = [serialize({ watched, stages, alerts }), ...slabs, ...forecasts];
  const sizes = blocks.map((block) => ({ bytes: block.byteLength, crc: crc32(block) }));
  const facts: Header = { version: VERSION, takenAt, step, cursor, blocks: sizes, slabs: slabs.length };
  const header = Buffer.from(JSON.stringify(facts));
  const prefix = Buffer.alloc(PREFIX);
  prefix.write(MAGIC, 'latin1');
  prefix.writeUInt32LE(header.length, MAGIC.length);
  prefix.writeUInt32LE(crc32(header), MAGIC.length + 4);
  await mkdir(directory, { recursive: true });
  const path = fileIn(directory);
  const file = await open(`${path}.new`, 'w');
  try {
    for (const part of [prefix, header, ...blocks]) {
      await file.writeFile(part);
      await file.writeFile(padding(part.byteLength));
    }
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}

/** The last snapshot, or undefined when there is none that this version and `step` can go on from. */
export async function readSnapshot(directory: string, step: Millis, log: Logger): Promise<Snapshot | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(fileIn(directory));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      log.warn({ event: 'detector_snapshot_unreadable', error: errorMessage(error) });
    }
    return undefined;
  }
  try {
    const header = readHeader(bytes);
    if (header.version === VERSION && header.step === step) return readBlocks(bytes, header);
    log.info({ event: 'detector_snapshot_outdated', version: header.version, step: header.step });
  } catch (error) {
    log.warn({ event: 'detector_snapshot_corrupt', error: errorMessage(error) });
  }
  return undefined;
}

function headerLength(bytes: Buffer): number {
  return bytes.readUInt32LE(MAGIC.length);
}

function readHeader(bytes: Buffer): Header {
  if (bytes.length < PREFIX || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) throw new Error('not a snapshot');
  const header = bytes.subarray(PREFIX, PREFIX + headerLength(bytes));
  if (crc32(header) !== bytes.readUInt32LE(MAGIC.length + 4)) throw new Error('the header is damaged');
  return JSON.parse(header.toString()) as Header;
}

function readBlocks(bytes: Buffer, header: Header): Snapshot {
  let at = PREFIX + aligned(headerLength(bytes));
  const blocks = header.blocks.map(({ bytes: length, crc }, i) => {
    const block = bytes.subarray(at, at + length);
    if (block.length !== length) throw new Error(`block ${i} ends early`);
    if (crc32(block) !== crc) throw new Error(`block ${i} is damaged`);
    at += aligned(length);
    return block;
  });
  const [first, ...arrays] = blocks;
  if (first === undefined) throw new Error('it holds nothing');
  const { watched, stages, alerts } = deserialize(first) as Pick<Snapshot, 'watched' | 'stages' | 'alerts'>;
  const { takenAt, step, cursor } = header;
  const [slabs, forecasts] = [arrays.slice(0, header.slabs), arrays.slice(header.slabs)];
  return { takenAt, step, cursor, watched, stages, alerts, slabs, forecasts };
}
