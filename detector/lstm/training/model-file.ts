import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { io } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Losses } from './train.ts';

/** What is known of a forecast model, beside its weights: `userDefinedMetadata` of its file. */
export interface ForecastFacts {
  /** What made it: `synthetic`, or the sets of real series that were added. */
  readonly trained_on: string;
  readonly seed: number;
  readonly loss: number;
  readonly horizons: readonly number[];
  readonly quantiles: readonly number[];
  /** Version of the features; a model is of use only to the features it was trained on. */
  readonly features: string;
  /** Of one that was trained on from another at night: when, on how many series, and its losses on what it did not learn. */
  readonly tuned?: TunedFacts;
}

export interface TunedFacts {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly series: number;
  readonly made: Losses;
  readonly real: Losses;
  /** Loss on made series over that of the network which the first of these nights began with. */
  readonly drift: number;
}

/** Writes `model.json` and `weights.bin` of a TensorFlow.js layers model to `directory`. */
export async function saveForecastModel(directory: string, model: LayersModel, facts: ForecastFacts): Promise<void> {
  await mkdir(directory, { recursive: true });
  await model.save({
    save: async (artifacts: io.ModelArtifacts) => {
      await writeFile(join(directory, 'weights.bin'), new Uint8Array(artifacts.weightData as ArrayBuffer));
      const json = {
        format: 'layers-model',
        generatedBy: 'weir',
        convertedBy: null,
        modelTopology: artifacts.modelTopology,
        weightsManifest: [{ paths: ['weights.bin'], weights: artifacts.weightSpecs }],
        userDefinedMetadata: facts,
      };
      await writeFile(join(directory, 'model.json'), `${JSON.stringify(json, undefined, 1)}\n`);
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' as const } };
    },
  });
}
