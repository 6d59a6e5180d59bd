import { describe, expect, test } from 'vitest';
import type { StagePartition } from '../../core/group-view.ts';
import type { AnomalyView, SignalView, StageView } from '../../core/view.ts';
import { joinParts } from '../../ui/format.ts';
import { kpisOf, signalTitle } from '../../ui/pages/kpis.ts';
import { decades, factsOf, scorerTitle } from '../../ui/parts/facts.ts';
import { node } from './views.ts';

const plain = (text: string) => text.replaceAll('\u202f', ' ').replaceAll('\u2212', '-');

function anomaly(given: Partial<AnomalyView> = {}): AnomalyView {
  return {
    id: '1',
    detector: 'LagGrowing',
    labels: {},
    onset: 0,
    time: 0,
    firedAt: 0,
    resolvedAt: 0,
    value: 1,
    expected: 1,
    lower: 0,
    upper: 2,
    score: 6.64,
    threshold: 4,
    severity: 'critical',
    votes: [],
    decision: { breach: 'score', for: 30_000, keep_firing_for: 60_000, history: 10_800_000, min_volume: 0 },
    feedback: { opinions: [], counts: '', movable: true, configured: 4, threshold: 4, window: null },
    ...given,
  };
}

describe('why an alert fired', () => {
  test('the decision in words, nothing that does not apply', () => {
    expect(factsOf(anomaly()).map(([name, value]) => [name, plain(value)])).toEqual([
      ['Decided by', 'too rare to be chance'],
      ['Score', '6.6 of 4.0 needed'],
      ['Held for', '30 s'],
      ['Keeps firing', '1 min'],
      ['History', '3 h'],
    ]);
  });

  test('how much is known of the series, and what is demanded beside the score', () => {
    const decision = {
      rung: 'season',
      min_change: 0.5,
      min_difference: 0.05,
      min_volume: 10,
      noise: 0.02,
      min_value: 0,
    };
    const labels = { signal: 'latency_p95' };
    expect(factsOf(anomaly({ labels, decision })).map(([name, value]) => [name, plain(value)])).toEqual([
      ['Score', '6.6 of 4.0 needed'],
      ['Knows', 'its time of day'],
      ['Least change', '50 %'],
      ['Least difference', '50 ms'],
      ['Least volume', '10'],
      ['Noise floor', '20 ms'],
    ]);
  });

  test('signals that part are asked for no change of one of them', () => {
    const decision = { breach: 'relations', min_change: 0.5, min_volume: 10 };
    const labels = { signal: 'relations' };
    expect(factsOf(anomaly({ labels, decision })).map(([name]) => name)).toEqual(['Decided by', 'Score']);
  });

  test('a threshold that people moved says so, and who', () => {
    const decision = {
      ...{ breach: 'score', score: 2, feedback_shift: 0.5, feedback_noise: 1, feedback_noise_people: 2 },
      ...{ feedback_useful: 0, feedback_useful_people: 0 },
    };
    expect(factsOf(anomaly({ score: 3, threshold: 2.5, decision }))).toEqual([
      ['Decided by', 'too rare to be chance'],
      ['Score', '3.0 of 2.5 needed'],
      ['Threshold', '2.0, raised by 0.5: two people called it noise'],
    ]);
  });

  test('a fixed limit has no score', () => {
    const names = factsOf(anomaly({ score: null, decision: { breach: 'rule' } }));
    expect(names).toEqual([['Decided by', 'a fixed limit was passed']]);
  });

  test('surprise counts decades', () => {
    expect(decades(0.001)).toBeCloseTo(3);
    expect(decades(0)).toBe(12);
    expect(scorerTitle('profile')).toBe('Time of day');
    expect(scorerTitle('mine')).toBe('mine');
  });
});

describe('numbers of a stage', () => {
  const signal = (name: SignalView['signal'], given: Partial<SignalView> = {}): SignalView => ({
    key: name,
    signal: name,
    labels: {},
    value: 1,
    expected: null,
    lower: null,
    upper: null,
    strange: false,
    outside: false,
    ...given,
  });
  const view = (given: Partial<StageView>): StageView => ({
    now: 0,
    pipeline: 'orders',
    node: node('b'),
    reads: [],
    writes: [],
    calls: [],
    callers: [],
    signals: [],
    partitions: [],
    anomalies: [],
    incidents: [],
    origins: [],
    ...given,
  });

  test('only those that are known, lag first, at most six', () => {
    expect(kpisOf(view({}))).toEqual([]);
    const full = view({
      node: node('b', { lagSeconds: 5, rate: 60, output: 60 }),
      reads: [{ topic: 't', group: 'g' }],
      signals: ['latency_p99', 'error_ratio', 'freshness', 'dependency_p95'].map((name) =>
        signal(name as SignalView['signal']),
      ),
    });
    expect(kpisOf(full).map((kpi) => kpi.label)).toEqual([
      'Lag',
      'Read',
      'Written',
      'Latency p99',
      'Errors',
      'Freshness',
    ]);
  });

  test('a loss ahead stands beside the lag: the nearest of its partitions, with its range', () => {
    const partition = (number: number, loss: number | 'never', lossExpected: boolean): StagePartition => ({
      ...{ cluster: '', group: 'g', topic: 't', partition: number, state: 'falling_behind', reason: '', lag: 1 },
      ...{ lagSeconds: 1, lagError: 0, atLeast: false, committed: 1, end: 2, oldest: 0, pause: 0, endRate: 1 },
      ...{
        commitRate: 1,
        catchUp: 'never',
        headroom: 9,
        loss,
        lossLower: 6480,
        lossUpper: 11_400,
        lossExpected,
        lost: 0,
      },
    });
    const lossy = view({
      node: node('b', { lagSeconds: 5 }),
      partitions: [
        partition(0, 'never', false),
        partition(1, 9000, true),
        partition(2, 8700, true),
        partition(3, 5, false),
      ],
    });
    const [lag, loss] = kpisOf(lossy);
    expect(lag?.label).toBe('Lag');
    expect(loss).toMatchObject({ label: 'Until data loss', state: 'stuck' });
    expect(plain(joinParts(loss?.parts ?? []))).toBe('2 h 25 min');
    expect(plain(loss?.context ?? '')).toBe('80 % sure: 1 h 48 min to 3 h 10 min');
  });

  test('each is held against its band', () => {
    const [kpi] = kpisOf(
      view({ signals: [signal('latency_p99', { lower: 0.018, upper: 0.044, value: 1.92, strange: true })] }),
    );
    expect(plain(kpi?.context ?? '')).toBe('expected 18 – 44 ms');
    expect(kpi?.state).toBe('falling_behind');
    const [unbanded] = kpisOf(view({ signals: [signal('latency_p99')] }));
    expect(unbanded?.context).toBe('no band yet');
    expect(unbanded?.state).toBe('');
  });

  test('series have names people say', () => {
    expect(signalTitle({ signal: 'throughput' })).toBe('Throughput');
    expect(signalTitle({ signal: 'lag_seconds', topic: 'orders' })).toBe('Lag in time on orders');
    expect(signalTitle({ signal: 'dependency_p95', dependency: 'db' })).toBe('p95 of calls to db');
    expect(signalTitle({ signal: 'custom', name: 'queue' })).toBe('queue');
  });
});
