import { describe, expect, test } from 'vitest';
import type { StageState } from '../../core/state.ts';
import { anomalyOf } from '../../detector/alerts.ts';
import { detectorConfig } from '../../detector/config.ts';
import { States } from '../../detector/coverage.ts';
import { explanationOf, recomputes } from '../../detector/explain.ts';
import { judge } from '../../detector/judge.ts';
import { ruleStruck, rulesOf } from '../../detector/rules.ts';
import { strikingRule } from '../../detector/votes.ts';
import { createCatalogue, createWatched } from '../../detector/watched.ts';
import { EPOCH, gauss, STEP, seeded } from './world.ts';

const lagLabels = { signal: 'lag_seconds', pipeline: 'p', stage: 'billing', topic: 'orders', group: 'billing' };
const quiet = (entry: object) =>
  createCatalogue(detectorConfig.parse({ shipped: false, detectors: [entry], ahead: { enabled: false } }));

/** Steps of a lag around a second, with the state of its group; what was said of each. */
function lagged(state: (i: number) => StageState | undefined, value: (i: number) => number, steps = 60) {
  const random = seeded(3);
  const catalogue = createCatalogue(detectorConfig.parse({ ahead: { enabled: false } }));
  const watched = createWatched(lagLabels, EPOCH, EPOCH);
  return Array.from({ length: steps }, (_, i) => {
    const point = { time: EPOCH + i * STEP, value: value(i) + 0.1 * random(), volume: NaN, state: state(i) };
    const { verdicts } = judge(catalogue, watched, point, STEP);
    const verdict = verdicts.find(({ watcher }) => watcher.entry.name === 'LagGrowing');
    return { verdict, watched, point };
  });
}
const fired = (of: ReturnType<typeof lagged>) => of.findIndex(({ verdict }) => verdict?.transition === 'fired');

describe('states of groups as a rule', () => {
  test('a group that is stuck is an alert within half a minute, whatever the lag says and however young the series is', () => {
    const said = lagged(
      (i) => (i < 5 ? 'healthy' : 'stuck'),
      () => 1,
    );
    expect(fired(said)).toBeLessThanOrEqual(8);
    const { verdict, watched, point } = said[fired(said)] as (typeof said)[number];
    if (!verdict) throw new Error('nobody watches the lag');
    expect(verdict.breach).toBe('rule');
    expect(verdict.votes.find(({ scorer }) => scorer === 'state')).toMatchObject({ p: 0, weight: 0 });
    const anomaly = anomalyOf(watched, verdict, point.value, STEP);
    expect(anomaly.decision).toMatchObject({ state: 'stuck', hold_for: 300_000 });
    expect(explanationOf(anomaly)).toMatch(/state +1 +decides alone +passed|state .*decides alone/);
    expect(explanationOf(anomaly)).toContain('state stuck');
    expect(recomputes(anomaly)).not.toBe('differs');
  });

  test('a dead group is one as well; one that falls behind is left to the lag', () => {
    expect(
      fired(
        lagged(
          () => 'dead',
          () => 1,
        ),
      ),
    ).toBeGreaterThan(0);
    expect(
      fired(
        lagged(
          () => 'falling_behind',
          () => 1,
        ),
      ),
    ).toBe(-1);
  });

  test('while a group rebalances a lag is held back, for five minutes and no longer', () => {
    const jump = (i: number) => (i < 60 ? 1 : 120);
    const plain = fired(lagged(() => 'healthy', jump, 120));
    expect(plain).toBeLessThan(66);
    const held = lagged((i) => (i < 60 ? 'healthy' : 'rebalancing'), jump, 120);
    expect(fired(held)).toBeGreaterThanOrEqual(90);
    expect(fired(held)).toBeLessThan(96);
    expect(held[70]?.verdict).toMatchObject({ held: 'state', breach: 'none' });
    expect(fired(lagged((i) => (i < 60 ? 'healthy' : i < 80 ? 'rebalancing' : 'healthy'), jump, 120))).toBeLessThan(90);
  });

  test('what fires already is not held back', () => {
    const said = lagged(
      (i) => (i < 80 ? 'healthy' : 'rebalancing'),
      (i) => (i < 60 ? 1 : 120),
      100,
    );
    expect(fired(said)).toBeLessThan(66);
    expect(said[99]?.verdict?.standing.phase).toBe('firing');
  });

  test('a state is found by the place of the lag, and where it is not known the rule says nothing', () => {
    const { signal: _signal, ...place } = lagLabels;
    const labels = { ...place, signal: 'group_state' };
    const series = { labels, start: EPOCH, step: STEP, values: Float64Array.of(8, 9, NaN) };
    const states = new States([series]);
    const own = states.placeOf(lagLabels);
    expect([0, 1, 2, 3].map((i) => states.at(own, EPOCH + i * STEP))).toEqual(['stuck', 'dead', undefined, undefined]);
    states.read([{ ...series, values: Float64Array.of(9) }]);
    expect(states.at(own, EPOCH)).toBe('dead');
    expect(states.at(states.placeOf({ ...lagLabels, group: 'other' }), EPOCH)).toBeUndefined();
    expect(
      fired(
        lagged(
          () => undefined,
          () => 1,
        ),
      ),
    ).toBe(-1);
  });
});

