import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DeclaredSlo } from '../../core/definition.ts';
import { burnRules, judgeSlo, poissonTail, type WindowCounts } from '../../pipelines/slo.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const _ = Number.NaN;

const slo = (given: Partial<DeclaredSlo> = {}): DeclaredSlo => ({
  ...{ name: 'checkout', indicator: 'errors', kind: 'service', node: 'billing', objective: 0.999, target: _ },
  ...{ period: 30 * DAY, minEvents: 20 },
  ...given,
});

/** Counts of a steady flow of `rate` events a second with a share of bad ones in the last minutes before now. */
function counts(
  of: DeclaredSlo,
  rate: number,
  bad: (window: number) => number,
): { windows: WindowCounts[]; period: WindowCounts } {
  const count = (window: number): WindowCounts => {
    const total = (rate * window) / 1000;
    return { total, good: total * (1 - bad(window)) };
  };
  const windows = burnRules(of.period, of.objective).flatMap(({ long, short }) => [count(long), count(short)]);
  return { windows, period: count(of.period) };
}

/** Everything of the last `ago` milliseconds was bad with this share, nothing before. */
const since = (ago: number, share: number) => (window: number) => (Math.min(ago, window) / window) * share;

describe('the rules', () => {
  test('are those of the workbook for thirty days', () => {
    expect(burnRules(30 * DAY, 0.999)).toEqual([
      { name: 'fast', long: HOUR, short: 5 * MINUTE, burn: expect.closeTo(14.4) },
      { name: 'medium', long: 6 * HOUR, short: 30 * MINUTE, burn: expect.closeTo(6) },
      { name: 'slow', long: 3 * DAY, short: 6 * HOUR, burn: expect.closeTo(1) },
    ]);
  });

  test('keep their share of the budget in another period', () => {
    expect(
      burnRules(7 * DAY, 0.99).map(({ long, short, burn }) => [long / HOUR, short / MINUTE, Number(burn.toFixed(2))]),
    ).toEqual([
      [1, 5, 3.36],
      [6, 30, 1.4],
      [16.833333333333332, 85, 1],
    ]);
    expect(burnRules(90 * DAY, 0.99).map(({ long, burn }) => [long / HOUR, Math.round(burn * 10) / 10])).toEqual([
      [3, 14.4],
      [18, 6],
      [216, 1],
    ]);
    for (const rule of burnRules(DAY, 0.99)) expect(rule.burn).toBeGreaterThanOrEqual(1);
  });

  test('never ask for more than every event being bad', () => {
    expect(burnRules(30 * DAY, 0.9)[0]?.burn).toBeCloseTo(10);
  });
});

