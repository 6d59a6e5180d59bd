import { expect, test } from 'vitest';
import { silentTelemetry } from '../../core/telemetry.ts';
import { detectorConfig } from '../../detector/config.ts';
import { createForecaster } from '../../detector/forecaster.ts';
import { judge } from '../../detector/judge.ts';
import { WINDOW, type Windows } from '../../detector/lstm/features.ts';
import type { ModelFacts } from '../../detector/lstm/files.ts';
import type { Network } from '../../detector/lstm/network.ts';
import { forecastResidual, type Prediction } from '../../detector/lstm-ring.ts';
import { createMetrics } from '../../detector/metrics.ts';
import { createCatalogue, createWatched } from '../../detector/watched.ts';
import { createWorld, EPOCH, gauss, STEP, seeded } from './world.ts';

const facts: ModelFacts = {
  trainedAt: EPOCH,
  span: 86_400_000,
  step: STEP,
  units: 16,
  seed: 1,
  windows: 100,
  steps: 100,
  seconds: 20,
  loss: 0.1,
  naiveLoss: 0.2,
};

/** A network whose word is always "as before", with a band; it keeps what it was trained on. */
function scripted(stored: ModelFacts | undefined) {
  const trained: { training: Windows; heldOut: Windows }[] = [];
  let accepted = true;
  let broken = false;
  const network: Network = {
    open: async () => stored,
    train: async (training, heldOut, settings) => {
      trained.push({ training, heldOut });
      return { accepted, facts: { ...facts, trainedAt: settings.trainedAt, span: settings.span }, champion: Infinity };
    },
    predict: async (_, count, length, last) => {
      if (broken) throw new Error('the thread died');
      return new Float32Array(count * (last ? 1 : length) * 3).map((_, i) => [-0.1, 0, 0.1][i % 3] as number);
    },
    close: async () => {},
  };
  return {
    network,
    trained,
    reject: () => {
      accepted = false;
    },
    fail: () => {
      broken = true;
    },
  };
}

function setUp(stored?: ModelFacts, options: object = {}) {
  const world = createWorld(EPOCH);
  const config = detectorConfig.parse({ lstm: { train_on: '2h', ...options } });
  const catalogue = createCatalogue(config);
  const telemetry = silentTelemetry();
  const script = scripted(stored);
  const forecaster = createForecaster({
    config,
    catalogue,
    port: world,
    network: script.network,
    metrics: createMetrics(telemetry.registry),
    log: telemetry.log,
    now: () => world.now,
  });
  const labels = world.add('latency_p95', 'gateway', (_, random) => 0.1 + 0.01 * gauss(random), {
    from: EPOCH - 7_200_000,
  });
  const watched = createWatched(labels, EPOCH - 7_200_000, EPOCH);
  const random = seeded(3);
  const step = (value = 0.1 + 0.01 * gauss(random)) =>
    judge(catalogue, watched, { time: watched.next, value, volume: 100 }, STEP);
  for (let i = 0; i < 720; i++) step();
  return { world, forecaster, watched, step, telemetry, ...script };
}

test('the stored model speaks one step ahead, and of that step only', async () => {
  const { forecaster, watched, step } = setUp(facts);
  await forecaster.start();
  expect(forecaster.status()).toEqual({ state: 'trained', facts });
  forecaster.onJudged([watched]);
  await forecaster.settled();
  expect(watched.lstm.prediction?.time).toBe(watched.next);
  const { middle } = watched.lstm.prediction as Prediction;
  const point = { time: watched.next, value: 0.15, volume: 100 };
  expect(forecastResidual(watched.lstm, point, 'latency_p95')).toBe(0.15 - middle);
  step();
  expect(forecastResidual(watched.lstm, { ...point, time: watched.next }, 'latency_p95')).toBeNaN();
});

test('a prediction that comes too late is not taken', async () => {
  const { forecaster, watched, step } = setUp(facts);
  await forecaster.start();
  forecaster.onJudged([watched]);
  step();
  await forecaster.settled();
  const time = watched.lstm.prediction?.time ?? 0;
  expect(time === watched.next || watched.lstm.prediction === undefined).toBe(true);
});

test('without a model it trains when start-up is over, on windows of the stored series, newest held out', async () => {
  const { forecaster, watched, world, trained, telemetry } = setUp();
  await forecaster.start();
  expect(forecaster.status()).toEqual({ state: 'learning' });
  forecaster.onJudged([watched]);
  await forecaster.settled();
  expect(trained.length).toBe(0);
  world.now += 121_000;
  forecaster.onJudged([watched]);
  expect(forecaster.status().state).toBe('training');
  await forecaster.settled();
  expect(forecaster.status().state).toBe('trained');
  expect(trained[0]?.training.count).toBeGreaterThan(300);
  expect(trained[0]?.heldOut.count).toBeGreaterThan(16);
  expect(await telemetry.registry.metrics()).toContain('weir_detector_lstm_trainings_total{result="accepted"} 1');
  world.now += 60_000;
  forecaster.onJudged([watched]);
  await forecaster.settled();
  expect(trained.length).toBe(1);
  world.now += 6 * 3_600_000;
  forecaster.onJudged([watched]);
  await forecaster.settled();
  expect(trained.length).toBe(2);
});

test('nobody learns from an incident what is ordinary', async () => {
  const { forecaster, watched, world, trained } = setUp();
  watched.incidents.push([EPOCH - 7_200_000, EPOCH - 1_800_000]);
  await forecaster.start();
  world.now += 121_000;
  forecaster.onJudged([watched]);
  await forecaster.settled();
  const learned = trained[0]?.training;
  expect(learned?.count ?? 0).toBeLessThan(200);
  for (let i = 0; i < (learned?.count ?? 0); i++) {
    expect(learned?.weight.subarray(i * WINDOW, (i + 1) * WINDOW).some((weight) => weight === 1)).toBe(true);
  }
});

test('a model that is not accepted, or a thread that died, leaves the other scorers at work', async () => {
  const rejected = setUp();
  rejected.reject();
  await rejected.forecaster.start();
  rejected.world.now += 121_000;
  rejected.forecaster.onJudged([rejected.watched]);
  await rejected.forecaster.settled();
  expect(rejected.forecaster.status()).toEqual({ state: 'learning' });
  rejected.world.now += 60_000;
  rejected.forecaster.onJudged([rejected.watched]);
  await rejected.forecaster.settled();
  expect(rejected.trained.length).toBe(1);

  const broken = setUp(facts);
  broken.fail();
  await broken.forecaster.start();
  broken.forecaster.onJudged([broken.watched]);
  await broken.forecaster.settled();
  for (let i = 0; i < 3; i++) broken.step(0.5);
  const [verdict] = broken.step(0.5);
  expect(verdict?.breach).toBe('score');
  expect(verdict?.votes.map(({ scorer }) => scorer)).not.toContain('forecast');
});

test('switched off it does nothing', async () => {
  const { forecaster, watched, world, trained } = setUp(facts, { enabled: false });
  await forecaster.start();
  world.now += 3_600_000;
  forecaster.onJudged([watched]);
  await forecaster.settled();
  expect(forecaster.status()).toEqual({ state: 'off' });
  expect(trained.length).toBe(0);
});
