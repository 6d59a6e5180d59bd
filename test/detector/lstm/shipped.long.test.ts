import { expect, test } from 'vitest';
import { readForecastModel, SHIPPED_MODEL } from '../../../detector/lstm/forecast/model-json.ts';
import { openTraining } from '../../../detector/lstm/training/backend.ts';
import { SHIPPED, trainNetwork } from '../../../detector/lstm/training/train.ts';

test('the shipped weights are what their seed makes', async () => {
  const { weights, facts } = readForecastModel(SHIPPED_MODEL);
  expect(await openTraining()).toBe('wasm');
  const { model, loss } = trainNetwork(SHIPPED);
  const trained = model.getWeights().map((tensor) => tensor.dataSync() as Float32Array);
  expect(trained).toEqual([weights.kernel, weights.recurrent, weights.bias, weights.head, weights.headBias]);
  expect(loss).toBe(facts['loss']);
});
