import { type Attributes, Message } from '../message.ts';
import type { Random } from '../random.ts';
import { type ServiceShape, serviceShapes } from './services.ts';

const CUMULATIVE = 2;
const DELTA = 1;
const BUCKETS = 50;
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
/** How long before a point its interval began, nanoseconds. */
const INTERVAL = -10e9;
/** A time that belongs to no trace: the time of sending itself. */
const NOW = -1;

type Kind = 'gauge' | 'sum' | 'exponential_histogram' | 'histogram' | 'summary';
/** Points of each kind among 32: nearly a third each of the first three, the rest explicit histograms and summaries. */
const MIX: readonly Kind[] = [
  ...Array<Kind>(10).fill('gauge'),
  ...Array<Kind>(10).fill('sum'),
  ...Array<Kind>(10).fill('exponential_histogram'),
  'histogram',
  'summary',
];
const NAMES: Readonly<Record<Kind, readonly [name: string, unit: string]>> = {
  gauge: ['process.memory.usage', 'By'],
  sum: ['messaging.client.consumed.messages', '{message}'],
  exponential_histogram: ['http.server.request.duration', 's'],
  histogram: ['db.client.operation.duration', 's'],
  summary: ['rpc.client.call.duration', 's'],
};
const FIELD: Readonly<Record<Kind, number>> = {
  gauge: 5,
  sum: 7,
  histogram: 9,
  exponential_histogram: 10,
  summary: 11,
};

/** Which table the points of a kind come to rest in, by the names of the stock exporter. */
export const METRIC_KINDS = Object.keys(FIELD) as readonly Kind[];

/** One request of `count` points, each the next of a series of its own; `request` numbers the series. */
export function metricRequest(random: Random, count: number, request: number): Message {
  const all = serviceShapes(random);
  const message = new Message();
  for (let s = 0; s < 4; s++) {
    const service = all[(request * 4 + s) % all.length] as ServiceShape;
    const scopeMetrics = new Message().nested(1, new Message().text(1, service.scope[0]).text(2, service.scope[1]));
    for (const kind of METRIC_KINDS) {
      const points = new Message();
      for (let point = s; point < count; point += 4) {
        if (MIX[(point >> 2) % MIX.length] === kind) {
          points.nested(1, pointMessage(kind, random, seriesAttributes(kind, request * count + point)));
        }
      }
      if (points.bytes().length === 0) continue;
      if (kind === 'sum') points.integer(2, CUMULATIVE).integer(3, true);
      if (kind === 'histogram') points.integer(2, CUMULATIVE);
      if (kind === 'exponential_histogram') points.integer(2, DELTA);
      const [name, unit] = NAMES[kind];
      scopeMetrics.nested(2, new Message().text(1, name).text(3, unit).nested(FIELD[kind], points));
    }
    message.nested(1, new Message().nested(1, new Message().attributes(1, service.resource)).nested(2, scopeMetrics));
  }
  return message;
}

function seriesAttributes(kind: Kind, series: number): Attributes {
  if (kind === 'gauge') return { 'process.memory.pool': `pool-${series % 7}`, 'app.shard': `shard-${series}` };
  if (kind === 'sum') {
    return {
      'messaging.system': 'kafka',
      'messaging.destination.name': `topic-${series % 40}`,
      'messaging.destination.partition.id': String(series),
    };
  }
  if (kind === 'exponential_histogram') {
    return {
      'http.request.method': 'GET',
      'http.route': `/api/v1/resource-${series % 20}/{id}`,
      'http.response.status_code': 200,
      'app.shard': `shard-${series}`,
    };
  }
  return { 'db.system.name': 'postgresql', 'db.operation.name': 'SELECT', 'app.shard': `shard-${series}` };
}

function pointMessage(kind: Kind, random: Random, attributes: Attributes): Message {
  if (kind === 'exponential_histogram') return exponentialPoint(attributes);
  const point = new Message().fixed64(2).mark('time', 8, NOW, INTERVAL).fixed64(3).mark('time', 8, NOW, 0);
  if (kind === 'gauge')
    return point
      .double(4, 0)
      .mark('gauge', 8, 0, 1 + random.whole(1e6))
      .attributes(7, attributes);
  if (kind === 'sum')
    return point
      .double(4, 0)
      .mark('counter', 8, 0, 1 + random.whole(5000))
      .attributes(7, attributes);
  if (kind === 'summary') {
    point.fixed64(4, 1000n).double(5, 0).mark('counter', 8, 0, 100);
    for (const quantile of [0.5, 0.95, 0.99]) {
      point.nested(6, new Message().double(1, quantile).double(2, 0).mark('gauge', 8, 0, quantile));
    }
    return point.attributes(7, attributes);
  }
  const width = (BOUNDS.length + 1) * 8;
  const bounds = Buffer.alloc(BOUNDS.length * 8);
  for (const [i, bound] of BOUNDS.entries()) bounds.writeDoubleLE(bound, i * 8);
  point.fixed64(4).mark('wide_buckets_total', 8).double(5, 0).mark('gauge', 8, 0, 12);
  return point
    .text(6, Buffer.alloc(width))
    .mark('wide_buckets', width, 0, BOUNDS.length + 1)
    .text(7, bounds)
    .attributes(9, attributes);
}

function exponentialPoint(attributes: Attributes): Message {
  const positive = new Message()
    .integer(1, 2 * 8)
    .text(2, Buffer.alloc(BUCKETS))
    .mark('buckets', BUCKETS, 0, BUCKETS);
  return new Message()
    .attributes(1, attributes)
    .fixed64(2)
    .mark('time', 8, NOW, INTERVAL)
    .fixed64(3)
    .mark('time', 8, NOW, 0)
    .fixed64(4)
    .mark('buckets_total', 8)
    .double(5, 0)
    .mark('gauge', 8, 0, 12)
    .integer(6, 2 * 3)
    .fixed64(7)
    .nested(8, positive);
}
