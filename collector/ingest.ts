import { Counter } from 'prom-client';
import { WeirError } from '../core/errors.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Millis } from '../core/time.ts';
import type { Encoding } from './otlp/answers.ts';
import { encodeRequest } from './otlp/encode.ts';
import { parseJson } from './otlp/json.ts';
import { OTLP_SIGNALS, type OtlpSignal } from './otlp/model.ts';
import { REJECTION_REASONS } from './otlp/rejections.ts';
import { LIMIT_NAMES } from './reader/limits.ts';
import type { ReadContext, ReadOutcome, WireReader } from './reader/reader.ts';
import type { LeanTable } from './reader/tables.ts';
import { DESCRIBING_TABLES } from './spool/source.ts';
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
   * Makes a request durable. Throws `collector_request_malformed` or `collector_request_too_large` when it cannot be
   * read, `collector_spool_refused` or `collector_spool_failed`, both retryable, when it could not be kept; then
   * nothing may be acknowledged. The same bytes sent again within minutes are acknowledged and not stored again.
   */
  consume(receiver: string, signal: OtlpSignal, encoding: Encoding, bytes: Uint8Array): Promise<Outcome>;
  /** Counts a request that was turned away as a whole. */
  refused(receiver: string, signal: OtlpSignal, error: unknown): void;
  /** Why requests are turned away now, before their bytes are read; undefined when they are not. */
  refusal(): string | undefined;
}

export interface IngestOptions {
  readonly spool: Spool;
  /** The reader that is the spool's source; asked for with each request. */
  readonly reader: () => Pick<WireReader, 'read' | 'digest'>;
  /** Points of this request that are stored as those of other series: a metrics request, or undefined. */
  readonly takeDiverted?: () => Uint8Array | undefined;
  readonly telemetry: Telemetry;
  readonly now: () => Millis;
  /** Items older than this would be deleted as soon as they are stored. */
  readonly oldest: (signal: OtlpSignal, now: Millis) => Millis;
  /** How far ahead of our clock an item's time may be. */
  readonly maxFuture: Millis;
}

export function createIngest(options: IngestOptions): Ingest {
  const { spool, reader, takeDiverted, now, oldest, maxFuture } = options;
  const counts = createCounters(options.telemetry);

  function context(signal: OtlpSignal, known: readonly LeanTable[]): ReadContext {
    const time = now();
    return {
      now: nanoseconds(time),
      oldest: nanoseconds(oldest(signal, time)),
      newest: nanoseconds(time + maxFuture),
      ...(known.length === 0 ? {} : { skip: new Set(known) }),
    };
  }

  return {
    refusal: () => spool.refusal(),
    refused(receiver, signal, error) {
      const code = error instanceof WeirError ? error.code : 'collector_internal';
      counts.refusedRequests.inc({ receiver, signal, code });
    },
    async consume(receiver, signal, encoding, bytes) {
      const message = encoding === 'json' ? encodeRequest(signal, parseJson(signal, bytes)) : bytes;
      const digest = reader().digest(message);
      let outcome: ReadOutcome | undefined;
      let isRepeated = false;
      await spool.append(digest, (known) => {
        outcome = reader().read(signal, message, context(signal, known));
        const tables = new Set(outcome.tables);
        const diverted = takeDiverted?.();
        if (diverted !== undefined) {
          for (const table of reader().read('metrics', diverted, context('metrics', known)).tables) tables.add(table);
        }
        isRepeated = known.length > 0 && [...tables].every((table) => DESCRIBING_TABLES.has(table));
        return { digest: outcome.dated ? digest : '', tables: [...tables] };
      });
      if (outcome === undefined)
        throw new WeirError('collector_internal', 'the spool took a request without reading it');
      counts.count(receiver, signal, outcome, isRepeated);
      const { accepted, rejections } = outcome;
      return { accepted, rejected: rejections.refused, message: rejections.message(NOUNS[signal]) };
    },
  };
}

function nanoseconds(time: Millis): bigint {
  return BigInt(Math.round(time)) * 1_000_000n;
}

function createCounters({ registry }: Telemetry) {
  const registers = [registry];
  const labelNames = ['receiver', 'signal'] as const;
  const received = new Counter({
    name: 'weir_collector_received_total',
    help: 'Spans, data points and log records in requests that could be read',
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
  const limited = new Counter({
    name: 'weir_collector_limited_total',
    help: 'Times an item was over a limit of collector.limits and was cut',
    labelNames: ['signal', 'limit'],
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
  for (const signal of OTLP_SIGNALS) {
    for (const reason of REJECTION_REASONS) dropped.inc({ signal, reason }, 0);
    for (const limit of LIMIT_NAMES) limited.inc({ signal, limit }, 0);
  }
  return {
    refusedRequests,
    count(receiver: string, signal: OtlpSignal, outcome: ReadOutcome, isRepeated: boolean): void {
      const labels = { receiver, signal };
      received.inc(labels, outcome.accepted + outcome.rejections.total);
      (isRepeated ? repeated : accepted).inc(labels, outcome.accepted);
      for (const [reason, items] of outcome.rejections.counts) dropped.inc({ signal, reason }, items);
      for (const [limit, times] of outcome.limited) limited.inc({ signal, limit }, times);
    },
  };
}
