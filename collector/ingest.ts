import { hash } from 'node:crypto';
import { Counter } from 'prom-client';
import { WeirError } from '../core/errors.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Millis } from '../core/time.ts';
import { encodeLines } from './otlp/lines.ts';
import { OTLP_SIGNALS, type OtlpRequests, type OtlpSignal } from './otlp/model.ts';
import { REJECTION_REASONS, Rejections } from './otlp/rejections.ts';
import { stockRows } from './otlp/rows.ts';
import type { Spool } from './spool/spool.ts';

/** What became of a request: `rejected` items are gone for good, with the reason in `message`; the rest is durable. */
export interface Outcome {
  readonly accepted: number;
  readonly rejected: number;
  readonly message: string;
}

/** What the protocol calls the items of a signal. */
const NOUNS: Readonly<Record<OtlpSignal, string>> = { traces: 'spans', metrics: 'data points', logs: 'log records' };

export interface Ingest {
  /**
   * Makes a request durable. Throws `collector_spool_refused` or `collector_spool_failed`, both retryable, when it
   * could not; then nothing may be acknowledged. `bytes` are what the request was decoded from: the same bytes sent
   * again within minutes are acknowledged and not stored a second time.
   */
  consume<S extends OtlpSignal>(
    receiver: string,
    signal: S,
    request: OtlpRequests[S],
    bytes?: Uint8Array,
  ): Promise<Outcome>;
  /** Counts a request that was turned away as a whole. */
  refused(receiver: string, signal: OtlpSignal, error: unknown): void;
  /** Why requests are turned away now, before their bytes are read; undefined when they are not. */
  refusal(): string | undefined;
}

export function createIngest(options: { spool: Spool; telemetry: Telemetry; now: () => Millis }): Ingest {
  const { spool, now } = options;
  const registers = [options.telemetry.registry];
  const labelNames = ['receiver', 'signal'] as const;
  const received = new Counter({
    name: 'weir_collector_received_total',
    help: 'Spans, data points and log records in decoded requests',
    labelNames,
    registers,
  });
  const accepted = new Counter({
    name: 'weir_collector_accepted_total',
    help: 'Items made durable and acknowledged',
    labelNames,
    registers,
  });
  const dropped = new Counter({
    name: 'weir_collector_dropped_total',
    help: 'Items refused for good, by reason',
    labelNames: ['signal', 'reason'],
    registers,
  });
  const repeated = new Counter({
    name: 'weir_collector_repeated_total',
    help: 'Items that were durable already when their sender sent the same request again',
    labelNames,
    registers,
  });
  const refusedRequests = new Counter({
    name: 'weir_collector_refused_requests_total',
    help: 'Requests turned away as a whole, by the error told to the sender',
    labelNames: ['receiver', 'signal', 'code'],
    registers,
  });
  for (const signal of OTLP_SIGNALS) for (const reason of REJECTION_REASONS) dropped.inc({ signal, reason }, 0);

  return {
    refusal: () => spool.refusal(),
    refused(receiver, signal, error) {
      refusedRequests.inc({ receiver, signal, code: error instanceof WeirError ? error.code : 'collector_internal' });
    },
    async consume(receiver, signal, request, bytes) {
      const rejections = new Rejections();
      const rows = stockRows(signal, request, rejections, BigInt(Math.round(now())) * 1_000_000n);
      const lines = encodeLines(rows);
      const count = lines.reduce((total, piece) => total + piece.rows, 0);
      received.inc({ receiver, signal }, count + rejections.total);
      const isDated = signal !== 'logs' || hasTimes(request as OtlpRequests['logs']);
      const digest = bytes === undefined || !isDated ? '' : hash('sha256', bytes, 'hex').slice(0, 32);
      const written = await spool.append(lines, digest);
      accepted.inc({ receiver, signal }, written);
      if (written < count) repeated.inc({ receiver, signal }, count - written);
      for (const [reason, items] of rejections.counts) dropped.inc({ signal, reason }, items);
      return { accepted: count, rejected: rejections.total, message: rejections.message(NOUNS[signal]) };
    },
  };
}

/** Whether each record has a time of its own. Without one, the same bytes can be another event. */
function hasTimes(request: OtlpRequests['logs']): boolean {
  return (request.resourceLogs ?? []).every(({ scopeLogs }) =>
    (scopeLogs ?? []).every(({ logRecords }) =>
      (logRecords ?? []).every((record) => record.timeUnixNano || record.observedTimeUnixNano),
    ),
  );
}
