import { describe, expect, test } from 'vitest';
import { detectorConfig } from '../../detector/config.ts';
import { judge } from '../../detector/judge.ts';
import { createCatalogue, createWatched } from '../../detector/watched.ts';
import { NO_LOSS_SECONDS } from '../../store/queries/signals-lag.ts';

const STEP = 10_000;
const catalogue = createCatalogue(detectorConfig.parse({}));

/** The first step, counted from 0, at whose end an entry fires on a series that nobody saw before; undefined when none does. */
function firesAt(entry: string, signal: string, values: readonly number[]): number | undefined {
  const watched = createWatched({ signal, pipeline: 'orders', stage: 'enrichment' }, 0, 0);
  const found = values.findIndex((value, i) =>
    judge(catalogue, watched, { time: i * STEP, value, volume: Number.NaN }, STEP).verdicts.some(
      ({ watcher, transition }) => watcher.entry.name === entry && transition === 'fired',
    ),
  );
  return found < 0 ? undefined : found;
}

const repeated = (count: number, value: number) => new Array<number>(count).fill(value);

describe('losses that the pipeline model has weighed', () => {
  test('records that go missing are told at once, however young the series', () => {
    expect(firesAt('RecordsMissing', 'drop_ratio', repeated(6, 0.001))).toBe(0);
    expect(firesAt('RecordsMissing', 'drop_ratio', [0, 0, ...repeated(6, 0.02)])).toBe(2);
    expect(firesAt('RecordsMissing', 'drop_ratio', repeated(60, 0))).toBeUndefined();
  });

  test('so is a loss ahead, once it has been expected for half a minute', () => {
    expect(firesAt('DataLossAhead', 'loss_seconds', repeated(6, 600))).toBe(3);
    expect(firesAt('DataLossAhead', 'loss_seconds', [NO_LOSS_SECONDS, ...repeated(6, 3600)])).toBe(4);
    expect(firesAt('DataLossAhead', 'loss_seconds', repeated(60, NO_LOSS_SECONDS))).toBeUndefined();
    const nowAndThen = Array.from({ length: 60 }, (_item, i) => (i % 3 === 0 ? 600 : NO_LOSS_SECONDS));
    expect(firesAt('DataLossAhead', 'loss_seconds', nowAndThen)).toBeUndefined();
  });

  test('a latency is not: what is usual must be known first', () => {
    expect(firesAt('LatencyHigh', 'latency_p95', [...repeated(5, 0.05), ...repeated(20, 5)])).toBeUndefined();
  });
});
