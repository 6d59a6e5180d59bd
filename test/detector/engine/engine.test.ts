import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEngine, type Engine, type Inputs } from '../../../detector/engine/engine.ts';
import { createIncidents, THRESHOLD } from '../../../detector/engine/incident.ts';
import { recompute } from '../../../detector/engine/score.ts';
import { DAY, HOUR, MINUTE, MONDAY, noise, wave } from './watch.ts';

/** Scores of one series. */
function scores(values: readonly number[], interval = MINUTE, engine = createEngine(1)): number[] {
  return values.map((value, i) => engine.judge(0, MONDAY + i * interval, value).score);
}

function noisy(count: number, seed = 1): number[] {
  const normal = noise(seed);
  return Array.from({ length: count }, (_, i) => 100 + 20 * wave(i * MINUTE) + 3 * normal());
}

describe('every number behind a score can be read out', () => {
  test('and gives the same score again, to the last bit, after a trip through JSON', () => {
    for (const interval of [1000, 10_000, MINUTE, HOUR]) {
      const engine = createEngine(1);
      const values = [...noisy(700), 180, 20, ...noisy(50, 2)];
      for (const [i, value] of values.entries()) {
        const { score } = engine.judge(0, MONDAY + i * interval, value);
        const inputs = JSON.parse(JSON.stringify(engine.inputs())) as Inputs;
        expect(recompute(inputs)).toBe(score);
      }
    }
  });

  test('with each stream, its tail, and what was expected', () => {
    const engine = createEngine(1);
    scores([...noisy(3 * 1440), 200], MINUTE, engine);
    const inputs = engine.inputs();
    expect(inputs.streams.map(({ stream }) => stream)).toEqual([
      'profile',
      'shift',
      'slow_shift',
      'spread',
      'step',
      'level',
      'regression',
    ]);
    expect(inputs).toMatchObject({ value: 200, points: 3 * 1440, interval: MINUTE, rung: 'season' });
    expect(inputs.expected).toBeGreaterThan(90);
    expect(inputs.expected).toBeLessThan(110);
    expect(inputs.lower).toBeGreaterThan(80);
    expect(inputs.upper).toBeLessThan(125);
    const step = inputs.streams.find(({ stream }) => stream === 'step');
    expect(step).toMatchObject({ odds: 5, weight: 0.5 });
    expect(step?.u).toBeLessThan(20);
  });
});

describe('what a score does not depend on', () => {
  const base = [...noisy(600), 160, 30, ...noisy(60, 2)];

  test('the unit of the values', () => {
    const [plain, ...scaled] = [1, 1024, 2 ** -12].map((unit) => scores(base.map((value) => value * unit)));
    for (const other of scaled)
      for (const [i, score] of other.entries()) expect(score).toBeCloseTo(plain?.[i] as number, 5);
  });

  test('the sign: a series upside down is as strange', () => {
    const turned = scores(base.map((value) => -value));
    for (const [i, score] of scores(base).entries()) expect(turned[i]).toBeCloseTo(score, 6);
  });

  test('where zero lies, once a series has outgrown its first points', () => {
    const moved = scores(base.map((value) => value + 1000)).slice(300);
    const plain = scores(base).slice(300);
    const apart = plain.reduce((sum, score, i) => sum + Math.abs((moved[i] as number) - score), 0) / plain.length;
    expect(apart).toBeLessThan(0.05);
  });

  test('the series beside it', () => {
    const alone = scores(base);
    const engine = createEngine(3);
    const normal = noise(9);
    for (const [i, value] of base.entries()) {
      const time = MONDAY + i * MINUTE;
      engine.judge(0, time, 1e9 * normal());
      expect(engine.judge(1, time, value).score).toBe(alone[i]);
      engine.judge(2, time, NaN);
    }
  });
});

test('the judged point is not in its own baseline: what comes after changes no score', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 100, maxLength: 200 }),
      (values) => {
        const part = scores(values.slice(0, 80));
        expect(scores(values).slice(0, 80)).toEqual(part);
      },
    ),
    { numRuns: 30 },
  );
});

test('any numbers give finite scores', () => {
  const value = fc.oneof(
    fc.double({ min: -1e300, max: 1e300, noNaN: true }),
    fc.constantFrom(0, 1, -1, NaN, Number.MAX_VALUE, -Number.MAX_VALUE, Infinity, -Infinity, 1e-320),
  );
  fc.assert(
    fc.property(fc.array(value, { minLength: 50, maxLength: 300 }), (values) => {
      for (const score of scores(values)) expect(Number.isFinite(score)).toBe(true);
    }),
    { numRuns: 100 },
  );
});

test('gaps score 0 and teach nothing', () => {
  const engine = createEngine(1);
  const values = noisy(400);
  const times = values.map((_, i) => MONDAY + (i < 200 ? i : i + 100) * MINUTE);
  const direct = values.map((value, i) => engine.judge(0, times[i] as number, value).score);
  const gappy = createEngine(1);
  const said: number[] = [];
  for (const [i, value] of values.entries()) {
    if (i === 200)
      for (let gap = 0; gap < 100; gap++) expect(gappy.judge(0, MONDAY + (200 + gap) * MINUTE, NaN).score).toBe(0);
    said.push(gappy.judge(0, times[i] as number, value).score);
  }
  expect(said).toEqual(direct);
});

