import {
  constants,
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { WeirError } from '../../core/errors.ts';
import type { HealthChecks } from '../../core/health.ts';
import { assertBindAllowed } from '../../core/listen.ts';
import type { Service } from '../../core/service.ts';
import type { Telemetry } from '../../core/telemetry.ts';
import type { Admission, Ticket } from '../admission.ts';
import type { OtlpGrpcConfig } from '../config.ts';
import type { Ingest } from '../ingest.ts';
import { describeFailure, encodeResponse, RPC } from '../otlp/answers.ts';
import { OTLP_SIGNALS, type OtlpSignal } from '../otlp/model.ts';
import { type Certificates, openCertificates } from './certificates.ts';
import { compressionNamed } from './compression.ts';
import { Calls } from './grpc/calls.ts';
import { encodeHealth, HEALTH_CHECK, parseHealthRequest } from './grpc/health.ts';
import { readMessage } from './grpc/message.ts';
import { CONTENT_TYPE, failureHeaders, isGrpc, parseTimeout } from './grpc/metadata.ts';
import { assertMaySend, listenUrl } from './sender.ts';

export interface OtlpGrpcOptions {
  readonly config: OtlpGrpcConfig;
  readonly ingest: Ingest;
  readonly admission: Admission;
  readonly health: HealthChecks;
  readonly telemetry: Telemetry;
}

const RECEIVER = 'otlp_grpc';
const PATH = 'collector.otlp_grpc';
const STOP_DEADLINE_MS = 5000;
/** A request is not held up by flow control: what waits in memory is bounded by admission. */
const STREAM_WINDOW = 16 << 20;
const CONNECTION_WINDOW = 32 << 20;

const SERVICES: Readonly<Record<OtlpSignal, string>> = {
  traces: 'opentelemetry.proto.collector.trace.v1.TraceService',
  metrics: 'opentelemetry.proto.collector.metrics.v1.MetricsService',
  logs: 'opentelemetry.proto.collector.logs.v1.LogsService',
};
const SIGNALS: ReadonlyMap<string, OtlpSignal> = new Map(
  OTLP_SIGNALS.map((signal) => [`/${SERVICES[signal]}/Export`, signal]),
);
const HEALTHY_NAMES: ReadonlySet<string> = new Set(['', ...Object.values(SERVICES)]);

const ANSWER_HEADERS = { ':status': 200, 'content-type': CONTENT_TYPE };
const OK_TRAILERS = { 'grpc-status': '0' };
const EMPTY_MESSAGE = Buffer.alloc(5);

/** OTLP over gRPC: the `Export` method of the three collector services, and gRPC's health check beside them. */
export function createOtlpGrpcReceiver(options: OtlpGrpcOptions): Service & { url(): string } {
  const { config, ingest, admission, health, telemetry } = options;
  const calls = new Calls();
  let server: Http2Server | undefined;
  let certificates: Certificates | undefined;

  function accept(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    // A stream that its sender resets emits this too; that is no news.
    stream.on('error', () => {});
    if (!isGrpc(headers['content-type']) || headers[':method'] !== 'POST') {
      refuse(stream, { ':status': headers[':method'] === 'POST' ? 415 : 405 });
      return;
    }
    const path = headers[':path'] ?? '';
    const signal = SIGNALS.get(path);
    if (signal === undefined && path !== HEALTH_CHECK) {
      const message = `the method ${path} is not known; OTLP is taken by the Export methods of its three services`;
      refuse(stream, failureHeaders({ rpc: RPC.unimplemented, http: 404, message }));
      return;
    }
    const timeout = Math.min(
      parseTimeout(headers['grpc-timeout'] as string | undefined) ?? Infinity,
      config.request_timeout,
    );
    const call = {
      deadline: performance.now() + timeout,
      expire: () => fail(signal, stream, new WeirError('collector_deadline_exceeded', 'the deadline has passed')),
    };
    calls.began(call);
    stream.once('close', () => calls.ended(call));
    serve(signal, stream, headers).then(
      (message) => reply(stream, message),
      (error: unknown) => fail(signal, stream, error),
    );
  }

  async function serve(
    signal: OtlpSignal | undefined,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
  ): Promise<Buffer> {
    const ticket = admission.enter();
    try {
      if (signal === undefined) return await checkHealth(stream, ticket);
      assertMaySend(config, headers.authorization, ingest);
      const compression = compressionNamed(headers['grpc-encoding'] as string | undefined);
      const bytes = await readMessage(stream, { limit: config.max_request_bytes, ticket, compression });
      return encodeResponse('protobuf', signal, await ingest.consume(RECEIVER, signal, 'protobuf', bytes));
    } finally {
      ticket.leave();
    }
  }

  async function checkHealth(stream: ServerHttp2Stream, ticket: Ticket): Promise<Buffer> {
    const name = parseHealthRequest(await readMessage(stream, { limit: 1024, ticket, compression: 'identity' }));
    if (!HEALTHY_NAMES.has(name))
      throw new WeirError('collector_service_unknown', `the service "${name}" is not known`);
    return encodeHealth(Object.values(health).every((check) => check().ready));
  }

  function reply(stream: ServerHttp2Stream, message: Buffer): void {
    if (stream.headersSent || stream.destroyed) return;
    stream.respond(ANSWER_HEADERS, { waitForTrailers: true });
    stream.once('wantTrailers', () => stream.sendTrailers(OK_TRAILERS));
    stream.end(framed(message));
  }

  function fail(signal: OtlpSignal | undefined, stream: ServerHttp2Stream, error: unknown): void {
    if (stream.headersSent || (error instanceof WeirError && error.code === 'collector_request_aborted')) return;
    if (signal !== undefined) ingest.refused(RECEIVER, signal, error);
    if (!(error instanceof WeirError)) {
      telemetry.log.error({ event: 'collector_request_failed', err: error }, 'a request failed inside');
    }
    refuse(stream, failureHeaders(describeFailure(error)));
  }

  /** Answers with headers alone, and tells the sender to keep the rest of its message. */
  function refuse(stream: ServerHttp2Stream, headers: ReturnType<typeof failureHeaders>): void {
    if (stream.headersSent || stream.destroyed) return;
    stream.respond(headers, { endStream: true });
    stream.resume();
    stream.close(constants.NGHTTP2_NO_ERROR);
  }

  return {
    name: RECEIVER,
    async start() {
      assertBindAllowed(config, PATH);
      if (config.tls !== undefined) certificates = await openCertificates(config.tls, PATH, telemetry);
      const settings: ServerOptions = {
        settings: {
          initialWindowSize: STREAM_WINDOW,
          maxConcurrentStreams: config.max_concurrent_streams,
          maxHeaderListSize: 16 << 10,
          enablePush: false,
        },
        maxSessionMemory: 64,
        // Peers that only open and reset streams, or send frames that mean nothing, are cut off.
        streamResetBurst: 1000,
        streamResetRate: 100,
        maxSessionInvalidFrames: 100,
        maxSessionRejectedStreams: 100,
        maxOutstandingPings: 10,
        maxSettings: 32,
        unknownProtocolTimeout: 10_000,
      };
      const listening =
        certificates === undefined
          ? createServer(settings)
          : createSecureServer({ ...settings, ...certificates.options, allowHTTP1: false });
      listening.on('session', (session) => {
        session.on('error', () => {});
        session.setLocalWindowSize(CONNECTION_WINDOW);
        calls.connected(session);
      });
      listening.on('stream', accept);
      calls.start();
      await new Promise<void>((done, fail) => {
        listening.once('error', fail);
        listening.listen(config.port, config.host, () => {
          listening.off('error', fail);
          done();
        });
      });
      server = listening as Http2Server;
      if ('setSecureContext' in listening) certificates?.follow(listening);
    },
    async stop() {
      certificates?.stop();
      const closing = server;
      server = undefined;
      if (closing === undefined) return;
      const closed = new Promise<void>((done) => closing.close(() => done()));
      await calls.stop(STOP_DEADLINE_MS);
      await closed;
    },
    url() {
      const address = server?.address() as AddressInfo | null | undefined;
      return listenUrl(config, address?.port ?? config.port);
    },
  };
}

function framed(message: Buffer): Buffer {
  if (message.length === 0) return EMPTY_MESSAGE;
  const frame = Buffer.allocUnsafe(5 + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, 5);
  return frame;
}
