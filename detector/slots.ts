import type { Millis } from '../core/time.ts';
import { createEngine, type Engine, type Inputs, type Verdict as Judgement, type Traits } from './engine/engine.ts';
import type { Band } from './engine/profile.ts';
import type { Rung } from './engine/shadow.ts';

/** Places in one engine. */
const SLAB = 1024;

/** What the engine is told of a point beside its value. */
export interface Surroundings extends Traits {
  /** Residuals of forecasts made one step and five steps before, signed, in the unit of the series; NaN without. */
  readonly forecast: number;
  readonly farForecast: number;
}

/**
 * Places in engines for the series that are watched: one for each direction in which a series is judged. Room is made by
 * the slab, so that what is there never moves; a place given back is cleared and used again. `score` comes before
 * `learn`, `edges`, `inputs` and `chanceBelow`, which speak of the point scored last.
 */
export interface Slots {
  /** A place that has seen nothing. */
  take(): number;
  release(slot: number): void;
  score(slot: number, time: Millis, value: number, around: Surroundings): Judgement;
  learn(trust: number, units: number, hold: boolean): void;
  edges(out: Band): void;
  inputs(): Inputs;
  /** How far the series at a place has come. */
  rung(slot: number): Rung;
  /** Share of ordinary points as low as the one scored last. */
  chanceBelow(): number;
  /** Places in use. */
  readonly used: number;
  /** Copy of all that one place remembers. */
  stateOf(slot: number): Uint8Array;
  /** Copies of the slabs, one after the other. */
  snapshot(): Uint8Array[];
  /** Goes on from a snapshot in which `used` are taken. False, and nothing happens, when it is of another layout. */
  restore(slabs: readonly Uint8Array[], used: Iterable<number>): boolean;
}

/** Bytes of all arrays of one slab. */
const bytesOf = (engine: Engine) => engine.state.reduce((sum, { byteLength }) => sum + byteLength, 0);
const raw = (array: Engine['state'][number], from = 0, to = array.length) => {
  const size = array.BYTES_PER_ELEMENT;
  return new Uint8Array(array.buffer, array.byteOffset + from * size, (to - from) * size);
};

export function createSlots(): Slots {
  const slabs: Engine[] = [];
  const free: number[] = [];
  /** A place that has seen nothing, as it lies in the arrays. */
  const pristine = createEngine(1).state;
  let next = 0;
  let spoken: Engine | undefined;

  const engineAt = (slot: number) => slabs[Math.floor(slot / SLAB)] as Engine;
  const last = () => {
    if (!spoken) throw new Error('no point was scored yet');
    return spoken;
  };

  function eachPart(slot: number, visit: (part: Uint8Array, array: number) => void): void {
    const at = slot % SLAB;
    for (const [i, array] of engineAt(slot).state.entries()) {
      const width = array.length / SLAB;
      visit(raw(array, at * width, (at + 1) * width), i);
    }
  }

  return {
    take() {
      const slot = free.pop() ?? next++;
      if (slot >= slabs.length * SLAB) slabs.push(createEngine(SLAB));
      eachPart(slot, (part, i) => part.set(raw(pristine[i] as Engine['state'][number])));
      return slot;
    },

    release(slot) {
      free.push(slot);
    },

    score(slot, time, value, around) {
      const engine = engineAt(slot);
      const at = slot % SLAB;
      engine.setTraits(at, around);
      spoken = engine;
      return engine.score(at, time, value, around.forecast, around.farForecast);
    },

    learn: (trust, units, hold) => last().learn(trust, units, hold),
    edges: (out) => last().edges(out),
    inputs: () => last().inputs(),
    rung: (slot) => engineAt(slot).rung(slot % SLAB),
    chanceBelow: () => last().chanceBelow(),

    get used() {
      return next - free.length;
    },

    stateOf(slot) {
      const parts: Uint8Array[] = [];
      eachPart(slot, (part) => parts.push(part));
      return Buffer.concat(parts);
    },

    snapshot: () =>
      slabs.map((engine) => {
        const bytes = new Uint8Array(bytesOf(engine));
        let at = 0;
        for (const array of engine.state) {
          bytes.set(raw(array), at);
          at += array.byteLength;
        }
        return bytes;
      }),

    restore(from, used) {
      const engines = from.map(() => createEngine(SLAB));
      const [first] = engines;
      if (first && from.some(({ byteLength }) => byteLength !== bytesOf(first))) return false;
      for (const [i, engine] of engines.entries()) {
        let at = 0;
        for (const array of engine.state) {
          raw(array).set((from[i] as Uint8Array).subarray(at, at + array.byteLength));
          at += array.byteLength;
        }
      }
      slabs.splice(0, slabs.length, ...engines);
      const taken = new Set(used);
      next = Math.max(-1, ...taken) + 1;
      free.length = 0;
      for (let slot = 0; slot < next; slot++) if (!taken.has(slot)) free.push(slot);
      spoken = undefined;
      return true;
    },
  };
}
