import { describe, expect, test } from 'vitest';
import { createRowJudge as peer } from '../../../bench/detect/rolling-z.ts';
import { type CreateRowJudge, ONSET } from '../../../detector/backtest/judge.ts';
import { createRowJudge } from '../../../detector/backtest/product.ts';
import { pooled, runs, scoreEvents } from './event-score.ts';
import { type LabelledSeries, labelledSeries, labelledSet, START } from './labelled-series.ts';

/** What a judge says of each row of a series. */
function judge(create: CreateRowJudge, { values, interval }: LabelledSeries) {
  const rows = create(1);
  const value = new Float64Array(1);
  const alarm = new Uint8Array(values.length);
  const score = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    value[0] = values[i] as number;
    const said = rows.judge(START + i * interval, value);
    alarm[i] = said.alarm ? 1 : 0;
    score[i] = said.score;
  }
  return { alarm, score };
}

/** Alarms so near are one, as in the scoring of the real series; the first quarter is not scored. */
const MERGE_GAP = 10;
const set = labelledSet();

function result(create: CreateRowJudge, some: readonly LabelledSeries[] = set) {
  const scores = some.map((series) => {
    const { alarm } = judge(create, series);
    return scoreEvents(series.label, alarm, series.interval, Math.floor(series.values.length / 4), MERGE_GAP);
  });
  return { ...pooled(scores), scores };
}

/**
 * The floor under the detector that every change of it must clear, on made series (bench/detect has the real ones). The
 * limits are what it reached when they were set, with a margin for changes that trade a little of one for another.
 */
describe('the detector on made series', () => {
  const ours = result(createRowJudge);

  test('finds what is wrong and says little else', () => {
    expect(ours.f1).toBeGreaterThan(0.57);
    expect(ours.recall).toBeGreaterThan(0.8);
    expect(ours.falsePerDay).toBeLessThan(0.18);
  });

  test('is better than a rolling z-score in both', () => {
    const z = result(peer);
    expect(ours.f1).toBeGreaterThan(2 * z.f1);
    expect(ours.falsePerDay).toBeLessThan(0.25 * z.falsePerDay);
  });

  test('is quiet where nothing is wrong', () => {
    const quiet = set.filter(({ label }) => !label.includes(1));
    expect(quiet).toHaveLength(8);
    expect(result(createRowJudge, quiet).falsePerDay).toBeLessThan(0.25);
  });

  test('says the same of the same rows, and scores as the answers promise', () => {
    const series = labelledSeries('rate', 5, 300_000, 14, true);
    const { alarm, score } = judge(createRowJudge, series);
    expect(judge(createRowJudge, series)).toEqual({ alarm, score });
    expect(score.every((one) => one >= 0 && one <= 1)).toBe(true);
    // An onset lies in an alarm, and every alarm begins with one or continues one.
    const onsets = [...score.keys()].filter((i) => (score[i] as number) >= ONSET);
    expect(onsets.length).toBeGreaterThan(0);
    for (const i of onsets) expect(alarm[i]).toBe(1);
  });
});

describe('the made series', () => {
  test('are the same in every run, and have faults where their label says', () => {
    const [one, two] = [labelledSeries('rate', 7, 60_000, 4, true), labelledSeries('rate', 7, 60_000, 4, true)];
    expect(one).toEqual(two);
    const usual = labelledSeries('rate', 7, 60_000, 4, false);
    const changed = [...one.values.keys()].filter((i) => one.values[i] !== usual.values[i]);
    expect(runs(one.label)).toHaveLength(4);
    expect(changed.filter((i) => one.label[i] === 0)).toEqual([]);
    expect(changed.length).toBeGreaterThan(15);
    expect(Math.min(...changed)).toBeGreaterThan(one.values.length / 2 - 1);
  });
});

describe('scoreEvents', () => {
  const score = (label: string, alarm: string, from = 0, gap = 0) => {
    const flags = (text: string) => new Uint8Array([...text].map((one) => (one === '1' ? 1 : 0)));
    return scoreEvents(flags(label), flags(alarm), 86_400_000, from, gap);
  };

  test.each([
    ['..11..', '...1..', { segments: 1, found: 1, alarms: 1, trueAlarms: 1, quietDays: 4 }],
    ['..11..', '.1..1.', { segments: 1, found: 0, alarms: 2, trueAlarms: 0, quietDays: 4 }],
    ['......', '1.1...', { segments: 0, found: 0, alarms: 2, trueAlarms: 0, quietDays: 6 }],
    ['11..11', '111111', { segments: 2, found: 2, alarms: 1, trueAlarms: 1, quietDays: 2 }],
  ])('%s said %s', (label, alarm, expected) => {
    expect(score(label, alarm)).toEqual(expected);
  });

  test('near rows of alarm are one; a gap between them that is wrong does not make it true; early rows do not count', () => {
    expect(score('.1....', '1.1...', 0, 1)).toMatchObject({ alarms: 1, trueAlarms: 0, found: 0 });
    expect(score('.1...1', '1....1', 2)).toMatchObject({ segments: 1, found: 1, alarms: 1 });
    const none = { segments: 2, found: 1, alarms: 4, trueAlarms: 1, quietDays: 10 };
    expect(pooled([none, none])).toEqual({ f1: (2 * 0.25 * 0.5) / 0.75, falsePerDay: 0.3, recall: 0.5 });
  });
});
