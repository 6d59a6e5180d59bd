import { describe, expect, it } from 'vitest';
import type { HistogramDataPoint, MetricsRequest } from '../../../collector/otlp/model.ts';
import { Diversion } from '../../../collector/processors/diversion.ts';
import type { DivertedPoint } from '../../../collector/reader/hooks.ts';
import { decodeRequest } from '../../oracle/decode.ts';
import { attribute, pointBytes, resourceBytes, texts } from './wire-items.ts';

const TIME = 1_700_000_000_000_000_000n;
const resource = resourceBytes({ attributes: texts({ 'service.name': 'kafka' }) });

type Given = Partial<Omit<DivertedPoint, 'attributes'>> & { attributes?: Record<string, string> };

/** A point of partition `partition` of the topic `orders`, as the reader hands it over. */
function point(partition: string, value: number, given: Given = {}): DivertedPoint {
  const { attributes = { topic: 'orders', partition }, ...rest } = given;
  const bytes = pointBytes({
    gauge: { dataPoints: [{ timeUnixNano: rest.time ?? TIME, asDouble: value, attributes: texts(attributes) }] },
  });
  return {
    service: 'kafka',
    metric: 'kafka.consumer_group.lag',
    description: 'Records behind',
    unit: '{record}',
    type: 'gauge',
    temporality: 0,
    isMonotonic: false,
    startTime: 0n,
    time: TIME,
    value,
    flags: 0,
    point: bytes,
    resource,
    scope: new Uint8Array(),
    ...rest,
    attributes: new Map(Object.entries(attributes)),
  };
}

function histogram(partition: string, data: HistogramDataPoint): DivertedPoint {
  const own = { ...data, timeUnixNano: TIME, attributes: texts({ partition }) };
  const bytes = pointBytes({ histogram: { dataPoints: [own] } });
  return point(partition, Number.NaN, {
    type: 'histogram',
    temporality: 1,
    unit: 's',
    attributes: { partition },
    point: bytes,
  });
}

function diversionOf(...points: DivertedPoint[]): Diversion {
  const diversion = new Diversion();
  for (const one of points) diversion.add(one);
  return diversion;
}

function requestOf(bytes: Uint8Array | undefined): MetricsRequest {
  return decodeRequest('metrics', bytes as Uint8Array);
}

function metrics(bytes: Uint8Array | undefined) {
  return (
    requestOf(bytes).resourceMetrics?.flatMap(
      (one) => one.scopeMetrics?.flatMap((scope) => scope.metrics ?? []) ?? [],
    ) ?? []
  );
}

