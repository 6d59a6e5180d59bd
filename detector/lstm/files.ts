import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { io } from '@tensorflow/tfjs-core';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';
import type { Millis } from '../../core/time.ts';

/** What is known of a trained model; stands in its file as `userDefinedMetadata`. Losses are on the same held-out windows. */
export interface ModelFacts {
  readonly trainedAt: Millis;
  /** Length of the history it was trained on. */
  readonly span: Millis;
  readonly step: Millis;
  readonly units: number;
  readonly seed: number;
  readonly windows: number;
  readonly steps: number;
  readonly seconds: number;
  readonly loss: number;
  readonly naiveLoss: number;
}

/**
 * Writes a TensorFlow.js layers model: `model.json` and the weights it names. The weights go first under a name of
 * their own and `model.json` is renamed into place, so that a crash leaves the old model or the new one.
 */
export async function saveModel(directory: string, model: LayersModel, facts: ModelFacts): Promise<void> {
  await mkdir(directory, { recursive: true });
  const weightsFile = `weights-${facts.trainedAt}.bin`;
  await model.save({
    save: async (artifacts: io.ModelArtifacts) => {
      await writeFile(join(directory, weightsFile), new Uint8Array(artifacts.weightData as ArrayBuffer));
      const json = {
        format: 'layers-model',
        generatedBy: 'weir',
        convertedBy: null,
        modelTopology: artifacts.modelTopology,
        weightsManifest: [{ paths: [weightsFile], weights: artifacts.weightSpecs }],
        userDefinedMetadata: facts,
      };
      const path = join(directory, 'model.json');
      await writeFile(`${path}.new`, JSON.stringify(json));
      await rename(`${path}.new`, path);
      return { modelArtifactsInfo: { dateSaved: new Date(facts.trainedAt), modelTopologyType: 'JSON' as const } };
    },
  });
  for (const file of await readdir(directory)) {
    if (/^weights-\d+\.bin$/.test(file) && file !== weightsFile) await rm(join(directory, file), { force: true });
  }
}

/** The model in `directory`, or undefined when there is none. Throws on a file that is no model. */
export async function loadModel(directory: string): Promise<{ model: LayersModel; facts: ModelFacts } | undefined> {
  let text: string;
  try {
    text = await readFile(join(directory, 'model.json'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const json = JSON.parse(text);
  const [group] = json.weightsManifest;
  const bytes = await readFile(join(directory, group.paths[0]));
  const model = await loadLayersModel({
    load: async () => ({
      modelTopology: json.modelTopology,
      weightSpecs: group.weights,
      weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
    }),
  });
  return { model, facts: json.userDefinedMetadata };
}
