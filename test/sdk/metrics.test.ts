import { describe, expect, it } from 'vitest';
import { Counters, counters as shared } from '../../sdk/src/counters.ts';
import { counterMetrics, durationMetrics, pathwayMetrics, timeMetrics } from '../../sdk/src/metrics.ts';
import { Recorder } from '../../sdk/src/recorder.ts';
import { Durations, noteConsumed, timeProcess } from '../../sdk/src/throughput.ts';

const NOW = 1_760_000_010_250;
const FROM = NOW - 10_000;
const interval = { startTime: [1_760_000_000, 250_000_000], endTime: [1_760_000_010, 250_000_000] };

describe('metrics of pathways', () => {
  it('are delta histograms of scale 6 over the flush, and sums over origin windows', () => {
    const recorder = new Recorder('service');
    const route = recorder.route({ direction: 'in', system: 'kafka', destination: 'orders', group: 'g' });
    const checkpoint = route.after(1, 2);
    const T = 1_760_000_000_000_000;
    recorder.record(checkpoint, T, T + 1_000_000, T + 2_000_000, 2);
    recorder.record(checkpoint, T - 1, T, T);
    recorder.problem('malformed_header', 4);
    const [latency, edge, records, problems] = pathwayMetrics(recorder, FROM, NOW);
    const attributes = {
      'weir.pathway.hash': checkpoint.hash,
      'weir.pathway.parent': '0000000100000002',
      'weir.pathway.direction': 'in',
      'messaging.system': 'kafka',
      'messaging.destination.name': 'orders',
      'messaging.consumer.group.name': 'g',
    };
    expect(latency?.descriptor).toMatchObject({ name: 'weir.pathway.latency', unit: 's' });
    for (const metric of [latency, edge, records]) expect(metric?.aggregationTemporality).toBe(0);
    expect(latency?.dataPoints).toEqual([
      { ...interval, attributes, value: expect.objectContaining({ scale: 6, count: 3, zeroCount: 0, max: 2 }) },
    ]);
    // 2 s is the upper bound of its bucket: (2^(63/64), 2^(64/64)].
    const value = latency?.dataPoints[0]?.value as { positive: { offset: number; bucketCounts: number[] } };
    expect(value.positive.offset + value.positive.bucketCounts.length - 1).toBe(63);
    expect(edge?.dataPoints[0]?.value).toMatchObject({ count: 3, zeroCount: 1, sum: 2 });
    expect(records).toMatchObject({
      isMonotonic: true,
      descriptor: { name: 'weir.pathway.records', unit: '{record}' },
    });
    expect(records?.dataPoints).toEqual([
      { startTime: [1_760_000_000, 0], endTime: [1_760_000_010, 0], attributes, value: 2 },
      { startTime: [1_759_999_990, 0], endTime: [1_760_000_000, 0], attributes, value: 1 },
    ]);
    expect(problems?.dataPoints).toEqual([{ ...interval, attributes: { reason: 'malformed_header' }, value: 4 }]);
    expect(pathwayMetrics(recorder, FROM, NOW)).toEqual([]);
  });

  it('have a group where records come in and none where they go out', () => {
    const recorder = new Recorder('service');
    for (const direction of ['in', 'out'] as const) {
      const route = recorder.route({ direction, system: 'nats', destination: 'a', group: '' });
      recorder.record(route.after(0, 0), 1e15, 1e15, 1e15);
    }
    const [latency] = pathwayMetrics(recorder, FROM, NOW);
    const attributes = latency?.dataPoints.map((point) => point.attributes) ?? [];
    expect(attributes[0]).toMatchObject({ 'messaging.consumer.group.name': '', 'weir.pathway.parent': '' });
    expect(attributes[1]).not.toHaveProperty('messaging.consumer.group.name');
  });
});

