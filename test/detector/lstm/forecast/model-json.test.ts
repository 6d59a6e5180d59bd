import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, loadLayersModel, sequential } from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FEATURES, FEATURES_VERSION } from '../../../../detector/lstm/forecast/features.ts';
import { OUTPUTS, QUANTILES, readForecastModel, SHIPPED_MODEL } from '../../../../detector/lstm/forecast/model-json.ts';
import { openTraining } from '../../../../detector/lstm/training/backend.ts';
import { type ForecastFacts, saveForecastModel } from '../../../../detector/lstm/training/model-file.ts';

const facts: ForecastFacts = {
  trained_on: 'x',
  seed: 1,
  loss: 1,
  horizons: [1],
  quantiles: [0.5],
  features: FEATURES_VERSION,
};

let directory: string;
beforeAll(async () => {
  await openTraining();
});
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-model-json-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** A model of whatever shape, in a file. */
async function saved(change: {
  units?: number;
  activation?: 'relu';
  second?: boolean;
  outputs?: number;
  features?: number;
  outputActivation?: 'softmax';
}) {
  const model = sequential();
  const { units = 8, activation, second, outputs = OUTPUTS, features = FEATURES, outputActivation } = change;
  const lstm = (inputs: object) =>
    layers.lstm({
      units,
      returnSequences: true,
      recurrentActivation: 'sigmoid',
      recurrentInitializer: 'glorotUniform',
      ...(activation && { activation }),
      ...inputs,
    });
  model.add(lstm({ inputShape: [null, features] }));
  if (second) model.add(lstm({}));
  model.add(layers.dense({ units: outputs, ...(outputActivation && { activation: outputActivation }) }));
  await saveForecastModel(directory, model, facts);
  return model;
}
const edit = async (change: (json: Record<string, never>) => void) => {
  const path = join(directory, 'model.json');
  const json = JSON.parse(await readFile(path, 'utf8'));
  change(json);
  await writeFile(path, JSON.stringify(json));
};

describe('a model file', () => {
  test('read without TensorFlow.js has the weights that TensorFlow.js wrote', async () => {
    const model = await saved({ units: 12 });
    const read = readForecastModel(directory);
    const written = model.getWeights().map((tensor) => tensor.dataSync() as Float32Array);
    const { kernel, recurrent, bias, head, headBias, units } = read.weights;
    expect([kernel, recurrent, bias, head, headBias]).toEqual(written);
    expect(units).toBe(12);
    expect(read.facts).toEqual(facts);
  });

  test('the shipped one is of 32 units, about 30 kB, and says what made it', async () => {
    const { weights, facts: shipped } = readForecastModel(SHIPPED_MODEL);
    expect(weights.units).toBe(32);
    expect((await readFile(join(SHIPPED_MODEL, 'weights.bin'))).length).toBe(
      4 * (18 * 128 + 32 * 128 + 128 + 32 * 12 + 12),
    );
    expect(shipped).toMatchObject({ trained_on: 'synthetic', quantiles: [...QUANTILES], features: FEATURES_VERSION });
  });

  test('the shipped one loads in TensorFlow.js and predicts', async () => {
    const json = JSON.parse(await readFile(join(SHIPPED_MODEL, 'model.json'), 'utf8'));
    const bytes = await readFile(join(SHIPPED_MODEL, 'weights.bin'));
    const model: LayersModel = await loadLayersModel({
      load: async () => ({
        modelTopology: json.modelTopology,
        weightSpecs: json.weightsManifest[0].weights,
        weightData: new Uint8Array(bytes).buffer,
      }),
    });
    const out = model.predict(tf.zeros([1, 3, FEATURES])) as tf.Tensor;
    expect(out.shape).toEqual([1, 3, OUTPUTS]);
    expect(out.dataSync().every(Number.isFinite)).toBe(true);
  });

  test('as a converter of Keras models writes it: other names, a model_config, weights in several files', async () => {
    await cp(SHIPPED_MODEL, directory, { recursive: true });
    const bytes = await readFile(join(directory, 'weights.bin'));
    await writeFile(join(directory, 'group1-shard1of2.bin'), bytes.subarray(0, 1001));
    await writeFile(join(directory, 'group1-shard2of2.bin'), bytes.subarray(1001));
    await edit((json: Record<string, unknown>) => {
      const { config } = json['modelTopology'] as { config: { layers: unknown[] } };
      json['modelTopology'] = {
        keras_version: '2.15.0',
        backend: 'tensorflow',
        model_config: {
          class_name: 'Functional',
          config: { name: 'team', layers: [{ class_name: 'InputLayer', config: {} }, ...config.layers] },
        },
      };
      const [group] = json['weightsManifest'] as { paths: string[]; weights: { name: string }[] }[];
      if (group) group.paths = ['group1-shard1of2.bin', 'group1-shard2of2.bin'];
      for (const weight of group?.weights ?? []) weight.name = `team/${weight.name}`;
      delete json['userDefinedMetadata'];
    });
    expect(readForecastModel(directory)).toEqual({ weights: readForecastModel(SHIPPED_MODEL).weights, facts: {} });
  });

  test.each([
    [{ second: true }, 'the layers are LSTM, LSTM, Dense; LSTM, Dense are expected'],
    [{ activation: 'relu' }, 'activation of LSTM is relu; tanh is expected'],
    [{ outputActivation: 'softmax' }, 'activation of Dense is softmax; linear is expected'],
    [{ outputs: 9 }, '[8, 12] is expected'],
    [{ features: 5 }, 'has shape [5, 32]; [18, 32] is expected'],
    [{ units: 6 }, '6 units; a multiple of 4 is needed'],
  ] as const)('of another network (%j) is refused: %s', async (change, message) => {
    await saved(change);
    expect(() => readForecastModel(directory)).toThrow(message);
    expect(() => readForecastModel(directory)).toThrow(expect.objectContaining({ code: 'detector_model_shape' }));
  });

  test('that is none is refused with its path', async () => {
    const refused = (message: string) => {
      expect(() => readForecastModel(directory)).toThrow(
        expect.objectContaining({ code: 'detector_model_unreadable' }),
      );
      expect(() => readForecastModel(directory)).toThrow(message);
    };
    refused(join(directory, 'model.json'));
    await writeFile(join(directory, 'model.json'), '{');
    refused('JSON');
    await saved({});
    await edit((json: Record<string, unknown>) => delete json['weightsManifest']);
    refused('weightsManifest');
    await saved({});
    await writeFile(join(directory, 'weights.bin'), new Uint8Array(100));
    refused('the weights end within');
    await saved({});
    await edit((json: Record<string, unknown>) => {
      const [group] = json['weightsManifest'] as { paths: string[] }[];
      if (group) group.paths = ['../weights.bin'];
    });
    refused('must be a file beside model.json');
    await saved({});
    await edit((json: Record<string, unknown>) => {
      const [group] = json['weightsManifest'] as { weights: object[] }[];
      Object.assign(group?.weights[0] ?? {}, { quantization: { dtype: 'uint8' } });
    });
    refused('is not plain float32');
  });
});
