import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type StatusObject,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { WeirError } from '../../core/errors.ts';
import { assertBindAllowed, authorized } from '../../core/listen.ts';
import type { Service } from '../../core/service.ts';
import type { Telemetry } from '../../core/telemetry.ts';
import type { Admission } from '../admission.ts';
import type { OtlpGrpcConfig } from '../config.ts';
import type { Ingest } from '../ingest.ts';
import { describeFailure, encodeResponse, encodeStatus } from '../otlp/answers.ts';
import { OTLP_SIGNALS, type OtlpSignal } from '../otlp/model.ts';
import { parseProtobuf } from '../otlp/wire.ts';
import { hostInUrl } from './otlp-http.ts';

export interface OtlpGrpcOptions {
  readonly config: OtlpGrpcConfig;
  readonly ingest: Ingest;
  readonly admission: Admission;
  readonly telemetry: Telemetry;
}

const RECEIVER = 'otlp_grpc';
const STOP_DEADLINE_MS = 5000;
const SERVICES: Readonly<Record<OtlpSignal, string>> = {
  traces: 'opentelemetry.proto.collector.trace.v1.TraceService',
  metrics: 'opentelemetry.proto.collector.metrics.v1.MetricsService',
  logs: 'opentelemetry.proto.collector.logs.v1.LogsService',
};

/** Bytes go through as they are: the readers and writers of `otlp/` serve both protocols. */
const identity = (bytes: Buffer): Buffer => bytes;

function serviceDefinition(signal: OtlpSignal): ServiceDefinition {
  return {
    Export: {
      path: `/${SERVICES[signal]}/Export`,
      requestStream: false,
      responseStream: false,
      requestSerialize: identity,
      requestDeserialize: identity,
      responseSerialize: identity,
      responseDeserialize: identity,
    },
  };
}

/** OTLP over gRPC: the `Export` method of the three collector services. */
export function createOtlpGrpcReceiver(options: OtlpGrpcOptions): Service & { url(): string } {
  const { config, ingest, admission, telemetry } = options;
  let server: Server | undefined;
  let port = config.port;

  async function receive(signal: OtlpSignal, call: ServerUnaryCall<Buffer, Buffer>): Promise<Buffer> {
    if (!authorized(config, call.metadata.get('authorization')[0]?.toString())) {
      throw new WeirError(
        'collector_unauthenticated',
        'send the configured token as metadata "authorization: Bearer <token>"',
      );
    }
    const refusal = ingest.refusal();
    if (refusal !== undefined) {
      throw new WeirError('collector_spool_refused', refusal, { retryable: true, retryAfterMs: 5000 });
    }
    const bytes = call.request;
    admission.take(bytes.length);
    try {
      const outcome = await ingest.consume(RECEIVER, signal, parseProtobuf(signal, bytes), bytes);
      return encodeResponse('protobuf', signal, outcome);
    } finally {
      admission.give(bytes.length);
    }
  }

  function failure(error: unknown): Partial<StatusObject> {
    const { rpc, message, retryAfterMs } = describeFailure(error);
    if (!(error instanceof WeirError)) {
      telemetry.log.error({ event: 'collector_request_failed', err: error }, 'a request failed inside');
    }
    const metadata = new Metadata();
    metadata.set('grpc-status-details-bin', encodeStatus('protobuf', rpc, message, retryAfterMs));
    return { code: rpc, details: message, metadata };
  }

  return {
    name: RECEIVER,
    async start() {
      assertBindAllowed(config, 'collector.otlp_grpc');
      const binding = new Server({
        'grpc.max_receive_message_length': config.max_request_bytes,
        'grpc.max_send_message_length': 4 << 20,
      });
      for (const signal of OTLP_SIGNALS) {
        binding.addService(serviceDefinition(signal), {
          Export(call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) {
            receive(signal, call).then(
              (answer) => reply(null, answer),
              (error: unknown) => {
                ingest.refused(RECEIVER, signal, error);
                reply(failure(error), null);
              },
            );
          },
        });
      }
      port = await new Promise<number>((done, fail) => {
        const address = `${hostInUrl(config.host)}:${config.port}`;
        binding.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
          error ? fail(error) : done(bound),
        );
      });
      server = binding;
    },
    async stop() {
      const closing = server;
      server = undefined;
      if (closing === undefined) return;
      await new Promise<void>((done) => {
        const timer = setTimeout(() => closing.forceShutdown(), STOP_DEADLINE_MS);
        closing.tryShutdown(() => {
          clearTimeout(timer);
          done();
        });
      });
    },
    url() {
      return `http://${hostInUrl(config.host)}:${port}`;
    },
  };
}
