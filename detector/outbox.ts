import type { Anomaly } from '../core/anomaly.ts';
import { errorMessage } from '../core/errors.ts';
import type { Logger } from '../core/telemetry.ts';
import type { Millis } from '../core/time.ts';
import { createExpectationQueue, type ExpectationQueue } from './expectation-queue.ts';
import type { DetectorMetrics } from './metrics.ts';
import type { DetectorPort } from './port.ts';

const MOST = { anomalies: 5_000, expectations: 250_000 } as const;
const BATCH = 20_000;

/** Rows on their way to the store: kept in order while it is away, the oldest dropped and counted beyond a bound. */
export interface Outbox {
  readonly anomalies: Anomaly[];
  readonly expectations: ExpectationQueue;
  /** Writes what waits, one flush at a time; keeps it for the next time when the store refuses. Never throws. */
  flush(now: Millis): Promise<void>;
}

export function createOutbox(port: DetectorPort, metrics: DetectorMetrics, log: Logger): Outbox {
  const anomalies: Anomaly[] = [];
  const expectations = createExpectationQueue(MOST.expectations);
  let droppedBefore = 0;

  const dropped = (table: keyof typeof MOST, rows: number) => {
    if (rows > 0) metrics.rows.inc({ table, result: 'dropped' }, rows);
  };

  /** Writes batch after batch; `write` says how many rows it wrote, 0 when none is left. */
  async function drain(table: keyof typeof MOST, rows: { readonly length: number }, write: () => Promise<number>) {
    try {
      for (let written = await write(); written > 0; written = await write()) {
        metrics.rows.inc({ table, result: 'stored' }, written);
      }
    } catch (error) {
      log.warn({ event: 'detector_rows_unwritten', table, waiting: rows.length, error: errorMessage(error) });
    }
  }

  async function writeAnomalies(now: Millis): Promise<number> {
    const batch = anomalies.slice(0, BATCH);
    if (batch.length > 0) await port.writeAnomalies(batch, now);
    anomalies.splice(0, batch.length);
    return batch.length;
  }

  async function writeExpectations(): Promise<number> {
    const batch = expectations.oldest(BATCH);
    if (batch.series.length > 0) await port.writeExpectations(batch);
    expectations.shift();
    return batch.series.length;
  }

  let flushing: Promise<void> | undefined;
  async function flush(now: Millis): Promise<void> {
    dropped('anomalies', anomalies.splice(0, Math.max(0, anomalies.length - MOST.anomalies)).length);
    dropped('expectations', expectations.dropped - droppedBefore);
    droppedBefore = expectations.dropped;
    await drain('anomalies', anomalies, () => writeAnomalies(now));
    await drain('expectations', expectations, writeExpectations);
  }

  return {
    anomalies,
    expectations,
    async flush(now) {
      await flushing;
      flushing ??= flush(now).finally(() => {
        flushing = undefined;
      });
      await flushing;
    },
  };
}
