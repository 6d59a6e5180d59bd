import { describe, expect, it } from 'vitest';
import { checkpoint } from '../../examples/order-pipeline/history/checkpoints.ts';
import { metricsRequest } from '../../examples/order-pipeline/history/otlp.ts';
import { historyStep, SCALE, STEP_MS } from '../../examples/order-pipeline/history/points.ts';
import { exponential, noiseAt, poisson, seededRandom } from '../../examples/order-pipeline/load/random.ts';
import { rateAt } from '../../examples/order-pipeline/load/rate.ts';
import { PARTITIONS, sampleMs, WORK } from '../../examples/order-pipeline/load/work.ts';

const DAY = 86_400_000;
const NOON = Date.UTC(2026, 4, 5, 12);
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe('randomness', () => {
  it('repeats with its seed', () => {
    const [a, b] = [seededRandom(7), seededRandom(7)];
    expect(Array.from({ length: 5 }, a)).toEqual(Array.from({ length: 5 }, b));
    expect(noiseAt(3, 1)).toBe(noiseAt(3, 1));
    expect(noiseAt(3, 1)).not.toBe(noiseAt(4, 1));
    expect(noiseAt(3, 1)).not.toBe(noiseAt(3, 2));
  });

  it.each([0.2, 3, 29, 31, 400])('draws Poisson numbers of mean %d', (wanted) => {
    const random = seededRandom(1);
    const values = Array.from({ length: 20_000 }, () => poisson(random, wanted));
    expect(mean(values)).toBeCloseTo(wanted, wanted > 100 ? -1 : 0);
    expect(mean(values.map((v) => (v - wanted) ** 2)) / wanted).toBeGreaterThan(0.9);
    expect(mean(values.map((v) => (v - wanted) ** 2)) / wanted).toBeLessThan(1.1);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
  });

  it('waits as a Poisson process does', () => {
    const random = seededRandom(2);
    expect(mean(Array.from({ length: 50_000 }, () => exponential(random, 25)))).toBeCloseTo(0.04, 3);
  });
});

describe('load', () => {
  it('is a function of time alone, between 20 and 50 orders a second', () => {
    for (let t = NOON; t < NOON + 2 * DAY; t += 7_919) {
      const rate = rateAt(t);
      expect(rate).toBe(rateAt(t));
      expect(rate).toBeGreaterThan(20);
      expect(rate).toBeLessThan(50);
    }
  });

  it('has a daily shape, bursts and no jumps', () => {
    const hours = Array.from({ length: 24 }, (_, hour) =>
      mean(Array.from({ length: 360 }, (_, i) => rateAt(Date.UTC(2026, 4, 5, hour) + i * 10_000))),
    );
    expect(Math.max(...hours) / Math.min(...hours)).toBeGreaterThan(1.25);
    let steepest = 0;
    for (let t = NOON; t < NOON + DAY; t += 1_000) {
      steepest = Math.max(steepest, Math.abs(rateAt(t + 1_000) - rateAt(t)));
    }
    expect(steepest).toBeLessThan(1);
  });

  it('leaves each stage about twice the capacity it needs', () => {
    const busiest = Math.max(...Array.from({ length: 8_640 }, (_, i) => rateAt(NOON + i * 10_000)));
    const random = seededRandom(3);
    for (const works of [[WORK.enrichment], [WORK.payments], [WORK['warehouse-sink'], WORK.warehouse]]) {
      const seconds = mean(
        Array.from({ length: 5_000 }, () => works.reduce((sum, work) => sum + sampleMs(work, random), 0)),
      );
      expect(PARTITIONS / (seconds / 1000)).toBeGreaterThan(1.7 * busiest);
    }
  });
});

