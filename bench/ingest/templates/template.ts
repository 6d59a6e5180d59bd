import { Patcher } from '../patcher.ts';
import { Random } from '../random.ts';
import { logRequest } from './logs.ts';
import { metricRequest } from './metrics.ts';
import { spanRequest } from './spans.ts';

export const SIGNALS = ['traces', 'metrics', 'logs'] as const;
export type Signal = (typeof SIGNALS)[number];

/** A prebuilt HTTP request, head and body in one piece, that is made new in place before each send. */
export interface Template {
  readonly signal: Signal;
  readonly items: number;
  readonly request: Buffer;
  readonly body: Buffer;
  /** `now` in unix nanoseconds. */
  renew(now: bigint): void;
}

export interface TemplateOptions {
  readonly signal: Signal;
  readonly host: string;
  /** Items of one request. */
  readonly items: number;
  readonly count: number;
  readonly seed: number;
  /** Services whose spans one request holds, of 50. */
  readonly services?: number;
  /** How far back in time a trace may have begun, nanoseconds. */
  readonly spread?: number;
}

export function createTemplates(options: TemplateOptions): readonly Template[] {
  const { signal, host, items, count, seed, services = 8, spread } = options;
  return Array.from({ length: count }, (_, i) => {
    // What a request is made of is the same in every run, what is patched into it is not.
    const shape = new Random(1000 + i);
    const message =
      signal === 'traces'
        ? spanRequest(shape, items, services)
        : signal === 'logs'
          ? logRequest(shape, items)
          : metricRequest(shape, items, i);
    const content = message.bytes();
    const head = Buffer.from(
      `POST /v1/${signal} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/x-protobuf\r\ncontent-length: ${content.length}\r\n\r\n`,
    );
    const request = Buffer.concat([head, content]);
    const body = request.subarray(head.length);
    const patcher = new Patcher(body, message.marks, new Random(seed * 4096 + i), spread);
    return { signal, items, request, body, renew: (now) => patcher.patch(now) };
  });
}
