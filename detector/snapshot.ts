import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize } from 'node:v8';
import { crc32 } from 'node:zlib';
import { errorMessage } from '../core/errors.ts';
import type { Logger } from '../core/telemetry.ts';
import type { Millis } from '../core/time.ts';
import type { ActiveAlert } from './alerts.ts';
import { type Capture, type Facts, piecesOf } from './capture.ts';
import type { StageRows } from './stage-rows.ts';
import { type Catalogue, foresightPlaces, forgetForesight, type Watched } from './watched.ts';
import { type WatchedColumns, watchedFrom } from './watched-columns.ts';

/** Raised whenever the shape or the meaning of a state changes; an older snapshot is then left and history replayed. */
const VERSION = 11;
const MAGIC = 'WEIRDET\n';
/** First in the file: the magic, the header's length and checksum (32 bits) and its place (64 bits), little endian. */
const PREFIX = MAGIC.length + 16;

/** Last in the file, as JSON: what the blocks between are (`Capture`), with the length and the CRC-32 of each. */
interface Header extends Facts {
  readonly version: number;
  readonly blocks: readonly { readonly bytes: number; readonly crc: number }[];
}

/** What was restored beside the arrays, which are in the catalogue. */
export interface Restored {
  readonly takenAt: Millis;
  readonly cursor: Millis;
  readonly watched: readonly Watched[];
  readonly stages: readonly StageRows[];
  readonly alerts: readonly (readonly [string, ActiveAlert])[];
}

const fileIn = (directory: string) => join(directory, 'state.bin');

async function append(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
}

/**
 * Writes beside the file and renames, so that a crash leaves the old snapshot or the new one. Each block of the capture is
 * copied, checked and written before the next, with the event loop free while it is written.
 */
export async function writeSnapshot(directory: string, state: Capture): Promise<void> {
  await mkdir(directory, { recursive: true });
  const path = fileIn(directory);
  const file = await open(`${path}.new`, 'w');
  try {
    await append(file, new Uint8Array(PREFIX));
    const blocks: { bytes: number; crc: number }[] = [];
    let end = PREFIX;
    for (let i = 0; i < state.blocks; i++) {
      const block = state.block(i);
      blocks.push({ bytes: block.length, crc: crc32(block) });
      end += block.length;
      await append(file, block);
    }
    const header = Buffer.from(JSON.stringify({ version: VERSION, ...state.facts, blocks } satisfies Header));
    await append(file, header);
    const prefix = Buffer.alloc(PREFIX);
    prefix.write(MAGIC, 'latin1');
    prefix.writeUInt32LE(header.length, MAGIC.length);
    prefix.writeUInt32LE(crc32(header), MAGIC.length + 4);
    prefix.writeDoubleLE(end, MAGIC.length + 8);
    await file.write(prefix, 0, PREFIX, 0);
  } finally {
    // Whatever went wrong, nobody waits for the blocks that are left.
    state.settle();
    await file.close();
  }
  await rename(`${path}.new`, path);
}

export interface ReadOptions {
  readonly directory: string;
  readonly step: Millis;
  /** A snapshot taken before this is left. */
  readonly since: Millis;
  readonly log: Logger;
}

/**
 * The last snapshot, its arrays read to where `catalogue` has them; undefined, and `catalogue` holds nothing, when there is
 * none to go on from: of another version or step, too old, or damaged. Forecasts of another layout begin afresh.
 */
export async function readSnapshot(
  { directory, step, since, log }: ReadOptions,
  catalogue: Pick<Catalogue, 'slots' | 'foresight'>,
): Promise<Restored | undefined> {
  let file: FileHandle;
  try {
    file = await open(fileIn(directory));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      log.warn({ event: 'detector_snapshot_unreadable', error: errorMessage(error) });
    }
    return undefined;
  }
  try {
    const header = await readHeader(file);
    if (header.version === VERSION && header.step === step && header.takenAt > since) {
      return await readBlocks(file, header, catalogue);
    }
    log.info({ event: 'detector_snapshot_outdated', version: header.version, step: header.step });
  } catch (error) {
    log.warn({ event: 'detector_snapshot_corrupt', error: errorMessage(error) });
    catalogue.slots.room([]);
    catalogue.foresight?.room(0);
  } finally {
    await file.close();
  }
  return undefined;
}

