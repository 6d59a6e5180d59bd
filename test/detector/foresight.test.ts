import { expect, test } from 'vitest';
import { createForesight, type Foresight } from '../../detector/foresight.ts';
import { createForecasts } from '../../detector/lstm/forecast/forecasts.ts';
import { readForecastModel, SHIPPED_MODEL } from '../../detector/lstm/forecast/model-json.ts';
import { daily, EPOCH, gauss, STEP, seeded } from './world.ts';

const { weights } = readForecastModel(SHIPPED_MODEL);
const open = async () => createForesight(createForecasts(weights), weights);

function series(seed: number, count: number): number[] {
  const random = seeded(seed);
  return Array.from({ length: count }, (_, i) => 50 + 5 * daily(EPOCH + i * STEP) + gauss(random));
}

/** Shows values to a place and returns by how much each was missed one step and five steps before. */
function play(foresight: Foresight, place: number, values: readonly number[], from = 0): [number, number][] {
  return values.map((value, i) => {
    const time = EPOCH + (from + i) * STEP;
    const { one, five } = foresight.residuals(place, time, value);
    foresight.add(place, time, value);
    return [one, five];
  });
}

test('what comes is foretold to about its noise, and a jump is missed by its size', async () => {
  const foresight = await open();
  const place = foresight.take(STEP);
  const misses = play(foresight, place, series(1, 400)).slice(100);
  const typical = misses.reduce((sum, [one]) => sum + Math.abs(one), 0) / misses.length;
  expect(typical).toBeGreaterThan(0.4);
  expect(typical).toBeLessThan(1.6);
  const { one, five } = foresight.residuals(place, EPOCH + 400 * STEP, 90);
  expect(one).toBeGreaterThan(30);
  expect(five).toBeGreaterThan(30);
});

test('series told a tick at a time and one after the other end the same', async () => {
  const [together, apart] = [await open(), await open()];
  const places = [0, 1, 2].map(() => together.take(STEP));
  const values = places.map((place) => series(place, 200));
  const byTick = places.map((): [number, number][] => []);
  for (let i = 0; i < 200; i++) {
    for (const place of places) {
      const time = EPOCH + i * STEP;
      const value = values[place]?.[i] as number;
      const { one, five } = together.residuals(place, time, value);
      byTick[place]?.push([one, five]);
      together.add(place, time, value);
    }
  }
  for (const place of places) {
    expect(play(apart, apart.take(STEP), values[place] as number[])).toEqual(byTick[place]);
  }
});

test('a place given back remembers nothing', async () => {
  const foresight = await open();
  const place = foresight.take(STEP);
  const first = play(foresight, place, series(3, 100));
  foresight.release(place);
  expect(foresight.take(STEP)).toBe(place);
  expect(play(foresight, place, series(3, 100))).toEqual(first);
});

test('what is written to another one goes on exactly there', async () => {
  const foresight = await open();
  const places = [foresight.take(STEP), foresight.take(STEP), foresight.take(STEP)];
  for (const place of places) play(foresight, place, series(place, 150));
  const arrays = foresight.arrays();
  const restored = await open();
  for (let i = 0; i < 70; i++) play(restored, restored.take(STEP), series(i, 3));
  for (const [i, array] of restored.room(foresight.places).entries()) array.set(arrays[i] as Uint8Array);
  restored.resume([0, 2]);
  expect(restored.places).toBe(3);
  expect(restored.take(STEP)).toBe(1);
  for (const place of [0, 2]) {
    const rest = series(place + 9, 60);
    expect(play(restored, place, rest, 150)).toEqual(play(foresight, place, rest, 150));
  }
});

test('nothing is said of a value that is none, nor before anything was seen', async () => {
  const foresight = await open();
  const place = foresight.take(STEP);
  expect(foresight.residuals(place, EPOCH, 5).one).toBeNaN();
  play(foresight, place, series(4, 50));
  expect(foresight.residuals(place, EPOCH + 50 * STEP, NaN).one).toBeNaN();
});

test('another network begins with new states, is silent until they are warm, and then foretells as one that began there', async () => {
  const other = { ...weights, headBias: weights.headBias.map((bias) => bias + 0.5) };
  const [foresight, plain] = [await open(), await open()];
  const [place, same] = [foresight.take(STEP), plain.take(STEP)];
  const values = series(5, 300);
  play(foresight, place, values.slice(0, 200));
  play(plain, same, values.slice(0, 200));
  foresight.load(other);
  const after = play(foresight, place, values.slice(200), 200);
  const before = play(plain, same, values.slice(200), 200);
  expect(after.slice(0, 13).every((misses) => misses.every(Number.isNaN))).toBe(true);
  expect(after[13]?.every(Number.isFinite)).toBe(true);
  // What is known of the series stayed, so the network's other answer is all that differs.
  expect(after.slice(13)).not.toEqual(before.slice(13));
  const size = (misses: [number, number][]) => misses.reduce((sum, [one]) => sum + Math.abs(one), 0) / misses.length;
  expect(size(after.slice(13)) / size(before.slice(13))).toBeLessThan(1.5);
  expect(Number.isFinite(foresight.chanceAbove(place, 0, 50))).toBe(true);
});

test('no chance is told from a cold state', async () => {
  const foresight = await open();
  const place = foresight.take(STEP);
  play(foresight, place, series(6, 50));
  expect(Number.isFinite(foresight.chanceAbove(place, 0, 50))).toBe(true);
  foresight.load(weights);
  const known = Array.from({ length: 10 }, (_, i) => {
    play(foresight, place, [50], 50 + i);
    return Number.isFinite(foresight.chanceAbove(place, 0, 50)) && Number.isFinite(foresight.forecast(place, 0).middle);
  });
  expect(known.indexOf(true)).toBe(7);
  expect(known.lastIndexOf(false)).toBe(6);
});

test('a snapshot of another network is gone on from with new states', async () => {
  const values = series(7, 260);
  const first = await open();
  const place = first.take(STEP);
  play(first, place, values.slice(0, 200));
  const arrays = first.arrays();
  const other = { ...weights, headBias: weights.headBias.map((bias) => bias + 0.01) };
  const [same, different] = [await open(), createForesight(await createForecasts(other), other)];
  for (const one of [same, different]) {
    for (const [i, array] of one.room(first.places).entries()) array.set(arrays[i] as Uint8Array);
    one.resume([place]);
  }
  const rest = (foresight: Foresight) =>
    play(foresight, place, values.slice(200), 200).map(([one]) => Number.isNaN(one));
  expect(rest(same).includes(true)).toBe(false);
  expect(rest(different).lastIndexOf(true)).toBe(12);
});

test('a network of another size is refused', async () => {
  const foresight = await open();
  expect(() => foresight.load({ ...weights, units: 16 })).toThrow('16 units');
});
