import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readForecastModel, SHIPPED_MODEL } from '../../../../detector/lstm/forecast/model-json.ts';
import { exportModel, importModel, modelInUse, takeBackModel } from '../../../../detector/lstm/forecast/model-store.ts';

let folder: string;
let data: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-model-store-'));
  data = join(folder, 'data');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The shipped model with its first bias changed, as a team might bring it back. */
async function changed(name: string, bias: number) {
  const directory = join(folder, name);
  await exportModel(data, directory);
  const path = join(directory, 'weights.bin');
  const bytes = await readFile(path);
  bytes.writeFloatLE(bias, 0);
  await writeFile(path, bytes);
  return directory;
}

test('without an imported model the shipped one is in use, and is what is exported', async () => {
  expect(await modelInUse(data)).toBe(SHIPPED_MODEL);
  const out = join(folder, 'out');
  expect(await exportModel(data, out)).toBe(SHIPPED_MODEL);
  expect((await readdir(out)).sort()).toEqual(['model.json', 'weights.bin']);
  expect(readForecastModel(out)).toEqual(readForecastModel(SHIPPED_MODEL));
  await expect(exportModel(data, out)).rejects.toMatchObject({ code: 'detector_model_exists' });
});

test('an imported model is in use from then on, and a later one in its place', async () => {
  const [first, second] = [await changed('first', 0.25), await changed('second', 0.75)];
  await importModel(data, first);
  const place = await modelInUse(data);
  expect(place).toBe(join(data, 'detector/forecast-model'));
  expect(readForecastModel(place).weights.kernel[0]).toBe(0.25);
  const { weights } = await importModel(data, second);
  expect(weights.kernel[0]).toBe(0.75);
  expect(readForecastModel(await modelInUse(data)).weights.kernel[0]).toBe(0.75);
  expect(await readdir(join(data, 'detector'))).toEqual(['forecast-model', 'forecast-model.previous']);
  const out = join(folder, 'again');
  expect(await exportModel(data, out)).toBe(place);
  expect(readForecastModel(out).weights.kernel[0]).toBe(0.75);
});

test('a model that cannot be used leaves the one in use', async () => {
  await importModel(data, await changed('good', 0.25));
  const bad = await changed('bad', 0.5);
  const path = join(bad, 'model.json');
  const json = await readFile(path, 'utf8');
  await writeFile(path, json.replace('"features": "1"', '"features": "0"'));
  await expect(importModel(data, bad)).rejects.toThrow('trained on version 0 of the features');
  await writeFile(path, json.replace('"tanh"', '"relu"'));
  await expect(importModel(data, bad)).rejects.toMatchObject({ code: 'detector_model_shape' });
  await expect(importModel(data, join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'detector_model_unreadable' });
  expect(readForecastModel(await modelInUse(data)).weights.kernel[0]).toBe(0.25);
});

test('a model is taken back, and taking back is taken back', async () => {
  const bias = async () => readForecastModel(await modelInUse(data)).weights.kernel[0];
  await expect(takeBackModel(data)).rejects.toMatchObject({ code: 'detector_model_none' });
  await importModel(data, await changed('first', 0.25));
  expect(await takeBackModel(data)).toBe(SHIPPED_MODEL);
  expect(await takeBackModel(data)).toBe(join(data, 'detector/forecast-model'));
  expect(await bias()).toBe(0.25);
  await importModel(data, await changed('second', 0.75));
  await takeBackModel(data);
  expect(await bias()).toBe(0.25);
  await takeBackModel(data);
  expect(await bias()).toBe(0.75);
  expect((await readdir(join(data, 'detector'))).sort()).toEqual(['forecast-model', 'forecast-model.previous']);
});
