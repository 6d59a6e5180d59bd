import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bestBuild, createKernel, type KernelBuild } from '../../../../detector/lstm/kernel/kernel.ts';
import { openStepper } from '../../../../detector/lstm/kernel/pool.ts';
import { seeded } from '../../world.ts';
import { randomWeights, referenceLstm } from './reference.ts';

const BUILDS: readonly KernelBuild[] = bestBuild() === 'fused' ? ['fused', 'plain'] : ['plain'];

describe.each(BUILDS)('the %s kernel', (build) => {
  test('agrees with a plain Float64 network over 1,000 carried steps, whatever the row', async () => {
    const random = seeded(1);
    const weights = randomWeights(14, 32, 12, random);
    const kernel = createKernel(weights, { batch: 5, series: 5, build });
    const states = Array.from({ length: 5 }, () => ({ h: new Float64Array(32), c: new Float64Array(32) }));
    let worst = 0;
    for (let t = 0; t < 1000; t++) {
      // The series change their rows, and an odd number of rows leaves the last one without a partner.
      const order = [3, 0, 4, 2, 1].map((_, i, all) => all[(i + t) % 5] as number);
      const inputs = order.map(() => Float32Array.from({ length: 14 }, () => 8 * (random() - 0.5)));
      kernel.index.set(order);
      for (const [row, x] of inputs.entries()) kernel.x.set(x, row * 14);
      kernel.step(5);
      for (const [row, series] of order.entries()) {
        const { h, c } = states[series] as { h: Float64Array; c: Float64Array };
        const expected = referenceLstm(weights, inputs[row] as Float32Array, h, c);
        for (let o = 0; o < 12; o++) {
          worst = Math.max(worst, Math.abs((expected[o] as number) - (kernel.out[row * 16 + o] as number)));
        }
      }
    }
    expect(worst).toBeLessThan(1e-5);
    expect(worst).toBeGreaterThan(0);
  });

  test('any shape: features from 1, units a multiple of 4, outputs over several blocks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 17 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer(),
        async (features, blocks, outputs, rows, seed) => {
          const random = seeded(seed);
          const weights = randomWeights(features, 4 * blocks, outputs, random);
          const kernel = createKernel(weights, { batch: rows, series: rows, build });
          const x = Float32Array.from({ length: rows * features }, () => 4 * (random() - 0.5));
          kernel.x.set(x);
          for (let row = 0; row < rows; row++) kernel.index[row] = rows - 1 - row;
          kernel.step(rows);
          for (let row = 0; row < rows; row++) {
            const [h, c] = [new Float64Array(4 * blocks), new Float64Array(4 * blocks)];
            const expected = referenceLstm(weights, x.subarray(row * features, (row + 1) * features), h, c);
            const at = row * kernel.layout.outputs;
            for (let o = 0; o < outputs; o++) expect(kernel.out[at + o]).toBeCloseTo(expected[o] as number, 5);
            const state = kernel.state.subarray((rows - 1 - row) * 8 * blocks, (rows - row) * 8 * blocks);
            for (let u = 0; u < 4 * blocks; u++) expect(state[u]).toBeCloseTo(h[u] as number, 5);
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  test('huge inputs saturate the gates and leave no NaN', async () => {
    const kernel = createKernel(randomWeights(3, 8, 4, seeded(2)), { batch: 1, series: 1, build });
    for (const huge of [1e30, -1e30, 3e38]) {
      kernel.x.fill(huge);
      for (let t = 0; t < 50; t++) kernel.step(1);
      expect([...kernel.state, ...kernel.out].every(Number.isFinite)).toBe(true);
    }
  });

  test('series that are not in the batch keep their state; room grows without losing any', async () => {
    const kernel = createKernel(randomWeights(3, 4, 2, seeded(3)), { batch: 4, series: 2, build });
    kernel.x.fill(1);
    kernel.index.set([1]);
    kernel.step(1);
    const kept = [...kernel.state.subarray(8, 16)];
    expect(kept.some((value) => value !== 0)).toBe(true);
    expect([...kernel.state.subarray(0, 8)]).toEqual(new Array(8).fill(0));
    kernel.reserve(50_000);
    expect(kernel.state.length).toBe(50_000 * 8);
    expect([...kernel.state.subarray(8, 16)]).toEqual(kept);
    kernel.index.set([49_999, 0, 7]);
    kernel.step(3);
    expect([...kernel.state.subarray(8, 16)]).toEqual(kept);
    expect([...kernel.state.subarray(49_999 * 8)]).toEqual([...kernel.state.subarray(0, 8)]);
  });

  test('two threads on one memory answer what one answers, to the bit', async () => {
    const weights = randomWeights(6, 16, 5, seeded(4));
    const random = seeded(5);
    const one = createKernel(weights, { batch: 101, series: 101, build });
    const two = createKernel(weights, { batch: 101, series: 101, threads: 2, build });
    await using stepper = await openStepper(two);
    for (let t = 0; t < 40; t++) {
      for (let row = 0; row < 101; row++) one.index[row] = (row * 7 + t) % 101;
      for (let i = 0; i < one.x.length; i++) one.x[i] = 2 * random() - 1;
      two.index.set(one.index);
      two.x.set(one.x);
      const rows = 101 - (t % 5);
      one.step(rows);
      stepper.step(rows);
      expect(two.out).toEqual(one.out);
      expect(two.state).toEqual(one.state);
    }
  });
});

test('a network that the kernel cannot run is refused with what is wrong', async () => {
  const weights = randomWeights(3, 8, 2, seeded(1));
  expect(() => createKernel({ ...weights, units: 6 }, { batch: 1 })).toThrow(
    expect.objectContaining({ code: 'detector_model_shape' }),
  );
  expect(() => createKernel({ ...weights, bias: new Float32Array(3) }, { batch: 1 })).toThrow(
    'bias has 3 numbers where 32 are expected',
  );
  expect(() => createKernel({ ...weights, headBias: new Float32Array([1, NaN]) }, { batch: 1 })).toThrow('finite');
  const kernel = createKernel(weights, { batch: 1 });
  expect(() => kernel.load(randomWeights(3, 12, 2, seeded(1)))).toThrow('8 units');
});

test('new weights take the place of the old ones between two steps', async () => {
  const [first, second] = [randomWeights(3, 8, 2, seeded(1)), randomWeights(3, 8, 2, seeded(2))];
  const answer = async (load: boolean) => {
    const kernel = createKernel(load ? first : second, { batch: 1, series: 1 });
    if (load) kernel.load(second);
    kernel.x.fill(0.5);
    kernel.step(1);
    return [...kernel.out];
  };
  expect(await answer(true)).toEqual(await answer(false));
});
