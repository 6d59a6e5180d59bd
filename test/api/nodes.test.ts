import { describe, expect, test } from 'vitest';
import {
  buildPipelines,
  change,
  downstream,
  hopKey,
  latest,
  type MapSources,
  recentMean,
  slope,
  webAddress,
} from '../../api/nodes.ts';
import { anomalousSteps, isOpen, onsetOf } from '../../api/rows.ts';
import type { Anomaly } from '../../core/anomaly.ts';
import { indexDefinitions } from '../../core/definition.ts';
import type { Labels } from '../../core/labels.ts';
import { fingerprint } from '../../core/labels.ts';
import type { Series } from '../../core/series.ts';
import { edge, incident } from '../ui/views.ts';
import { faultAnomalies } from './seed.ts';

const NOW = 1_795_000_000_000;

function series(labels: Labels, values: readonly number[]): Series {
  return {
    labels: { pipeline: 'orders', stage: 'b', ...labels },
    start: NOW - values.length * 10_000,
    step: 10_000,
    values: Float64Array.from(values),
  };
}

const placeOf = (node: string, kind: 'service' | 'topic' | 'database', consoleUrl = '') => ({
  pipeline: 'orders',
  node,
  kind,
  system: '',
  consoleUrl,
  firstSeen: 0,
  since: 0,
  lastSeen: NOW,
  standing: '' as const,
  seen: true,
  gone: false,
  owner: '',
  criticality: '' as const,
  description: '',
});
const flows = {
  pipeline: 'orders',
  firstSeen: NOW,
  since: NOW,
  lastSeen: NOW,
  standing: '' as const,
  seen: true,
  gone: false,
  rate: 5,
  p95: Number.NaN,
  errorRatio: Number.NaN,
  lag: Number.NaN,
  lagSeconds: Number.NaN,
};

function sources(given: Partial<MapSources> = {}): MapSources {
  return {
    now: NOW,
    topology: {
      definitions: indexDefinitions([]),
      nodes: [
        placeOf('a', 'service', 'javascript:alert(1)'),
        placeOf('b', 'service'),
        placeOf('t', 'topic'),
        placeOf('db', 'database'),
      ],
      edges: [
        { ...flows, from: 'a', to: 't', kind: 'produces', group: '', fromKind: 'service', toKind: 'topic' },
        {
          ...flows,
          from: 't',
          to: 'b',
          kind: 'consumes',
          group: 'g',
          fromKind: 'topic',
          toKind: 'service',
          lagSeconds: 12,
        },
        { ...flows, from: 'b', to: 'db', kind: 'calls', group: '', fromKind: 'service', toKind: 'database', p95: 0.2 },
      ],
    },
    states: [
      {
        time: NOW,
        pipeline: 'orders',
        stage: 'b',
        state: 'falling_behind',
        lagSeconds: Number.NaN,
        lag: Number.NaN,
        throughput: 1,
        reason: 'slow',
      },
    ],
    series: [],
    bands: new Map(),
    anomalies: [],
    incidents: [],
    hops: new Map(),
    ...given,
  };
}

describe('the map', () => {
  test('a stage nobody judged lately is unknown, not healthy', () => {
    const [pipeline] = buildPipelines(sources());
    expect(pipeline?.nodes.find((node) => node.id === 'service:a')?.state).toBe('unknown');
    expect(pipeline?.nodes.find((node) => node.id === 'service:b')).toMatchObject({
      state: 'falling_behind',
      reason: 'slow',
      lagSeconds: null,
    });
  });

  test('numbers that are not known are null, and NaN never leaves', () => {
    const text = JSON.stringify(buildPipelines(sources()));
    expect(text).not.toContain('NaN');
    const [pipeline] = buildPipelines(sources());
    expect(pipeline?.edges[0]).toMatchObject({ from: 'service:a', to: 'topic:t', p95: null, rate: 5 });
  });

  test('a reading edge has the way of its records from the writer, where pathways tell of it', () => {
    const hops = new Map([[hopKey('orders', 't', 'b'), 0.42]]);
    const [pipeline] = buildPipelines(sources({ hops }));
    expect(pipeline?.edges.map(({ to, hopP95 }) => [to, hopP95])).toContainEqual(['service:b', 0.42]);
    expect(pipeline?.edges.find(({ to }) => to === 'topic:t')?.hopP95).toBeNull();
  });

  test('lag is of the slowest topic, records add up, the limit is the upper edge of the band', () => {
    const slow = { signal: 'lag_seconds', topic: 't', group: 'g' };
    const list = [
      series(slow, [1, 30]),
      series({ signal: 'lag_seconds', topic: 'u', group: 'g' }, [1, 2]),
      series({ signal: 'lag', topic: 't', group: 'g' }, [10, 100]),
      series({ signal: 'lag', topic: 'u', group: 'g' }, [1, 5]),
    ];
    const key = fingerprint(list[0]!.labels);
    const bands = new Map([[key, { expected: [1], lower: [0], upper: [4] }]]);
    const [pipeline] = buildPipelines(sources({ series: list, bands }));
    expect(pipeline?.nodes.find((node) => node.name === 'b')).toMatchObject({ lagSeconds: 30, lag: 105, lagLimit: 4 });
  });

  test('an open incident names its culprit and what lies behind it', () => {
    const [pipeline] = buildPipelines(
      sources({ incidents: [incident({ culprit: 'a' }), incident({ id: 'old', culprit: 'b', state: 'resolved' })] }),
    );
    const of = (id: string) => pipeline?.nodes.find((node) => node.id === id);
    expect(of('service:a')).toMatchObject({ culpritOf: 'INC-1', affected: false });
    expect(of('service:b')).toMatchObject({ culpritOf: '', affected: true });
    expect(of('database:db')?.affected).toBe(false);
  });

  test('a database with an open anomaly is marked, one that is called is healthy, else nothing is claimed', () => {
    const state = (given: Partial<MapSources>) =>
      buildPipelines(sources(given))[0]?.nodes.find((node) => node.name === 'db')?.state;
    const [slow] = faultAnomalies(NOW - 60_000) as [Anomaly];
    expect(state({})).toBe('healthy');
    expect(state({ anomalies: [{ ...slow, labels: { ...slow.labels, dependency: 'db' } }] })).toBe('falling_behind');
    const silent = sources();
    const edges = silent.topology.edges.map((one) => ({ ...one, rate: 0 }));
    expect(state({ topology: { ...silent.topology, edges } })).toBe('unknown');
  });

  test('only web addresses become links', () => {
    expect(webAddress('http://127.0.0.1:3000/x')).toBe('http://127.0.0.1:3000/x');
    for (const bad of ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'not an address', ''])
      expect(webAddress(bad)).toBe('');
    expect(buildPipelines(sources())[0]?.nodes.find((node) => node.name === 'a')?.consoleUrl).toBe('');
  });
});

