import { describe, expect, test } from 'vitest';
import type { Anomaly } from '../../../core/anomaly.ts';
import { silentTelemetry } from '../../../core/telemetry.ts';
import { type Firing, judgePast } from '../../../detector/backtest/past.ts';
import { createBoard } from '../../../detector/board.ts';
import { detectorConfig } from '../../../detector/config.ts';
import { createEvaluator } from '../../../detector/evaluator.ts';
import { explanationOf, recomputes } from '../../../detector/explain.ts';
import { openForesight } from '../../../detector/foresight.ts';
import { createMetrics } from '../../../detector/metrics.ts';
import { createCatalogue } from '../../../detector/watched.ts';
import { createWorld, EPOCH, gauss, STEP, type World } from '../world.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const LIMIT = 900;
/** The shipped network: nothing was imported here. */
const forecasts = () => openForesight('/nowhere');
const config = detectorConfig.parse({ history: '6h' });

/** A lag of some seconds that begins at `from` to climb by 900 s in 40 minutes. */
function leakingWorld(now: number, from: number, seed = 5): World {
  const world = createWorld(now);
  world.add(
    'lag_seconds',
    'enrichment',
    (time, random) => 2 + Math.abs(gauss(random)) + Math.max(0, ((time - from) / (40 * MINUTE)) * LIMIT),
    { from: EPOCH - 6 * HOUR, labels: { topic: 'orders', group: 'enrichment' }, seed },
  );
  world.add('throughput', 'enrichment', (_, random) => 20 + gauss(random), { from: EPOCH - 6 * HOUR, seed: seed + 1 });
  return world;
}

describe('a slow leak: lag that grows to its limit in 40 minutes', () => {
  test('is announced at least 15 minutes before, by the running detector, with words and a card', async () => {
    const from = EPOCH + 10 * MINUTE;
    const world = leakingWorld(EPOCH, from);
    const telemetry = silentTelemetry();
    const board = createBoard();
    const evaluator = createEvaluator({
      config,
      catalogue: createCatalogue(config, await forecasts()),
      port: world,
      board,
      metrics: createMetrics(telemetry.registry),
      log: telemetry.log,
      now: () => world.now,
      send: async (alerts) => ({ sent: alerts.length, failed: 0, errors: [] }),
    });
    const crossing = from + 40 * MINUTE;
    let summary = '';
    while (world.now < crossing + 10 * MINUTE) {
      await evaluator.tick();
      await evaluator.settled();
      for (const alert of board.alerts.values()) {
        if (alert.labels['alertname'] === 'LimitAhead' && alert.resolvedAt === 0)
          summary ||= alert.annotations['summary'] ?? '';
      }
      world.now += STEP;
    }
    const warnings = [...world.anomalies.values()].filter(({ detector }) => detector === 'LimitAhead');
    expect(warnings.length).toBe(1);
    const [warning] = warnings as [Anomaly];
    expect(crossing - warning.firedAt).toBeGreaterThanOrEqual(15 * MINUTE);
    expect(warning.severity).toBe('warning');
    expect(summary).toMatch(
      /^enrichment: lag in time on orders reaches 15\u202fmin in about 1[4-9]\u202fmin \(chance [7-9]\d\u202f% within 30\u202fmin\)$/,
    );
    // The limit's own alert speaks before the warning goes.
    expect(warning.resolvedAt).toBeGreaterThan(crossing + MINUTE);
    expect(warning.resolvedAt).toBeLessThan(crossing + 5 * MINUTE);
    expect(warning.decision).toMatchObject({
      breach: 'ahead',
      limit: LIMIT,
      limit_kind: 'threshold',
      limit_of: 'LagGrowing',
    });
    expect(recomputes(warning)).toBe('equal');
    const card = explanationOf(warning);
    expect(card).toMatch(/^limit +15\u202fmin, the limit of LagGrowing$/m);
    expect(card).toMatch(
      /^chance +\d+\u202f% within 15\u202fmin, [7-9]\d\u202f% within 30\u202fmin; reached in about 1\d\u202fmin$/m,
    );
    expect(card).toMatch(/^so far +\d+ chances stated for this series, Brier score .*; 0 warnings over, 0 came true$/m);
    expect(recomputes({ ...warning, score: warning.score + 1e-9 })).toBe('differs');
    const tally = [...evaluator.watched.values()].find(({ labels }) => labels['topic'])?.lookouts.above?.tallies
      .threshold;
    expect(tally).toMatchObject({ announced: 1, kept: 1, crossings: 1, foreseen: 1 });
    expect(tally?.lead).toBeGreaterThanOrEqual(15 * MINUTE);
  });

  test.each([1, 2, 3, 4])('is announced as early when the past is judged again (series %i)', async (seed) => {
    const from = EPOCH + HOUR;
    const crossing = from + 40 * MINUTE;
    const world = leakingWorld(crossing + 10 * MINUTE, from, seed);
    const { firings } = await judgePast({
      config,
      port: world,
      until: world.now,
      days: 2 / 24,
      foresight: await forecasts(),
    });
    const warnings = firings.filter(({ detector }) => detector === 'LimitAhead');
    expect(warnings.length).toBe(1);
    expect(crossing - (warnings[0] as Firing).firedAt).toBeGreaterThanOrEqual(15 * MINUTE);
  });

  test('without a network, or when it is switched off, there are no warnings', async () => {
    const from = EPOCH + HOUR;
    const world = leakingWorld(from + 50 * MINUTE, from);
    const past = { port: world, until: world.now, days: 2 / 24 };
    const off = detectorConfig.parse({ history: '6h', ahead: { enabled: false } });
    const blind = await judgePast({ ...past, config });
    const silent = await judgePast({ ...past, config: off, foresight: await forecasts() });
    for (const { firings } of [blind, silent]) {
      expect(firings.map(({ detector }) => detector)).toEqual(['LagGrowing']);
    }
  });
});
