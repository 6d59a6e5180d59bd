import { describe, expect, test } from 'vitest';
import { isLossExpected, type LossQuestion, rateError, secondsToLoss } from '../../pipelines/lag-forecast.ts';
import { blend, FAST_MS, SLOW_MS } from '../../pipelines/lag-rates.ts';

const S = 1000;
const HOUR = 3600;
const unknown = Number.NaN;
const columns = (samples: readonly (readonly [number, number])[]) => ({
  at: Float64Array.from(samples, ([at]) => at),
  end: Float64Array.from(samples, ([, end]) => end),
});
/** A log of 10 records/s for two hours until now, kept for an hour. */
const question = (more: Partial<LossQuestion> = {}): LossQuestion => ({
  ...{ now: 7200 * S, offset: 50_000, commitRate: 0, end: 72_000, endRate: 10, oldest: 36_000, jump: unknown },
  ...{ retention: HOUR * S, retentionBytes: unknown, size: unknown },
  samples: columns(Array.from({ length: 25 }, (_sample, i) => [i * 300 * S, i * 3000] as const)),
  ...more,
});

describe('secondsToLoss', () => {
  test('a reader that stands: its record goes an hour after it was written', () => {
    // Record 50 000 was written at 5000 s, so it goes at 8600 s.
    expect(secondsToLoss(question())).toBeCloseTo(1400, 6);
  });

  test('a slow reader is met where its way crosses that of retention', () => {
    // Retention follows with 10 records/s from 36 000; 14 000 records apart, closing by 5 a second.
    expect(secondsToLoss(question({ commitRate: 5 }))).toBeCloseTo(2800, 6);
  });

  test('beyond what the samples tell, the log goes on growing as it does', () => {
    expect(secondsToLoss(question({ commitRate: 9 }))).toBeCloseTo(14_000, 6);
    expect(secondsToLoss(question({ commitRate: 9, samples: columns([]) }))).toBeCloseTo(14_000, 6);
  });

  test('a reader that is fast enough loses nothing, whatever its lag', () => {
    expect(secondsToLoss(question({ commitRate: 10.1 }))).toBe(Number.POSITIVE_INFINITY);
  });

  test('a burst that was written an hour ago is known to go soon', () => {
    const burst = columns([
      [0, 0],
      [4000 * S, 40_000],
      [4100 * S, 90_000],
      [7200 * S, 91_000],
    ]);
    // 40 000 records of one minute and a half go between 7600 s and 7700 s; at 20/s the reader has got to 58 000.
    const seconds = secondsToLoss(
      question({ offset: 50_000, commitRate: 20, end: 91_000, endRate: 1, samples: burst }),
    );
    expect(seconds).toBeGreaterThan(400);
    expect(seconds).toBeLessThan(450);
  });

  test('segments go as a whole, once their last record is due', () => {
    // Segments end at 36 000 + 6000 k; that of record 50 000 ends at 54 000, written at 5400 s.
    expect(secondsToLoss(question({ jump: 6000 }))).toBeCloseTo(5400 + HOUR - 7200, 6);
  });

  test('by size: when the log has grown beyond what is kept of it', () => {
    const bySize = { retention: unknown, retentionBytes: 50_000_000, size: 36_000_000 };
    // 1000 bytes a record: 50 000 are kept. The reader lags by 22 000, so the end must gain 28 000 on it.
    expect(secondsToLoss(question(bySize))).toBeCloseTo(2800, 6);
    expect(secondsToLoss(question({ ...bySize, commitRate: 5 }))).toBeCloseTo(5600, 6);
    expect(secondsToLoss(question({ ...bySize, commitRate: 10 }))).toBe(Number.POSITIVE_INFINITY);
    expect(secondsToLoss(question({ ...bySize, retention: HOUR * S }))).toBeCloseTo(1400, 6);
  });

  test('what is due already goes now', () => {
    expect(secondsToLoss(question({ offset: 30_000 }))).toBe(0);
  });
});

test('the error of a rate shrinks with the time it was measured', () => {
  expect(rateError(4, 100_000, 10_000)).toBeCloseTo(1.28 * Math.sqrt(0.4), 6);
  expect(rateError(4, 0, 10_000)).toBe(0);
  expect(rateError(unknown, 100_000, 10_000)).toBe(0);
});

/** Numbers in [0, 1) that a seed repeats (mulberry32). */
function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

interface Run {
  readonly seed: number;
  /** Hours kept, records per second read as a share of those written, and from which hour on it reads enough again. */
  readonly hours: number;
  readonly share: number;
  readonly recovers?: number;
  /** Seconds of a segment; 0 takes records one by one. */
  readonly segment?: number;
}

interface Outcome {
  /** Second of the first loss; infinite without. */
  readonly lostAt: number;
  readonly alertAt: number;
  /** By how much the forecast an hour before the loss was off, as a share of that hour. */
  readonly off: number;
}

/**
 * Writes with noise, a daily swing and bursts; reads a share of the mean with noise of its own; retention takes whole segments. The
 * forecast is made each minute from rates as they are kept, and samples of ten seconds thinned to five minutes.
 */
