import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeAttributes, GaugeEncoder } from '../../../../collector/receivers/kafka-lag/gauge-encoder.ts';
import { type ObservedPoint, pointsOf } from './observed.ts';

const NOW = 1_700_000_000_123;

function encoding(): { encoder: GaugeEncoder; requests: Buffer[]; points: () => ObservedPoint[] } {
  const requests: Buffer[] = [];
  const encoder = new GaugeEncoder({
    resource: { 'service.name': 'kafka', 'kafka.cluster.alias': 'main' },
    scope: 'weir/kafka_lag',
    consume: async (request) => requests.push(request),
  });
  return { encoder, requests, points: () => requests.flatMap((request) => pointsOf(request)) };
}

describe('gauges', () => {
  it('are read by protobufjs as they were written', async () => {
    const { encoder, points } = encoding();
    encoder.metric('kafka.consumer_group.lag', '{record}', NOW);
    encoder.int(encodeAttributes({ group: 'billing', topic: 'orders' }), 3, 42);
    encoder.time(NOW - 60_000);
    encoder.int(encodeAttributes({ group: 'billing', topic: 'orders' }), -1, 0);
    encoder.metric('weir.topic.retention.time', 's', NOW);
    encoder.double(encodeAttributes({}), -1, 0.5);
    expect(encoder.points).toBe(3);
    await encoder.flush();
    const resource = { 'service.name': 'kafka', 'kafka.cluster.alias': 'main' };
    const lag = { metric: 'kafka.consumer_group.lag', unit: '{record}', scope: 'weir/kafka_lag', resource };
    const attributes = { group: 'billing', topic: 'orders' };
    expect(points()).toEqual([
      { ...lag, time: NOW, value: 42, key: 'billing/orders/3', attributes: { ...attributes, partition: '3' } },
      { ...lag, time: NOW - 60_000, value: 0, key: 'billing/orders', attributes },
      { ...lag, metric: 'weir.topic.retention.time', unit: 's', time: NOW, value: 0.5, key: '', attributes: {} },
    ]);
  });

  it('go on under the same name after a request was handed on', async () => {
    const { encoder, requests, points } = encoding();
    encoder.metric('kafka.partition.current_offset', '{record}', NOW);
    encoder.int(encodeAttributes({ topic: 'a' }), 0, 1);
    await encoder.flush();
    await encoder.flush();
    encoder.int(encodeAttributes({ topic: 'a' }), 1, 2);
    await encoder.flush();
    expect(requests).toHaveLength(2);
    expect(points().map(({ metric, unit, time, value }) => [metric, unit, time, value])).toEqual([
      ['kafka.partition.current_offset', '{record}', NOW, 1],
      ['kafka.partition.current_offset', '{record}', NOW, 2],
    ]);
  });

  it('make no request when there are none', async () => {
    const { encoder, requests } = encoding();
    encoder.metric('kafka.brokers', '{broker}', NOW);
    await encoder.flush();
    expect(requests).toEqual([]);
  });

  it('fill requests of bounded size, metric by metric', async () => {
    const { encoder, requests, points } = encoding();
    const attributes = encodeAttributes({ group: 'a-group-with-a-long-name', topic: 'a-topic-with-a-long-name' });
    for (const name of ['one', 'two', 'three']) {
      encoder.metric(name, '1', NOW);
      for (let i = 0; i < 15_000; i++) {
        encoder.int(attributes, i, i);
        if (encoder.isFull) await encoder.flush();
      }
    }
    await encoder.flush();
    expect(requests.length).toBeGreaterThanOrEqual(2);
    expect(Math.max(...requests.map(({ length }) => length))).toBeLessThan(4.5 * 1024 * 1024);
    const read = points();
    expect(read).toHaveLength(45_000);
    expect(read.every(({ value, attributes: { partition } }) => Number(partition) === value)).toBe(true);
    expect(read.filter(({ metric }) => metric === 'two')).toHaveLength(15_000);
  });

  it('reject when the consumer does', async () => {
    const encoder = new GaugeEncoder({
      ...{ resource: {}, scope: 's' },
      consume: async () => {
        throw new Error('the spool is full');
      },
    });
    encoder.metric('kafka.brokers', '{broker}', NOW);
    encoder.int(encodeAttributes({}), -1, 3);
    await expect(encoder.flush()).rejects.toThrow('the spool is full');
  });

  it('hold any text, partition and safe integer', async () => {
    const point = fc.record({
      group: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }),
      topic: fc.string({ minLength: 1, maxLength: 249 }),
      partition: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
      value: fc.oneof(fc.nat(), fc.maxSafeInteger()),
      time: fc.integer({ min: 1, max: 4_000_000_000_000 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(point, { minLength: 1, maxLength: 20 }), async (list) => {
        const { encoder, points } = encoding();
        for (const { group, topic, partition, value, time } of list) {
          encoder.metric('kafka.consumer_group.offset', '{record}', time);
          encoder.int(encodeAttributes({ group, topic }), partition, value);
        }
        await encoder.flush();
        const read = points().map(({ attributes, value, time }) => ({ ...attributes, value, time }));
        expect(read).toEqual(list.map(({ partition, ...rest }) => ({ ...rest, partition: String(partition) })));
      }),
      { numRuns: 50 },
    );
  });
});
