import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FEATURES, sampleWindows, WINDOW } from '../../../detector/lstm/features.ts';
import { loadModel, type ModelFacts, saveModel } from '../../../detector/lstm/files.ts';
import { buildModel, lossOf, naiveLoss, openBackend, predict, trainModel } from '../../../detector/lstm/model.ts';
import { EPOCH, gauss, STEP, seeded } from '../world.ts';

/** A wave with noise: what comes next follows from what came, not from the last value alone. */
function wave(seed: number, count: number) {
  const random = seeded(seed);
  const values = Float64Array.from({ length: 2000 }, (_, i) => 10 + 3 * Math.sin(i * 2.1) + 0.2 * gauss(random));
  return sampleWindows({ start: EPOCH, step: STEP, values }, count, random);
}

const facts: ModelFacts = {
  trainedAt: EPOCH,
  span: 1,
  step: STEP,
  units: 8,
  seed: 1,
  windows: 1,
  steps: 1,
  seconds: 1,
  loss: 0.1,
  naiveLoss: 0.2,
};

describe('the network in TensorFlow.js', { timeout: 120_000 }, () => {
  let directory: string;
  beforeAll(async () => {
    await openBackend();
    directory = await mkdtemp(join(tmpdir(), 'weir-model-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test('training on a wave beats repeating the last value on windows it never saw', () => {
    const model = buildModel(8, 1);
    const before = lossOf(model, wave(2, 16));
    expect(trainModel(model, wave(1, 16), { steps: 25, budgetMs: 60_000, random: seeded(1) })).toBe(25);
    const after = lossOf(model, wave(2, 16));
    expect(after).toBeLessThan(before);
    expect(after).toBeLessThan(naiveLoss(wave(1, 16), wave(2, 16)));
    model.dispose();
  });

  test('the same seed gives the same model, another seed another', () => {
    const train = (seed: number) => {
      const model = buildModel(4, seed);
      trainModel(model, wave(1, 16), { steps: 3, budgetMs: 60_000, random: seeded(seed) });
      const loss = lossOf(model, wave(2, 32));
      model.dispose();
      return loss;
    };
    const first = train(1);
    expect(train(1)).toBeCloseTo(first, 6);
    expect(train(2)).not.toBe(first);
  });

  test('a training ends when its time is used up', () => {
    const model = buildModel(4, 1);
    const began = performance.now();
    trainModel(model, wave(1, 64), { steps: 1e9, budgetMs: 300, random: seeded(1) });
    expect(performance.now() - began).toBeLessThan(10_000);
    model.dispose();
  });

  test('quantiles never cross; the last position is the last of all positions', () => {
    const model = buildModel(4, 3);
    const { x, count } = wave(3, 5);
    const all = predict(model, x, count, WINDOW, false);
    const last = predict(model, x, count, WINDOW, true);
    expect(all.length).toBe(count * WINDOW * 3);
    for (let i = 0; i < count; i++) {
      const at = (i * WINDOW + WINDOW - 1) * 3;
      expect([...last.subarray(i * 3, i * 3 + 3)]).toEqual([...all.subarray(at, at + 3)]);
    }
    for (let i = 0; i < all.length; i += 3) {
      expect(all[i]).toBeLessThan(all[i + 1] as number);
      expect(all[i + 1]).toBeLessThan(all[i + 2] as number);
    }
    model.dispose();
  });

  test('saved as a TensorFlow.js layers model and loaded again it predicts the same', async () => {
    const model = buildModel(8, 5);
    const { x, count } = wave(3, 4);
    const before = predict(model, x, count, WINDOW, true);
    await saveModel(directory, model, facts);
    await saveModel(directory, model, { ...facts, trainedAt: EPOCH + 1 });
    expect((await readdir(directory)).sort()).toEqual(['model.json', `weights-${EPOCH + 1}.bin`]);
    const json = JSON.parse(await readFile(join(directory, 'model.json'), 'utf8'));
    expect(json.format).toBe('layers-model');
    expect(json.weightsManifest[0].weights.length).toBe(5);
    const loaded = await loadModel(directory);
    expect(loaded?.facts.trainedAt).toBe(EPOCH + 1);
    if (!loaded) throw new Error('nothing was loaded');
    expect(predict(loaded.model, x, count, WINDOW, true)).toEqual(before);
    expect(await loadModel(join(directory, 'none'))).toBeUndefined();
    expect(x.length).toBe(count * WINDOW * FEATURES);
  });
});
