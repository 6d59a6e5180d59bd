import { describe, expect, test } from 'vitest';
import type { PipelineDefinition } from '../../../core/definition.ts';
import { createLimitBook, NO_LIMITS } from '../../../detector/ahead/limits.ts';
import { detectorConfig, detectorEntries } from '../../../detector/config.ts';
import { definitionsConfig } from '../../../pipelines/definitions.ts';

type Config = Parameters<typeof detectorConfig.parse>[0];
const book = (options: Config = {}, definitions: readonly PipelineDefinition[] = []) =>
  createLimitBook(detectorEntries(detectorConfig.parse(options)), definitions);
const labels = (signal: string, more: Record<string, string> = {}) => ({
  ...{ signal, pipeline: 'orders', stage: 'billing' },
  ...more,
});
const own = (entry: object): Config => ({
  shipped: false,
  detectors: [{ name: 'Mine', query: { signal: 'custom' }, ...entry }] as never,
});

describe('limits of detectors', () => {
  test('of what is shipped the lag in time has one; forecasts and judgements have none', () => {
    const limits = book();
    expect(limits.of(labels('lag_seconds'))).toEqual([
      { kind: 'threshold', side: 'above', value: 900, of: 'LagGrowing' },
    ]);
    for (const signal of ['loss_seconds', 'drop_ratio', 'slo_burn', 'throughput', 'freshness']) {
      expect(limits.of(labels(signal))).toEqual([]);
    }
  });

  test('thresholds to both sides and a capacity', () => {
    const limits = book(own({ scorers: { threshold: { above: 90, below: 10 } }, capacity: 100 }));
    expect(limits.of(labels('custom')).map(({ kind, side, value }) => [kind, side, value])).toEqual([
      ['threshold', 'above', 90],
      ['threshold', 'below', 10],
      ['capacity', 'above', 100],
    ]);
  });

  test('an entry is heard of for the series it matches alone, and not where it is switched off', () => {
    const matching = book(own({ query: { signal: 'custom', match: { name: 'disk' } }, capacity: 1 }));
    expect(matching.of(labels('custom', { name: 'disk' }))).toHaveLength(1);
    expect(matching.of(labels('custom', { name: 'memory' }))).toEqual([]);
    expect(book(own({ capacity: 1, ahead: false })).of(labels('custom'))).toEqual([]);
    expect(book(own({ capacity: 1, enabled: false })).of(labels('custom'))).toEqual([]);
  });

  test('signals are those of which a series can have a limit', () => {
    expect(book(own({ capacity: 1 })).signals).toEqual(['custom', 'lag_seconds']);
    expect(NO_LIMITS.signals).toEqual([]);
    expect(NO_LIMITS.of(labels('lag_seconds'))).toEqual([]);
  });
});

describe('targets of SLOs', () => {
  const slo = (indicator: string, of: string, objective: number, target?: string) => ({
    ...{ name: `${indicator} ${objective}`, indicator, of, objective, ...(target ? { target } : {}) },
  });
  const definitions = (...slos: object[]) =>
    definitionsConfig.parse([{ name: 'orders', stages: ['billing'], datasets: ['invoices'], slos }]);

  test.each([
    [0.999, 'latency_p99'],
    [0.99, 'latency_p99'],
    [0.95, 'latency_p95'],
    [0.9, 'latency_p50'],
  ])('a latency objective of %d is one of %s', (objective, signal) => {
    const limits = book({ shipped: false }, definitions(slo('latency', 'stage:billing', objective, '2s')));
    expect(limits.of(labels(signal))).toEqual([{ kind: 'slo', side: 'above', value: 2, of: `latency ${objective}` }]);
    for (const other of ['latency_p50', 'latency_p95', 'latency_p99']) {
      if (other !== signal) expect(limits.of(labels(other))).toEqual([]);
    }
  });

  test('freshness is of stages and datasets; errors have no target', () => {
    const limits = book(
      { shipped: false },
      definitions(slo('freshness', 'dataset:invoices', 0.99, '5m'), slo('errors', 'stage:billing', 0.99)),
    );
    expect(limits.of(labels('freshness', { stage: '', dataset: 'invoices' }))).toMatchObject([{ value: 300 }]);
    expect(limits.of(labels('freshness'))).toEqual([]);
    expect(limits.of(labels('error_ratio'))).toEqual([]);
  });

  test('a part of another pipeline has none; telemetry that names no pipeline counts', () => {
    const limits = book({ shipped: false }, definitions(slo('latency', 'stage:billing', 0.99, '2s')));
    expect(limits.of(labels('latency_p99', { pipeline: 'payments' }))).toEqual([]);
    expect(limits.of(labels('latency_p99', { pipeline: 'default' }))).toHaveLength(1);
  });
});

test('retention is a limit of the lag in time of the group that reads the topic, until it is known to be another', () => {
  const limits = book({ shipped: false });
  const reader = labels('lag_seconds', { group: 'billing', topic: 'orders' });
  expect(limits.of(reader)).toEqual([]);
  limits.retain([{ group: 'billing', topic: 'orders', seconds: 3600 }]);
  expect(limits.of(reader)).toEqual([{ kind: 'retention', side: 'above', value: 3600, of: '' }]);
  expect(limits.of(labels('lag', { group: 'billing', topic: 'orders' }))).toEqual([]);
  expect(limits.of(labels('lag_seconds', { group: 'billing', topic: 'payments' }))).toEqual([]);
  limits.retain([{ group: 'billing', topic: 'orders', seconds: 7200 }]);
  expect(limits.of(reader)).toMatchObject([{ value: 7200 }]);
});