function simulate({ seed, hours, share, recovers = Number.POSITIVE_INFINITY, segment = 0 }: Run): Outcome {
  const next = random(seed);
  const phase = next() * 86_400;
  const keep = hours * HOUR;
  const ends: number[] = [0];
  const told: (readonly [number, number])[] = [];
  const forecasts: (readonly [number, number])[] = [];
  let [committed, oldest, jump] = [0, 0, unknown];
  let [slow, fast, endRate, measured, variance] = [unknown, unknown, unknown, 0, 0];
  let [alertAt, lostAt] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let holds = 0;
  const until = keep * 12;
  for (let second = 10; second < until; second += 10) {
    const swing = 1 + 0.2 * Math.sin(((second + phase) / 86_400) * 2 * Math.PI);
    const burst = next() < 0.002 ? 20 : 1;
    const written = 1000 * swing * (0.7 + 0.6 * next()) * burst;
    const end = (ends.at(-1) as number) + written;
    ends.push(end);
    const able = (second > recovers * HOUR ? 3 : share) * 1040 * (0.6 + 0.8 * next());
    const read = Math.min(able, end - committed);
    committed += read;
    const [x, y] = [read / 10, written / 10];
    slow = blend(slow, x, 10_000, SLOW_MS, measured);
    fast = blend(fast, x, 10_000, FAST_MS, measured);
    endRate = blend(endRate, y, 10_000, SLOW_MS, measured);
    variance = blend(variance, (x - slow) ** 2, 10_000, SLOW_MS, measured);
    measured += 10_000;
    if (second % 300 === 0) told.push([second * S, end]);
    const due = second - keep;
    if (due > 0) {
      const gone = segment === 0 ? due : Math.floor(due / segment) * segment;
      const first = ends[Math.floor(gone / 10)] as number;
      if (first > oldest) [jump, oldest] = [first - oldest, first];
    }
    if (oldest > committed) {
      lostAt = second;
      break;
    }
    if (second % 60 !== 0 || second < 1800) continue;
    const samples = columns(told.slice(-Math.ceil((keep * 1.5) / 300)));
    const ask = (commitRate: number) =>
      secondsToLoss({
        ...{
          now: second * S,
          offset: committed,
          commitRate,
          end,
          endRate,
          oldest,
          jump: segment === 0 ? unknown : jump,
        },
        ...{ retention: keep * S, retentionBytes: unknown, size: unknown, samples },
      });
    const forecast = end - committed > 1 ? ask(slow) : Number.POSITIVE_INFINITY;
    forecasts.push([second, forecast]);
    holds = end - committed > 1 && isLossExpected(forecast, ask(fast), keep * S) ? holds + 1 : 0;
    if (holds >= 2) alertAt = Math.min(alertAt, second);
  }
  const early = forecasts.find(([second]) => second >= lostAt - HOUR);
  const off = early === undefined ? unknown : Math.abs(early[1] - (lostAt - early[0])) / HOUR;
  return { lostAt, alertAt, off };
}

describe('a loss to expect', () => {
  const never = Number.POSITIVE_INFINITY;
  const minutes = (count: number) => count * 60 * S;
  test.each([
    ['an hour, at the rate of an hour', 3600, never, 24 * HOUR * S, true],
    ['more than that', 3601, never, 24 * HOUR * S, false],
    ['a quarter of an hour, at the rate of a minute', never, 900, 24 * HOUR * S, true],
    ['more than that', never, 901, 24 * HOUR * S, false],
    ['half of a short retention', 1800, never, HOUR * S, true],
    ['more than that', 1801, never, HOUR * S, false],
    ['an eighth of it, at the rate of a minute', never, 450, HOUR * S, true],
    ['more than that', never, 451, HOUR * S, false],
    ['two minutes, which an alert takes, of ten', never, 120, minutes(10), true],
    ['more than that', never, 121, minutes(10), false],
    ['half of three', never, 90, minutes(3), true],
    ['more than that', never, 91, minutes(3), false],
    ['retention by size alone', 3600, never, unknown, true],
    ['the same at the rate of a minute', never, 901, unknown, false],
  ])('%s', (_name, slow, fast, retention, expected) => {
    expect(isLossExpected(slow, fast, retention)).toBe(expected);
  });
});

describe('simulated readers', () => {
  const seeds = Array.from({ length: 6 }, (_seed, i) => i + 1);
  test.each([
    ['stopped', 0, 0],
    ['at half', 0.5, 0],
    ['at two thirds', 0.66, 0],
    ['at half, with segments of a quarter of an hour', 0.5, 900],
  ])('%s: the loss is foretold an hour ahead within 15 %%, and an alert comes before it', (_name, share, segment) => {
    const outcomes = seeds.flatMap((seed) => [6, 12].map((hours) => simulate({ seed, hours, share, segment })));
    for (const { lostAt, alertAt } of outcomes) {
      expect(lostAt).toBeLessThan(Number.POSITIVE_INFINITY);
      expect(lostAt - alertAt).toBeGreaterThan(600);
    }
    const off = outcomes.map((outcome) => outcome.off).sort((a, b) => a - b);
    expect(off.at(-1)).toBeLessThan(0.15);
  });

  test('four fifths, a tenth less than is written when it swings down: hard to foretell, told in time all the same', () => {
    const many = Array.from({ length: 24 }, (_seed, i) => i + 1);
    const outcomes = many.flatMap((seed) => [6, 12].map((hours) => simulate({ seed, hours, share: 0.8 })));
    const off = outcomes.map((outcome) => outcome.off).sort((a, b) => a - b);
    for (const { lostAt, alertAt } of outcomes) expect(lostAt - alertAt).toBeGreaterThan(600);
    expect(off.filter((share) => share < 0.15).length).toBeGreaterThanOrEqual(43);
  });

  test('a reader that recovers loses nothing, and nobody is told', () => {
    for (const seed of seeds) {
      const { lostAt, alertAt } = simulate({ seed, hours: 8, share: 0.3, recovers: 4.5 });
      expect([lostAt, alertAt]).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
    }
  });

  test('a reader that keeps up is never said to lose', () => {
    for (const seed of seeds) expect(simulate({ seed, hours: 6, share: 2 }).alertAt).toBe(Number.POSITIVE_INFINITY);
  });
});
