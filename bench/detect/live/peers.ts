import { FEATURES } from '../../../detector/lstm/forecast/features.ts';
import { readForecastModel, SHIPPED_MODEL } from '../../../detector/lstm/forecast/model-json.ts';
import { bestBuild } from '../../../detector/lstm/kernel/kernel.ts';
import { openTraining } from '../../../detector/lstm/training/backend.ts';
import { seededRandom } from '../../../detector/random.ts';
import { kernelEngine, onnxEngine, packageIn, rateOf, tfjsCoreEngine, tfjsLayersEngine } from '../../lstm/engines.ts';

const BATCH = 2048;
const WINDOW = 48;
const SLICE_MS = 100;
const ROUNDS = 7;

/** Steps of the network alone for each second of processor. */
export interface PeerRate {
  readonly name: string;
  readonly rate: number;
}

/**
 * The shipped network by our kernel, by TensorFlow.js and, where `onnxDirectory` has them in its node_modules, by
 * onnxruntime-node and -web; in turns, so that a busy machine slows all alike. None of them makes features, judges or decides.
 */
export async function peerRates(onnxDirectory: string | undefined, rounds = ROUNDS): Promise<readonly PeerRate[]> {
  const { weights } = readForecastModel(SHIPPED_MODEL);
  const random = seededRandom(2);
  const x = Float32Array.from({ length: BATCH * FEATURES }, () => 2 * random() - 1);
  const backend = await openTraining();
  const engines = [
    await kernelEngine(weights, x, BATCH, 1, bestBuild()),
    tfjsCoreEngine(weights, x, BATCH),
    tfjsLayersEngine(weights, BATCH / 8, WINDOW),
    await onnxEngine(packageIn(onnxDirectory, 'onnxruntime-node'), 'onnxruntime-node', weights, x, BATCH),
    await onnxEngine(packageIn(onnxDirectory, 'onnxruntime-web'), 'onnxruntime-web', weights, x, BATCH),
  ].filter((engine) => engine !== undefined);
  const rates = engines.map((): number[] => []);
  for (const engine of engines) await engine.step();
  for (let round = 0; round < rounds; round++) {
    for (const [i, engine] of engines.entries()) rates[i]?.push((await rateOf(engine, SLICE_MS))[1]);
  }
  for (const engine of engines) await engine[Symbol.asyncDispose]();
  return engines.map(({ name }, i) => ({
    name: name.startsWith('tfjs') ? `${name} (${backend})` : name,
    rate: (rates[i] as number[]).toSorted((a, b) => a - b)[rounds >> 1] as number,
  }));
}
