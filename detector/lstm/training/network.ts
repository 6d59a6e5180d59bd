import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { FEATURES, HORIZONS } from '../forecast/features.ts';
import { OUTPUTS, QUANTILES } from '../forecast/model-json.ts';
import type { LstmWeights } from '../kernel/weights.ts';
import { SEGMENT, type Segments } from './segments.ts';
import { lstmSequence } from './sequence.ts';

const CLIP_NORM = 1;

/** One LSTM layer over any number of steps and a dense head at each; the same for the same seed. */
export function buildNetwork(units: number, seed: number): layers.LayersModel {
  const glorot = (offset: number) => layers.initializers.glorotUniform({ seed: seed * 10 + offset });
  const model = layers.sequential({ name: 'weir_forecast' });
  model.add(
    layers.layers.lstm({
      name: 'lstm',
      units,
      inputShape: [null, FEATURES],
      returnSequences: true,
      recurrentActivation: 'sigmoid',
      kernelInitializer: glorot(1),
      recurrentInitializer: glorot(2),
    }),
  );
  model.add(layers.layers.dense({ name: 'quantiles', units: OUTPUTS, kernelInitializer: glorot(3) }));
  return model;
}

/** The layers keep their variables in a field that their type hides. */
function variablesOf(model: layers.LayersModel): tf.Variable[] {
  return model.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
}

/** Puts weights of the same shape into a model. */
export function setWeights(model: layers.LayersModel, weights: LstmWeights): void {
  const { kernel, recurrent, bias, head, headBias } = weights;
  const values = [kernel, recurrent, bias, head, headBias];
  const tensors = model.getWeights().map(({ shape }, i) => tf.tensor(values[i] as Float32Array, shape));
  model.setWeights(tensors);
  tf.dispose(tensors);
}

/** The model at all steps of `x` [time, batch, FEATURES] from empty states: [time, batch, OUTPUTS]. */
export function outputsOf(model: layers.LayersModel, x: tf.Tensor3D): tf.Tensor3D {
  const [kernel, recurrent, bias, head, headBias] = variablesOf(model) as unknown as [
    tf.Tensor2D,
    tf.Tensor2D,
    tf.Tensor1D,
    tf.Tensor2D,
    tf.Tensor1D,
  ];
  const hidden = lstmSequence(x, kernel, recurrent, bias);
  return tf.reshape(tf.add(tf.matMul(hidden, head), headBias), [x.shape[0], x.shape[1], OUTPUTS]);
}

/** Mean pinball loss over quantiles, horizons and the targets that are there: max(tau e, (tau - 1) e), e = y - q. */
function pinball(predicted: tf.Tensor3D, { y, there }: Batch): tf.Scalar {
  const [time, batch] = predicted.shape;
  const error = tf.sub(tf.expandDims(y, -1), tf.reshape(predicted, [time, batch, HORIZONS.length, QUANTILES.length]));
  const tau = tf.tensor1d([...QUANTILES]);
  const loss = tf.maximum(tf.mul(error, tau), tf.mul(error, tf.sub(tau, 1)));
  return tf.div(tf.sum(tf.mul(tf.mean(loss, -1), there)), tf.maximum(tf.sum(there), 1));
}

interface Batch {
  readonly x: tf.Tensor3D;
  readonly y: tf.Tensor3D;
  readonly there: tf.Tensor3D;
}

/** Segments of the given places as tensors, time first. */
function batchOf({ x, y }: Segments, places: readonly number[]): Batch {
  const batch = places.length;
  const inputs = new Float32Array(SEGMENT * batch * FEATURES);
  const targets = new Float32Array(SEGMENT * batch * HORIZONS.length);
  for (const [row, place] of places.entries()) {
    for (let t = 0; t < SEGMENT; t++) {
      const from = place * SEGMENT + t;
      inputs.set(x.subarray(from * FEATURES, (from + 1) * FEATURES), (t * batch + row) * FEATURES);
      targets.set(
        y.subarray(from * HORIZONS.length, (from + 1) * HORIZONS.length),
        (t * batch + row) * HORIZONS.length,
      );
    }
  }
  const there = targets.map((target) => (Number.isNaN(target) ? 0 : 1));
  const known = targets.map((target) => (Number.isNaN(target) ? 0 : target));
  return {
    x: tf.tensor3d(inputs, [SEGMENT, batch, FEATURES]),
    y: tf.tensor3d(known, [SEGMENT, batch, HORIZONS.length]),
    there: tf.tensor3d(there, [SEGMENT, batch, HORIZONS.length]),
  };
}

export interface FitOptions {
  readonly steps: number;
  /** Segments per step. */
  readonly batch: number;
  /** Rate of the first step; it falls as a half cosine to a twentieth. */
  readonly rate: number;
  readonly random: () => number;
  /** No step begins after this many milliseconds. */
  readonly budgetMs?: number;
  readonly onStep?: (step: number, loss: number) => void;
}

/** Adam on the pinball loss with the gradients' norm clipped to 1. Returns the steps taken. Memory does not grow with them. */
export function fitNetwork(model: layers.LayersModel, segments: Segments, options: FitOptions): number {
  const optimizer = tf.train.adam(options.rate);
  const began = performance.now();
  let done = 0;
  for (; done < options.steps && performance.now() - began < (options.budgetMs ?? Infinity); done++) {
    const share = done / options.steps;
    // The rate is a plain field of the optimizer that its type hides.
    (optimizer as unknown as { learningRate: number }).learningRate =
      options.rate * (0.05 + 0.95 * 0.5 * (1 + Math.cos(Math.PI * share)));
    const places = Array.from({ length: options.batch }, () => Math.floor(options.random() * segments.count));
    const loss = tf.tidy(() => {
      const batch = batchOf(segments, places);
      const { value, grads } = tf.variableGrads(() => pinball(outputsOf(model, batch.x), batch), variablesOf(model));
      optimizer.applyGradients(clipped(grads) as Parameters<typeof optimizer.applyGradients>[0]);
      return options.onStep === undefined ? NaN : (value.dataSync()[0] as number);
    });
    options.onStep?.(done, loss);
  }
  optimizer.dispose();
  return done;
}

function clipped(gradients: tf.NamedTensorMap): tf.NamedTensorMap {
  const names = Object.keys(gradients);
  const squares = names.map((name) => tf.sum(tf.square(gradients[name] as tf.Tensor)));
  const norm = tf.sqrt(tf.addN(squares));
  const factor = tf.minimum(tf.div(CLIP_NORM, tf.maximum(norm, 1e-9)), 1);
  return Object.fromEntries(names.map((name) => [name, tf.mul(gradients[name] as tf.Tensor, factor)]));
}

/** Mean pinball loss of a model on segments; NaN when there are none. */
export function lossOf(model: layers.LayersModel, segments: Segments, batch = 64): number {
  let sum = 0;
  for (let at = 0; at < segments.count; at += batch) {
    const places = Array.from({ length: Math.min(batch, segments.count - at) }, (_, i) => at + i);
    sum += tf.tidy(() => {
      const part = batchOf(segments, places);
      return (pinball(outputsOf(model, part.x), part).dataSync()[0] as number) * places.length;
    });
  }
  return segments.count === 0 ? NaN : sum / segments.count;
}
