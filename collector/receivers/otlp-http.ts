import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WeirError } from '../../core/errors.ts';
import { answerHealth, type HealthChecks } from '../../core/health.ts';
import { assertBindAllowed, authorized } from '../../core/listen.ts';
import type { Service } from '../../core/service.ts';
import type { Telemetry } from '../../core/telemetry.ts';
import type { Admission } from '../admission.ts';
import type { OtlpHttpConfig } from '../config.ts';
import type { Ingest } from '../ingest.ts';
import { describeFailure, type Encoding, encodeResponse, encodeStatus } from '../otlp/answers.ts';
import { parseJson } from '../otlp/json.ts';
import { OTLP_SIGNALS, type OtlpSignal } from '../otlp/model.ts';
import { parseProtobuf } from '../otlp/wire.ts';
import { readBody } from './body.ts';
import { allowOrigin, answerPreflight } from './cors.ts';

export interface OtlpHttpOptions {
  readonly config: OtlpHttpConfig;
  readonly ingest: Ingest;
  readonly admission: Admission;
  readonly health: HealthChecks;
  readonly telemetry: Telemetry;
}

const RECEIVER = 'otlp_http';
const STOP_DEADLINE_MS = 5000;
/** Longer than the pause between the exports of an idle SDK, so that it finds its connection alive. */
const KEEP_ALIVE_MS = 75_000;
const SIGNALS: ReadonlyMap<string, OtlpSignal> = new Map(OTLP_SIGNALS.map((signal) => [`/v1/${signal}`, signal]));
const ENCODINGS: ReadonlyMap<string, Encoding> = new Map([
  ['application/x-protobuf', 'protobuf'],
  ['application/protobuf', 'protobuf'],
  ['application/json', 'json'],
]);
const CONTENT_TYPES: Readonly<Record<Encoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

/** OTLP over HTTP: `POST /v1/traces`, `/v1/metrics` and `/v1/logs`, and the health endpoints beside them. */
export function createOtlpHttpReceiver(options: OtlpHttpOptions): Service & { url(): string } {
  const { config, ingest, admission, health, telemetry } = options;
  let server: Server | undefined;
  let stopping = false;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?')[0] as string;
    const signal = SIGNALS.get(path);
    if (signal === undefined) return answerOther(path, request, response);
    if (request.method === 'OPTIONS') return answerPreflight(request, response, config.cors);
    allowOrigin(request, response, config.cors);
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST');
      return sendText(response, 405, `${path} takes POST\n`);
    }
    const mediaType = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
    const encoding = ENCODINGS.get(mediaType);
    if (encoding === undefined) {
      return sendText(response, 415, 'the content type must be application/x-protobuf or application/json\n');
    }
    try {
      await receive(signal, encoding, request, response);
    } catch (error) {
      if (error instanceof WeirError && error.code === 'collector_request_aborted') return;
      ingest.refused(RECEIVER, signal, error);
      sendFailure(response, encoding, error);
    }
  }

  async function receive(
    signal: OtlpSignal,
    encoding: Encoding,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (!authorized(config, request.headers.authorization)) {
      throw new WeirError('collector_unauthenticated', 'send the configured token as "Authorization: Bearer <token>"');
    }
    const refusal = ingest.refusal();
    if (refusal !== undefined) {
      throw new WeirError('collector_spool_refused', refusal, { retryable: true, retryAfterMs: 5000 });
    }
    const body = await readBody(request, config.max_request_bytes, admission);
    try {
      const parse = encoding === 'json' ? parseJson : parseProtobuf;
      const outcome = await ingest.consume(RECEIVER, signal, parse(signal, body.bytes), body.bytes);
      send(response, 200, CONTENT_TYPES[encoding], encodeResponse(encoding, signal, outcome));
    } finally {
      body.release();
    }
  }

  async function answerOther(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (path === '/metrics' && !authorized(config, request.headers.authorization)) {
      return sendText(response, 401, 'send the configured token as "Authorization: Bearer <token>"\n');
    }
    const found = await answerHealth(path, health, telemetry.registry);
    if (found === undefined) sendText(response, 404, 'OTLP is taken at /v1/traces, /v1/metrics and /v1/logs\n');
    else send(response, found.status, found.contentType, Buffer.from(found.body));
  }

  function sendFailure(response: ServerResponse, encoding: Encoding, error: unknown): void {
    const { http, rpc, message, retryAfterMs } = describeFailure(error);
    if (http === 500) telemetry.log.error({ event: 'collector_request_failed', err: error }, 'a request failed inside');
    if (http === 401) response.setHeader('www-authenticate', 'Bearer');
    if (retryAfterMs !== undefined)
      response.setHeader('retry-after', String(Math.max(1, Math.ceil(retryAfterMs / 1000))));
    send(response, http, CONTENT_TYPES[encoding], encodeStatus(encoding, rpc, message, retryAfterMs));
  }

  function sendText(response: ServerResponse, status: number, text: string): void {
    send(response, status, 'text/plain; charset=utf-8', Buffer.from(text));
  }

  function send(response: ServerResponse, status: number, contentType: string, body: Buffer): void {
    const { req: request } = response;
    if (response.destroyed) return;
    if (!request.complete) {
      // The rest of a refused body is read for a moment, for closing at once could cost the sender our answer.
      request.resume();
      response.once('finish', () => setTimeout(() => request.socket.destroy(), 1000).unref());
    }
    if (stopping || !request.complete) response.setHeader('connection', 'close');
    response.writeHead(status, { 'content-type': contentType, 'content-length': body.length }).end(body);
  }

  return {
    name: RECEIVER,
    async start() {
      assertBindAllowed(config, 'collector.otlp_http');
      const listening = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
        answer(request, response).catch((error) => {
          telemetry.log.error({ event: 'collector_request_failed', err: error }, 'a request failed inside');
          response.destroy();
        });
      });
      server = listening;
      await new Promise<void>((done, fail) => {
        listening.once('error', fail);
        listening.listen(config.port, config.host, () => {
          listening.off('error', fail);
          done();
        });
      });
    },
    async stop() {
      stopping = true;
      const closing = server;
      server = undefined;
      if (closing === undefined) return;
      await new Promise<void>((done) => {
        const timer = setTimeout(() => closing.closeAllConnections(), STOP_DEADLINE_MS);
        closing.close(() => {
          clearTimeout(timer);
          done();
        });
        closing.closeIdleConnections();
      });
    },
    url() {
      const address = server?.address() as AddressInfo | null | undefined;
      return `http://${hostInUrl(config.host)}:${address?.port ?? config.port}`;
    },
  };
}

/** An IPv6 address stands in brackets in a URL. */
export function hostInUrl(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
