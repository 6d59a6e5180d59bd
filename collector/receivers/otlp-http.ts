import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { answerHealth, type HealthChecks } from '../../core/health.ts';
import { assertBindAllowed, authorized } from '../../core/listen.ts';
import type { Service } from '../../core/service.ts';
import type { Ticket } from '../admission.ts';
import type { Encoding } from '../otlp/answers.ts';
import type { OtlpSignal } from '../otlp/model.ts';
import { type Certificates, openCertificates } from './certificates.ts';
import { readBody } from './http/body.ts';
import { allowOrigin, answerPreflight } from './http/cors.ts';
import { DirectConnections } from './http/direct.ts';
import { createExchanges, type ExchangesOptions, encodingOf, RECEIVER, type Reply, signalOf } from './http/exchange.ts';
import { listenUrl } from './sender.ts';

export interface OtlpHttpOptions extends ExchangesOptions {
  readonly health: HealthChecks;
}

const PATH = 'collector.otlp_http';
const STOP_DEADLINE_MS = 5000;
/** Longer than the pause between the exports of an idle SDK, so that it finds its connection alive. */
const KEEP_ALIVE_MS = 75_000;
const HEADERS_TIMEOUT_MS = 10_000;
/** How often connections are looked through for requests that take too long. */
const CHECK_MS = 1000;

/** OTLP over HTTP: `POST /v1/traces`, `/v1/metrics` and `/v1/logs`, and the health endpoints beside them. */
export function createOtlpHttpReceiver(options: OtlpHttpOptions): Service & { url(): string } {
  const { config, health, telemetry } = options;
  const exchanges = createExchanges(options);
  let server: Server | undefined;
  let direct: DirectConnections | undefined;
  let certificates: Certificates | undefined;
  let stopping = false;

  /** `waiting`: the sender holds its body back until it is told to go on. */
  async function answer(request: IncomingMessage, response: ServerResponse, waiting: boolean): Promise<void> {
    const path = (request.url ?? '/').split('?')[0] as string;
    const signal = signalOf(path);
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
    let ticket: Ticket | undefined;
    try {
      ticket = exchanges.enter();
      send(response, await exchange(signal, encoding, ticket, request, response, waiting));
    } catch (error) {
      const reply = exchanges.refuse(signal, encoding, error);
      if (reply !== undefined) send(response, reply);
    } finally {
      ticket?.leave();
    }
  }

  async function exchange(
    signal: OtlpSignal,
    encoding: Encoding,
    ticket: Ticket,
    request: IncomingMessage,
    response: ServerResponse,
    waiting: boolean,
  ): Promise<Reply> {
    const { headers } = request;
    const length = headers['content-length'] === undefined ? undefined : Number(headers['content-length']);
    const { authorization, 'content-encoding': contentEncoding } = headers;
    const opened = exchanges.open({ signal, encoding, authorization, contentEncoding, length }, ticket);
    if (waiting) response.writeContinue();
    return exchanges.complete(opened, await readBody(request, length, config.max_request_bytes, ticket));
  }

  async function answerOther(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (path === '/metrics' && !authorized(config, request.headers.authorization)) {
      return sendText(response, 401, 'send the configured token as "Authorization: Bearer <token>"\n');
    }
    const found = await answerHealth(path, health, telemetry.registry);
    if (found === undefined) sendText(response, 404, 'OTLP is taken at /v1/traces, /v1/metrics and /v1/logs\n');
    else {
      const headers = { 'content-type': found.contentType };
      send(response, { status: found.status, headers, body: Buffer.from(found.body) });
    }
  }

  function sendText(response: ServerResponse, status: number, text: string): void {
    send(response, { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: Buffer.from(text) });
  }

  function send(response: ServerResponse, { status, headers, body }: Reply): void {
    const { req: request } = response;
    if (response.destroyed) return;
    if (!request.complete) {
      // The rest of a refused body is read for a moment, for closing at once could cost the sender our answer.
      request.resume();
      response.once('finish', () => setTimeout(() => request.socket.destroy(), 1000).unref());
    }
    if (stopping || !request.complete) response.setHeader('connection', 'close');
    response.writeHead(status, { ...headers, 'content-length': body.length }).end(body);
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
      const settings = {
        keepAliveTimeout: KEEP_ALIVE_MS,
        headersTimeout: Math.min(HEADERS_TIMEOUT_MS, config.request_timeout),
        requestTimeout: config.request_timeout,
        connectionsCheckingInterval: CHECK_MS,
      } satisfies ServerOptions;
      if (config.tls !== undefined) certificates = await openCertificates(config.tls, PATH, telemetry);
      const listening =
        certificates === undefined
          ? createServer(settings, handler(false))
          : createSecureServer({ ...settings, ...certificates.options }, handler(false));
      listening.on('checkContinue', handler(true));
      if (certificates === undefined) {
        const times = { head: settings.headersTimeout, body: config.request_timeout, idle: KEEP_ALIVE_MS };
        direct = new DirectConnections(listening, { exchanges, times, checkMs: CHECK_MS });
      }
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
        const timer = setTimeout(() => {
          closing.closeAllConnections();
          direct?.destroy();
        }, STOP_DEADLINE_MS);
        closing.close(() => {
          clearTimeout(timer);
          done();
        });
        closing.closeIdleConnections();
        direct?.stop();
      });
    },
    url() {
      const address = server?.address() as AddressInfo | null | undefined;
      return listenUrl(config, address?.port ?? config.port);
    },
  };
}