describe('judgeSlo', () => {
  const judge = (of: DeclaredSlo, rate: number, bad: (window: number) => number) => judgeSlo(of, counts(of, rate, bad));

  test('meets its objective without a word', () => {
    const verdict = judge(slo(), 10, () => 0.0005);
    expect(verdict).toMatchObject({ state: 'met', reason: '50 % of the budget of 30 d left' });
    expect(verdict.budgetLeft).toBeCloseTo(0.5);
    expect(verdict.fast).toBeLessThan(0.1);
    expect(verdict.slow).toBeCloseTo(0.5);
  });

  test('pages for an outage within minutes and stops soon after it', () => {
    // At 0.1 % allowed, an hour of which 1.44 % is bad has spent 2 % of the budget of a month: 52 seconds of outage.
    const firesAfter = [10, 30, 40, 60, 120].find((seconds) => judge(slo(), 50, since(seconds * 1000, 1)).fast >= 1);
    expect(firesAfter).toBe(60);
    const over = (window: number) => (window <= 30 * MINUTE ? 0 : since(10 * MINUTE, 1)(window));
    expect(judge(slo(), 50, over).fast).toBeLessThan(1);
  });

  test('a slow leak is told without paging', () => {
    const verdict = judge(slo(), 50, () => 0.0015);
    expect(verdict).toMatchObject({ state: 'exhausted' });
    expect(verdict.fast).toBeLessThan(1);
    expect(verdict.slow).toBeGreaterThan(1);
    const early = judge(slo(), 50, since(4 * DAY, 0.0015));
    expect(early).toMatchObject({ state: 'slow_burn' });
    expect(early.reason).toMatch(/^burns 1\.5 times the budget's rate over 3 d, 80 % of the budget of 30 d left$/);
  });

  test('says what burns when it pages', () => {
    const verdict = judge(slo(), 50, since(2 * HOUR, 0.1));
    expect(verdict.state).toBe('fast_burn');
    expect(verdict.reason).toMatch(/^burns 100\.0 times the budget's rate over 1 h, /);
  });

  test('one bad event among a few pages nobody, many do', () => {
    const few = (bad: number, total: number) => {
      const window = { good: total - bad, total };
      return judgeSlo(slo({ objective: 0.99 }), {
        windows: Array(6).fill(window),
        period: { good: 9e4, total: 9e4 + bad },
      });
    };
    expect(few(1, 5).fast).toBeLessThan(1);
    expect(few(5, 10).fast).toBeLessThan(1);
    expect(few(1, 25).slow).toBeLessThan(1);
    expect(few(12, 40).fast).toBeGreaterThan(1);
  });

  test('chance alone pages about never, whatever the volume', () => {
    let state = 12345;
    const random = () => {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      return state / 2 ** 31;
    };
    const binomial = (n: number, p: number) => {
      let hits = 0;
      for (let i = 0; i < n; i++) if (random() < p) hits++;
      return hits;
    };
    let pages = 0;
    for (const total of [3, 20, 60, 200, 1000]) {
      for (let i = 0; i < 400; i++) {
        // The true rate is just the objective's.
        const windows = [total, total / 12, 6 * total, total / 2, 72 * total, 6 * total].map((size) => {
          const n = Math.round(size);
          return { total: n, good: n - binomial(Math.min(n, 3000), 0.001) };
        });
        if (judgeSlo(slo(), { windows, period: { good: 1e6, total: 1e6 } }).fast >= 1) pages++;
      }
    }
    expect(pages).toBeLessThanOrEqual(4);
  });

  test('freshness counts measured time, and nothing is told where nothing was counted', () => {
    const fresh = slo({ indicator: 'freshness', objective: 0.99, target: 60 });
    expect(judge(fresh, 0.1, since(20 * MINUTE, 1)).fast).toBeGreaterThan(1);
    expect(judge(fresh, 0.02, since(20 * MINUTE, 1)).fast).toBeLessThan(1);
    const nothing = { good: 0, total: 0 };
    const verdict = judgeSlo(fresh, { windows: Array(6).fill(nothing), period: nothing });
    expect(verdict).toMatchObject({ state: 'no_data', budgetLeft: _, fast: _, slow: _ });
  });

  test('whatever the counts, the verdict is in order', () => {
    const window = fc.nat(1e6).chain((total) => fc.nat(total).map((good) => ({ good, total })));
    fc.assert(
      fc.property(
        fc.array(window, { minLength: 6, maxLength: 6 }),
        window,
        fc.double({ min: 0.5, max: 0.99999, noNaN: true }),
        (windows, period, objective) => {
          const verdict = judgeSlo(slo({ objective }), { windows, period });
          expect(verdict.budgetLeft <= 1 || period.total === 0).toBe(true);
          expect(verdict.fast >= 0 || Number.isNaN(verdict.fast)).toBe(true);
          expect(verdict.reason).not.toMatch(/NaN/);
        },
      ),
    );
  });
});

test('poissonTail is the chance of so many or more', () => {
  expect(poissonTail(0, 3)).toBe(1);
  expect(poissonTail(1, 1)).toBeCloseTo(1 - Math.exp(-1), 12);
  expect(poissonTail(5, 2)).toBeCloseTo(0.052653, 6);
  // Both ways of computing it meet at a mean of 200.
  expect(poissonTail(230, 200.001)).toBeCloseTo(poissonTail(230, 199.999), 2);
  expect(poissonTail(1000, 200.5)).toBeLessThan(1e-12);
});
