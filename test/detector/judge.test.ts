import { describe, expect, test } from 'vitest';
import type { Signal } from '../../core/signal.ts';
import { detectorConfig } from '../../detector/config.ts';
import type { Inputs } from '../../detector/engine/engine.ts';
import { createForesight } from '../../detector/foresight.ts';
import { judge } from '../../detector/judge.ts';
import { createForecasts } from '../../detector/lstm/forecast/forecasts.ts';
import { readForecastModel, SHIPPED_MODEL } from '../../detector/lstm/forecast/model-json.ts';
import type { Verdict } from '../../detector/verdict.ts';
import { decisionInputs, scoreAgain } from '../../detector/votes.ts';
import { createCatalogue, createWatched } from '../../detector/watched.ts';
import { daily, EPOCH, gauss, p95, poisson, STEP, seeded } from './world.ts';

const { weights } = readForecastModel(SHIPPED_MODEL);
const foresight = createForesight(createForecasts(weights), weights);
const catalogue = createCatalogue(detectorConfig.parse({}), foresight);
const DAY = 8640;

/** One step of a series: value and volume, `into` steps into the fault (-1 outside). */
type Model = (time: number, random: () => number, into: number) => readonly [value: number, volume: number];
type Models = Readonly<Partial<Record<Signal, (k: number) => Model>>>;

const rates = [3, 10, 40, 150];
const rate = (k: number) => rates[k % rates.length] as number;
const middle = (k: number) => [0.03, 0.1, 0.4][k % 3] as number;
const calls = (k: number, random: () => number) => Math.max(1, poisson(random, rate(k) * 10));

const MODELS: Models = {
  throughput: (k) => (time, random, into) => [
    into >= 0 ? 0 : poisson(random, rate(k) * (10 + 6 * daily(time))) / 10,
    NaN,
  ],
  output: (k) => (time, random, into) => [into >= 0 ? 0 : poisson(random, rate(k) * (10 + 6 * daily(time))) / 10, NaN],
  error_ratio: (k) => (_, random, into) => {
    const n = calls(k, random);
    return [Math.min(1, poisson(random, n * (into >= 0 ? 0.3 : 0.005)) / n), n];
  },
  latency_p95: (k) => (time, random, into) => {
    const n = calls(k, random);
    return [p95(random, middle(k) * (1 + 0.3 * daily(time)), n) * (into >= 0 ? 5 : 1), n];
  },
  dependency_p95: (k) => (_, random, into) => {
    const n = calls(k, random);
    return [p95(random, middle(k), n) * (into >= 0 ? 5 : 1), n];
  },
  lag_seconds: () => {
    let lag = 1;
    return (_, random, into) => {
      lag = 0.7 * lag + 0.3 * Math.exp(0.6 * gauss(random));
      return [lag + (into >= 0 ? (into + 1) * 7 : 0), NaN];
    };
  },
  freshness: () => (_, random, into) => [1 + 10 * random() + (into >= 0 ? (into + 1) * 10 : 0), NaN],
  custom: () => {
    let walk = 0;
    return (time, random, into) => {
      walk = 0.98 * walk + gauss(random);
      return [50 + 3 * walk + 20 * daily(time) + (into >= 0 ? 150 : 0), NaN];
    };
  },
};

function play(signal: Signal, k: number, steps: number, fault = Infinity) {
  const model = MODELS[signal]?.(k) as Model;
  const random = seeded(k * 977 + signal.length * 31);
  const watched = createWatched({ signal, pipeline: 'p', stage: `s${k}` }, EPOCH, EPOCH);
  const fired: { at: number; verdict: Verdict; value: number }[] = [];
  for (let i = 0; i < steps; i++) {
    const time = EPOCH + i * STEP;
    const [value, volume] = model(time, random, i >= fault ? i - fault : -1);
    for (const verdict of judge(catalogue, watched, { time, value, volume }, STEP).verdicts) {
      if (verdict.transition === 'fired') fired.push({ at: i, verdict, value });
    }
  }
  return { watched, fired };
}

const signals = Object.keys(MODELS) as Signal[];

