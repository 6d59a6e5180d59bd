import type { Rung } from '../core/rung.ts';
import type { Direction } from '../core/signal.ts';
import type { Millis } from '../core/time.ts';
import { createEngine, type Engine, type Inputs, type Verdict as Judgement, type Traits } from './engine/engine.ts';
import type { Band } from './engine/profile.ts';

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
  /** A place that has seen nothing, for a series that will be judged in this direction alone. */
  take(direction?: Direction): number;
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
  /** The bytes of each slab's arrays where they lie: all there is to keep. */
  slabs(): readonly (readonly Uint8Array[])[];
  /** For which direction each slab is. */
  directions(): readonly Direction[];
  /** Forgets everything and makes room for such slabs, to be filled with what `slabs` gave; `resume` comes next. */
  room(directions: readonly Direction[]): readonly (readonly Uint8Array[])[];
  /** Goes on with the places in use in what `room` was filled with. */
  resume(used: Iterable<number>): void;
}

const raw = (array: Engine['state'][number], from = 0, to = array.length) => {
  const size = array.BYTES_PER_ELEMENT;
  return new Uint8Array(array.buffer, array.byteOffset + from * size, (to - from) * size);
};

export function createSlots(): Slots {
  const slabs: { readonly engine: Engine; readonly direction: Direction }[] = [];
  /** Places to be taken from the end, those of lower numbers last. */
  const free: Record<Direction, number[]> = { up: [], down: [], both: [] };
  /** A place that has seen nothing, as it lies in the arrays. */
  const pristine = { up: createEngine(1, 'up'), down: createEngine(1, 'down'), both: createEngine(1) };
  let spoken: Engine | undefined;

  const bytes = () => slabs.map(({ engine }) => engine.state.map((array) => raw(array)));
  const slabOf = (slot: number) => slabs[Math.floor(slot / SLAB)] as (typeof slabs)[number];
  const engineAt = (slot: number) => slabOf(slot).engine;
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
    take(direction = 'both') {
      const places = free[direction];
      if (places.length === 0) {
        for (let i = SLAB - 1; i >= 0; i--) places.push(slabs.length * SLAB + i);
        slabs.push({ engine: createEngine(SLAB, direction), direction });
      }
      const slot = places.pop() as number;
      eachPart(slot, (part, i) => part.set(raw(pristine[direction].state[i] as Engine['state'][number])));
      return slot;
    },

    release(slot) {
      free[slabOf(slot).direction].push(slot);
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
      return slabs.length * SLAB - free.up.length - free.down.length - free.both.length;
    },

    stateOf(slot) {
      const parts: Uint8Array[] = [];
      eachPart(slot, (part) => parts.push(part));
      return Buffer.concat(parts);
    },

    slabs: bytes,

    directions: () => slabs.map(({ direction }) => direction),

    room(directions) {
      const made = directions.map((direction) => ({ engine: createEngine(SLAB, direction), direction }));
      slabs.splice(0, slabs.length, ...made);
      for (const places of Object.values(free)) places.length = 0;
      spoken = undefined;
      return bytes();
    },

    resume(used) {
      const taken = new Set(used);
      for (const places of Object.values(free)) places.length = 0;
      for (let slot = slabs.length * SLAB - 1; slot >= 0; slot--) {
        if (!taken.has(slot)) free[slabOf(slot).direction].push(slot);
      }
    },
  };
}
