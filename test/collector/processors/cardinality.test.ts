import { describe, expect, it } from 'vitest';
import {
  type CardinalityEvents,
  CardinalityGovernor,
  type CardinalityReport,
} from '../../../collector/processors/cardinality.ts';
import { processorsConfig } from '../../../collector/processors/config.ts';
import type { DivertedPoint, NewSeries } from '../../../collector/reader/hooks.ts';
import { decodeRequest } from '../../oracle/decode.ts';
import { pointBytes, texts } from './wire-items.ts';

const HOUR = 3_600_000;

function governorOf(cardinality: object) {
  const clock = { now: 0 };
  const reports: CardinalityReport[] = [];
  const exceeded: string[] = [];
  const diverted: object[] = [];
  const events: CardinalityEvents = {
    exceeded: (budget, decision) => exceeded.push(`${budget} ${decision}`),
    report: (report) => reports.push(report),
    diverted: ({ own, summed, lost }) => diverted.push({ own, summed, lost }),
  };
  const config = processorsConfig.parse({ cardinality }).cardinality;
  const governor = new CardinalityGovernor(config, events, () => clock.now);
  return { governor, clock, reports, exceeded, diverted };
}

function series(attributes: Record<string, string>, metric = 'requests', service = 'shop'): NewSeries {
  return { service, metric, attributes: new Map(Object.entries(attributes)) };
}

function lag(partition: string, value: number, topic = 'orders'): DivertedPoint {
  const attributes = { partition, topic };
  return {
    ...series(attributes, 'lag', 'kafka'),
    description: '',
    unit: '',
    type: 'gauge',
    temporality: 0,
    isMonotonic: false,
    startTime: 0n,
    time: 1n,
    value,
    flags: 0,
    point: pointBytes({
      gauge: { dataPoints: [{ timeUnixNano: 1n, asDouble: value, attributes: texts(attributes) }] },
    }),
    resource: new Uint8Array(),
    scope: new Uint8Array(),
  };
}

/** What the reader does with the points of a request: partition to value as it would be stored. */
function send(governor: CardinalityGovernor, points: Record<string, number>): Record<string, number> {
  const stored: Record<string, number> = {};
  for (const [partition, value] of Object.entries(points)) {
    const point = lag(partition, value);
    const decision = governor.admit(point);
    if (decision === 'divert') governor.divert(point);
    if (decision === 'admit') stored[partition] = value;
  }
  const bytes = governor.take();
  if (bytes === undefined) return stored;
  for (const { scopeMetrics } of decodeRequest('metrics', bytes).resourceMetrics ?? []) {
    for (const { gauge } of scopeMetrics?.[0]?.metrics ?? []) {
      for (const { asDouble, attributes } of gauge?.dataPoints ?? []) {
        const partition = attributes?.find(({ key }) => key === 'partition')?.value?.stringValue as string;
        expect(governor.admit(series({ partition, topic: 'orders' }, 'lag', 'kafka'))).toBe('admit');
        stored[partition] = asDouble as number;
      }
    }
  }
  return stored;
}

