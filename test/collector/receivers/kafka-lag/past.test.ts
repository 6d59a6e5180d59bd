import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PartitionPast, pointsOfAnswer, stepOf } from '../../../../collector/receivers/kafka-lag/past.ts';

const NOW = 1_700_000_000_000;
const POLL = 5000;
const STEP = 10_000;
const HOUR = 3_600_000;

/** Answers as a leader gives them: the first record, in the order of the log, with a timestamp at or after the one asked. */
function leader(times: readonly number[]) {
  return (asked: number): { offset: number; timestamp: number } => {
    const offset = times.findIndex((time) => time >= asked);
    return { offset, timestamp: offset < 0 ? -1 : (times[offset] as number) };
  };
}

/** Asks until nothing is asked any more; how often that was. */
function date(past: PartitionPast, offset: number, times: readonly number[], end: number): number {
  const ask = leader(times);
  for (let steps = 0; ; steps++) {
    const asked = past.nextTime(offset, NOW, POLL);
    if (asked === undefined) return steps;
    if (steps > 60) throw new Error(`still asking, now for ${asked}`);
    const answer = ask(asked);
    const isDated = answer.offset >= 0 && answer.timestamp <= NOW;
    const offsetAt = answer.offset < 0 ? end : answer.offset;
    if (!isDated) past.add({ time: asked, offset: offsetAt, isRecord: false });
    else
      for (const point of pointsOfAnswer(asked, answer.timestamp, answer.offset, NOW))
        if (point.time > 0) past.add(point);
  }
}

function begun(end: number): PartitionPast {
  const past = new PartitionPast();
  past.add({ time: NOW, offset: end, isRecord: false });
  return past;
}

/** The bracket around a record, and whether it is as narrow as was promised. */
function bracketed(past: PartitionPast, offset: number): { left: number; right: number; isNarrow: boolean } {
  const { left, right } = past.bracket(offset);
  const bounds = { left: left?.time ?? Number.NaN, right: right?.time ?? Number.NaN };
  const age = Math.max(0, NOW - bounds.right);
  return {
    ...bounds,
    isNarrow: bounds.right - bounds.left <= Math.max(POLL, 0.05 * age, age > 39 * HOUR ? 600_000 : 2 * STEP),
  };
}

describe('dating a record from before the first poll', () => {
  it('takes some ten questions for a steady week', () => {
    const times = Array.from({ length: 10_000 }, (_, i) => NOW - 7 * 24 * HOUR + i * 60_480);
    for (const offset of [0, 1, 5000, 9000, 9990, 9999]) {
      const past = begun(times.length);
      expect(date(past, offset, times, times.length)).toBeLessThanOrEqual(14);
      const { left, right, isNarrow } = bracketed(past, offset);
      expect(isNarrow).toBe(true);
      expect(times[offset] as number).toBeGreaterThanOrEqual(left);
      expect(times[offset] as number).toBeLessThanOrEqual(right);
    }
  });

  it('tells the last record of an hourly burst from the first of the next', () => {
    const times = Array.from({ length: 12 }, (_, burst) =>
      Array.from({ length: 50 }, (_, i) => NOW - (12 - burst) * HOUR + i),
    ).flat();
    for (const [offset, hours] of [
      [299, 7],
      [300, 6],
    ] as const) {
      const past = begun(times.length);
      expect(date(past, offset, times, times.length)).toBeLessThanOrEqual(12);
      const { left, right } = bracketed(past, offset);
      expect((NOW - left) / HOUR).toBeCloseTo(hours, 2);
      expect((NOW - right) / HOUR).toBeCloseTo(hours, 0);
      expect(right - left).toBeLessThanOrEqual(0.05 * 7 * HOUR);
    }
  });

  it('sees that a topic has been quiet since', () => {
    const times = [NOW - 30 * HOUR, NOW - 29 * HOUR];
    const past = begun(2);
    date(past, 1, times, 2);
    const { left, right, isNarrow } = bracketed(past, 1);
    expect(isNarrow).toBe(true);
    expect(left).toBeLessThanOrEqual(NOW - 29 * HOUR);
    expect(right).toBeLessThan(NOW - 27 * HOUR);
  });

  it('asks nothing where the samples at hand are near enough', () => {
    const past = begun(100);
    past.add({ time: NOW - 4000, offset: 90, isRecord: false });
    expect(past.nextTime(95, NOW, POLL)).toBeUndefined();
    expect(past.nextTime(100, NOW, POLL)).toBeUndefined();
    expect(past.nextTime(80, NOW, POLL)).toBe(0);
  });

  it('gives up on a log without times', () => {
    const past = begun(100);
    past.isUndatable = true;
    expect(past.nextTime(5, NOW, POLL)).toBeUndefined();
  });

  it('is bounded, right and narrow for any log in order', () => {
    const gaps = fc.array(
      fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 10 * HOUR })),
      {
        minLength: 1,
        maxLength: 200,
      },
    );
    fc.assert(
      fc.property(gaps, fc.nat(), (steps, pick) => {
        let age = 0;
        const times = steps
          .map((gap) => {
            age += gap;
            return NOW - 1 - age;
          })
          .reverse();
        const offset = pick % times.length;
        const past = begun(times.length);
        date(past, offset, times, times.length);
        const { left, right, isNarrow } = bracketed(past, offset);
        expect(isNarrow).toBe(true);
        expect(left).toBeLessThanOrEqual(times[offset] as number);
        expect(right).toBeGreaterThanOrEqual(times[offset] as number);
      }),
      { numRuns: 500 },
    );
  });

  it('is bounded, and its points stay in order, whatever order the timestamps stand in', () => {
    const log = fc.array(fc.integer({ min: NOW - 100 * HOUR, max: NOW + HOUR }), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(log, fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), (times, picks) => {
        const past = begun(times.length);
        for (const pick of picks) {
          try {
            date(past, pick % times.length, times, times.length);
          } catch (error) {
            // Without an oldest record in the past there is nothing to begin with: the receiver marks such logs.
            expect(String(error)).toContain('now for 0');
          }
        }
        const { points } = past;
        for (let i = 1; i < points.length; i++) {
          expect(points[i]?.time).toBeGreaterThan(points[i - 1]?.time as number);
          expect(points[i]?.offset).toBeGreaterThanOrEqual(points[i - 1]?.offset as number);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('asks for times where the steps of the store begin, which are longer for what is old', () => {
    expect([stepOf(3 * HOUR), stepOf(50 * HOUR)]).toEqual([10_000, 300_000]);
    const times = Array.from({ length: 5000 }, (_, i) => NOW - 90 * HOUR + i * 64_777);
    const past = begun(times.length);
    for (const offset of [20, 4990]) date(past, offset, times, times.length);
    for (const { time } of past.points.slice(0, -1)) {
      expect(time % 10_000).toBe(0);
      if (NOW - time > 60 * HOUR) expect(time % 300_000).toBe(0);
    }
  });

  it('keeps little', () => {
    const past = begun(1_000_000);
    for (let i = 1; i < 500; i++) past.add({ time: NOW - i * 1000, offset: 1_000_000 - i * 100, isRecord: false });
    past.trim([999_950, 990_010]);
    expect(past.points.length).toBeLessThanOrEqual(5);
    expect(past.bracket(990_010).left?.offset).toBe(990_000);
    expect(past.bracket(990_010).right?.offset).toBe(990_100);
  });
});
