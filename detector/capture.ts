import { serialize } from 'node:v8';
import type { Direction } from '../core/signal.ts';
import type { Millis } from '../core/time.ts';
import type { ActiveAlert } from './alerts.ts';
import type { StageRows } from './stage-rows.ts';
import type { Catalogue, Watched } from './watched.ts';
import { columnsOfWatched } from './watched-columns.ts';

/** Series and stages of one block, and bytes of one block of forecasts: what is copied, checked and written at a time. */
const SERIES = 512;
const STAGES = 64;
const PIECE = 4 * 1024 * 1024;

/** All the detector remembers: alerts on the board, every series with its standings, and the arrays of their places. */
export interface DetectorState {
  readonly takenAt: Millis;
  readonly step: Millis;
  readonly cursor: Millis;
  readonly watched: readonly Watched[];
  readonly stages: readonly StageRows[];
  readonly alerts: readonly (readonly [string, ActiveAlert])[];
  readonly catalogue: Pick<Catalogue, 'slots' | 'foresight'>;
}

/** What must be known of a state to read its blocks again. */
export interface Facts {
  readonly takenAt: Millis;
  readonly step: Millis;
  readonly cursor: Millis;
  /** Blocks of series after the first, which holds the alerts, and of stages; then slabs, then pieces of the forecasts. */
  readonly chunks: number;
  readonly stages: number;
  readonly slabs: readonly Direction[];
  readonly places: number;
}

/** Byte arrays in pieces of at most 4 MB. */
export function piecesOf(arrays: readonly Uint8Array[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (const array of arrays) {
    for (let at = 0; at < array.length; at += PIECE) pieces.push(array.subarray(at, at + PIECE));
  }
  return pieces;
}

/**
 * A state of one moment that is copied block by block, so that nothing else waits long. Until all blocks are copied, the
 * state must not change: who changes it waits for `settled`, or has the rest copied at once by `settle`.
 */
export interface Capture {
  readonly facts: Facts;
  readonly blocks: number;
  /** A copy of block `i`, good until the next is asked for; blocks are asked for in their order, each once. */
  block(i: number): Uint8Array;
  settle(): void;
  readonly settled: boolean;
}

export function capture({ catalogue, watched, stages, alerts, ...rest }: DetectorState): Capture {
  const { slots, foresight } = catalogue;
  const slabs = slots.slabs();
  const chunks = Math.ceil(watched.length / SERIES);
  const groups = Math.ceil(stages.length / STAGES);
  const blocks: (() => Uint8Array)[] = [
    () => serialize(alerts),
    ...Array.from({ length: chunks }, (_, i) => () => {
      return serialize(columnsOfWatched(watched.slice(i * SERIES, (i + 1) * SERIES)));
    }),
    ...Array.from({ length: groups }, (_, i) => () => {
      return serialize(stages.slice(i * STAGES, (i + 1) * STAGES));
    }),
    ...slabs.map((parts) => () => Buffer.concat(parts)),
    ...piecesOf(foresight?.arrays() ?? []).map((piece) => () => piece.slice()),
  ];
  /** Blocks that were copied ahead of their time, and the first that is not copied. */
  const ahead = new Map<number, Uint8Array>();
  let open = 0;
  return {
    facts: { ...rest, chunks, stages: groups, slabs: slots.directions(), places: foresight?.places ?? 0 },
    blocks: blocks.length,
    block(i) {
      const known = ahead.get(i);
      ahead.delete(i);
      if (known) return known;
      open = i + 1;
      return (blocks[i] as () => Uint8Array)();
    },
    settle() {
      for (; open < blocks.length; open++) ahead.set(open, (blocks[open] as () => Uint8Array)());
    },
    get settled() {
      return open >= blocks.length;
    },
  };
}
