import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createTally, isLabelled, MERGE_GAP } from '../../../detector/backtest/tally.ts';
import { scoreEvents } from './event-score.ts';

function tallied(label: string, alarm: string) {
  const tally = createTally();
  for (const [i, one] of [...label].entries()) tally.add(one === '1', alarm[i] === '1');
  return tally.counts();
}

describe('createTally', () => {
  test.each([
    ['..11..', '...1..', { segments: 1, found: 1, delays: [1], alarms: 1, true_alarms: 1, quiet_rows: 4 }],
    ['..11..', '.1..1.', { segments: 1, found: 0, delays: [], alarms: 1, true_alarms: 0, quiet_rows: 4 }],
    ['11..11', '111111', { segments: 2, found: 2, delays: [0, 0], alarms: 1, true_alarms: 1, quiet_rows: 2 }],
    ['......', '......', { segments: 0, found: 0, delays: [], alarms: 0, true_alarms: 0, quiet_rows: 6 }],
  ])('%s said %s', (label, alarm, expected) => {
    expect(tallied(label, alarm)).toEqual(expected);
  });

  test('alarms ten rows apart are one, eleven are two', () => {
    const quiet = (rows: number) => '.'.repeat(rows);
    expect(tallied(quiet(12), `1${quiet(10)}1`).alarms).toBe(1);
    expect(tallied(quiet(13), `1${quiet(11)}1`).alarms).toBe(2);
  });

  test('counts row by row what is counted of the whole', () => {
    const flags = fc.array(fc.tuple(fc.boolean(), fc.boolean()), { maxLength: 80 });
    fc.assert(
      fc.property(flags, (rows) => {
        const tally = createTally();
        for (const [labelled, alarm] of rows) tally.add(labelled, alarm);
        const column = (which: 0 | 1) => new Uint8Array(rows.map((row) => (row[which] ? 1 : 0)));
        const whole = scoreEvents(column(0), column(1), 86_400_000, 0, MERGE_GAP);
        const { segments, found, alarms, true_alarms, quiet_rows, delays } = tally.counts();
        expect({ segments, found, alarms, trueAlarms: true_alarms, quietDays: quiet_rows }).toEqual(whole);
        expect(delays).toHaveLength(found);
      }),
    );
  });
});

describe('isLabelled', () => {
  test.each(['1', ' 1.0', '2', 'true', 'True', 'yes'])('%j says that something is wrong', (cell) => {
    expect(isLabelled(cell)).toBe(true);
  });

  test.each(['0', '0.0', '', 'false', 'NaN', '-1', 'normal'])('%j does not', (cell) => {
    expect(isLabelled(cell)).toBe(false);
  });
});
