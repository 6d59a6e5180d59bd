import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';

const PAGE = 65_536;

interface SequenceExports {
  readonly memory: WebAssembly.Memory;
  gemm(...numbers: number[]): void;
  forward(...numbers: number[]): void;
  backward(...numbers: number[]): void;
}

let exports: SequenceExports | undefined;

/** Compiles the module, once for the process. */
export async function openSequence(): Promise<void> {
  if (exports !== undefined) return;
  const module = await WebAssembly.compile(readFileSync(new URL('./sequence.wasm', import.meta.url)));
  exports = new WebAssembly.Instance(module, {}).exports as unknown as SequenceExports;
}

/**
 * One LSTM layer as an operation of TensorFlow.js with a gradient of its own: `x` [time, batch, features] to the hidden
 * state at every step [time * batch, units], from empty states. Unrolled into small operations the same costs ten times as
 * much: launching them takes longer than computing them. There is no gradient by `x`. `openSequence` comes first.
 *
 *   z = x W + h U + b,  c <- s(z_f) c + s(z_i) tanh(z_g),  h <- s(z_o) tanh(c)
 *
 * Backward through time: dz from dh and dc at each step, dh' = dz U^T; then dW = x^T dz, dU = h'^T dz, db = sum dz.
 */
export function lstmSequence(
  x: tf.Tensor3D,
  kernel: tf.Tensor2D,
  recurrent: tf.Tensor2D,
  bias: tf.Tensor1D,
): tf.Tensor2D {
  if (exports === undefined) throw new Error('openSequence was not awaited');
  const { memory, gemm, forward, backward } = exports;
  const [time, batch, features] = x.shape;
  const units = recurrent.shape[0];
  const rows = time * batch;
  const gates = 4 * units;
  let top = 1024;
  const place = (numbers: number) => {
    const at = top;
    top += 4 * numbers;
    return at;
  };
  const at = {
    x: place(rows * features),
    kernel: place(features * gates),
    recurrent: place(units * gates),
    turned: place(units * gates),
    gates: place(rows * gates),
    cells: place(rows * units),
    // One step of zeros stands before the first: the state that step saw.
    hidden: place((rows + batch) * units),
    pull: place(rows * units),
    carry: place(batch * units),
    dKernel: place(features * gates),
    dRecurrent: place(units * gates),
  };
  const missing = top - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  const view = (address: number, length: number) => new Float32Array(memory.buffer, address, length);
  const first = at.hidden + 4 * batch * units;

  const layer = tf.customGrad((w, u, b, save) => {
    const [weights, back] = [w as tf.Tensor, u as tf.Tensor];
    view(at.x, rows * features).set(x.dataSync());
    view(at.kernel, features * gates).set(weights.dataSync());
    view(at.recurrent, units * gates).set(back.dataSync());
    const sums = view(at.gates, rows * gates);
    const offsets = (b as tf.Tensor).dataSync();
    for (let row = 0; row < rows; row++) sums.set(offsets, row * gates);
    gemm(rows, gates, features, at.x, 4 * features, 4, at.kernel, 4 * gates, at.gates, 4 * gates);
    forward(time, batch, units, at.recurrent, at.gates, at.cells, first);
    (save as tf.GradSaveFunc)([back]);
    return {
      value: tf.tensor2d(view(first, rows * units).slice(), [rows, units]),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const matrix = (saved[0] as tf.Tensor).dataSync();
        const turned = view(at.turned, units * gates);
        for (let i = 0; i < units; i++) {
          for (let j = 0; j < gates; j++) turned[j * units + i] = matrix[i * gates + j] as number;
        }
        view(at.pull, rows * units).set(dy.dataSync());
        backward(time, batch, units, at.turned, at.gates, at.cells, at.pull, at.carry);
        view(at.hidden, batch * units).fill(0);
        const dKernel = view(at.dKernel, features * gates).fill(0);
        gemm(features, gates, rows, at.x, 4, 4 * features, at.gates, 4 * gates, at.dKernel, 4 * gates);
        const dRecurrent = view(at.dRecurrent, units * gates).fill(0);
        gemm(units, gates, rows, at.hidden, 4, 4 * units, at.gates, 4 * gates, at.dRecurrent, 4 * gates);
        const dBias = new Float32Array(gates);
        const dz = view(at.gates, rows * gates);
        for (let i = 0; i < dz.length; i++) dBias[i % gates] = (dBias[i % gates] as number) + (dz[i] as number);
        return [
          tf.tensor2d(dKernel.slice(), [features, gates]),
          tf.tensor2d(dRecurrent.slice(), [units, gates]),
          tf.tensor1d(dBias),
        ];
      },
    };
  });
  return layer(kernel, recurrent, bias) as tf.Tensor2D;
}