describe('quiet where nothing happens', () => {
  test.each(signals)('%s: no alert in a day of three noisy series', (signal) => {
    for (let k = 0; k < 3; k++) expect(play(signal, k, DAY).fired).toEqual([]);
  });

  test('bursts of single steps, as a garbage collector makes them, raise nothing', () => {
    const watched = createWatched({ signal: 'latency_p95', pipeline: 'p', stage: 's' }, EPOCH, EPOCH);
    const random = seeded(4);
    for (let i = 0; i < DAY; i++) {
      const value = p95(random, 0.05, 100) * (random() < 0.01 ? 10 : 1);
      for (const { transition } of judge(catalogue, watched, { time: EPOCH + i * STEP, value, volume: 100 }, STEP)
        .verdicts) {
        expect(transition).not.toBe('fired');
      }
    }
  });

  test('a producer that pauses every ten minutes is soon left alone', () => {
    const watched = createWatched({ signal: 'output', pipeline: 'p', stage: 's' }, EPOCH, EPOCH);
    const random = seeded(9);
    const fired: number[] = [];
    for (let i = 0; i < 2 * DAY; i++) {
      const value = i % 60 < 5 ? 0 : poisson(random, 200) / 10;
      for (const { transition } of judge(catalogue, watched, { time: EPOCH + i * STEP, value, volume: NaN }, STEP)
        .verdicts) {
        if (transition === 'fired') fired.push(i);
      }
    }
    expect(fired.filter((i) => i > DAY)).toEqual([]);
    expect(fired.length).toBeLessThan(16);
  });

  test('a level that shifts for good is accepted within hours', () => {
    const watched = createWatched({ signal: 'latency_p95', pipeline: 'p', stage: 's' }, EPOCH, EPOCH);
    const random = seeded(2);
    let firing = false;
    let fired = 0;
    for (let i = 0; i < DAY; i++) {
      const value = p95(random, i < 360 ? 0.05 : 0.3, 100);
      const { verdicts } = judge(catalogue, watched, { time: EPOCH + i * STEP, value, volume: 100 }, STEP);
      firing = verdicts.some(({ standing }) => standing.phase === 'firing');
      if (firing) fired++;
    }
    expect(fired).toBeGreaterThan(0);
    expect(firing).toBe(false);
  });
});

describe('awake when something does', () => {
  const latest: Partial<Record<Signal, number>> = { freshness: 12, throughput: 6, output: 6 };
  test.each(signals.flatMap((signal) => [60, 360, DAY].map((warm) => [signal, warm] as const)))(
    '%s fires within a minute after %d ordinary steps',
    (signal, warm) => {
      // With ten minutes of history only busy series are told apart from noise.
      for (const k of warm < 360 ? [1, 2, 3] : [0, 1, 2, 3]) {
        const { fired } = play(signal, k, warm + 18, warm);
        expect(fired.length).toBe(1);
        expect((fired[0]?.at ?? 0) - warm + 1).toBeLessThanOrEqual(latest[signal] ?? 6);
      }
    },
  );

  test('the decision can be computed again from what the vote stores', () => {
    const { fired } = play('latency_p95', 2, 400, 380);
    const [first] = fired;
    const { votes, inputs, score, watcher } = (first as { verdict: Verdict }).verdict;
    expect(votes.map(({ scorer }) => scorer)).toEqual([
      'profile',
      'shift',
      'slow_shift',
      'spread',
      'step',
      'level',
      'regression',
      'forecast',
      'drift',
    ]);
    expect(score).toBeGreaterThanOrEqual(watcher.entry.decision.score);
    const stored = { votes, decision: decisionInputs(inputs as Inputs) };
    expect(scoreAgain(stored)).toBe(score);
    // The same through JSON, as the store keeps it.
    expect(scoreAgain(JSON.parse(JSON.stringify(stored)))).toBe(score);
  });

  test('the same fault an hour later is found again as fast', () => {
    const model = MODELS['latency_p95']?.(1) as Model;
    const random = seeded(21);
    const watched = createWatched({ signal: 'latency_p95', pipeline: 'p', stage: 's' }, EPOCH, EPOCH);
    const fired: number[] = [];
    for (let i = 0; i < 1200; i++) {
      const into = [i - 360, i - 738].find((n) => n >= 0 && n < 18) ?? -1;
      const [value, volume] = model(EPOCH + i * STEP, random, into);
      for (const { transition } of judge(catalogue, watched, { time: EPOCH + i * STEP, value, volume }, STEP)
        .verdicts) {
        if (transition === 'fired') fired.push(i);
      }
    }
    expect(fired.map((i) => (i < 700 ? i - 360 : i - 738)).every((delay) => delay <= 6)).toBe(true);
    expect(fired.length).toBe(2);
  });
});

