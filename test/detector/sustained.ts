import { silentTelemetry } from '../../core/telemetry.ts';
import { createBoard } from '../../detector/board.ts';
import { detectorConfig } from '../../detector/config.ts';
import { createEvaluator } from '../../detector/evaluator.ts';
import { createMetrics } from '../../detector/metrics.ts';
import { createCatalogue } from '../../detector/watched.ts';
import { STEP, type World } from './world.ts';

/**
 * The score that each fault of a world of lags keeps up, judged live with a threshold that all of them pass: what a test
 * sets its own thresholds by, so that it asks what thresholds do and not what the engine's numbers happen to be.
 */
export async function sustainedScores(make: () => World, faults: readonly number[]): Promise<number[]> {
  // What is learned of a fault depends on the threshold, a little: the second time it is about what the test will use.
  const first = await playThrough(make(), faults, 1.5);
  return playThrough(make(), faults, Math.min(...first) - 0.3);
}

async function playThrough(world: World, faults: readonly number[], score: number): Promise<number[]> {
  const config = detectorConfig.parse({
    ...{ shipped: false, lstm: { enabled: false }, history: '6h' },
    detectors: [{ name: 'Probe', query: { signal: 'lag_seconds' }, decision: { score, min_change: 0.1 } }],
  });
  const telemetry = silentTelemetry();
  const evaluator = createEvaluator({
    ...{ config, catalogue: createCatalogue(config), port: world, board: createBoard(), log: telemetry.log },
    metrics: createMetrics(telemetry.registry),
    now: () => world.now,
    send: async () => ({ sent: 0, failed: 0, errors: [] }),
  });
  for (const until = Math.max(...faults) + 180_000; world.now < until; world.now += STEP) {
    await evaluator.tick();
    await evaluator.settled();
  }
  return faults.map((at) => {
    const scores = world.expectations.filter(({ time }) => time >= at && time < at + 120_000).map(({ score }) => score);
    return scores.sort((a, b) => b - a)[4] as number;
  });
}
