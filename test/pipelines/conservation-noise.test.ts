import { describe, expect, test } from 'vitest';
import { chanceOf } from '../../bench/conservation/chance.ts';
import {
  type Counts,
  LENGTHS,
  learnNoise,
  type Noise,
  RELEARN_MINUTES,
  robustScale,
  windowVariance,
} from '../../pipelines/conservation-noise.ts';

type Make = (minute: number) => { readonly sent: number; readonly reached: number };

/** Minutes, and the windows of the last 75 of them, each a sixth of its minute. */
function past(
  count: number,
  make: Make,
  jitter: (sent: number, reached: number) => number = (_sent, reached) => reached,
) {
  const minutes = { sent: new Float64Array(count), reached: new Float64Array(count) };
  const windows = {
    sent: new Float64Array(6 * Math.min(75, count)),
    reached: new Float64Array(6 * Math.min(75, count)),
  };
  const skipped = count - windows.sent.length / 6;
  for (let minute = 0; minute < count; minute++) {
    const { sent, reached } = make(minute);
    for (let i = 0; i < 6; i++) {
      const got = jitter(sent / 6, reached / 6);
      minutes.sent[minute] = (minutes.sent[minute] as number) + sent / 6;
      minutes.reached[minute] = (minutes.reached[minute] as number) + got;
      if (minute < skipped) continue;
      windows.sent[6 * (minute - skipped) + i] = sent / 6;
      windows.reached[6 * (minute - skipped) + i] = got;
    }
  }
  return { minutes, windows };
}
const learnt = ({ minutes, windows }: { minutes: Counts; windows: Counts }) => learnNoise(minutes, windows) as Noise;
const now = (noise: Noise, length: (typeof LENGTHS)[number]) => noise.forecasts[0]?.[LENGTHS.indexOf(length)];

describe('a robust scale', () => {
  test('is that of a normal, and does not see what is rare', () => {
    const chance = chanceOf(1);
    const values = Array.from({ length: 4000 }, () => chance.normal());
    expect(robustScale(values)).toBeGreaterThan(0.93);
    expect(robustScale(values)).toBeLessThan(1.1);
    expect(robustScale([...values, ...new Array<number>(40).fill(1000)])).toBeLessThan(1.15);
    expect(robustScale([])).toBe(0);
    expect(robustScale([0, 0, 0, 5])).toBeGreaterThan(0);
  });
});

describe('noise', () => {
  test('of what passes through is none but that of counting', () => {
    const noise = learnt(past(300, () => ({ sent: 6000, reached: 6000 })));
    expect(noise).toMatchObject({ phi: 0, tau: 0 });
    expect(now(noise, 3)?.ratio).toBe(1);
    expect(now(noise, 3)?.rho).toBeLessThan(0.0002);
    expect(windowVariance(noise, 1000)).toBe(0.25);
  });

  test('of a filter by chance is that of a binomial', () => {
    const chance = chanceOf(2);
    const noise = learnt(
      past(
        600,
        () => ({ sent: 6000, reached: 1800 }),
        (sent) => chance.binomial(sent, 0.3),
      ),
    );
    expect(noise.phi).toBeGreaterThan(0.17);
    expect(noise.phi).toBeLessThan(0.27);
    expect(now(noise, 60)?.ratio).toBeCloseTo(0.3, 2);
  });

  test('grows with the square of the records where the ratio itself varies', () => {
    const chance = chanceOf(3);
    const busy = (minute: number) => (minute % 2 === 0 ? 600 : 60_000);
    const noise = learnt(
      past(
        300,
        (minute) => ({ sent: busy(minute), reached: busy(minute) }),
        (sent) => sent * (1 + 0.02 * chance.normal()),
      ),
    );
    expect(noise.tau).toBeGreaterThan(0.015);
    expect(noise.tau).toBeLessThan(0.026);
  });

  test('is neither widened nor shifted by a restart and a rebalance now and then', () => {
    const noise = learnt(
      past(600, (minute) => {
        const reached = minute > 524 ? 6000 : minute % 97 === 0 ? 2000 : minute % 71 === 0 ? 7500 : 6000;
        return { sent: 6000, reached };
      }),
    );
    expect(now(noise, 3)?.ratio).toBeCloseTo(1, 4);
    expect(now(noise, 60)?.rho).toBeLessThan(0.001);
  });

  test('follows a ratio that changes by the hour, better once it has seen it the day before', () => {
    const wave: Make = (minute) => ({
      sent: 60_000,
      reached: 60_000 * (0.3 + 0.1 * Math.sin((2 * Math.PI * minute) / 1440)),
    });
    const [first, second] = [learnt(past(1000, wave)), learnt(past(2880, wave))];
    const [early, late] = [now(first, 180)?.rho as number, now(second, 180)?.rho as number];
    expect(late).toBeLessThan(early / 3);
    for (let passed = 0; passed <= RELEARN_MINUTES; passed++) {
      const wanted = wave(2880 + passed - 15).reached / 60_000;
      expect(Math.abs((second.forecasts[passed]?.[LENGTHS.indexOf(180)]?.ratio as number) / wanted - 1)).toBeLessThan(
        0.01,
      );
    }
  });

  test('is not known of a short past, and of long stretches only after a long one', () => {
    expect(learnNoise(...args(past(12, () => ({ sent: 60, reached: 60 }))))).toBeUndefined();
    expect(learnNoise(...args(past(60, () => ({ sent: 0, reached: 0 }))))).toBeUndefined();
    const hour = learnt(past(60, () => ({ sent: 600, reached: 600 })));
    expect(hour.forecasts[0]?.map((forecast) => forecast !== undefined)).toEqual([
      ...[true, true, true, true, false, false, false, false],
    ]);
  });

  test('passes over minutes that must not be learnt from', () => {
    const noise = learnt(
      past(400, (minute) => (minute > 200 && minute < 300 ? { sent: 0, reached: 0 } : { sent: 600, reached: 300 })),
    );
    expect(now(noise, 3)?.ratio).toBe(0.5);
  });
});

function args({ minutes, windows }: { minutes: Counts; windows: Counts }): [Counts, Counts] {
  return [minutes, windows];
}
