import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { errorMessage, WeirError } from '../../../core/errors.ts';
import { checkWeights, type LstmWeights } from '../kernel/weights.ts';
import { FEATURES, HORIZONS } from './features.ts';

/** Shares of the values that lie below each forecast quantile. */
export const QUANTILES = [0.05, 0.5, 0.95] as const;
/** Numbers the network answers with: for each horizon its quantiles, of the squashed change in units of change. */
export const OUTPUTS = HORIZONS.length * QUANTILES.length;

const layer = z.object({ class_name: z.string(), config: z.record(z.string(), z.unknown()) });
const modelJson = z.object({
  format: z.literal('layers-model').optional(),
  modelTopology: z.object({
    model_config: z.object({ config: z.union([z.array(layer), z.object({ layers: z.array(layer) })]) }).optional(),
    config: z.union([z.array(layer), z.object({ layers: z.array(layer) })]).optional(),
  }),
  weightsManifest: z.array(
    z.object({
      paths: z.array(z.string().regex(/^[\w.-]+$/, 'must be a file beside model.json')),
      weights: z.array(
        z.object({
          name: z.string(),
          shape: z.array(z.int().nonnegative()),
          dtype: z.string(),
          quantization: z.unknown().optional(),
        }),
      ),
    }),
  ),
  userDefinedMetadata: z.record(z.string(), z.unknown()).optional(),
});

/** A network for forecasts, as its file has it. */
export interface ForecastModel {
  readonly weights: LstmWeights;
  /** Whatever its maker wrote beside the weights. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** The folder of the weights that Weir ships. */
export const SHIPPED_MODEL = join(import.meta.dirname, '../shipped');

/**
 * Reads a TensorFlow.js layers model (`model.json` and the weights it names) without TensorFlow.js. It must be one LSTM layer
 * over 18 features with the usual activations (tanh, sigmoid) and a dense layer of 12 linear outputs. Throws
 * `detector_model_unreadable` for a file that is none and `detector_model_shape` for another network, naming what is different.
 */
export function readForecastModel(directory: string): ForecastModel {
  const path = join(directory, 'model.json');
  let json: z.infer<typeof modelJson>;
  const tensors: { name: string; shape: readonly number[]; values: Float32Array }[] = [];
  try {
    json = modelJson.parse(JSON.parse(readFileSync(path, 'utf8')));
    for (const { paths, weights } of json.weightsManifest) {
      const bytes = Buffer.concat(paths.map((name) => readFileSync(join(directory, name))));
      let at = 0;
      for (const { name, shape, dtype, quantization } of weights) {
        if (dtype !== 'float32' || quantization !== undefined) throw new Error(`${name} is not plain float32`);
        const length = shape.reduce((product, size) => product * size, 1);
        if (at + 4 * length > bytes.length) throw new Error(`the weights end within ${name}`);
        tensors.push({ name, shape, values: Float32Array.from({ length }, (_, i) => bytes.readFloatLE(at + 4 * i)) });
        at += 4 * length;
      }
    }
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : errorMessage(error);
    throw new WeirError('detector_model_unreadable', `${path}: ${reason}`, { cause: error });
  }
  checkLayers(path, json);
  const weights = arrange(path, tensors);
  checkWeights(weights);
  return { weights, facts: json.userDefinedMetadata ?? {} };
}

function refuse(path: string, message: string): never {
  throw new WeirError('detector_model_shape', `${path}: ${message}`);
}

function checkLayers(path: string, { modelTopology }: z.infer<typeof modelJson>): void {
  const config = modelTopology.model_config?.config ?? modelTopology.config ?? [];
  const all = 'layers' in config ? config.layers : config;
  const working = all.filter(({ class_name }) => class_name !== 'InputLayer');
  const [lstm, dense] = working;
  if (working.length !== 2 || lstm?.class_name !== 'LSTM' || dense?.class_name !== 'Dense') {
    refuse(
      path,
      `the layers are ${working.map(({ class_name }) => class_name).join(', ') || 'none'}; LSTM, Dense are expected`,
    );
  }
  const expected = [
    [lstm, 'activation', 'tanh'],
    [lstm, 'recurrent_activation', 'sigmoid'],
    [lstm, 'go_backwards', false],
    [dense, 'activation', 'linear'],
  ] as const;
  for (const [{ class_name, config }, key, value] of expected) {
    if (config[key] !== undefined && config[key] !== value) {
      refuse(path, `${key} of ${class_name} is ${String(config[key])}; ${String(value)} is expected`);
    }
  }
}

function arrange(
  path: string,
  tensors: readonly { name: string; shape: readonly number[]; values: Float32Array }[],
): LstmWeights {
  const [kernel, recurrent, bias, head, headBias] = tensors;
  if (!kernel || !recurrent || !bias || !head || !headBias || tensors.length !== 5) {
    refuse(
      path,
      `there are ${tensors.length} arrays of weights; five are expected: the LSTM's kernel, recurrent kernel and bias, the head's kernel and bias`,
    );
  }
  const units = recurrent.shape[0] ?? 0;
  const shapes = [
    [kernel, [FEATURES, 4 * units]],
    [recurrent, [units, 4 * units]],
    [bias, [4 * units]],
    [head, [units, OUTPUTS]],
    [headBias, [OUTPUTS]],
  ] as const;
  for (const [{ name, shape }, wanted] of shapes) {
    if (shape.join() !== wanted.join())
      refuse(path, `${name} has shape [${shape.join(', ')}]; [${wanted.join(', ')}] is expected`);
  }
  return {
    features: FEATURES,
    units,
    outputs: OUTPUTS,
    kernel: kernel.values,
    recurrent: recurrent.values,
    bias: bias.values,
    head: head.values,
    headBias: headBias.values,
  };
}
