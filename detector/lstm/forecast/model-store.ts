import { copyFile, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { WeirError } from '../../../core/errors.ts';
import { FEATURES_VERSION } from './features.ts';
import { type ForecastModel, readForecastModel, SHIPPED_MODEL } from './model-json.ts';

/** The folder within the data folder that an imported or tuned model lies in, and the one that was in use before. */
const IMPORTED = join('detector', 'forecast-model');
const PREVIOUS = '.previous';

const isThere = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

/** The folder of the forecast model in use: the imported one, or else the one that is shipped. */
export async function modelInUse(data: string): Promise<string> {
  const imported = join(data, IMPORTED);
  return (await isThere(join(imported, 'model.json'))) ? imported : SHIPPED_MODEL;
}

/** Copies the model in use to `directory`, as a TensorFlow.js layers model, and returns the folder it came from. */
export async function exportModel(data: string, directory: string): Promise<string> {
  const from = await modelInUse(data);
  if (await isThere(join(directory, 'model.json'))) {
    throw new WeirError('detector_model_exists', `${directory} holds a model already; name another folder`);
  }
  await copyModel(from, directory);
  return from;
}

/**
 * Checks the model in `directory` and puts it to use: the detector reads it when it next starts; the one before it is kept. Throws
 * `detector_model_unreadable` and `detector_model_shape`, and then leaves the one in use.
 */
export async function importModel(data: string, directory: string): Promise<ForecastModel> {
  const model = readForecastModel(directory);
  const { features } = model.facts;
  if (features !== undefined && features !== FEATURES_VERSION) {
    throw new WeirError(
      'detector_model_shape',
      `${join(directory, 'model.json')}: it was trained on version ${String(features)} of the features; this Weir makes version ${FEATURES_VERSION}`,
    );
  }
  const place = join(data, IMPORTED);
  const fresh = `${place}.new`;
  const old = place + PREVIOUS;
  await rm(fresh, { recursive: true, force: true });
  await copyModel(directory, fresh);
  await rm(old, { recursive: true, force: true });
  if (await isThere(place)) await rename(place, old);
  await rename(fresh, place);
  return model;
}

/**
 * Takes back the model in use: the one before it is in use again (the shipped one where there was none), with the next start
 * of the detector. Taking back twice is as nothing. Returns the folder of the model in use then. Throws
 * `detector_model_none` where only the shipped one is there.
 */
export async function takeBackModel(data: string): Promise<string> {
  const place = join(data, IMPORTED);
  const [old, aside] = [place + PREVIOUS, `${place}.aside`];
  const [used, before] = await Promise.all([isThere(place), isThere(old)]);
  if (!used && !before) {
    throw new WeirError('detector_model_none', 'the shipped model is in use, and there was never another one');
  }
  await rm(aside, { recursive: true, force: true });
  if (before) await rename(old, aside);
  if (used) await rename(place, old);
  if (before) await rename(aside, place);
  return modelInUse(data);
}

/** Copies `model.json` last: a folder that has one is whole. */
export async function copyModel(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const json = JSON.parse(await readFile(join(from, 'model.json'), 'utf8')) as {
    weightsManifest: readonly { paths: readonly string[] }[];
  };
  for (const { paths } of json.weightsManifest) {
    for (const path of paths) await copyFile(join(from, path), join(to, path));
  }
  await copyFile(join(from, 'model.json'), join(to, 'model.json'));
}