describe('incidents that last', () => {
  /** Steps of a series with faults, and when it fired and resolved. */
  function story(signal: Signal, steps: number, valueAt: (i: number, random: () => number) => number) {
    const random = seeded(17);
    const watched = createWatched({ signal, pipeline: 'p', stage: 's' }, EPOCH, EPOCH);
    const told: [string, number][] = [];
    for (let i = 0; i < steps; i++) {
      const point = { time: EPOCH + i * STEP, value: valueAt(i, random), volume: 100 };
      for (const { transition } of judge(catalogue, watched, point, STEP).verdicts) {
        if (transition === 'fired' || transition === 'resolved') told.push([transition, i]);
      }
    }
    return told;
  }

  test('an alert goes on as long as its fault: three hours of it in the first day of a series', () => {
    const told = story('latency_p95', 4000, (i, random) => p95(random, i >= 2000 && i < 3080 ? 0.5 : 0.1, 100));
    expect(told.map(([transition]) => transition)).toEqual(['fired', 'resolved']);
    expect(told[0]?.[1]).toBeLessThan(2006);
    expect(told[1]?.[1]).toBeGreaterThanOrEqual(3080);
    expect(told[1]?.[1]).toBeLessThan(3095);
  });

  test('an outage of two hours does not blunt the next day: a shorter one at the same time is found as fast', () => {
    const outage = (i: number) => (i >= 7200 && i < 7920) || (i >= 7200 + DAY && i < 7260 + DAY);
    const told = story('output', 2 * DAY, (i, random) => (outage(i) ? 0 : poisson(random, 200) / 10));
    expect(told.map(([transition]) => transition)).toEqual(['fired', 'resolved', 'fired', 'resolved']);
    expect(told[0]?.[1]).toBeLessThan(7204);
    expect(told[1]?.[1]).toBeGreaterThanOrEqual(7920);
    expect(told[2]?.[1]).toBeLessThan(7204 + DAY);
  });

  test('payments that fall from 10,250 to 4,200 a minute fire, though other days have their noise', () => {
    const perMinute = (i: number) => (i >= 8000 ? 4200 : 10_250 * (1 + 0.25 * daily(EPOCH + i * STEP)));
    const told = story('throughput', 8030, (i, random) => poisson(random, perMinute(i) / 6) / 10);
    expect(told[0]?.[0]).toBe('fired');
    expect(told[0]?.[1]).toBeGreaterThanOrEqual(8000);
    expect(told[0]?.[1]).toBeLessThan(8006);
  });
});

test('bands are there within the first minutes, hold what is ordinary, and stay within what a signal can be', () => {
  const random = seeded(8);
  const watched = createWatched({ signal: 'error_ratio', pipeline: 'p', stage: 's' }, EPOCH, EPOCH);
  let outside = 0;
  for (let i = 0; i < 720; i++) {
    const value = poisson(random, 1) / 100;
    const { lower, upper, expected } = judge(catalogue, watched, { time: EPOCH + i * STEP, value, volume: 100 }, STEP);
    if (i < 6) continue;
    expect(lower).toBeGreaterThanOrEqual(0);
    expect(lower).toBeLessThanOrEqual(expected);
    expect(upper).toBeGreaterThanOrEqual(expected);
    expect(upper).toBeLessThanOrEqual(1);
    outside += value > upper || value < lower ? 1 : 0;
  }
  expect(outside).toBeLessThan(36);
});

test('a gap is no verdict and keeps a pending or firing state', () => {
  const { watched } = play('latency_p95', 1, 365, 360);
  const before = watched.watches.get('LatencyHigh')?.standing;
  expect(before?.phase).toBe('firing');
  const { verdicts } = judge(catalogue, watched, { time: EPOCH + 365 * STEP, value: NaN, volume: NaN }, STEP);
  expect(verdicts).toMatchObject([{ votes: [], breach: 'none', transition: 'none' }]);
  expect(watched.watches.get('LatencyHigh')?.standing).toEqual(before);
});

test('a point that is as ever leaves no word of a detector and nothing that it would remember', () => {
  const random = seeded(12);
  const watched = createWatched({ signal: 'latency_p95', pipeline: 'p', stage: 's' }, EPOCH, EPOCH);
  for (let i = 0; i < 360; i++) {
    const point = { time: EPOCH + i * STEP, value: p95(random, 0.05, 100), volume: 100 };
    expect(judge(catalogue, watched, point, STEP).verdicts).toEqual([]);
  }
  expect(watched.watches.size).toBe(0);
  const { verdicts, score, expected } = judge(
    catalogue,
    watched,
    { time: EPOCH + 360 * STEP, value: 5, volume: 100 },
    STEP,
  );
  expect(verdicts).toMatchObject([{ breach: 'score', transition: 'pending', score, expected }]);
  expect(watched.watches.get('LatencyHigh')?.standing.phase).toBe('pending');
});
