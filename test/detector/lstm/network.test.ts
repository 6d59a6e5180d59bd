import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sampleWindows, WINDOW } from '../../../detector/lstm/features.ts';
import { type Network, openNetwork } from '../../../detector/lstm/network.ts';
import { EPOCH, STEP, seeded } from '../world.ts';

let directory: string;
let network: Network;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-network-'));
  network = openNetwork(directory);
});
afterEach(async () => {
  await network.close();
  await rm(directory, { recursive: true, force: true });
});

function wave(seed: number, count: number) {
  const random = seeded(seed);
  const values = Float64Array.from({ length: 1500 }, (_, i) => 10 + 3 * Math.sin(i * 2.1) + 0.2 * random());
  return sampleWindows({ start: EPOCH, step: STEP, values }, count, random);
}
const settings = { units: 8, seed: 1, steps: 25, budgetMs: 60_000, trainedAt: EPOCH, span: 3_600_000, step: STEP };

test('trains in its own thread, speaks afterwards, and after a restart as before', async () => {
  expect(await network.open()).toBeUndefined();
  const { x, count } = wave(3, 3);
  expect(await network.predict(x, count, WINDOW, true)).toBeUndefined();
  const { accepted, facts } = await network.train(wave(1, 16), wave(2, 16), settings);
  expect(accepted).toBe(true);
  expect(facts.loss).toBeLessThan(facts.naiveLoss);
  const before = await network.predict(x, count, WINDOW, true);
  expect(before?.length).toBe(count * 3);
  await network.close();
  network = openNetwork(directory);
  expect((await network.open())?.trainedAt).toBe(EPOCH);
  expect(await network.predict(x, count, WINDOW, true)).toEqual(before);

  const worse = await network.train(wave(1, 16), wave(2, 16), { ...settings, steps: 1, seed: 9 });
  expect(worse.accepted).toBe(false);
  expect(worse.champion).toBeCloseTo(facts.loss, 5);
  expect(await network.predict(x, count, WINDOW, true)).toEqual(before);
}, 180_000);

test('a model file that is none is an error, not the end', async () => {
  await writeFile(join(directory, 'model.json'), '{');
  await expect(network.open()).rejects.toMatchObject({ code: 'detector_lstm_failed' });
  const { x, count } = wave(3, 2);
  await expect(network.predict(x, count, WINDOW, true)).rejects.toMatchObject({ code: 'detector_lstm_failed' });
});