test('downstream ends in cycles and leaves called databases out', () => {
  const edges = [
    edge('service:a', 'topic:t'),
    edge('topic:t', 'service:b'),
    edge('service:b', 'topic:r'),
    edge('topic:r', 'service:a'),
    edge('service:b', 'database:db'),
  ];
  expect([...downstream(edges, ['service:a'])].sort()).toEqual(['service:b', 'topic:r', 'topic:t']);
});

describe('numbers of a series', () => {
  test('the latest is the last that is not a gap', () => {
    expect(latest(series({}, [1, 2, Number.NaN]))).toBe(2);
    expect(latest(series({}, [Number.NaN]))).toBeNull();
  });

  test('the recent mean leaves the steps out that still fill', () => {
    expect(recentMean(series({}, [10, 10, 10, 10, 10, 10, 3, 0]))).toBe(10);
    expect(recentMean(series({}, [4]))).toBe(4);
  });

  test('the slope is per second', () => {
    expect(slope(series({}, [0, 20, 40, 60, 80, 100]))).toBeCloseTo(2);
    expect(slope(series({}, [1, 2]))).toBeNull();
    expect(slope(series({}, [5, 5, Number.NaN, 5, 5, 5, 5]))).toBeCloseTo(0);
  });

  test('a change is told only outside the band', () => {
    const rate = series({}, Array(8).fill(60));
    expect(change(rate, { expected: [184], lower: [170], upper: [196] })).toBeCloseTo(-0.674, 2);
    expect(change(rate, { expected: [61], lower: [50], upper: [70] })).toBeNull();
    expect(change(rate, undefined)).toBeNull();
    expect(change(rate, { expected: [0], lower: [0], upper: [0] })).toBeNull();
  });
});

describe('anomalous steps', () => {
  const grid = { start: NOW, step: 10_000, count: 6 };
  const [base] = faultAnomalies(NOW + 10_000) as [Anomaly];

  test('run from the onset to the end', () => {
    expect(anomalousSteps([{ ...base, resolvedAt: NOW + 35_000 }], grid, NOW + 60_000)).toEqual([
      false,
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(anomalousSteps([base], grid, NOW + 50_000)).toEqual([false, true, true, true, true, false]);
  });

  test('one that never fired marks its own steps', () => {
    const pending = { ...base, firedAt: 0, decision: {}, time: NOW + 20_000 };
    expect(anomalousSteps([pending], grid, NOW + 60_000)).toEqual([false, false, true, false, false, false]);
    expect(onsetOf(pending)).toBe(NOW + 20_000);
  });

  test('outside the grid there is none', () => {
    expect(anomalousSteps([{ ...base, resolvedAt: NOW - 1 }], { ...grid, start: NOW + 900_000 }, NOW)).toBeNull();
    expect(anomalousSteps([], grid, NOW)).toBeNull();
  });

  test('open means fired and not resolved, or just seen', () => {
    expect(isOpen(base, NOW + 3_600_000)).toBe(true);
    expect(isOpen({ ...base, resolvedAt: NOW }, NOW)).toBe(false);
    expect(isOpen({ ...base, firedAt: 0 }, base.time + 1000)).toBe(true);
    expect(isOpen({ ...base, firedAt: 0 }, base.time + 600_000)).toBe(false);
  });
});
