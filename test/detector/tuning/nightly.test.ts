import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentTelemetry } from '../../../core/telemetry.ts';
import { detectorConfig } from '../../../detector/config.ts';
import { type ForecastModel, SHIPPED_MODEL } from '../../../detector/lstm/forecast/model-json.ts';
import { copyModel, modelInUse } from '../../../detector/lstm/forecast/model-store.ts';
import { createMetrics } from '../../../detector/metrics.ts';
import type { Challenge } from '../../../detector/tuning/challenger.ts';
import { createNightly, isBetter, type Night } from '../../../detector/tuning/nightly.ts';
import type { Trainer, TrainResult } from '../../../detector/tuning/trainer.ts';
import { NO_MAINTENANCE } from '../../../detector/tuning/troubles.ts';
import { createWorld, EPOCH, gauss } from '../world.ts';

const HOUR = 3_600_000;
/** A Tuesday, 02:00 UTC. */
const TWO = EPOCH + 18 * HOUR;

let data: string;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'weir-nightly-'));
});
afterEach(() => rm(data, { recursive: true, force: true }));

const better = { made: { before: 0.2, after: 0.2 }, real: { before: 0.3, after: 0.25 }, drift: 1 };
const trained = (losses = better, aside = 100): TrainResult => ({
  ...{ outcome: 'trained', ...losses, learnt: 400, aside, seconds: 20 },
});

function open(train: Trainer, series = 10) {
  const world = createWorld(TWO);
  const labels = Array.from({ length: series }, (_, i) =>
    world.add('lag', `stage-${i}`, (_time, random) => 100 + gauss(random), { from: TWO - 6 * HOUR }),
  );
  const telemetry = silentTelemetry();
  const challenges: Challenge[] = [];
  const adopted: ForecastModel[] = [];
  const nightly = createNightly({
    ...{ config: detectorConfig.parse({}), port: world, dataDir: data, log: telemetry.log },
    metrics: createMetrics(telemetry.registry),
    now: () => world.now,
    train: (challenge, deadline, signal) => {
      challenges.push(challenge);
      return train(challenge, deadline, signal);
    },
    maintenance: NO_MAINTENANCE,
    labels: () => labels,
    signals: () => ['lag'],
    adopt: (model) => adopted.push(model),
  });
  const metrics = () => telemetry.registry.metrics();
  return { world, nightly, challenges, adopted, metrics };
}
/** Training that leaves a sound network behind. */
const writing =
  (result: TrainResult): Trainer =>
  async ({ out }) => {
    await copyModel(SHIPPED_MODEL, out);
    return result;
  };

test('a challenger that is better is used from then on, and the night told', async () => {
  const { nightly, challenges, adopted, metrics } = open(writing(trained()));
  expect(await nightly.run()).toBe('adopted');
  expect(adopted).toHaveLength(1);
  expect(await modelInUse(data)).toBe(join(data, 'detector/forecast-model'));
  expect(await readdir(join(data, 'detector'))).toEqual(['forecast-model']);
  expect(challenges[0]).toMatchObject({ from: SHIPPED_MODEL, seed: Math.floor(TWO / (24 * HOUR)) });
  expect(challenges[0]?.real).toHaveLength(10);
  expect(await metrics()).toContain('weir_detector_fine_tunes_total{result="adopted"} 1');
  expect(await metrics()).toContain('weir_detector_fine_tune_loss{network="challenger",data="real"} 0.25');
});

test('the losses decide: a little better on the store, hardly worse on made series', () => {
  const of = (real: number, drift: number) => isBetter({ real: { before: 1, after: real }, drift });
  expect([of(0.99, 1), of(0.99, 1.04), of(0.5, 1)]).toEqual([true, true, true]);
  expect([of(0.999, 0.5), of(1.01, 0.5), of(0.5, 1.06), of(Number.NaN, 1), of(0.5, Number.NaN)]).not.toContain(true);
});

describe('the network in use stays', () => {
  const nights: [Night, Trainer, number][] = [
    ['no_better', writing(trained({ ...better, real: { before: 0.3, after: 0.3 } })), 10],
    ['no_better', writing(trained({ ...better, drift: 1.06 })), 10],
    ['too_little', writing(trained(better, 10)), 10],
    ['too_little', writing(trained()), 7],
    ['timeout', async () => ({ outcome: 'timeout', detail: 'too slow' }), 10],
    ['crashed', async () => ({ outcome: 'crashed', detail: 'it ended with 1' }), 10],
    ['interrupted', async () => ({ outcome: 'interrupted', detail: '' }), 10],
    // What it wrote cannot be read.
    ['failed', async () => trained(), 10],
    [
      'failed',
      async () => {
        throw new Error('no such file');
      },
      10,
    ],
  ];
  test.each(nights)('%s', async (result, train, series) => {
    const { nightly, adopted, metrics } = open(train, series);
    expect(await nightly.run()).toBe(result);
    expect(adopted).toEqual([]);
    expect(await modelInUse(data)).toBe(SHIPPED_MODEL);
    expect(await readdir(join(data, 'detector')).catch(() => [])).toEqual([]);
    expect(await metrics()).toContain(`weir_detector_fine_tunes_total{result="${result}"} 1`);
  });

  test('store_unread', async () => {
    const { world, nightly, challenges } = open(writing(trained()));
    world.failing = 'away';
    expect(await nightly.run()).toBe('store_unread');
    expect(challenges).toEqual([]);
  });
});

describe('when', () => {
  const count = async (walk: (nightly: ReturnType<typeof open>) => void | Promise<void>) => {
    const world = open(writing(trained()));
    await walk(world);
    await world.nightly.stop();
    return world.challenges.length;
  };

  test('once a day, at three', async () => {
    const nights = await count(async ({ nightly }) => {
      for (let minute = 0; minute < 3 * 24 * 60; minute += 10) {
        nightly.due(TWO + minute * 60_000);
        await new Promise((done) => setTimeout(done));
      }
      await new Promise((done) => setTimeout(done, 300));
    });
    expect(nights).toBe(3);
  });

  test('not before, and not when the hour is long over', async () => {
    expect(await count(({ nightly }) => nightly.due(TWO + HOUR - 1))).toBe(0);
    expect(await count(({ nightly }) => nightly.due(TWO + 2 * HOUR))).toBe(0);
  });
});

test('a night that is stopped leaves the network', async () => {
  let begun = () => {};
  const started = new Promise<void>((done) => {
    begun = done;
  });
  const { nightly, adopted } = open((_challenge, _deadline, signal) => {
    begun();
    return new Promise((done) => {
      signal.addEventListener('abort', () => done({ outcome: 'interrupted', detail: '' }));
    });
  });
  nightly.due(TWO + HOUR);
  await started;
  await nightly.stop();
  expect(adopted).toEqual([]);
  expect(await modelInUse(data)).toBe(SHIPPED_MODEL);
  // And none begins after that.
  nightly.due(TWO + 25 * HOUR);
  await nightly.stop();
});
