import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FEATURES } from '../../../../detector/lstm/forecast/features.ts';
import { OUTPUTS, readForecastModel } from '../../../../detector/lstm/forecast/model-json.ts';
import { createKernel } from '../../../../detector/lstm/kernel/kernel.ts';
import { openTraining } from '../../../../detector/lstm/training/backend.ts';
import { saveForecastModel } from '../../../../detector/lstm/training/model-file.ts';
import { buildNetwork, fitNetwork, lossOf, outputsOf } from '../../../../detector/lstm/training/network.ts';
import { madeSegments, trainNetwork } from '../../../../detector/lstm/training/train.ts';
import { seeded } from '../../world.ts';

const facts = { trained_on: 'synthetic', seed: 1, loss: 0.5, horizons: [1], quantiles: [0.5], features: '1' };

describe('the forecast network', { timeout: 120_000 }, () => {
  let directory: string;
  beforeAll(async () => {
    await openTraining();
    directory = await mkdtemp(join(tmpdir(), 'weir-forecast-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test('streamed through the kernel it answers what TensorFlow.js predicts over the whole window, at each of 1,000 steps', async () => {
    const model = buildNetwork(32, 3);
    await saveForecastModel(directory, model, facts);
    const { weights } = readForecastModel(directory);
    const random = seeded(4);
    const x = Float32Array.from({ length: 2 * 1000 * FEATURES }, () => 6 * (random() - 0.5));
    const predicted = (model.predict(tf.tensor3d(x, [2, 1000, FEATURES])) as tf.Tensor).dataSync();
    // Training sees time first.
    const turned = tf.transpose(tf.tensor3d(x, [2, 1000, FEATURES]), [1, 0, 2]) as tf.Tensor3D;
    const trained = tf.transpose(outputsOf(model, turned), [1, 0, 2]).dataSync();
    const kernel = createKernel(weights, { batch: 2, series: 2 });
    kernel.index.set([0, 1]);
    let worst = 0;
    for (let t = 0; t < 1000; t++) {
      for (const row of [0, 1])
        kernel.x.set(x.subarray((row * 1000 + t) * FEATURES, (row * 1000 + t + 1) * FEATURES), row * FEATURES);
      kernel.step(2);
      for (const row of [0, 1]) {
        for (let o = 0; o < OUTPUTS; o++) {
          const ours = kernel.out[row * kernel.layout.outputs + o] as number;
          const at = (row * 1000 + t) * OUTPUTS + o;
          worst = Math.max(worst, Math.abs(ours - (predicted[at] as number)), Math.abs(ours - (trained[at] as number)));
        }
      }
    }
    expect(worst).toBeLessThan(1e-5);
  });

  test('learns: the loss on series kept aside falls below that of the untrained network', () => {
    const [segments, aside] = [madeSegments(1, 30), madeSegments(1000, 10)];
    const model = buildNetwork(8, 1);
    const before = lossOf(model, aside);
    expect(fitNetwork(model, segments, { steps: 30, batch: 16, rate: 1e-2, random: seeded(1) })).toBe(30);
    expect(lossOf(model, aside)).toBeLessThan(0.8 * before);
  });

  test('the same seed trains the same network to the bit, another seed another; memory does not grow with the steps', () => {
    const train = (seed: number) => {
      const { model, loss } = trainNetwork({ seed, units: 8, series: 4, steps: 4, batch: 8, rate: 5e-3, aside: 2 });
      const weights = model.getWeights().map((tensor) => [...tensor.dataSync()]);
      model.dispose();
      return { weights, loss };
    };
    const first = train(1);
    const tensors = tf.memory().numTensors;
    expect(train(1)).toEqual(first);
    expect(train(2).loss).not.toBe(first.loss);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  test('goes on from weights that are there: what it begins with is what they lose, and it gets better on real series', () => {
    const first = trainNetwork({ seed: 1, units: 8, series: 4, steps: 3, batch: 8, rate: 5e-3, aside: 2 });
    const [kernel, recurrent, bias, head, headBias] = first.model
      .getWeights()
      .map((tensor) => tensor.dataSync() as Float32Array) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const from = { features: FEATURES, units: 8, outputs: OUTPUTS, kernel, recurrent, bias, head, headBias };
    const wave = Float64Array.from({ length: 3000 }, (_, i) => 10 + Math.sin(i * 1.3));
    const real = [{ start: 1_700_000_000_000, step: 60_000, values: wave }];
    const same = { seed: 1, units: 8, series: 4, batch: 8, rate: 5e-3, aside: 2 };
    expect(trainNetwork({ ...same, steps: 0, from }).loss).toBeCloseTo(first.loss, 6);
    const tuned = trainNetwork({ ...same, steps: 10, from, real });
    expect(tuned.loss).toBeLessThan(tuned.before);
    first.model.dispose();
  });

  test('ends when its time is used up', () => {
    const model = buildNetwork(4, 1);
    const steps = fitNetwork(model, madeSegments(1, 4), {
      steps: 1e6,
      batch: 8,
      rate: 1e-3,
      random: seeded(1),
      budgetMs: 200,
    });
    expect(steps).toBeGreaterThan(0);
    expect(steps).toBeLessThan(1e5);
  });
});
