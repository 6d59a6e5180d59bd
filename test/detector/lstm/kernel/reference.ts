import type { LstmWeights } from '../../../../detector/lstm/kernel/weights.ts';

/** The same layer in plain Float64: slow and obviously right. `x` is [time, features] of one series; returns [time, outputs]. */
export function referenceLstm(weights: LstmWeights, x: Float32Array, h: Float64Array, c: Float64Array): Float64Array {
  const { features, units, outputs } = weights;
  const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
  const steps = x.length / features;
  const out = new Float64Array(steps * outputs);
  const z = new Float64Array(4 * units);
  for (let t = 0; t < steps; t++) {
    for (let j = 0; j < 4 * units; j++) {
      let sum = weights.bias[j] as number;
      for (let k = 0; k < features; k++)
        sum += (x[t * features + k] as number) * (weights.kernel[k * 4 * units + j] as number);
      for (let k = 0; k < units; k++) sum += (h[k] as number) * (weights.recurrent[k * 4 * units + j] as number);
      z[j] = sum;
    }
    for (let u = 0; u < units; u++) {
      const [i, f, g, o] = [0, 1, 2, 3].map((gate) => z[gate * units + u] as number) as [
        number,
        number,
        number,
        number,
      ];
      c[u] = sigmoid(f) * (c[u] as number) + sigmoid(i) * Math.tanh(g);
      h[u] = sigmoid(o) * Math.tanh(c[u] as number);
    }
    for (let j = 0; j < outputs; j++) {
      let sum = weights.headBias[j] as number;
      for (let k = 0; k < units; k++) sum += (h[k] as number) * (weights.head[k * outputs + j] as number);
      out[t * outputs + j] = sum;
    }
  }
  return out;
}

/** Weights of a made-up network, of the size that training gives. */
export function randomWeights(features: number, units: number, outputs: number, random: () => number): LstmWeights {
  const fill = (length: number, spread: number) =>
    Float32Array.from({ length }, () => spread * (random() + random() + random() - 1.5));
  return {
    features,
    units,
    outputs,
    kernel: fill(features * 4 * units, 0.6),
    recurrent: fill(units * 4 * units, 0.5),
    bias: fill(4 * units, 1),
    head: fill(units * outputs, 0.5),
    headBias: fill(outputs, 0.5),
  };
}
