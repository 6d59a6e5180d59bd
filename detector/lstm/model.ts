import { dirname, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { FEATURES, WINDOW, type Windows } from './features.ts';

export const QUANTILES = [0.05, 0.5, 0.95] as const;
const BATCH = 64;
const LEARNING_RATE = 2e-2;
const CLIP_NORM = 1;

/** Brings TensorFlow.js up with its WebAssembly backend. */
export async function openBackend(): Promise<void> {
  setWasmPaths(dirname(fileURLToPath(import.meta.resolve('@tensorflow/tfjs-backend-wasm'))) + sep);
  await tf.setBackend('wasm');
  await tf.ready();
}

/** One LSTM layer and a dense head of three outputs at every position; reproducible from `seed`. */
export function buildModel(units: number, seed: number): layers.LayersModel {
  const model = layers.sequential();
  const glorot = (offset: number) => layers.initializers.glorotUniform({ seed: seed * 10 + offset });
  model.add(
    layers.layers.lstm({
      units,
      inputShape: [null, FEATURES],
      returnSequences: true,
      recurrentActivation: 'sigmoid',
      kernelInitializer: glorot(1),
      recurrentInitializer: glorot(2),
    }),
  );
  model.add(layers.layers.dense({ units: QUANTILES.length, kernelInitializer: glorot(3) }));
  return model;
}

/**
 * Quantiles of the change to the next point, [batch, time, 3]. The outputs are the median and the two distances from
 * it, which softplus keeps positive: the quantiles never cross.
 */
function quantiles(model: layers.LayersModel, x: tf.Tensor): tf.Tensor {
  const [below, middle, above] = tf.split(model.apply(x) as tf.Tensor, 3, -1) as [tf.Tensor, tf.Tensor, tf.Tensor];
  return tf.concat([tf.sub(middle, tf.softplus(below)), middle, tf.add(middle, tf.softplus(above))], -1);
}

/** Mean pinball loss over quantiles and weighted positions: max(tau e, (tau - 1) e) with e = y - q. */
function pinball(predicted: tf.Tensor, y: tf.Tensor, weight: tf.Tensor): tf.Scalar {
  const error = tf.sub(tf.expandDims(y, -1), predicted);
  const tau = tf.tensor1d([...QUANTILES]);
  const loss = tf.maximum(tf.mul(error, tau), tf.mul(error, tf.sub(tau, 1)));
  const weighted = tf.sum(tf.mul(tf.mean(loss, -1), weight));
  return tf.div(weighted, tf.maximum(tf.sum(weight), 1)) as tf.Scalar;
}

function batchOf(windows: Windows, rows: readonly number[]): { x: tf.Tensor; y: tf.Tensor; weight: tf.Tensor } {
  const pick = (source: Float32Array, width: number) => {
    const out = new Float32Array(rows.length * width);
    for (const [i, row] of rows.entries()) out.set(source.subarray(row * width, (row + 1) * width), i * width);
    return out;
  };
  return {
    x: tf.tensor3d(pick(windows.x, WINDOW * FEATURES), [rows.length, WINDOW, FEATURES]),
    y: tf.tensor2d(pick(windows.y, WINDOW), [rows.length, WINDOW]),
    weight: tf.tensor2d(pick(windows.weight, WINDOW), [rows.length, WINDOW]),
  };
}

export interface TrainOptions {
  readonly steps: number;
  readonly budgetMs: number;
  readonly random: () => number;
}

/** Adam on the pinball loss, the rate falling as a half cosine, until the steps or the time are used up. Returns the steps taken. */
export function trainModel(model: layers.LayersModel, windows: Windows, options: TrainOptions): number {
  const optimizer = tf.train.adam(LEARNING_RATE);
  const began = performance.now();
  let done = 0;
  while (done < options.steps && performance.now() - began < options.budgetMs) {
    const share = Math.max(done / options.steps, (performance.now() - began) / options.budgetMs);
    // The rate is a plain field of the optimizer that its type hides.
    (optimizer as unknown as { learningRate: number }).learningRate =
      LEARNING_RATE * (0.05 + 0.95 * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, share))));
    tf.tidy(() => {
      const rows = Array.from({ length: Math.min(BATCH, windows.count) }, () =>
        Math.floor(options.random() * windows.count),
      );
      const { x, y, weight } = batchOf(windows, rows);
      const { grads } = tf.variableGrads(() => pinball(quantiles(model, x), y, weight), variablesOf(model));
      optimizer.applyGradients(clipped(grads) as Parameters<typeof optimizer.applyGradients>[0]);
    });
    done++;
  }
  optimizer.dispose();
  return done;
}

/** The model's own variables: another model may live beside it. The layers keep them in a field that their type hides. */
function variablesOf(model: layers.LayersModel): tf.Variable[] {
  return model.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
}

/** Gradients scaled so that their common norm is at most 1. */
function clipped(gradients: tf.NamedTensorMap): tf.NamedTensorMap {
  const names = Object.keys(gradients);
  const squares = names.map((name) => tf.sum(tf.square(gradients[name] as tf.Tensor)));
  const norm = tf.sqrt(tf.addN(squares));
  const factor = tf.minimum(tf.div(CLIP_NORM, tf.maximum(norm, 1e-9)), 1);
  return Object.fromEntries(names.map((name) => [name, tf.mul(gradients[name] as tf.Tensor, factor)]));
}

/** Mean pinball loss of a model on windows. */
export function lossOf(model: layers.LayersModel, windows: Windows): number {
  return meanLoss(windows, (x) => quantiles(model, x));
}

/** The loss of repeating the last value, with the quantiles of the changes seen in `from` around it. */
export function naiveLoss(from: Windows, windows: Windows): number {
  const changes = from.y.filter((_, i) => from.weight[i] === 1).sort();
  const at = QUANTILES.map((q) => changes[Math.floor(q * (changes.length - 1))] ?? 0);
  return meanLoss(windows, (x) => tf.tile(tf.tensor3d(at, [1, 1, 3]), [x.shape[0] as number, WINDOW, 1]));
}

function meanLoss(windows: Windows, predict: (x: tf.Tensor) => tf.Tensor): number {
  let sum = 0;
  for (let at = 0; at < windows.count; at += BATCH) {
    const rows = Array.from({ length: Math.min(BATCH, windows.count - at) }, (_, i) => at + i);
    sum += tf.tidy(() => {
      const { x, y, weight } = batchOf(windows, rows);
      return (pinball(predict(x), y, weight).dataSync()[0] as number) * rows.length;
    });
  }
  return windows.count === 0 ? NaN : sum / windows.count;
}

/** Quantiles [count, length, 3] of `x` [count, length, FEATURES], or only those of the last position [count, 3]. */
export function predict(
  model: layers.LayersModel,
  x: Float32Array,
  count: number,
  length: number,
  last: boolean,
): Float32Array {
  return tf.tidy(() => {
    const out = quantiles(model, tf.tensor3d(x, [count, length, FEATURES]));
    const wanted = last ? tf.slice(out, [0, length - 1, 0], [count, 1, 3]) : out;
    return wanted.dataSync() as Float32Array;
  });
}
