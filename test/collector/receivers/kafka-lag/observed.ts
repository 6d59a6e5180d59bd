import type { KeyValue } from '../../../../collector/otlp/model.ts';
import { WeirError } from '../../../../core/errors.ts';
import { decodeRequest } from '../../../oracle/decode.ts';

export interface ObservedPoint {
  readonly metric: string;
  readonly unit: string;
  /** Attribute values in the order they were sent, joined with `/`. */
  readonly key: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly resource: Readonly<Record<string, string>>;
  readonly scope: string;
  readonly time: number;
  readonly value: number;
}

function plain(attributes: readonly KeyValue[] = []): Record<string, string> {
  return Object.fromEntries(
    attributes.map(({ key = '', value }) => [key, value?.stringValue ?? String(value?.intValue)]),
  );
}

/** The points of a request, read with protobufjs. */
export function pointsOf(request: Uint8Array): ObservedPoint[] {
  const { resourceMetrics = [] } = decodeRequest('metrics', request);
  return resourceMetrics.flatMap(({ resource, scopeMetrics = [] }) =>
    scopeMetrics.flatMap(({ scope, metrics = [] }) =>
      metrics.flatMap(({ name = '', unit = '', gauge }) =>
        (gauge?.dataPoints ?? []).map((point) => {
          const attributes = plain(point.attributes);
          return {
            ...{ metric: name, unit, attributes, key: Object.values(attributes).join('/') },
            ...{ resource: plain(resource?.attributes), scope: scope?.name ?? '' },
            time: Number((point.timeUnixNano ?? 0n) / 1_000_000n),
            value: Number(point.asInt ?? point.asDouble),
          };
        }),
      ),
    ),
  );
}

/** Points of a receiver by round: a round ends with the requests of one time. */
export class Observed {
  readonly points: ObservedPoint[] = [];
  requests = 0;
  /** Takes nothing, as a full spool. */
  refuses = false;

  readonly consume = async (request: Uint8Array): Promise<void> => {
    this.requests++;
    if (this.refuses) throw new WeirError('collector_spool_refused', 'full', { retryable: true });
    for (const point of pointsOf(request)) this.points.push(point);
  };

  /** The newest value of a metric for each set of attributes. Points of the past are not the newest. */
  latest(metric: string, where: (point: ObservedPoint) => boolean = () => true): Record<string, number> {
    const found = this.points.filter((point) => point.metric === metric && where(point));
    const newest = Math.max(...found.map(({ time }) => time));
    return Object.fromEntries(found.filter(({ time }) => time === newest).map(({ key, value }) => [key, value]));
  }

  /** Times of the rounds so far. */
  get rounds(): number[] {
    return [...new Set(this.points.filter(({ metric }) => metric === 'kafka.brokers').map(({ time }) => time))];
  }
}

export async function until(what: string, condition: () => boolean, ms = 15_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`did not come true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
