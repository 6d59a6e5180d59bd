import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
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
import { OTLP_SIGNALS, type OtlpSignal } from '../otlp/model.ts';
import { readBody, readBodyHeaders } from './body.ts';
import { type Certificates, openCertificates } from './certificates.ts';
import { ACCEPTED } from './compression.ts';
import { allowOrigin, answerPreflight } from './cors.ts';
import { assertMaySend, listenUrl } from './sender.ts';

export interface OtlpHttpOptions {
  readonly config: OtlpHttpConfig;
  readonly ingest: Ingest;
  readonly admission: Admission;
  readonly health: HealthChecks;
  readonly telemetry: Telemetry;
}

const RECEIVER = 'otlp_http';
const PATH = 'collector.otlp_http';
const STOP_DEADLINE_MS = 5000;
/** Longer than the pause between the exports of an idle SDK, so that it finds its connection alive. */
const KEEP_ALIVE_MS = 75_000;
const HEADERS_TIMEOUT_MS = 10_000;
/** How often connections are looked through for requests that take too long. */
const CHECK_MS = 1000;
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
  let certificates: Certificates | undefined;
  let stopping = false;

  /** `waiting`: the sender holds its body back until it is told to go on. */
  async function answer(request: IncomingMessage, response: ServerResponse, waiting: boolean): Promise<void> {
    const path = (request.url ?? '/').split('?')[0] as string;
    const signal = SIGNALS.get(path);
    if (signal === undefined) return answerOther(path, request, response);
    if (request.method === 'OPTIONS') return answerPreflight(request, response, config.cors);
    allowOrigin(request, response, config.cors);
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST');
      return sendText(response, 405, `${path} takes POST\n`);
    }
    const encoding = encodingOf(request.headers['content-type'] ?? '');
    if (encoding === undefined) {
      return sendText(response, 415, 'the content type must be application/x-protobuf or application/json\n');
    }
    const ticket = tryEnter(signal, encoding, response);
    if (ticket === undefined) return;
    try {
      assertMaySend(config, request.headers.authorization, ingest);
      const headers = readBodyHeaders(request, config.max_request_bytes);
      if (waiting) response.writeContinue();
      const bytes = await readBody(request, headers, config.max_request_bytes, ticket);
      const outcome = await ingest.consume(RECEIVER, signal, encoding, bytes);
      send(response, 200, CONTENT_TYPES[encoding], encodeResponse(encoding, signal, outcome));
    } catch (error) {
      refuse(signal, encoding, response, error);
    } finally {
      ticket.leave();
    }
  }

  function tryEnter(signal: OtlpSignal, encoding: Encoding, response: ServerResponse) {
    try {
      return admission.enter();
    } catch (error) {
      refuse(signal, encoding, response, error);
      return undefined;
    }
  }

  function refuse(signal: OtlpSignal, encoding: Encoding, response: ServerResponse, error: unknown): void {
    if (error instanceof WeirError && error.code === 'collector_request_aborted') return;
    ingest.refused(RECEIVER, signal, error);
    const { http, rpc, message, retryAfterMs } = describeFailure(error);
    if (http === 500) telemetry.log.error({ event: 'collector_request_failed', err: error }, 'a request failed inside');
    if (http === 401) response.setHeader('www-authenticate', 'Bearer');
    if (http === 415) response.setHeader('accept-encoding', ACCEPTED);
    if (retryAfterMs !== undefined)
      response.setHeader('retry-after', String(Math.max(1, Math.ceil(retryAfterMs / 1000))));
    send(response, http, CONTENT_TYPES[encoding], encodeStatus(encoding, rpc, message, retryAfterMs));
  }

  async function answerOther(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (path === '/metrics' && !authorized(config, request.headers.authorization)) {
      return sendText(response, 401, 'send the configured token as "Authorization: Bearer <token>"\n');
    }
    const found = await answerHealth(path, health, telemetry.registry);
    if (found === undefined) sendText(response, 404, 'OTLP is taken at /v1/traces, /v1/metrics and /v1/logs\n');
    else send(response, found.status, found.contentType, Buffer.from(found.body));
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

  function handler(waiting: boolean) {
    return (request: IncomingMessage, response: ServerResponse) => {
      answer(request, response, waiting).catch((error) => {
        telemetry.log.error({ event: 'collector_request_failed', err: error }, 'a request failed inside');
        response.destroy();
      });
    };
  }

  return {
    name: RECEIVER,
    async start() {
      assertBindAllowed(config, PATH);
      const settings: ServerOptions = {
        keepAliveTimeout: KEEP_ALIVE_MS,
        headersTimeout: Math.min(HEADERS_TIMEOUT_MS, config.request_timeout),
        requestTimeout: config.request_timeout,
        connectionsCheckingInterval: CHECK_MS,
      };
      if (config.tls !== undefined) certificates = await openCertificates(config.tls, PATH, telemetry);
      const listening =
        certificates === undefined
          ? createServer(settings, handler(false))
          : createSecureServer({ ...settings, ...certificates.options }, handler(false));
      listening.on('checkContinue', handler(true));
      server = listening;
      await new Promise<void>((done, fail) => {
        listening.once('error', fail);
        listening.listen(config.port, config.host, () => {
          listening.off('error', fail);
          done();
        });
      });
      if ('setSecureContext' in listening) certificates?.follow(listening);
    },
    async stop() {
      stopping = true;
      certificates?.stop();
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
      return listenUrl(config, address?.port ?? config.port);
    },
  };
}

function encodingOf(contentType: string): Encoding | undefined {
  return ENCODINGS.get(contentType) ?? ENCODINGS.get((contentType.split(';')[0] as string).trim().toLowerCase());
}