describe('history', () => {
  it('is the same whenever it is asked for', () => {
    expect(historyStep(NOON, 'kafka')).toEqual(historyStep(NOON, 'kafka'));
    expect(historyStep(NOON, 'kafka')).not.toEqual(historyStep(NOON + STEP_MS, 'kafka'));
  });

  it('passes on from stage to stage what was not lost', () => {
    for (let i = 0; i < 50; i++) {
      const steps = new Map(historyStep(NOON + i * STEP_MS, 'kafka').map((step) => [step.service, step.durations]));
      const count = (
        service: string,
        metric: string,
        where: (attributes: Readonly<Record<string, string>>) => boolean,
      ) =>
        (steps.get(service) ?? [])
          .filter((point) => point.metric === metric && where(point.attributes))
          .reduce((sum, point) => sum + point.count, 0);
      const sent = (service: string, topic: string) =>
        count(service, 'messaging.client.operation.duration', (a) => a['messaging.destination.name'] === topic);
      const handled = (service: string) => count(service, 'messaging.process.duration', () => true);
      const failed = (service: string) => count(service, 'messaging.process.duration', (a) => 'error.type' in a);
      expect(sent('gateway', 'orders')).toBe(count('gateway', 'http.server.request.duration', () => true));
      expect(handled('enrichment')).toBe(sent('gateway', 'orders'));
      expect(sent('enrichment', 'orders.enriched')).toBe(handled('enrichment') - failed('enrichment'));
      expect(sent('enrichment', 'orders.dlq')).toBe(failed('enrichment'));
      expect(handled('warehouse-sink')).toBe(sent('payments', 'payments'));
      expect(count('warehouse-sink', 'db.client.operation.duration', () => true)).toBe(handled('warehouse-sink'));
    }
  });

  it('counts records by the checkpoints that the SDK reports, as many on both sides as were passed on', () => {
    const points = historyStep(NOON, 'kafka').flatMap(({ records }) => records);
    const at = (direction: string, topic: string, group = '') =>
      points.find(
        ({ attributes }) =>
          attributes['weir.pathway.direction'] === direction &&
          attributes['messaging.destination.name'] === topic &&
          (attributes['messaging.consumer.group.name'] ?? '') === group,
      );
    const chain = [
      at('out', 'orders'),
      at('in', 'orders', 'enrichment'),
      at('out', 'orders.enriched'),
      at('in', 'orders.enriched', 'payments'),
      at('out', 'payments'),
      at('in', 'payments', 'warehouse-sink'),
    ];
    // The first hash stands in docs/pathway.md.
    expect(chain[0]?.attributes['weir.pathway.hash']).toBe('2db29d25116c2b7f');
    const parents = chain.map((point) => point?.attributes['weir.pathway.parent']);
    expect(parents).toEqual(['', ...chain.slice(0, -1).map((point) => point?.attributes['weir.pathway.hash'])]);
    const counts = chain.map((point) => point?.count ?? 0);
    expect(counts[0]).toBeGreaterThan(150);
    expect([counts[1], counts[3], counts[5]]).toEqual([counts[0], counts[2], counts[4]]);
    const lost = points.filter(({ attributes }) => attributes['messaging.destination.name'] === 'orders.dlq');
    expect(lost.reduce((sum, { count }) => sum + count, 0)).toBe((counts[0] ?? 0) - (counts[5] ?? 0));
  });

  it('names a checkpoint as docs/pathway.md does', () => {
    const first = checkpoint({ service: 'gateway', direction: 'out', system: 'kafka', destination: 'orders' });
    const place = { service: 'payments', system: 'kafka' } as const;
    const second = checkpoint({ ...place, direction: 'in', destination: 'orders', group: 'payments' }, first);
    const third = checkpoint({ ...place, direction: 'out', destination: 'paid' }, second);
    expect([first, second, third].map((one) => one['weir.pathway.hash'])).toEqual([
      '2db29d25116c2b7f',
      'cde7278a48ab97d6',
      '6e1fc9ebbd5c8b7c',
    ]);
  });

  it('has the level of the live load and of the live work', () => {
    let orders = 0;
    let expected = 0;
    let seconds = 0;
    for (let i = 0; i < 360; i++) {
      const start = NOON + i * STEP_MS;
      const enrichment = historyStep(start, 'memory_log').find((step) => step.service === 'enrichment');
      for (const point of enrichment?.durations ?? []) {
        if (point.metric !== 'messaging.process.duration') continue;
        orders += point.count;
        seconds += point.sum;
      }
      expected += (rateAt(start + STEP_MS / 2) * STEP_MS) / 1000;
    }
    expect(orders / expected).toBeGreaterThan(0.98);
    expect(orders / expected).toBeLessThan(1.02);
    const random = seededRandom(4);
    const work = mean(Array.from({ length: 20_000 }, () => sampleMs(WORK.enrichment, random))) / 1000;
    expect(seconds / orders).toBeGreaterThan(work);
    expect(seconds / orders).toBeLessThan(work * 1.15);
  });

  it('is OTLP: delta exponential histograms whose buckets hold their counts, gauges, and the mark "generated"', () => {
    const steps = [NOON, NOON + STEP_MS].map((start) => ({ start, services: historyStep(start, 'kafka') }));
    const { body, points } = metricsRequest(steps, { 'service.namespace': 'orders' });
    let seen = 0;
    const services = body.resourceMetrics.map(({ resource, scopeMetrics }) => {
      const attributes = Object.fromEntries(resource.attributes.map(({ key, value }) => [key, value.stringValue]));
      expect(attributes).toMatchObject({ 'weir.origin': 'generated', 'service.namespace': 'orders' });
      for (const metric of scopeMetrics.flatMap(({ metrics }) => metrics)) {
        if ('gauge' in metric) {
          seen += metric.gauge.dataPoints.length;
          continue;
        }
        if ('sum' in metric) {
          seen += metric.sum.dataPoints.length;
          expect(metric).toMatchObject({ name: 'weir.pathway.records', sum: { aggregationTemporality: 1 } });
          for (const { startTimeUnixNano } of metric.sum.dataPoints)
            expect(BigInt(startTimeUnixNano) % 10_000_000_000n).toBe(0n);
          continue;
        }
        const { aggregationTemporality, dataPoints } = metric.exponentialHistogram;
        seen += dataPoints.length;
        expect(aggregationTemporality).toBe(1);
        for (const point of dataPoints) {
          const counts = point.positive.bucketCounts.map(Number);
          expect(counts.reduce((a, b) => a + b, 0)).toBe(Number(point.count));
          const base = 2 ** (1 / 2 ** SCALE);
          expect(base ** point.positive.offset).toBeLessThan(point.min);
          expect(base ** (point.positive.offset + counts.length)).toBeGreaterThanOrEqual(point.max * (1 - 1e-9));
          expect(BigInt(point.timeUnixNano) - BigInt(point.startTimeUnixNano)).toBe(10_000_000_000n);
        }
      }
      return attributes['service.name'];
    });
    expect(seen).toBe(points);
    expect(services).toEqual(['gateway', 'enrichment', 'payments', 'warehouse-sink', 'order-log']);
  });
});