describe('Diversion', () => {
  it('has nothing when nothing was diverted, and nothing twice', () => {
    const diversion = diversionOf();
    expect(diversion.take(() => false)).toBeUndefined();
    diversion.add(point('1', 5));
    expect(diversion.take(() => false)).toMatchObject({ own: 0, summed: 1, lost: 0 });
    expect(diversion.take(() => false)).toBeUndefined();
  });

  it('sums the partitions of a series and time to one of the partition "other", as a whole request', () => {
    const taken = diversionOf(point('1', 5), point('2', 7), point('3', 0.5)).take(() => false);
    expect(taken).toMatchObject({ own: 0, summed: 3, lost: 0 });
    const dataPoint = {
      timeUnixNano: TIME,
      asDouble: 12.5,
      attributes: texts({ topic: 'orders', partition: 'other' }),
    };
    expect(requestOf(taken?.request)).toEqual({
      resourceMetrics: [
        {
          resource: { attributes: texts({ 'service.name': 'kafka' }) },
          scopeMetrics: [
            {
              metrics: [
                {
                  name: 'kafka.consumer_group.lag',
                  description: 'Records behind',
                  unit: '{record}',
                  gauge: { dataPoints: [dataPoint] },
                },
              ],
            },
          ],
        },
      ],
    });
  });

  it('leaves hot partitions their points as they came', () => {
    const hot = point('2', 7);
    const taken = diversionOf(point('1', 5), hot, point('3', 1)).take((_, partition) => partition === '2');
    expect(taken).toMatchObject({ own: 1, summed: 2 });
    const [metric] = metrics(taken?.request);
    expect(metric?.gauge?.dataPoints?.map(({ asDouble }) => asDouble)).toEqual([7, 6]);
    expect(metric?.gauge?.dataPoints?.[0]?.attributes).toEqual(texts({ topic: 'orders', partition: '2' }));
  });

  it('takes the last of a point that comes twice', () => {
    const taken = diversionOf(point('1', 5), point('2', 1), point('1', 6)).take(() => false);
    expect(metrics(taken?.request)[0]?.gauge?.dataPoints?.[0]?.asDouble).toBe(7);
  });

  it('keeps times, other attributes, resources, scopes and units apart', () => {
    const taken = diversionOf(
      point('1', 1),
      point('1', 2, { time: TIME + 1n }),
      point('1', 4, { attributes: { topic: 'payments', partition: '1' } }),
      point('1', 8, { resource: resourceBytes({ attributes: texts({ 'service.name': 'kafka', host: 'b' }) }) }),
      point('1', 16, { unit: '1' }),
      point('1', 32, { resourceSchemaUrl: 'https://example.org/1' }),
      point('2', 64),
    ).take(() => false);
    const values = metrics(taken?.request).map((metric) => metric.gauge?.dataPoints?.[0]?.asDouble);
    expect(values).toEqual([65, 2, 4, 8, 16, 32]);
    expect(
      requestOf(taken?.request)
        .resourceMetrics?.map(({ schemaUrl }) => schemaUrl)
        .filter(Boolean),
    ).toEqual(['https://example.org/1']);
  });

  it.each([
    ['s', 9],
    ['%', 9],
    ['{record}', 13],
  ])('of gauges in %s stores %d', (unit, expected) => {
    const taken = diversionOf(point('1', 9, { unit }), point('2', 4, { unit })).take(() => false);
    expect(metrics(taken?.request)[0]?.gauge?.dataPoints?.[0]?.asDouble).toBe(expected);
  });

  it('keeps what a sum is, and the earliest start', () => {
    const sum: Given = { type: 'sum', temporality: 2, isMonotonic: true, unit: 's' };
    const taken = diversionOf(
      point('1', 1, { ...sum, startTime: TIME - 5n }),
      point('2', 2, { ...sum, startTime: TIME - 9n }),
    ).take(() => false);
    expect(metrics(taken?.request)[0]?.sum).toMatchObject({
      aggregationTemporality: 2,
      isMonotonic: true,
      dataPoints: [{ asDouble: 3, startTimeUnixNano: TIME - 9n }],
    });
  });

  it('adds histograms of equal bounds bucket by bucket, and loses others', () => {
    const explicitBounds = [0.1, 1];
    const a = histogram('1', { count: 3n, sum: 2, min: 0.05, max: 1.5, bucketCounts: [1n, 1n, 1n], explicitBounds });
    const b = histogram('2', { count: 2n, sum: 1, min: 0.2, max: 0.8, bucketCounts: [0n, 2n, 0n], explicitBounds });
    const taken = diversionOf(a, b).take(() => false);
    expect(taken).toMatchObject({ summed: 2, lost: 0 });
    expect(metrics(taken?.request)[0]?.histogram).toMatchObject({
      aggregationTemporality: 1,
      dataPoints: [
        {
          count: 5n,
          sum: 3,
          min: 0.05,
          max: 1.5,
          bucketCounts: [1n, 3n, 1n],
          explicitBounds,
          attributes: texts({ partition: 'other' }),
        },
      ],
    });
    const c = histogram('3', { count: 1n, bucketCounts: [1n, 0n, 0n], explicitBounds: [0.1, 2] });
    const mixed = diversionOf(a, c).take(() => false);
    expect(mixed).toMatchObject({ own: 0, summed: 0, lost: 2 });
    expect(mixed?.request).toHaveLength(0);
  });

  it('does not go round in circles with what it made itself', () => {
    const taken = diversionOf(point('other', 5)).take(() => false);
    expect(taken).toMatchObject({ summed: 0, lost: 1 });
    expect(taken?.request).toHaveLength(0);
  });

  it('keeps attributes of every kind, and knows the partition by its older names', () => {
    const bytes = pointBytes({
      gauge: {
        dataPoints: [
          {
            asInt: 5n,
            timeUnixNano: TIME,
            attributes: [
              attribute('messaging.destination.partition.id', { intValue: 3n }),
              attribute('n', { intValue: 7n }),
              attribute('list', { arrayValue: { values: [{ boolValue: true }] } }),
            ],
          },
        ],
      },
    });
    const attributes = { list: '[true]', 'messaging.destination.partition.id': '3', n: '7' };
    const taken = diversionOf(point('3', 5, { attributes, point: bytes })).take(() => false);
    expect(metrics(taken?.request)[0]?.gauge?.dataPoints?.[0]?.attributes).toEqual([
      attribute('n', { intValue: 7n }),
      attribute('list', { arrayValue: { values: [{ boolValue: true }] } }),
      attribute('messaging.destination.partition.id', { stringValue: 'other' }),
    ]);
  });

  it('passes over points that record nothing', () => {
    expect(diversionOf(point('1', Number.NaN, { flags: 1 })).take(() => false)).toBeUndefined();
  });

  it('tells what each partition said last, by time', () => {
    const diversion = diversionOf(point('1', 5, { time: TIME + 1n }), point('1', 3), point('2', 7));
    expect([...diversion.families()].map(({ values }) => Object.fromEntries(values))).toEqual([{ 1: 5, 2: 7 }]);
  });
});
