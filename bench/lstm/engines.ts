import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { createKernel, type KernelBuild } from '../../detector/lstm/kernel/kernel.ts';
import { openStepper } from '../../detector/lstm/kernel/pool.ts';
import type { LstmWeights } from '../../detector/lstm/kernel/weights.ts';
import { buildNetwork } from '../../detector/lstm/training/network.ts';
import { onnxModel } from './onnx.ts';

/** Something that steps a batch of series by one point; `check` is its first output after the first step. */
export interface Engine extends AsyncDisposable {
  readonly name: string;
  step(): void | Promise<void>;
  /** Series-steps that one `step` stands for. */
  readonly steps: number;
  check(): number;
}

const nothing = async () => {};

/** Our kernel on `threads` threads. */
export async function kernelEngine(
  weights: LstmWeights,
  x: Float32Array,
  batch: number,
  threads: number,
  build: KernelBuild,
): Promise<Engine> {
  const kernel = createKernel(weights, { batch, series: batch, threads, build });
  kernel.x.set(x);
  for (let i = 0; i < batch; i++) kernel.index[i] = i;
  const stepper = await openStepper(kernel);
  return {
    name: `kernel, ${build}, ${threads} thread${threads > 1 ? 's' : ''}`,
    steps: batch,
    step: () => stepper.step(batch),
    check: () => kernel.out[0] as number,
    [Symbol.asyncDispose]: () => stepper[Symbol.asyncDispose](),
  };
}

/** One step by the operations of tfjs-core, h and c kept as tensors. */
export function tfjsCoreEngine(weights: LstmWeights, x: Float32Array, batch: number): Engine {
  const { features, units, outputs } = weights;
  const stacked = new Float32Array((features + units) * 4 * units);
  stacked.set(weights.kernel);
  stacked.set(weights.recurrent, weights.kernel.length);
  const matrix = tf.tensor2d(stacked, [features + units, 4 * units]);
  const bias = tf.tensor1d(weights.bias);
  const head = tf.tensor2d(weights.head, [units, outputs]);
  const headBias = tf.tensor1d(weights.headBias);
  const inputs = tf.tensor2d(x, [batch, features]);
  let h: tf.Tensor = tf.zeros([batch, units]);
  let c: tf.Tensor = tf.zeros([batch, units]);
  let first = NaN;
  return {
    name: 'tfjs-core, stateful step',
    steps: batch,
    step() {
      const [h2, c2, y] = tf.tidy(() => {
        const z = tf.add(tf.matMul(tf.concat([inputs, h], 1), matrix), bias);
        const [i, f, g, o] = tf.split(z, 4, 1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
        const cell = tf.add(tf.mul(tf.sigmoid(f), c), tf.mul(tf.sigmoid(i), tf.tanh(g)));
        const hidden = tf.mul(tf.sigmoid(o), tf.tanh(cell)) as tf.Tensor2D;
        return [hidden, cell, tf.add(tf.matMul(hidden, head), headBias)] as [tf.Tensor, tf.Tensor, tf.Tensor];
      });
      tf.dispose([h, c]);
      h = h2;
      c = c2;
      first = y.dataSync()[0] as number;
      y.dispose();
    },
    check: () => first,
    [Symbol.asyncDispose]: nothing,
  };
}

/** `predict` of tfjs-layers over a window for each new point: what a stream without carried states costs. */
export function tfjsLayersEngine(weights: LstmWeights, batch: number, window: number): Engine {
  const model = buildNetwork(weights.units, 1);
  const { features } = weights;
  const input = tf.tensor3d(new Float32Array(batch * window * features).fill(0.1), [batch, window, features]);
  return {
    name: `tfjs-layers, predict over ${window} points`,
    steps: batch,
    step() {
      const out = model.predict(input) as tf.Tensor;
      out.dataSync();
      out.dispose();
    },
    check: () => NaN,
    [Symbol.asyncDispose]: nothing,
  };
}

interface OnnxTensor {
  readonly data: Float32Array;
}
interface Onnx {
  readonly env?: { readonly wasm?: { numThreads?: number } };
  readonly Tensor: new (type: 'float32', data: Float32Array, shape: readonly number[]) => OnnxTensor;
  readonly InferenceSession: {
    create(model: Uint8Array, options: object): Promise<{ run(feeds: object): Promise<Record<string, OnnxTensor>> }>;
  };
}

/** onnxruntime's LSTM, h and c handed back in; undefined when the module at `path` is not there. */
export async function onnxEngine(
  path: string,
  name: string,
  weights: LstmWeights,
  x: Float32Array,
  batch: number,
): Promise<Engine | undefined> {
  let onnx: Onnx;
  try {
    const loaded = await import(pathToFileURL(path).href);
    onnx = loaded.InferenceSession ? loaded : loaded.default;
  } catch {
    return undefined;
  }
  if (onnx.env?.wasm) onnx.env.wasm.numThreads = 1;
  const session = await onnx.InferenceSession.create(onnxModel(weights), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  const { features, units } = weights;
  const input = new onnx.Tensor('float32', x, [1, batch, features]);
  let h = new onnx.Tensor('float32', new Float32Array(batch * units), [1, batch, units]);
  let c = new onnx.Tensor('float32', new Float32Array(batch * units), [1, batch, units]);
  let first = NaN;
  return {
    name: `${name}, stateful step`,
    steps: batch,
    async step() {
      const out = await session.run({ x: input, h, c });
      h = out['next_h'] as OnnxTensor;
      c = out['next_c'] as OnnxTensor;
      first = out['y']?.data[0] as number;
    },
    check: () => first,
    [Symbol.asyncDispose]: nothing,
  };
}

/** Steps of one slice by the clock and by processor time, of all threads; the latter says more where others use the machine. */
export async function rateOf(engine: Engine, sliceMs: number): Promise<readonly [clock: number, processor: number]> {
  const began = performance.now();
  const used = process.cpuUsage();
  let steps = 0;
  do {
    await engine.step();
    steps += engine.steps;
  } while (performance.now() - began < sliceMs);
  const { user, system } = process.cpuUsage(used);
  return [(1000 * steps) / (performance.now() - began), (1e6 * steps) / (user + system)];
}

/** Where a package is in the node_modules of a directory; empty where it is not. */
export function packageIn(directory: string | undefined, name: string): string {
  try {
    return createRequire(join(directory ?? '.', 'package.json')).resolve(name);
  } catch {
    return '';
  }
}
