import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRowClock } from '../../../detector/backtest/clock.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const range = (from: number, count: number, step = MINUTE) => Array.from({ length: count }, (_, i) => from + i * step);

describe('createRowClock', () => {
  test('times that grow stay as they are', () => {
    const clock = createRowClock();
    expect([10, 20, 50].map(clock.place)).toEqual([10, 20, 50]);
  });

  test('a repeated and a late row have no time; what follows goes on', () => {
    const clock = createRowClock();
    expect([10, 20, 20, 15, 30].map(clock.place)).toEqual([10, 20, 'time_repeated', 'time_backward', 30]);
  });

  test('the hour that comes twice at the end of daylight saving is waited out', () => {
    const clock = createRowClock();
    range(0, 120).forEach(clock.place);
    const again = range(60 * MINUTE, 120).map(clock.place);
    expect(again.slice(0, 59).every((placed) => placed === 'time_backward')).toBe(true);
    expect(again[59]).toBe('time_repeated');
    expect(again.slice(60)).toEqual(range(120 * MINUTE, 60));
    expect(clock.setBacks).toBe(0);
  });

  test('a clock that was set back is followed after ten rows, with whole days added', () => {
    const clock = createRowClock();
    range(3 * DAY, 100).forEach(clock.place);
    const after = range(DAY, 30).map(clock.place);
    expect(after.slice(0, 9).every((placed) => placed === 'time_backward')).toBe(true);
    expect(after.slice(9)).toEqual(range(4 * DAY + 9 * MINUTE, 21));
    expect(clock.setBacks).toBe(1);
  });

  test('single late rows, however many, do not set the clock back', () => {
    const clock = createRowClock();
    clock.place(5 * DAY);
    for (let i = 1; i < 50; i++) {
      expect(clock.place(5 * DAY + i * MINUTE)).toBe(5 * DAY + i * MINUTE);
      expect(clock.place(DAY + i * MINUTE)).toBe('time_backward');
    }
  });

  test('the next file goes on; where its times start again, whole days are added', () => {
    const clock = createRowClock();
    range(0, 2000).forEach(clock.place);
    clock.startFile();
    expect(clock.place(0)).toBe(2 * DAY);
    expect(clock.place(MINUTE)).toBe(2 * DAY + MINUTE);
    clock.startFile();
    expect(clock.place(9 * DAY)).toBe(9 * DAY);
  });

  test('the usual distance and the gaps in it are told for each file', () => {
    const clock = createRowClock();
    expect(clock.interval).toBeNaN();
    [...range(0, 10), ...range(20 * MINUTE, 10), ...range(40 * MINUTE, 3)].forEach(clock.place);
    expect([clock.interval, clock.gaps]).toEqual([MINUTE, 2]);
    clock.startFile();
    range(DAY, 4, HOUR).forEach(clock.place);
    expect([clock.interval, clock.gaps]).toEqual([HOUR, 0]);
  });

  test('whatever comes in, times only grow', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.integer({ min: 0, max: 100 * DAY }), fc.constant('file'))), (moves) => {
        const clock = createRowClock();
        let newest = Number.NEGATIVE_INFINITY;
        for (const move of moves) {
          if (typeof move === 'string') {
            clock.startFile();
            continue;
          }
          const placed = clock.place(move);
          if (typeof placed === 'string') continue;
          expect(placed).toBeGreaterThan(newest);
          expect((placed - move) % DAY).toBe(0);
          newest = placed;
        }
      }),
    );
  });
});
