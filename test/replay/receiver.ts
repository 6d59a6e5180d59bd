import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** A local OTLP/HTTP receiver: keeps what it is sent, and answers 200 or what `answers` holds next. */
export async function startReceiver(answers: Answer[] = []) {
  const requests: ReceivedRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const answer = answers.shift() ?? { status: 200 };
      const contentType = request.headers['content-type'] ?? 'application/json';
      requests.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) });
      response.writeHead(answer.status, { 'content-type': contentType, ...answer.headers });
      response.end(answer.body ?? (contentType === 'application/json' ? '{}' : ''));
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    requests,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

export interface SentPoint {
  readonly time: number;
  readonly value: number;
  readonly signal: string;
  readonly metric: string;
  readonly resource: Readonly<Record<string, string>>;
}

interface KeyValue {
  readonly key: string;
  readonly value: { readonly stringValue: string };
}

interface GaugeMessage {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string;
        readonly gauge: {
          readonly dataPoints: readonly { timeUnixNano: string; asDouble: number; attributes: readonly KeyValue[] }[];
        };
      }[];
    }[];
  }[];
}

const record = (attributes: readonly KeyValue[]) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue]));

/** Every gauge point of the JSON requests, in the order sent. */
export function sentPoints(requests: readonly ReceivedRequest[]): SentPoint[] {
  return requests.flatMap(({ body }) =>
    (JSON.parse(body.toString('utf8')) as GaugeMessage).resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
      scopeMetrics.flatMap(({ metrics }) =>
        metrics.flatMap(({ name, gauge }) =>
          gauge.dataPoints.map((point) => ({
            time: Number(BigInt(point.timeUnixNano) / 1_000_000n),
            value: point.asDouble,
            signal: record(point.attributes)['weir.signal'] ?? '',
            metric: name,
            resource: record(resource.attributes),
          })),
        ),
      ),
    ),
  );
}

/** A clock that stands still until something sleeps on it. */
export function createVirtualClock(start: number) {
  let now = start;
  return {
    now: () => now,
    sleep: async (ms: number, signal?: AbortSignal) => {
      signal?.throwIfAborted();
      now += ms;
    },
    advance: (ms: number) => {
      now += ms;
    },
  };
}
