import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { Admission } from '../../collector/admission.ts';
import { collectorConfig } from '../../collector/config.ts';
import type { Ingest } from '../../collector/ingest.ts';
import { createOtlpGrpcReceiver } from '../../collector/receivers/otlp-grpc.ts';
import { silentTelemetry } from '../../core/telemetry.ts';

/**
 * A server of `Export` that touches each body once and answers: ours, or grpc-js. It tells its port, and on each line
 * that comes in the CPU seconds it has used and the bytes it has got.
 */
const METHOD = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
let bytesTaken = 0;

async function ours(): Promise<string> {
  const config = collectorConfig.parse({ otlp_grpc: { port: 0 } }).otlp_grpc;
  const ingest: Ingest = {
    refusal: () => undefined,
    refused: () => {},
    async consume(_receiver, _signal, _encoding, bytes) {
      bytesTaken += bytes.length;
      return { accepted: 1, rejected: 0, message: '' };
    },
  };
  const admission = new Admission(256 << 20);
  const receiver = createOtlpGrpcReceiver({ config, ingest, admission, health: {}, telemetry: silentTelemetry() });
  await receiver.start();
  return receiver.url();
}

async function stock(): Promise<string> {
  const server = new GrpcServer({ 'grpc.max_receive_message_length': 64 << 20 });
  const same = (bytes: Buffer) => bytes;
  const method = { path: METHOD, requestStream: false, responseStream: false } as const;
  const codec = {
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
  server.addService(
    { Export: { ...method, ...codec } },
    {
      Export(call: { request: Buffer }, answer: (error: null, reply: Buffer) => void) {
        bytesTaken += call.request.length;
        answer(null, Buffer.alloc(0));
      },
    },
  );
  const port = await new Promise<number>((done, fail) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? done(bound) : fail(error),
    );
  });
  return `http://127.0.0.1:${port}`;
}

const say = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);
const url = await (process.argv[2] === 'weir' ? ours() : stock());
say({ url });
process.stdin.on('data', () => {
  const { user, system } = process.cpuUsage();
  say({ cpuSeconds: (user + system) / 1e6, bytes: bytesTaken, residentMb: process.memoryUsage.rss() / 1e6 });
});
process.stdin.on('end', () => process.exit(0));