describe('a value that stands still', () => {
  const entry = { name: 'SignalFrozen', query: { signal: 'custom' }, scorers: { frozen: {} } };
  /** Steps of a gauge that moves until the 200th; when it fired. */
  function gauge(value: (i: number, random: () => number) => number, steps = 300): number {
    const random = seeded(4);
    const catalogue = quiet(entry);
    const watched = createWatched({ signal: 'custom', name: 'g', pipeline: 'p', stage: 's' }, EPOCH, EPOCH);
    for (let i = 0; i < steps; i++) {
      const point = { time: EPOCH + i * STEP, value: value(i, random), volume: NaN };
      const [verdict] = judge(catalogue, watched, point, STEP).verdicts;
      if (verdict?.transition === 'fired') return i;
    }
    return -1;
  }

  test('a gauge that never repeats and then does for five minutes is an alert', () => {
    const at = gauge((i, random) => (i < 200 ? 40 + gauss(random) : 41.25));
    expect(at).toBeGreaterThan(229);
    expect(at).toBeLessThan(240);
  });

  test('counts of small whole numbers, and what stops at nothing, are ordinary', () => {
    expect(gauge((_, random) => Math.floor(3 * random()))).toBe(-1);
    expect(gauge((i, random) => (i < 150 ? Math.round(20 + i / 8) : Math.floor(3 * random())))).toBe(-1);
    expect(gauge((i, random) => (i < 200 ? 40 + gauss(random) : 0))).toBe(-1);
  });

  test('a jump is no business of this rule', () => {
    expect(gauge((i, random) => (i < 200 ? 40 : 4000) + gauss(random))).toBe(-1);
  });

  test('rules of an entry without any cost nothing', () => {
    const [shipped] = quiet({ name: 'Plain', query: { signal: 'custom' } }).watchers;
    if (!shipped) throw new Error('no entry');
    expect(rulesOf(shipped.entry, { time: EPOCH, value: 1, volume: NaN }, true)).toEqual([]);
  });
});

test('the rule that strikes is the one that the votes name', () => {
  const scorers = { threshold: { above: 10, below: -1 }, state: {}, frozen: {} };
  const [all] = quiet({ name: 'All', query: { signal: 'lag_seconds' }, scorers }).watchers;
  if (!all) throw new Error('no entry');
  const struck = new Set<string | undefined>();
  for (const value of [NaN, -2, -1, 0, 5, 10, 11]) {
    for (const state of [undefined, 'healthy', 'stuck', 'rebalancing'] as const) {
      for (const still of [false, true]) {
        const point = { time: EPOCH, value, volume: NaN, state };
        const rule = ruleStruck(all.entry, point, still);
        expect(rule).toBe(strikingRule(rulesOf(all.entry, point, still))?.scorer);
        struck.add(rule);
      }
    }
  }
  expect([...struck].sort()).toEqual(['frozen', 'state', 'threshold', undefined]);
});
