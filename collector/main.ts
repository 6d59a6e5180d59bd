import { resolve } from 'node:path';
import type { Health, Service } from '../core/service.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Millis } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import { Admission } from './admission.ts';
import type { CollectorConfig, SpoolConfig } from './config.ts';
import { createIngest } from './ingest.ts';
import { encodeRequest } from './otlp/encode.ts';
import type { OtlpSignal } from './otlp/model.ts';
import { createProcessors } from './processors/processors.ts';
import { WireReader } from './reader/reader.ts';
import { createKafkaLagReceiver } from './receivers/kafka-lag/receiver.ts';
import { createKafkaOtlpReceiver } from './receivers/kafka-otlp/receiver.ts';
import { createOtlpGrpcReceiver } from './receivers/otlp-grpc.ts';
import { createOtlpHttpReceiver } from './receivers/otlp-http.ts';
import { createPrometheusReceiver } from './receivers/prometheus/receiver.ts';
import type { RollLimits } from './spool/roll.ts';
import { Spool } from './spool/spool.ts';
import { Writer } from './writer.ts';

export interface CollectorOptions {
  readonly config: CollectorConfig;
  readonly store: Store;
  /** The spool lies in `<dataDir>/spool`. */
  readonly dataDir: string;
  readonly telemetry: Telemetry;
  readonly now?: () => Millis;
  /** Items older than this are refused: they would be deleted as soon as they are stored. All are taken without it. */
  readonly oldest?: (signal: OtlpSignal, now: Millis) => Millis;
}

export interface Collector extends Service {
  health(): Health;
  /** Addresses as `http://host:port`, the form OTLP exporters are configured with. */
  addresses(): { readonly http: string; readonly grpc: string };
}

/**
 * Telemetry in, rows of the lean tables out: receivers, the wire reader, the write-ahead spool, the writer.
 * Nothing is acknowledged before the spool has it on disk.
 */
export function createCollector(options: CollectorOptions): Collector {
  const { config, store, telemetry, now = Date.now } = options;
  const admission = new Admission(config.max_in_flight_bytes);
  const spool = new Spool({
    directory: resolve(options.dataDir, 'spool'),
    maxBytes: config.spool.max_bytes,
    minFreeBytes: config.spool.min_free_bytes,
    roll: rollLimits(config.spool),
    telemetry,
    now,
    onClosed: (segment) => writer.enqueue(segment),
    isBusy: (table) => writer.isBusy(table),
  });
  const { retry_min: retryMin, retry_max: retryMax } = config.writer;
  const writer = new Writer({ store, spool, telemetry, now, retryMin, retryMax });
  const processors = createProcessors(config.processors, telemetry, now);
  let reader: WireReader | undefined;
  const ingest = createIngest({
    spool,
    reader: () => reader as WireReader,
    takeDiverted: processors.takeDiverted,
    telemetry,
    now,
    oldest: options.oldest ?? (() => 0),
    maxFuture: config.max_future,
  });
  const checks = { collector: health };
  const shared = { ingest, admission, health: checks, telemetry };
  const http = createOtlpHttpReceiver({ config: config.otlp_http, ...shared });
  const grpc = createOtlpGrpcReceiver({ config: config.otlp_grpc, ...shared });
  const kafkaOtlp = createKafkaOtlpReceiver({ config: config.kafka_otlp, ingest, admission, telemetry });
  const kafkaLag = createKafkaLagReceiver({
    config: config.kafka_lag,
    consume: (request) => ingest.consume('kafka_lag', 'metrics', 'protobuf', request),
    telemetry,
    now,
  });
  const prometheus = createPrometheusReceiver({
    config: config.prometheus,
    consume: (request) => ingest.consume('prometheus', 'metrics', 'protobuf', encodeRequest('metrics', request)),
    admission,
    telemetry,
    now,
  });
  const receivers: readonly Service[] = [http, grpc, kafkaOtlp, kafkaLag, prometheus];
  let running = false;

  function health(): Health {
    if (!running) return { ready: false, detail: 'the collector is not running' };
    const refusal = spool.refusal();
    if (refusal !== undefined) return { ready: false, detail: refusal };
    const stored = writer.health();
    // Brokers that are away make nobody else wait: it is said, and the rest goes on.
    return stored.detail === undefined ? kafkaOtlp.health() : stored;
  }

  async function stop(): Promise<void> {
    running = false;
    await Promise.all(receivers.map((receiver) => receiver.stop()));
    await spool.close();
    await writer.stop(config.writer.stop_deadline);
    await spool.unlock();
  }

  return {
    name: 'collector',
    health,
    addresses: () => ({ http: http.url(), grpc: grpc.url() }),
    async start() {
      try {
        const { hooks, revision } = processors;
        reader = await WireReader.open({ limits: config.limits, hooks, revision });
        writer.start();
        await spool.open(reader);
        for (const receiver of receivers) await receiver.start();
        running = true;
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
  };
}

function rollLimits(config: SpoolConfig): RollLimits {
  return {
    idleAge: Math.min(config.segment_idle_age, config.segment_age),
    maxAge: config.segment_age,
    maxRows: config.segment_rows,
    maxBytes: config.segment_bytes,
  };
}
