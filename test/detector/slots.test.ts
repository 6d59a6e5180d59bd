import { describe, expect, test } from 'vitest';
import type { Direction } from '../../core/signal.ts';
import { createSlots, type Slots } from '../../detector/slots.ts';
import { daily, EPOCH, gauss, STEP, seeded } from './world.ts';

const AROUND = { direction: 'both', noise: 0, forecast: NaN, farForecast: NaN } as const;

/** Plays a series through a place; returns its scores. */
function play(slots: Slots, slot: number, values: readonly number[], from = 0): number[] {
  return values.map((value, i) => {
    const { score } = slots.score(slot, EPOCH + (from + i) * STEP, value, AROUND);
    slots.learn(1, 4, false);
    return score;
  });
}

/** Writes all of `from` to `to`, as a snapshot does. */
function carry(from: Slots, to: Slots, used: readonly number[]): void {
  const slabs = from.slabs();
  for (const [i, parts] of to.room(from.directions()).entries()) {
    for (const [k, part] of parts.entries()) part.set(slabs[i]?.[k] as Uint8Array);
  }
  to.resume(used);
}

function series(seed: number, count = 400): number[] {
  const random = seeded(seed);
  return Array.from({ length: count }, (_, i) => 50 + 5 * daily(EPOCH + i * STEP) + gauss(random));
}

describe('places', () => {
  test('each is by itself, over slabs, whatever its neighbours are told', () => {
    const alone = createSlots();
    const expected = play(alone, alone.take(), series(7));
    const slots = createSlots();
    const taken = Array.from({ length: 1500 }, () => slots.take());
    expect(new Set(taken).size).toBe(1500);
    expect(slots.used).toBe(1500);
    for (const slot of [0, 1022, 1023, 1024, 1025, 1499]) play(slots, taken[slot] as number, series(slot));
    for (const slot of [5, 1026]) {
      expect(play(slots, slot, series(7))).toEqual(expected);
      expect(slots.stateOf(slot)).toEqual(alone.stateOf(0));
    }
  });

  test('one given back is used again and remembers nothing', () => {
    const slots = createSlots();
    const [first, second] = [slots.take(), slots.take()];
    const fresh = slots.stateOf(second);
    const scores = play(slots, first, series(3));
    slots.release(first);
    expect(slots.used).toBe(1);
    const again = slots.take();
    expect(again).toBe(first);
    expect(slots.stateOf(again)).toEqual(fresh);
    expect(play(slots, again, series(3))).toEqual(scores);
  });

  test('less than 4 kB is kept of one', () => {
    const slots = createSlots();
    expect(slots.stateOf(slots.take()).length).toBeLessThan(4096);
  });
});

describe('a snapshot', () => {
  test('goes on exactly where the original stands, and its free places are used again', () => {
    const slots = createSlots();
    const [a, b, c] = [slots.take(), slots.take(), slots.take()];
    for (const [i, slot] of [a, b, c].entries()) play(slots, slot, series(i));
    const restored = createSlots();
    carry(slots, restored, [a, c]);
    expect(restored.used).toBe(2);
    for (const slot of [a, c]) expect(play(restored, slot, series(9), 400)).toEqual(play(slots, slot, series(9), 400));
    expect(restored.take()).toBe(b);
    expect(restored.take()).toBe(3);
  });

  test('forgets what was there before', () => {
    const [slots, other] = [createSlots(), createSlots()];
    const slot = slots.take();
    play(slots, slot, series(1));
    for (let i = 0; i < 1100; i++) play(other, other.take(), series(i, 3));
    carry(slots, other, [slot]);
    expect(other.used).toBe(1);
    expect(other.slabs().length).toBe(1);
    expect(other.stateOf(slot)).toEqual(slots.stateOf(slot));
    expect(other.take()).toBe(1);
    other.room([]);
    expect(() => other.learn(1, 4, false)).toThrow('no point was scored yet');
    expect(other.take()).toBe(0);
  });
});

