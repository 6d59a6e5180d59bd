import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface ReceivedSpan {
  readonly service: string;
  readonly scope: string;
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly status: number;
  readonly links: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface ReceivedPoint {
  readonly metric: string;
  readonly kind: string;
  readonly point: Readonly<Record<string, unknown>>;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}

type Json = Record<string, unknown>;
const list = (value: unknown): Json[] => (value as Json[] | undefined) ?? [];

function attributesOf(holder: unknown): Record<string, unknown> {
  const pairs = list((holder as Json | undefined)?.['attributes']).map(({ key, value }) => {
    const [kind, content] = Object.entries(value as Json)[0] ?? [];
    return [key as string, kind === 'intValue' ? Number(content) : content] as const;
  });
  return Object.fromEntries(pairs);
}

function readSpans(body: Json): ReceivedSpan[] {
  return list(body['resourceSpans']).flatMap((group) => {
    const resource = attributesOf(group['resource']);
    return list(group['scopeSpans']).flatMap((scoped) =>
      list(scoped['spans']).map((span) => ({
        service: String(resource['service.name']),
        scope: String((scoped['scope'] as Json)['name']),
        name: String(span['name']),
        kind: Number(span['kind']),
        traceId: String(span['traceId']),
        spanId: String(span['spanId']),
        parentSpanId: String(span['parentSpanId'] ?? ''),
        status: Number((span['status'] as Json | undefined)?.['code'] ?? 0),
        links: list(span['links']).length,
        attributes: attributesOf(span),
        resource,
      })),
    );
  });
}

function readPoints(body: Json): ReceivedPoint[] {
  return list(body['resourceMetrics']).flatMap((group) => {
    const resource = attributesOf(group['resource']);
    return list(group['scopeMetrics']).flatMap((scoped) =>
      list(scoped['metrics']).flatMap((metric) => {
        const kind = Object.keys(metric).find((key) => (metric[key] as Json)?.['dataPoints'] !== undefined) ?? '';
        return list((metric[kind] as Json | undefined)?.['dataPoints']).map((point) => ({
          metric: String(metric['name']),
          kind,
          point,
          attributes: attributesOf(point),
          resource,
        }));
      }),
    );
  });
}

async function bodyOf(request: IncomingMessage): Promise<Json> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  return JSON.parse((request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString('utf8'));
}

/** A tiny OTLP/HTTP JSON receiver that keeps what it is sent. `refusals` answers 503 that many times first. */
export async function startOtlpServer(options: { refusals?: number } = {}) {
  const spans: ReceivedSpan[] = [];
  const points: ReceivedPoint[] = [];
  let refusals = options.refusals ?? 0;
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      if (refusals-- > 0) {
        response.writeHead(503, { 'retry-after': '0' }).end();
        return;
      }
      spans.push(...readSpans(body));
      points.push(...readPoints(body));
      response.setHeader('content-type', 'application/json');
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    spans,
    points,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
