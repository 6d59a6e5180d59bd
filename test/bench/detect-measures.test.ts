import { describe, expect, test } from 'vitest';
import { countAlarms, rankColumns } from '../../bench/detect/answers.ts';
import {
  eventMeasures,
  type Measure,
  median,
  nabMeasures,
  quantile,
  type SeriesEvents,
} from '../../bench/detect/measures.ts';
import { createRowJudge } from '../../bench/detect/rolling-z.ts';
import { tableText } from '../../bench/detect/table.ts';

function events(name: string, more: Partial<SeriesEvents> = {}): SeriesEvents {
  const none = { segments: 0, found: 0, alarms: 0, true_alarms: 0, false_alarms: 0, delays: [], normal_days: 10 };
  return { name, ...none, ...more };
}

const named = (measures: readonly Measure[], name: string) => measures.find((one) => one.name === name)?.values;

describe('eventMeasures', () => {
  const series = [
    events('a', { segments: 4, found: 2, alarms: 3, true_alarms: 2, false_alarms: 1, delays: [0, 4], vus_pr: 0.5 }),
    events('b', { segments: 0, alarms: 1, false_alarms: 1, vus_pr: null }),
    events('c', { segments: 2, found: 2, alarms: 2, true_alarms: 2, delays: [1, 1], vus_pr: 0.7 }),
  ];
  const summary = { event_f1: (2 * (4 / 6) * (4 / 6)) / (8 / 6), false_alarms_per_series_day: 2 / 30 };

  test('counts of all series of a half are put together', () => {
    const measures = eventMeasures({ summary, series });
    expect(named(measures, 'event F1')?.A).toBeCloseTo((2 * 0.8 * (4 / 6)) / (0.8 + 4 / 6));
    expect(named(measures, 'event F1')?.B).toBe(0);
    expect(named(measures, 'false alarms a series-day')).toEqual({ A: 1 / 20, B: 1 / 10, both: 2 / 30 });
    expect(named(measures, 'delay, median, rows')).toEqual({ A: 1, B: Number.NaN, both: 1 });
    expect(named(measures, 'VUS-PR')).toEqual({ A: 0.6, B: Number.NaN, both: 0.6 });
  });

  test('a sum that is not what the scorer says is refused', () => {
    expect(() => eventMeasures({ summary: { ...summary, event_f1: 0.9 }, series })).toThrow('event F1');
  });
});

describe('nabMeasures', () => {
  const file = (name: string, raw: number, windows: number) => {
    return { file: name, raw, windows, windows_found: windows, fp_rows: 1 };
  };

  test('0 is finding nothing, 100 is finding all at once', () => {
    const windows = { x: [1, 2], y: [1] };
    const perfect = { profile: 'standard' as const, score: 100, per_file: [file('x', 2, 2), file('y', 1, 1)] };
    expect(named(nabMeasures([perfect], windows), 'standard')).toEqual({ A: 100, B: 100, both: 100 });
    const half = {
      profile: 'low_fn' as const,
      score: (100 * (-1 + 6)) / 9,
      per_file: [file('x', 1, 2), file('y', -2, 1)],
    };
    const values = named(nabMeasures([half], windows), 'low FN');
    expect(values?.A).toBeCloseTo((100 * (1 + 4)) / (2 + 4));
    expect(values?.B).toBeCloseTo(0);
    expect(() => nabMeasures([{ ...half, score: 90 }], windows)).toThrow('NAB low_fn');
  });
});

describe('answers', () => {
  test('rows of alarm that are near are one alarm', () => {
    const alarm = new Uint8Array([1, 1, 0, 0, 1, 0, 0, 0, 1]);
    expect([0, 1, 2, 3].map((gap) => countAlarms(alarm, gap))).toEqual([3, 3, 2, 1]);
  });

  test('columns rank by their largest part within the rows', () => {
    const parts = [
      [0, 5, 0],
      [9, 1, 1],
      [0, 0, 7],
    ].map((values) => new Float64Array(values));
    const table = { rows: 3, alarm: new Uint8Array(3), names: ['a', 'b', 'c'], parts };
    expect(rankColumns(table, 1, 3)).toEqual(['c', 'a', 'b']);
    expect(rankColumns(table, 0, 1)[0]).toBe('b');
  });
});

describe('the rolling z-score', () => {
  test('opens an alarm at a spike, once, and names its column', () => {
    const judge = createRowJudge(2);
    const scores: number[] = [];
    for (let i = 0; i < 300; i++) {
      const { score } = judge.judge(i, new Float64Array([i % 3, i === 250 || i === 251 ? 50 : i % 5]));
      scores.push(score);
    }
    expect(scores.flatMap((score, i) => (score >= 0.5 ? [i] : []))).toEqual([250]);
    const judgement = createRowJudge(1).judge(0, new Float64Array([Number.NaN]));
    expect([judgement.score, judgement.alarm]).toEqual([0, false]);
  });
});

describe('tableText', () => {
  test('a line for each measure with goal and peer', () => {
    const values = { A: 0.5, B: Number.NaN, both: 0.25 };
    const measures = [{ name: 'event F1', digits: 2, values }];
    const text = tableText([{ set: 'kpi', measures, pointsPerSecond: 1e6, peer: { measures, pointsPerSecond: 5e5 } }]);
    const cells = text.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
    expect(cells[2]).toEqual(['', 'kpi', 'event F1', '0.50', '', '0.25', '0.25', '0.65', '0.50 (simple floor)', '']);
    expect(cells[3]?.slice(5, 7)).toEqual(['1000000', '500000']);
  });
});

describe('quantile', () => {
  test('lies between two values in proportion', () => {
    const values = [4, 0, 1, 3, 2];
    expect([0, 0.5, 0.9, 1].map((at) => quantile(values, at))).toEqual([0, 2, 3.6, 4]);
    expect(quantile([], 0.9)).toBeNaN();
  });
});

describe('median', () => {
  test.each([
    [[3, 1, 2], 2],
    [[4, 1, 2, 3], 2.5],
    [[], Number.NaN],
  ])('%j', (values, expected) => {
    expect(median(values)).toBe(expected);
  });
});