describe('places for one direction', () => {
  const judged = (slots: Slots, direction: Direction, values: readonly number[]) => {
    const slot = slots.take(direction);
    const around = { ...AROUND, direction } as const;
    const said = values.map((value, i) => {
      const { score, expected } = slots.score(slot, EPOCH + i * STEP, value, around);
      const [low, band] = [slots.chanceBelow(), { lower: 0, upper: 0 }];
      slots.edges(band);
      slots.learn(1, 4, false);
      return [score, expected, band.lower, band.upper, direction === 'down' ? low : 0];
    });
    return { slot, said };
  };
  const values = [...series(3, 900), 90, 91, 10, 9, ...series(4, 100)];

  test.each(['up', 'down'] as const)('say of what goes %s all that places for both do, in less room', (direction) => {
    const whole = createSlots();
    const expected: number[][] = [];
    const slot = whole.take();
    for (const [i, value] of values.entries()) {
      const { score, expected: middle } = whole.score(slot, EPOCH + i * STEP, value, { ...AROUND, direction });
      const band = { lower: 0, upper: 0 };
      whole.edges(band);
      expected.push([score, middle, band.lower, band.upper, direction === 'down' ? whole.chanceBelow() : 0]);
      whole.learn(1, 4, false);
    }
    const slots = createSlots();
    const { said, slot: own } = judged(slots, direction, values);
    expect(said).toEqual(expected);
    expect(Math.max(...said.map(([score]) => score as number))).toBeGreaterThan(2);
    expect(whole.stateOf(slot).length - slots.stateOf(own).length).toBe(444);
    expect(slots.stateOf(own).length).toBeLessThan(2050);
  });

  test('lie apart, are given back to their own kind and restored as such', () => {
    const slots = createSlots();
    const taken = (['up', 'both', 'up', 'down', 'up'] as const).map((direction) => slots.take(direction));
    expect(slots.directions()).toEqual(['up', 'both', 'down']);
    expect(slots.used).toBe(5);
    slots.release(taken[0] as number);
    const other = createSlots();
    carry(slots, other, taken.slice(1));
    for (const one of [slots, other]) {
      expect(one.used).toBe(4);
      expect(one.take('down')).toBe((taken[3] as number) + 1);
      expect(one.take('up')).toBe(taken[0]);
    }
    expect(() => slots.score(taken[3] as number, EPOCH, 1, AROUND)).toThrow('an engine for down is told both');
  });
});

describe('what a point teaches', () => {
  /** Widest band after an hour at 200 in a series around 50. */
  function widened(trust: number, units: number): { reach: number; expected: number } {
    const slots = createSlots();
    const slot = slots.take();
    play(slots, slot, series(4, 1000));
    for (let i = 0; i < 360; i++) {
      slots.score(slot, EPOCH + (1000 + i) * STEP, 200, AROUND);
      slots.learn(trust, units, trust < 0.1);
    }
    const { expected } = slots.score(slot, EPOCH + 1360 * STEP, 50, AROUND);
    const band = { lower: 0, upper: 0 };
    slots.edges(band);
    return { reach: band.upper - band.lower, expected };
  }

  test('little, where it is trusted little', () => {
    const [whole, little] = [widened(1, 4), widened(0.05, 0)];
    expect(whole.expected).toBeGreaterThan(150);
    expect(little.expected).toBeLessThan(80);
    expect(little.reach).toBeLessThan(whole.reach / 3);
  });

  test('the numbers behind it are read before it is learnt', () => {
    const slots = createSlots();
    const slot = slots.take();
    play(slots, slot, series(5));
    const { score } = slots.score(slot, EPOCH + 400 * STEP, 90, AROUND);
    const inputs = slots.inputs();
    expect(inputs).toMatchObject({ value: 90, score, points: 400 });
    expect(inputs.streams.find(({ stream }) => stream === 'step')?.odds).toBe(5);
    expect(slots.chanceBelow()).toBe(1);
    slots.score(slot, EPOCH + 401 * STEP, 10, AROUND);
    expect(slots.chanceBelow()).toBeLessThan(0.001);
  });

  test('before a point was scored there is nothing to learn', () => {
    expect(() => createSlots().learn(1, 4, false)).toThrow('no point was scored yet');
  });
});