describe('counters', () => {
  it('are sums by attributes; absent ones are left out', () => {
    const counters = new Counters();
    counters.add('weir.records.late', { a: '1', b: undefined });
    counters.add('weir.records.late', { a: '1', b: '' }, 2);
    counters.add('weir.records.late', { a: '2' });
    counters.add('weir.records.duplicates', { a: '1' });
    const metrics = counterMetrics(counters, FROM, NOW);
    expect(metrics.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints])).toEqual([
      [
        'weir.records.late',
        [
          { ...interval, attributes: { a: '1' }, value: 3 },
          { ...interval, attributes: { a: '2' }, value: 1 },
        ],
      ],
      ['weir.records.duplicates', [{ ...interval, attributes: { a: '1' }, value: 1 }]],
    ]);
    expect(counterMetrics(counters, FROM, NOW)).toEqual([]);
  });

  it('are bounded; what there is no series for is told as a number', () => {
    const counters = new Counters();
    for (let i = 0; i < 2500; i++) counters.add('weir.records.late', { a: String(i) });
    expect([...counters.take()]).toHaveLength(2000);
    expect(counters.takeOverflow()).toBe(500);
    expect(counters.takeOverflow()).toBe(0);
    // Series that are idle for long make room.
    for (let i = 0; i < 61; i++) [...counters.take()];
    counters.add('weir.records.late', { a: 'new' });
    expect([...counters.take()]).toHaveLength(1);
  });
});

describe('records that are counted one after another', () => {
  const one = { topic: 'orders', partition: 1, group: 'g' };
  const taken = () =>
    [...shared.take()].map(({ attributes, value }) => [attributes['messaging.destination.partition.id'], value]);

  it('are counted where they came from, also after a series was forgotten', () => {
    taken();
    for (const partition of [1, 1, 2, 1, 1]) noteConsumed({ ...one, partition }, 2);
    expect(taken()).toEqual([
      ['1', 8],
      ['2', 2],
    ]);
    for (let i = 0; i < 70; i++) taken();
    noteConsumed(one, 3);
    expect(taken()).toEqual([['1', 3]]);
  });

  it('take their own time each, in whatever interval', () => {
    const durations = new Durations();
    const counts = () => durations.take().map(({ attributes, count }) => [attributes['error.type'] ?? '', count]);
    durations.add(one, '', 0.1, 1);
    durations.add({ ...one }, '', 0.1, 1);
    durations.add(one, 'RangeError', 0.1, 1);
    durations.add({ ...one, group: 'h' }, '', 0.1, 5);
    expect(counts()).toEqual([
      ['', 2],
      ['RangeError', 1],
      ['', 5],
    ]);
    durations.add({ ...one, group: 'h' }, '', 0.1, 7);
    expect(counts()).toEqual([['', 7]]);
  });
});

describe('times and durations', () => {
  it('event times and watermarks are gauges, absent when there are none', () => {
    const value = { attributes: { a: '1' }, value: 5 };
    expect(timeMetrics([], [], NOW)).toEqual([]);
    expect(timeMetrics([value], [], NOW).map(({ descriptor }) => descriptor.name)).toEqual(['weir.event.time']);
    const [, watermark] = timeMetrics([value], [value], NOW);
    expect(watermark).toMatchObject({ descriptor: { name: 'weir.watermark', unit: 'ms' }, dataPoints: [value] });
  });

  it('handling is timed until its promise settles, by class of failure, and its outcome passed on', async () => {
    const received = { topic: 'orders', partition: 1, group: 'g' };
    expect(timeProcess(received, 1, () => 7)).toBe(7);
    await expect(timeProcess(received, 1, async () => 8)).resolves.toBe(8);
    expect(() =>
      timeProcess(received, 1, () => {
        throw new RangeError('x');
      }),
    ).toThrow('x');
    await expect(timeProcess(received, 1, () => Promise.reject(new RangeError('y')))).rejects.toThrow('y');
    const durations = new Durations();
    durations.add(received, '', 0.003, 2);
    durations.add(received, '', 0.2, 1);
    durations.add(received, 'RangeError', 60, 1);
    const [metric] = durationMetrics(durations.take(), FROM, NOW);
    expect(metric?.descriptor).toMatchObject({ name: 'messaging.process.duration', unit: 's' });
    expect(metric?.dataPoints).toHaveLength(2);
    const values = metric?.dataPoints.map((point) => point.value as { buckets: { counts: number[] }; count: number });
    expect(values?.[0]).toMatchObject({ count: 3, sum: expect.closeTo(0.206), min: 0.003, max: 0.2 });
    expect(values?.[0]?.buckets.counts.flatMap((count, i) => (count > 0 ? [[i, count]] : []))).toEqual([
      [0, 2],
      [6, 1],
    ]);
    expect(values?.[1]?.buckets.counts.at(-1)).toBe(1);
    expect(metric?.dataPoints[1]?.attributes['error.type']).toBe('RangeError');
    expect(durationMetrics(durations.take(), FROM, NOW)).toEqual([]);
  });
});