test('a restored state goes on exactly where it stood', () => {
  const values = [...noisy(500), 170, ...noisy(100, 2)];
  const [engine, incidents] = [createEngine(1), createIncidents(1)];
  const arrays = (of: Engine, and: typeof incidents) => [...of.state, ...and.state];
  const say = (of: Engine, and: typeof incidents, i: number) => {
    const { score } = of.judge(0, MONDAY + i * MINUTE, values[i] as number);
    return { score, ...and.decide(0, score, 2) };
  };
  for (let i = 0; i < 450; i++) say(engine, incidents, i);
  const kept = arrays(engine, incidents).map((array) => array.slice());
  const [again, andAgain] = [createEngine(1), createIncidents(1)];
  for (const [k, array] of arrays(again, andAgain).entries()) array.set(kept[k] as never);
  for (let i = 450; i < values.length; i++) expect(say(again, andAgain, i)).toEqual(say(engine, incidents, i));
});

test('a series takes at most 2,700 bytes', () => {
  const count = 1000;
  const bytes = [...createEngine(count).state, ...createIncidents(count).state].reduce(
    (sum, array) => sum + array.byteLength,
    0,
  );
  expect(bytes / count).toBeLessThan(2700);
});

test('rungs are climbed with what was seen', () => {
  const engine = createEngine(1);
  const rungs = noisy(9 * 1440).map((value, i) => {
    engine.judge(0, MONDAY + i * MINUTE, value);
    return engine.rung(0);
  });
  expect([rungs[20], rungs[100], rungs[1450], rungs[2 * 1440], rungs[8 * 1440 + 10]]).toEqual([
    'learning',
    'baseline',
    'baseline',
    'season',
    'full',
  ]);
});

describe('traits', () => {
  const last = (engine: Engine, value: number) => scores([...noisy(600), value], MINUTE, engine).at(-1) as number;
  const directed = (direction: 'up' | 'down' | 'both', floor = 0) => {
    const engine = createEngine(1);
    engine.setTraits(0, { direction, noise: floor });
    return engine;
  };

  test('of a one-sided series only one side counts', () => {
    expect(last(directed('both'), 190)).toBeGreaterThan(2.5);
    expect(last(directed('up'), 190)).toBeGreaterThan(2.5);
    expect(last(directed('down'), 190)).toBeLessThan(1);
    expect(last(directed('up'), 10)).toBeLessThan(1);
    expect(last(directed('down'), 10)).toBeGreaterThan(2.5);
  });

  test('deviations below the noise floor mean nothing', () => {
    expect(last(directed('both', 200), 190)).toBeLessThanOrEqual(0);
  });
});

test('residuals of forecasts from outside speak once there are enough of them', () => {
  const normal = noise(4);
  const engine = createEngine(1);
  const plain = createEngine(1);
  let [withThem, without] = [0, 0];
  for (const [i, value] of [...noisy(600), 128].entries()) {
    const time = MONDAY + i * MINUTE;
    const residual = i < 600 ? 2 * normal() : 60;
    withThem = engine.judge(0, time, value, residual, i < 590 ? NaN : residual).score;
    without = plain.judge(0, time, value).score;
  }
  const { streams } = engine.inputs();
  expect(streams.at(-1)).toMatchObject({ stream: 'forecast', value: 60, weight: 0.8 });
  expect(streams.find(({ stream }) => stream === 'step')).toMatchObject({ weight: 0.2 });
  expect(withThem).toBeGreaterThan(without);
});

test('drift is the mean of the last residuals of the farther forecast', () => {
  const engine = createEngine(1);
  for (const [i, value] of noisy(200).entries()) engine.judge(0, MONDAY + i * MINUTE, value, 0, i < 100 ? 1 : 5);
  const { streams } = engine.inputs();
  expect(streams.at(-1)).toMatchObject({ stream: 'drift', weight: 0.4 });
  expect(streams.at(-1)?.value).toBeCloseTo(5, 3);
});

test('a long incident does not make the next one of its kind ordinary', () => {
  const down = (i: number) => (i >= 2000 && i < 2100) || (i >= 3400 && i < 3410);
  const said = scores(noisy(3410).map((value, i) => (down(i) ? value - 60 : value)));
  expect(Math.max(...said.slice(3400))).toBeGreaterThan(THRESHOLD + 0.5);
});

test('the tails remember: a series that has always had such spikes is used to them', () => {
  const spiky = (every: number) => (value: number, i: number) => (i % every === every - 1 ? value + 60 : value);
  const used = scores([...noisy(5000).map(spiky(50)), 160]).at(-1) as number;
  const fresh = scores([...noisy(5000), 160]).at(-1) as number;
  expect(used).toBeLessThan(fresh - 1);
});

test('the profile is what makes a daily peak ordinary and its absence strange', () => {
  const peak = (i: number) => (i % 288 > 140 && i % 288 < 160 ? 300 : 100);
  const normal = noise(6);
  const values = Array.from({ length: 288 * 10 }, (_, i) => peak(i) + 3 * normal());
  const engine = createEngine(1);
  const usual = scores(values, 5 * MINUTE, engine).slice(-288);
  expect(Math.max(...usual)).toBeLessThan(2.25);
  const missing = Array.from({ length: 150 }, () => 100 + 3 * normal()).map(
    (value, i) => engine.judge(0, MONDAY + 10 * DAY + i * 5 * MINUTE, value).score,
  );
  expect(Math.max(...missing)).toBeGreaterThan(2.25);
});
