import { describe, expect, test } from 'vitest';
import { SIGNALS, type Signal } from '../../core/signal.ts';
import { decisionConfig, detectorConfig, detectorEntries, directionOf } from '../../detector/config.ts';
import { createCatalogue } from '../../detector/watched.ts';

describe('configuration', () => {
  test('an empty file watches every signal', () => {
    const config = detectorConfig.parse({});
    expect(config).toMatchObject({ step: 10_000, lateness: 10_000, history: 86_400_000 });
    const entries = detectorEntries(config);
    // For these no rule is right everywhere: they are charted, and watched where somebody says so.
    const unwatched: readonly Signal[] = [
      'group_state',
      'dead_letter_depth',
      'duplicates',
      'late_events',
      'out_of_order',
    ];
    const watched = SIGNALS.filter((signal) => !unwatched.includes(signal));
    expect(new Set(entries.map(({ query }) => query.signal))).toEqual(new Set(watched));
    expect(new Set(entries.map(({ name }) => name)).size).toBe(entries.length);
    for (const { scorers } of entries)
      expect(scorers.ensemble ?? scorers.frozen ?? scorers.threshold ?? scorers.relations).toBeDefined();
  });

  test('an entry replaces the shipped one of its name; others are added; disabled ones go', () => {
    const config = detectorConfig.parse({
      detectors: [
        {
          name: 'LatencyHigh',
          query: { signal: 'latency_p99', match: { stage: 'payments' } },
          decision: { for: '2m' },
        },
        { name: 'LagGrowing', enabled: false, query: { signal: 'lag_seconds' } },
        { name: 'QueueDepth', query: { signal: 'custom' }, scorers: { threshold: { above: 5 } }, severity: 'notice' },
      ],
    });
    const entries = detectorEntries(config);
    const named = (name: string) => entries.find((entry) => entry.name === name);
    expect(named('LatencyHigh')).toMatchObject({ query: { signal: 'latency_p99' }, decision: { for: 120_000 } });
    expect(named('LagGrowing')).toBeUndefined();
    expect(named('QueueDepth')?.scorers).toEqual({ threshold: { above: 5 } });
    expect(detectorEntries({ ...config, shipped: false }).map(({ name }) => name)).toEqual([
      'LatencyHigh',
      'QueueDepth',
    ]);
  });

  test('labels choose the detectors of a series', () => {
    const config = detectorConfig.parse({
      shipped: false,
      detectors: [{ name: 'Slow', query: { signal: 'latency_p95', match: { stage: 'payments' } } }],
    });
    const catalogue = createCatalogue(config);
    expect(catalogue.watchersOf({ signal: 'latency_p95', stage: 'payments' }).length).toBe(1);
    expect(catalogue.watchersOf({ signal: 'latency_p95', stage: 'gateway' })).toEqual([]);
    expect(catalogue.watchersOf({ signal: 'latency_p50', stage: 'payments' })).toEqual([]);
    expect(catalogue.signals).toEqual(['latency_p95']);
  });

  test('a least volume needs the flows, though nobody watches them', () => {
    const query = { signal: 'error_ratio' };
    const detectors = [{ name: 'Failing', query, decision: { min_volume: 20 } }];
    const { signals } = createCatalogue(detectorConfig.parse({ shipped: false, detectors }));
    expect(signals).toEqual(['throughput', 'output', 'error_ratio']);
  });

  test('an entry watches the direction of its signal unless told otherwise', () => {
    const [entry] = detectorEntries(
      detectorConfig.parse({ shipped: false, detectors: [{ name: 'A', query: { signal: 'lag' } }] }),
    );
    expect(entry && directionOf(entry)).toBe('up');
  });

  test.each([
    ['an unknown key', { detectors: [{ name: 'A', query: { signal: 'lag' }, decison: {} }] }],
    ['an unknown signal', { detectors: [{ name: 'A', query: { signal: 'lags' } }] }],
    ['a name no alert can have', { detectors: [{ name: 'a b', query: { signal: 'lag' } }] }],
    ['a step off the grid', { step: '15s' }],
    ['a duration that is none', { lateness: 'soon' }],
    ['a share above 1', { detectors: [{ name: 'A', query: { signal: 'lag' }, decision: { stopped_below: 2 } }] }],
  ])('%s is refused', (_, config) => {
    expect(() => detectorConfig.parse(config)).toThrow();
  });

  test('the false alarms one is willing to see set the score: a tenth of them, one more', () => {
    const score = (decision: object) => decisionConfig.parse(decision).score;
    expect(score({})).toBe(2.4);
    expect(score({ false_alarms_per_week: 0.5 })).toBe(2.4);
    expect(score({ false_alarms_per_week: 0.05 })).toBeCloseTo(3.4);
    expect(score({ score: 3 })).toBe(3);
    expect(() => decisionConfig.parse({ score: 3, false_alarms_per_week: 1 })).toThrow('give this or score, not both');
  });
});
