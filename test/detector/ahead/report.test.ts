import { describe, expect, test } from 'vitest';
import { silentTelemetry } from '../../../core/telemetry.ts';
import type { LimitKind } from '../../../detector/ahead/limits.ts';
import { createLookout, tallyOf } from '../../../detector/ahead/lookout.ts';
import { reportAhead } from '../../../detector/ahead/report.ts';
import { createRetentionReader } from '../../../detector/ahead/retention.ts';
import { countChance } from '../../../detector/ahead/tally.ts';
import { detectorConfig } from '../../../detector/config.ts';
import { createMetrics } from '../../../detector/metrics.ts';
import { createRecords } from '../../../detector/records.ts';
import { createCatalogue, createWatched, type Watched } from '../../../detector/watched.ts';
import { createWorld, EPOCH } from '../world.ts';
import { foresight } from './play.ts';

/** A series of whose limits of `kind` some chances were stated, with warnings that came true. */
function watchedWith(stage: string, kinds: readonly LimitKind[]): Watched {
  const watched = createWatched({ signal: 'lag_seconds', pipeline: 'orders', stage }, EPOCH, EPOCH);
  const lookout = createLookout('above', 10_000);
  watched.lookouts = { above: lookout };
  for (const kind of kinds) {
    const tally = tallyOf(lookout, kind);
    countChance(tally, 1, 0.85, true);
    countChance(tally, 1, 0.05, false);
    Object.assign(tally, { announced: 2, kept: 1, lead: 960_000, crossings: 3, foreseen: 1 });
  }
  return watched;
}

describe('reportAhead', () => {
  test('adds series up by kind of limit, each window in a row of its own', () => {
    const report = reportAhead([watchedWith('a', ['threshold']), watchedWith('b', ['threshold', 'slo'])], EPOCH);
    expect(report.map(({ kind, window, series }) => [kind, window, series])).toEqual([
      ['threshold', 900, 2],
      ['threshold', 1800, 2],
      ['slo', 900, 1],
      ['slo', 1800, 1],
    ]);
    const [sooner, later] = report;
    expect(sooner?.brier).toBeNaN();
    expect(later).toMatchObject({ time: EPOCH, announced: 4, kept: 2, lead: 960, crossings: 6, foreseen: 2 });
    expect(later?.counts).toEqual([2, 0, 0, 0, 0, 0, 0, 0, 2, 0]);
    expect([later?.stated[8], later?.happened[8], later?.happened[0]]).toEqual([0.85, 1, 0]);
    expect(later?.stated[4]).toBeNaN();
    expect(later?.brier).toBeCloseTo((0.15 ** 2 + 0.05 ** 2) / 2, 12);
  });

  test('is empty while no series has a limit', () => {
    expect(reportAhead([createWatched({ signal: 'lag' }, EPOCH, EPOCH)], EPOCH)).toEqual([]);
  });
});

describe('what is published', () => {
  async function publish(series: readonly Watched[]) {
    const world = createWorld(EPOCH);
    const telemetry = silentTelemetry();
    const catalogue = createCatalogue(detectorConfig.parse({}), foresight);
    const records = createRecords(catalogue, world, createMetrics(telemetry.registry), telemetry.log);
    records.publish(new Map(series.map((one) => [one.key, one])), new Map(), EPOCH);
    await records.settled();
    return { world, text: await telemetry.registry.metrics() };
  }

  test('stands at /metrics and in the store', async () => {
    const { world, text } = await publish([watchedWith('a', ['threshold'])]);
    expect(world.limitForecasts.map(({ kind, window }) => [kind, window])).toEqual([
      ['threshold', 900],
      ['threshold', 1800],
    ]);
    expect(text).toMatch(/^weir_detector_limit_brier_score\{kind="threshold",ahead="30m"\} 0\.0125/m);
    expect(text).not.toMatch(/^weir_detector_limit_brier_score\{kind="threshold",ahead="15m"\}/m);
    expect(text).toMatch(/^weir_detector_limit_chances\{kind="threshold",ahead="30m",stated="0\.8"\} 1$/m);
    expect(text).toMatch(/^weir_detector_limit_crossed_ratio\{kind="threshold",ahead="30m",stated="0\.8"\} 1$/m);
    expect(text).toMatch(/^weir_detector_limit_warnings\{kind="threshold",result="not_crossed"\} 1$/m);
    expect(text).toMatch(/^weir_detector_limit_lead_seconds\{kind="threshold"\} 960$/m);
    expect(text).toMatch(/^weir_detector_limit_crossings\{kind="threshold",result="not_announced"\} 2$/m);
    expect(world.states.map(({ detector }) => detector)).toContain('LimitAhead');
  });

  test('is nothing where no series has a limit', async () => {
    const { world, text } = await publish([createWatched({ signal: 'lag', stage: 'a' }, EPOCH, EPOCH)]);
    expect(world.limitForecasts).toEqual([]);
    expect(text).not.toMatch(/^weir_detector_limit_warnings\{/m);
    expect(world.states.map(({ detector }) => detector)).not.toContain('LimitAhead');
  });
});

describe('the retention reader', () => {
  const reader = { signal: 'lag_seconds', group: 'billing', topic: 'orders' };
  const kept = { group: 'billing', topic: 'orders', seconds: 3600 };

  test('reads every five minutes, and keeps what it knows while the store is away', async () => {
    const world = createWorld(EPOCH);
    const { limits } = createCatalogue(detectorConfig.parse({ shipped: false }), foresight);
    const retention = createRetentionReader(world, limits, silentTelemetry().log);
    await retention.refresh(EPOCH);
    expect(limits.of(reader)).toEqual([]);
    world.retentions.push(kept);
    await retention.refresh(EPOCH + 299_000);
    expect(limits.of(reader)).toEqual([]);
    await retention.refresh(EPOCH + 300_000);
    expect(limits.of(reader)).toMatchObject([{ kind: 'retention', value: 3600 }]);
    world.failing = 'away';
    await retention.refresh(EPOCH + 600_000);
    expect(limits.of(reader)).toHaveLength(1);
  });

  test('asks nobody where nothing is looked ahead of', async () => {
    const world = createWorld(EPOCH);
    world.failing = 'must not be asked';
    const { limits } = createCatalogue(detectorConfig.parse({ ahead: { enabled: false } }), foresight);
    await createRetentionReader(world, limits, silentTelemetry().log).refresh(EPOCH);
    expect(limits.of(reader)).toEqual([]);
  });
});
