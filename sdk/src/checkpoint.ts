import { createHash } from 'node:crypto';
import { hashText } from './pathway-header.ts';
import { Sketch } from './sketch.ts';

export type Direction = 'in' | 'out';

/** What makes a checkpoint besides the path before it. */
export interface Place {
  readonly direction: Direction;
  readonly system: string;
  readonly destination: string;
  /** Consumer group; empty for `out`. */
  readonly group: string;
}

/** Seconds of an origin window, which record counts are kept by. */
export const WINDOW_SECONDS = 10;
const WINDOW = WINDOW_SECONDS * 1_000_000;

/**
 * Hash of a checkpoint: the first 8 bytes of SHA-256 over the parent's 8 bytes (zero at the origin) and the UTF-8 of
 * service, direction, system, destination and group, each ended by a zero byte. A result of zero becomes 1, since zero
 * is no hash.
 */
export function hashCheckpoint(high: number, low: number, service: string, place: Place): [high: number, low: number] {
  const parent = Buffer.alloc(8);
  parent.writeUInt32BE(high, 0);
  parent.writeUInt32BE(low, 4);
  const digest = createHash('sha256').update(parent);
  for (const part of [service, place.direction, place.system, place.destination, place.group]) {
    // What a program without types left out must not end it.
    digest.update(String(part), 'utf8').update('\0');
  }
  const hash = digest.digest();
  const result: [number, number] = [hash.readUInt32BE(0), hash.readUInt32BE(4)];
  return result[0] + result[1] === 0 ? [0, 1] : result;
}

/** What records of one path leave behind where they pass. */
export class Checkpoint {
  readonly place: Place;
  readonly high: number;
  readonly low: number;
  readonly hash: string;
  /** Hash of the checkpoint before, empty at the origin. */
  readonly parent: string;
  /** From the pathway's origin, and from the previous checkpoint, to this one. */
  readonly latency = new Sketch();
  readonly edge = new Sketch();
  /** Flushes since the last record. */
  idle = 0;
  /** Whether records are kept here; false for one too many. */
  recorded = false;
  /** Records of the origin window that was counted last, and of those before it. */
  #window = -1;
  #count = 0;
  #others = new Map<number, number>();

  constructor(place: Place, parent: string, high: number, low: number) {
    this.place = place;
    this.parent = parent;
    this.high = high;
    this.low = low;
    this.hash = hashText(high, low);
  }

  get windows(): number {
    return this.#others.size;
  }

  /** Counts `count` records and their latencies in microseconds; both are zero or more. */
  add(origin: number, latency: number, edge: number, count: number): void {
    this.latency.add(latency, count);
    this.edge.add(edge, count);
    const window = Math.floor(origin / WINDOW);
    if (window !== this.#window) {
      this.#close();
      this.#window = window;
    }
    this.#count += count;
  }

  #close(): void {
    if (this.#count > 0) this.#others.set(this.#window, (this.#others.get(this.#window) ?? 0) + this.#count);
    this.#count = 0;
  }

  /** Records since the last time, by the number of their origin window: unix seconds / 10. */
  takeWindows(): Map<number, number> {
    this.#close();
    const windows = this.#others;
    this.#others = new Map();
    return windows;
  }
}