async function fill(file: FileHandle, views: readonly Uint8Array[], position: number): Promise<void> {
  const wanted = views.reduce((sum, { length }) => sum + length, 0);
  const { bytesRead } = await file.readv(views, position);
  if (bytesRead !== wanted) throw new Error(`it ends early: ${bytesRead} of ${wanted} bytes at ${position}`);
}

async function readHeader(file: FileHandle): Promise<Header> {
  const prefix = Buffer.alloc(PREFIX);
  await fill(file, [prefix], 0);
  if (prefix.toString('latin1', 0, MAGIC.length) !== MAGIC) throw new Error('not a snapshot');
  const { size } = await file.stat();
  const at = prefix.readDoubleLE(MAGIC.length + 8);
  const length = prefix.readUInt32LE(MAGIC.length);
  if (!(Number.isInteger(at) && at >= PREFIX && at + length === size))
    throw new Error('the header is not where it was');
  const header = Buffer.alloc(length);
  await fill(file, [header], at);
  if (crc32(header) !== prefix.readUInt32LE(MAGIC.length + 4)) throw new Error('the header is damaged');
  return JSON.parse(header.toString()) as Header;
}

async function readBlocks(
  file: FileHandle,
  header: Header,
  { slots, foresight }: Pick<Catalogue, 'slots' | 'foresight'>,
): Promise<Restored> {
  const { takenAt, cursor, blocks, chunks, stages: groups, slabs, places } = header;
  const plain = 1 + chunks + groups;
  const sizes = blocks.map(({ bytes }) => bytes);
  const objects = sizes.slice(0, plain).map((bytes) => [new Uint8Array(bytes)]);
  const pieces = piecesOf(foresight?.room(places) ?? []).map((piece) => [piece]);
  const sum = (views: readonly Uint8Array[]) => views.reduce((all, { length }) => all + length, 0);
  // Another network, or none, has another layout.
  const further = sizes.slice(plain + slabs.length);
  const foreseen = further.length === pieces.length && pieces.every((piece, i) => sum(piece) === further[i]);
  const targets = [...objects, ...slots.room(slabs), ...(foreseen ? pieces : [])];
  let position = PREFIX;
  const read = (i: number) => {
    const views = targets[i];
    const bytes = sizes[i] as number;
    if (views === undefined) return undefined;
    if (sum(views) !== bytes) throw new Error(`block ${i} has ${bytes} bytes where ${sum(views)} are wanted`);
    position += bytes;
    return fill(file, views, position - bytes);
  };
  // One block is read while the one before is checked.
  let reading = read(0);
  for (let i = 0; reading !== undefined; i++) {
    await reading;
    reading = read(i + 1);
    reading?.catch(() => {});
    const found = (targets[i] as readonly Uint8Array[]).reduce((crc, view) => crc32(view, crc), 0);
    if (found !== blocks[i]?.crc) throw new Error(`block ${i} is damaged`);
  }
  const [alerts, ...rest] = objects.map(([bytes]) => deserialize(bytes as Uint8Array));
  const texts = new Map<string, string>();
  const watched = rest.slice(0, chunks).flatMap((chunk: WatchedColumns) => watchedFrom(chunk, texts));
  const stages: StageRows[] = rest.slice(chunks).flat();
  if (!foreseen) {
    foresight?.room(0);
    for (const one of watched) forgetForesight(one);
  }
  foresight?.resume(watched.flatMap(foresightPlaces));
  slots.resume(watched.flatMap(({ slots: of }) => Object.values(of)));
  return { takenAt, cursor, watched, stages, alerts };
}
