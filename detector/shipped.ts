import type { z } from 'zod';
import type { detectorEntry } from './config.ts';

/**
 * What Weir watches without configuration: one entry per signal. They are tuned to be quiet: a relative and an
 * absolute change are demanded next to the score, so that a series which hardly varies does not page for a trifle.
 */
export const SHIPPED_DETECTORS: readonly z.input<typeof detectorEntry>[] = [
  {
    name: 'LatencyHigh',
    query: { signal: 'latency_p95' },
    decision: { min_change: 1, min_difference: 0.05, min_volume: 10, for: '30s' },
  },
  {
    name: 'LatencyMedianHigh',
    query: { signal: 'latency_p50' },
    decision: { min_change: 1, min_difference: 0.05, min_volume: 10, for: '1m' },
    severity: 'notice',
  },
  {
    name: 'LatencyTailHigh',
    query: { signal: 'latency_p99' },
    decision: { min_change: 2, min_difference: 0.1, min_volume: 50, for: '1m' },
    severity: 'notice',
  },
  {
    name: 'ErrorRatioHigh',
    query: { signal: 'error_ratio' },
    decision: { min_change: 1, min_difference: 0.05, min_value: 0.05, min_volume: 10 },
    severity: 'critical',
  },
  {
    name: 'ThroughputAnomaly',
    query: { signal: 'throughput' },
    decision: { direction: 'down', min_change: 0.5, min_expected: 1, stopped_below: 0.02, for: '30s' },
  },
  {
    name: 'OutputStopped',
    query: { signal: 'output' },
    decision: { direction: 'down', min_change: 0.8, min_expected: 1, stopped_below: 0.02, for: '20s' },
    severity: 'critical',
  },
  {
    name: 'LagGrowing',
    query: { signal: 'lag_seconds' },
    scorers: { threshold: { above: 900 }, state: {}, ensemble: {} },
    decision: { min_change: 1, min_difference: 10, min_value: 15 },
    severity: 'critical',
  },
  {
    name: 'BacklogGrowing',
    query: { signal: 'lag' },
    decision: { min_change: 2, min_difference: 500, min_value: 1000, for: '1m' },
    severity: 'notice',
  },
  {
    // The pipeline model has made the forecast already: what it gives as less than thirty days is a loss to expect.
    name: 'DataLossAhead',
    query: { signal: 'loss_seconds' },
    scorers: { threshold: { below: 3601 } },
    decision: { for: '30s', min_history: '0s' },
    severity: 'critical',
  },
  {
    name: 'DependencySlow',
    query: { signal: 'dependency_p95' },
    decision: { min_change: 1, min_difference: 0.05, min_volume: 10, for: '30s' },
  },
  {
    name: 'FreshnessStale',
    query: { signal: 'freshness' },
    decision: { min_change: 2, min_difference: 30, min_value: 60, for: '30s' },
  },
  {
    // The pipeline model has weighed the counts already, and holds on to a drop by itself: what it says is missing is.
    name: 'RecordsMissing',
    query: { signal: 'drop_ratio' },
    scorers: { threshold: { above: 0 } },
    decision: { min_history: '0s', for: '0s', keep_firing_for: '30s' },
    severity: 'critical',
  },
  {
    // The rules' windows and guards have done the weighing (pipelines/slo.ts): 1 is where they fire.
    name: 'SloBurnFast',
    query: { signal: 'slo_burn', match: { window: 'fast' } },
    scorers: { threshold: { above: 0.999 } },
    decision: { for: '0s' },
    severity: 'critical',
  },
  {
    name: 'SloBurnSlow',
    query: { signal: 'slo_burn', match: { window: 'slow' } },
    scorers: { threshold: { above: 0.999 } },
    decision: { for: '0s' },
  },
  {
    // Some pipelines have dead letters every day: only many more than usual are news.
    name: 'DeadLettersRising',
    query: { signal: 'dead_letters' },
    decision: { min_change: 1, min_difference: 0.1, min_value: 0.1, for: '30s' },
  },
  {
    name: 'SchemaViolationsRising',
    query: { signal: 'schema_violations' },
    decision: { min_change: 1, min_difference: 0.1, min_value: 0.1, for: '30s' },
  },
  {
    // What counts events never counts as many to the last bit for minutes: the counter stands, and what is behind it is not seen.
    name: 'ThroughputFrozen',
    query: { signal: 'throughput' },
    scorers: { frozen: {} },
    decision: { direction: 'down' },
    severity: 'notice',
  },
  {
    name: 'LatencyFrozen',
    query: { signal: 'latency_p95' },
    scorers: { frozen: {} },
    severity: 'notice',
  },
  {
    name: 'SignalFrozen',
    query: { signal: 'custom' },
    scorers: { frozen: {} },
  },
  {
    // No signal by itself says that something is wrong: a hint for people, and no reason to wake anybody.
    name: 'StageStrange',
    query: { signal: 'relations' },
    scorers: { relations: {} },
    decision: { for: '1m', keep_firing_for: '3m', min_history: '20h' },
    severity: 'notice',
  },
  {
    name: 'SignalAnomaly',
    query: { signal: 'custom' },
    decision: { score: 2.7, min_change: 0.1, for: '20s' },
  },
];
