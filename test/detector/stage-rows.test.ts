import { describe, expect, test } from 'vitest';
import type { Series } from '../../core/series.ts';
import type { Signal } from '../../core/signal.ts';
import {
  closeRow,
  createStageRows,
  gather,
  MOST_COLUMNS,
  rowLength,
  rowStart,
  stageLabels,
  UNSEATED,
} from '../../detector/stage-rows.ts';
import { EPOCH, STEP } from './world.ts';

const labels = { signal: 'relations', pipeline: 'p', stage: 's' };
const fresh = () => createStageRows(labels, EPOCH, EPOCH);
const of = (signal: Signal, value: number, more = {}): Series => ({
  labels: { signal, pipeline: 'p', stage: 's', ...more },
  start: EPOCH,
  step: STEP,
  values: new Float64Array(6).fill(value),
});
const take = (stage: ReturnType<typeof fresh>, series: readonly Series[], time: number) =>
  gather(stage, series, [...series.keys()], new Int8Array(series.length).fill(UNSEATED), time, STEP);
/** A row of six steps; returns its judge, if there was one. */
const row = (stage: ReturnType<typeof fresh>, series: readonly Series[], steps = 6) => {
  for (let i = 0; i < steps; i++) take(stage, series, EPOCH + i * STEP);
  return closeRow(stage, EPOCH, STEP);
};

describe('rows of a stage', () => {
  test('a row is a minute, or one step where steps are longer', () => {
    expect([rowLength(10_000), rowLength(30_000), rowLength(300_000)]).toEqual([60_000, 60_000, 300_000]);
    expect(rowStart(EPOCH + 50_000, STEP)).toBe(EPOCH);
    expect(rowStart(EPOCH + 60_000, STEP)).toBe(EPOCH + 60_000);
  });

  test('series of one stage belong together; verdicts of the model, and what has no stage, belong to none', () => {
    const stage = { pipeline: 'p', stage: 's' };
    expect(stageLabels({ ...stage, signal: 'lag', topic: 't', group: 'g' })).toEqual(labels);
    expect(stageLabels({ ...stage, signal: 'slo_burn', slo: 'x' })).toBeUndefined();
    expect(stageLabels({ pipeline: 'p', signal: 'freshness', dataset: 'd' })).toBeUndefined();
  });

  test('a value is the mean of the steps that had one', () => {
    const stage = fresh();
    const series = [of('throughput', 10), of('latency_p50', 0.1)];
    (series[1] as Series).values.set([0.4, Number.NaN, Number.NaN, 0.2]);
    const judged = row(stage, series);
    expect(judged?.columnOf(0).value).toBe(10);
    expect(judged?.columnOf(1).value).toBeCloseTo(0.2);
    expect(stage.watched.history).toBe(60_000);
  });

  test('signals come and go: one that comes later has a column of its own, one that is away is a gap', () => {
    const stage = fresh();
    expect(row(stage, [of('throughput', 10)])).toBeUndefined();
    row(stage, [of('throughput', 10), of('output', 9)]);
    expect(stage.width).toBe(2);
    const wide = row(stage, [of('throughput', 10), of('output', 9), of('lag', 3, { topic: 't' })]);
    expect(stage.width).toBe(3);
    expect(wide?.levelOf(0)).toBe(10);
    const third = row(stage, [of('throughput', 10), of('lag', 3, { topic: 't' })]);
    expect(third?.columnOf(1).value).toBeNaN();
    expect(stage.columns.map(({ name }) => name)).toEqual(['throughput', 'output', 'lag topic=t']);
  });

  test('latencies and error ratios of few events say nothing', () => {
    const stage = fresh();
    const few = [of('throughput', 0.1), of('output', 0.1), of('error_ratio', 1), of('latency_p95', 9)];
    const first = row(stage, few);
    expect(first?.columnOf(2).value).toBeNaN();
    expect(first?.columnOf(3).value).toBeNaN();
    const next = row(stage, [of('throughput', 5), of('output', 5), of('error_ratio', 0.1), of('latency_p95', 0.2)]);
    expect(next?.columnOf(2).value).toBeCloseTo(0.1);
  });

  test('stages with as many columns share a judge, and nothing of one shows in another', () => {
    const alone = fresh();
    const [one, other] = [fresh(), fresh()];
    for (let i = 0; i < 40; i++) {
      const ordinary = [of('throughput', 10 + (i % 3)), of('output', 9 + (i % 2))];
      row(alone, ordinary);
      row(one, ordinary);
      row(other, [of('throughput', 1000 * i), of('output', 5)]);
    }
    expect(one.state).toEqual(alone.state);
    expect(one.state).not.toEqual(other.state);
    expect(row(one, [of('throughput', 20), of('output', 9)])).toBe(row(other, [of('throughput', 1), of('output', 9)]));
  });

  test('a row of which less than half was heard is none', () => {
    const series = [of('throughput', 10), of('output', 9)];
    expect(row(fresh(), series, 2)).toBeUndefined();
    expect(row(fresh(), series, 3)).toBeDefined();
  });

  test('memory is bounded: signals beyond the most are counted and left out', () => {
    const stage = fresh();
    const many = Array.from({ length: MOST_COLUMNS + 3 }, (_, i) => of('custom', i, { name: `gauge-${i}` }));
    expect(take(stage, many, EPOCH)).toBe(3);
    expect(stage.columns).toHaveLength(MOST_COLUMNS);
  });

  test('a value that cannot be one of its signal is a gap', () => {
    const stage = fresh();
    row(stage, [of('throughput', 10), of('output', 9), of('error_ratio', 7)]);
    expect(stage.columns.map(({ name }) => name)).toEqual(['throughput', 'output']);
  });
});