describe('CardinalityGovernor', () => {
  it('takes new series up to the budget of the source, and known ones for ever', () => {
    const { governor, exceeded } = governorOf({ series_per_source: 3 });
    for (const id of ['1', '2', '3']) expect(governor.admit(series({ id }))).toBe('admit');
    expect(governor.admit(series({ id: '4' }))).toBe('reject');
    expect(governor.admit(series({ id: '2' }))).toBe('admit');
    expect(governor.admit(series({ id: '4' }, 'requests', 'billing'))).toBe('admit');
    expect(exceeded).toEqual(['series_per_source reject']);
  });

  it('keeps a metric within its own budget and leaves the rest to others', () => {
    const { governor, exceeded } = governorOf({ series_per_source: 10, series_per_metric: 2 });
    for (const id of ['1', '2']) governor.admit(series({ id }));
    expect(governor.admit(series({ id: '3' }))).toBe('reject');
    expect(governor.admit(series({ id: '3' }, 'errors'))).toBe('admit');
    expect(exceeded).toEqual(['series_per_metric reject']);
  });

  it('counts series of two resources as two where the reader tells ids', () => {
    const { governor } = governorOf({ series_per_source: 1 });
    expect(governor.admit({ ...series({ a: '1' }), id: 1n })).toBe('admit');
    expect(governor.admit({ ...series({ a: '1' }), id: 2n ** 40n + 1n })).toBe('reject');
    expect(governor.admit({ ...series({ a: '1' }), id: 1n })).toBe('admit');
  });

  it('gives the places of silent series to new ones after a window or two, not of those it heard of', () => {
    const { governor, clock } = governorOf({ series_per_source: 2 });
    governor.admit(series({ id: 'silent' }));
    governor.admit(series({ id: 'living' }));
    clock.now = HOUR - 1;
    expect(governor.admit(series({ id: 'new' }))).toBe('reject');
    clock.now = HOUR;
    expect(governor.admit(series({ id: 'living' }))).toBe('admit');
    expect(governor.admit(series({ id: 'new' }))).toBe('reject');
    clock.now = 2 * HOUR;
    expect(governor.admit(series({ id: 'new' }))).toBe('admit');
    expect(governor.admit(series({ id: 'silent' }))).toBe('reject');
    expect(governor.admit(series({ id: 'living' }))).toBe('admit');
  });

  it('forgets sources that are silent', () => {
    const { governor, clock } = governorOf({});
    governor.admit(series({ id: '1' }));
    expect(governor.sizes()).toEqual([{ source: 'shop', series: 1 }]);
    clock.now = HOUR;
    expect(governor.sizes()).toEqual([{ source: 'shop', series: 1 }]);
    clock.now = 2 * HOUR;
    expect(governor.sizes()).toEqual([]);
  });

  it('lets sources without end share one budget', () => {
    const { governor } = governorOf({ series_per_source: 5 });
    const decisions = Array.from({ length: 2010 }, (_, i) => governor.admit(series({}, 'up', `service ${i}`)));
    expect(governor.sizes()).toHaveLength(2001);
    expect(decisions.slice(0, 2000).every((decision) => decision === 'admit')).toBe(true);
    // All of them are the same series of the shared source.
    expect(governor.sizes().find(({ source }) => source === 'other')).toEqual({ source: 'other', series: 1 });
  });

  it('says once in ten minutes which metric exploded, and by which attribute', () => {
    const { governor, clock, reports } = governorOf({ series_per_source: 100 });
    governor.admit(series({ host: 'a' }, 'cpu'));
    for (let i = 0; i < 120; i++) governor.admit(series({ 'user.id': `u${i}`, route: `/${i % 5}` }));
    const suspect = { attribute: 'user.id', examples: ['u49', 'u50', 'u51'] };
    expect(reports).toMatchObject([
      { source: 'shop', budget: 'series_per_source', series: 100, metric: 'requests', metricSeries: 99, suspect },
    ]);
    clock.now = 9 * 60_000;
    governor.admit(series({ 'user.id': 'x' }));
    expect(reports).toHaveLength(1);
    clock.now = 10 * 60_000;
    governor.admit(series({ 'user.id': 'x' }));
    expect(reports).toHaveLength(2);
  });

  it('stores partitions above the budget as one, but the hottest as themselves', () => {
    const { governor, exceeded, diverted } = governorOf({ series_per_source: 2, partition_keep: 2 });
    const first = send(governor, { 0: 1, 1: 1, 2: 10, 3: 20, 4: 30, 5: 40 });
    expect(first).toEqual({ 0: 1, 1: 1, 4: 30, 5: 40, other: 30 });
    expect(exceeded).toEqual(Array.from({ length: 4 }, () => 'series_per_source divert'));
    expect(diverted).toEqual([{ own: 2, summed: 2, lost: 0 }]);
    expect(governor.sizes()).toEqual([{ source: 'kafka', series: 5 }]);
  });

  it('does not flap: places are kept, and a new one is given only to what became much hotter', () => {
    const { governor } = governorOf({ series_per_metric: 2, partition_keep: 2 });
    send(governor, { 0: 1, 1: 1, 2: 10, 3: 20, 4: 30, 5: 40 });
    expect(send(governor, { 0: 1, 2: 50, 3: 50, 4: 3, 5: 4 })).toEqual({ 0: 1, 4: 3, 5: 4, other: 100 });
    expect(send(governor, { 2: 61, 3: 50, 4: 3, 5: 4 })).toEqual({ 2: 61, 4: 3, 5: 4, other: 50 });
  });

  it('loses nothing of the sum over all partitions', () => {
    const { governor } = governorOf({ series_per_source: 3, partition_keep: 2 });
    for (let round = 1; round <= 20; round++) {
      const points = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`${i}`, (i * 7919 * round) % 1000]));
      const sum = (values: Record<string, number>) => Object.values(values).reduce((total, value) => total + value, 0);
      const stored = send(governor, points);
      expect(sum(stored)).toBe(sum(points));
      expect(Object.keys(stored).length).toBeLessThanOrEqual(3 + 3);
    }
  });

  it('bounds what partitions take above the budget', () => {
    const { governor } = governorOf({ series_per_source: 1, partition_keep: 1 });
    governor.admit(series({}, 'up', 'kafka'));
    const decisions = Array.from({ length: 10 }, (_, i) => governor.admit(lag('0', 1, `topic ${i}`)));
    expect(decisions.filter((decision) => decision === 'divert')).toHaveLength(2);
    expect(decisions.at(-1)).toBe('reject');
  });

  it('shares that bound among the topics that are there', () => {
    const { governor } = governorOf({ series_per_source: 1, partition_keep: 5 });
    governor.admit(series({}, 'up', 'kafka'));
    for (const topic of ['a', 'b']) {
      for (let i = 0; i < 20; i++) {
        const point = lag(`${i}`, i, topic);
        expect(governor.admit(point)).toBe('divert');
        governor.divert(point);
      }
    }
    governor.take();
    // One, two for the other partitions of both topics, and the four that are left of keep + 1.
    expect(governor.sizes()).toEqual([{ source: 'kafka', series: 7 }]);
  });
});
