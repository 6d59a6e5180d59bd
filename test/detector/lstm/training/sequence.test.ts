import * as tf from '@tensorflow/tfjs-core';
// Registers the gradients of the operations.
import '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { openTraining } from '../../../../detector/lstm/training/backend.ts';
import { lstmSequence } from '../../../../detector/lstm/training/sequence.ts';
import { seeded } from '../../world.ts';

/** The same layer out of TensorFlow.js's own operations, which know their gradients. */
function unrolled(x: tf.Tensor3D, kernel: tf.Tensor2D, recurrent: tf.Tensor2D, bias: tf.Tensor1D): tf.Tensor2D {
  const [time, batch] = x.shape;
  const units = recurrent.shape[0];
  let h: tf.Tensor2D = tf.zeros([batch, units]);
  let c: tf.Tensor = tf.zeros([batch, units]);
  const all: tf.Tensor[] = [];
  for (let t = 0; t < time; t++) {
    const input = tf.reshape(tf.slice(x, [t, 0, 0], [1, -1, -1]), [batch, -1]) as tf.Tensor2D;
    const z = tf.add(tf.add(tf.matMul(input, kernel), tf.matMul(h, recurrent)), bias);
    const [i, f, g, o] = tf.split(z, 4, 1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    c = tf.add(tf.mul(tf.sigmoid(f), c), tf.mul(tf.sigmoid(i), tf.tanh(g)));
    h = tf.mul(tf.sigmoid(o), tf.tanh(c)) as tf.Tensor2D;
    all.push(h);
  }
  return tf.concat(all, 0) as tf.Tensor2D;
}

beforeAll(async () => {
  expect(['wasm', 'tensorflow']).toContain(await openTraining());
});

describe('the LSTM layer as an operation with a gradient of its own', () => {
  test.each([
    { time: 7, batch: 3, features: 5, units: 8 },
    { time: 20, batch: 6, features: 3, units: 32 },
    { time: 1, batch: 1, features: 2, units: 4 },
    { time: 9, batch: 5, features: 18, units: 20 },
  ])(
    'answers and pulls back as the operations it stands for: $time steps, $units units',
    ({ time, batch, features, units }) => {
      const random = seeded(time);
      const fill = (shape: number[], spread = 1) =>
        tf.tensor(
          Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => spread * (2 * random() - 1)),
          shape,
        );
      const x = fill([time, batch, features], 3) as tf.Tensor3D;
      const weights = [fill([features, 4 * units]), fill([units, 4 * units], 0.5), fill([4 * units])];
      const pull = fill([time * batch, units]);
      const results = [lstmSequence, unrolled].map((layer) => {
        const loss = (...w: tf.Tensor[]) =>
          tf.sum(tf.mul(layer(x, w[0] as tf.Tensor2D, w[1] as tf.Tensor2D, w[2] as tf.Tensor1D), pull)) as tf.Scalar;
        const { value, grads } = tf.valueAndGrads(loss)(weights);
        return [value, ...grads].map((tensor) => ({ shape: tensor.shape, data: tensor.dataSync() as Float32Array }));
      });
      const [ours, theirs] = results as [(typeof results)[0], (typeof results)[0]];
      for (const [i, { shape, data }] of theirs.entries()) {
        expect(ours[i]?.shape).toEqual(shape);
        const size = Math.max(1e-6, ...data.map(Math.abs));
        for (const [j, number] of data.entries())
          expect(Math.abs((ours[i]?.data[j] as number) - number) / size).toBeLessThan(2e-5);
      }
    },
  );

  test('nothing is left behind: tensors do not grow with the number of calls', () => {
    const run = () =>
      tf.tidy(() => {
        const weights = [tf.ones([2, 16]), tf.ones([4, 16]), tf.ones([16])];
        tf.grads((...w) =>
          tf.sum(lstmSequence(tf.ones([5, 2, 2]), w[0] as tf.Tensor2D, w[1] as tf.Tensor2D, w[2] as tf.Tensor1D)),
        )(weights);
      });
    run();
    const before = tf.memory().numTensors;
    for (let i = 0; i < 10; i++) run();
    expect(tf.memory().numTensors).toBe(before);
  });
});
