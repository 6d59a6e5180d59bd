import { argv, env, stdout } from 'node:process';
import { FEATURES } from '../../detector/lstm/forecast/features.ts';
import { OUTPUTS } from '../../detector/lstm/forecast/model-json.ts';
import { bestBuild } from '../../detector/lstm/kernel/kernel.ts';
import type { LstmWeights } from '../../detector/lstm/kernel/weights.ts';
import { openTraining } from '../../detector/lstm/training/backend.ts';
import { seededRandom } from '../../detector/random.ts';
import { kernelEngine, onnxEngine, packageIn, rateOf, tfjsCoreEngine, tfjsLayersEngine } from './engines.ts';

// node bench/lstm/speed.ts [ONNX_DIR]: new points of series through the LSTM each second, states carried, of our kernel, of
// TensorFlow.js and, where ONNX_DIR/node_modules has them, of onnxruntime-node and -web. All engines take turns in short rounds,
// so that a busy machine slows all alike; compare the ratios.

const BATCH = 2048;
const WINDOW = 48;
const ROUNDS = Number(env['ROUNDS'] ?? 15);
const SLICE_MS = 60;

function madeWeights(units: number): LstmWeights {
  const random = seededRandom(1);
  const fill = (length: number) => Float32Array.from({ length }, () => 0.6 * (random() - 0.5));
  return {
    features: FEATURES,
    units,
    outputs: OUTPUTS,
    kernel: fill(FEATURES * 4 * units),
    recurrent: fill(units * 4 * units),
    bias: fill(4 * units),
    head: fill(units * OUTPUTS),
    headBias: fill(OUTPUTS),
  };
}

const median = (all: readonly number[]) => all.toSorted((a, b) => a - b)[all.length >> 1] as number;

const onnxDirectory = argv[2];

stdout.write(
  `TensorFlow.js backend: ${await openTraining()}; kernel build: ${bestBuild()}; ${BATCH} series, ${FEATURES} inputs\n`,
);
stdout.write(
  'units | engine | M steps/s, median | best | M steps per second of processor, median | of one kernel thread\n',
);
for (const units of [16, 32, 64]) {
  const weights = madeWeights(units);
  const random = seededRandom(2);
  const x = Float32Array.from({ length: BATCH * FEATURES }, () => 2 * random() - 1);
  const engines = [
    await kernelEngine(weights, x, BATCH, 1, bestBuild()),
    await kernelEngine(weights, x, BATCH, 2, bestBuild()),
    await kernelEngine(weights, x, BATCH, 1, 'plain'),
    tfjsCoreEngine(weights, x, BATCH),
    tfjsLayersEngine(weights, BATCH / 8, WINDOW),
    await onnxEngine(packageIn(onnxDirectory, 'onnxruntime-node'), 'onnxruntime-node', weights, x, BATCH),
    await onnxEngine(packageIn(onnxDirectory, 'onnxruntime-web'), 'onnxruntime-web', weights, x, BATCH),
  ].filter((engine) => engine !== undefined);
  // Three steps, so that the states that were handed on count.
  for (const engine of engines) for (let i = 0; i < 3; i++) await engine.step();
  const [reference] = engines.map((engine) => engine.check());
  for (const engine of engines) {
    if (!(Math.abs(engine.check() - (reference as number)) < 1e-5) && !Number.isNaN(engine.check())) {
      throw new Error(`${engine.name} answers ${engine.check()} where the kernel answers ${reference}`);
    }
  }
  const rates = engines.map((): { clock: number[]; processor: number[] } => ({ clock: [], processor: [] }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, engine] of engines.entries()) {
      const [clock, processor] = await rateOf(engine, SLICE_MS);
      rates[i]?.clock.push(clock);
      rates[i]?.processor.push(processor);
    }
  }
  const one = median(rates[0]?.processor ?? []);
  for (const [i, engine] of engines.entries()) {
    const { clock = [], processor = [] } = rates[i] ?? {};
    const millions = [median(clock), Math.max(...clock), median(processor)].map((rate) => (rate / 1e6).toFixed(3));
    stdout.write(`${units} | ${engine.name} | ${millions.join(' | ')} | ${(median(processor) / one).toFixed(4)}\n`);
    await engine[Symbol.asyncDispose]();
  }
}
