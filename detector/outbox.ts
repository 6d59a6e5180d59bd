import type { Anomaly } from '../core/anomaly.ts';
import { errorMessage } from '../core/errors.ts';
import type { Logger } from '../core/telemetry.ts';
import type { Millis } from '../core/time.ts';
import type { Expectation } from '../store/queries/expectations.ts';
import type { DetectorMetrics } from './metrics.ts';
import type { DetectorPort } from './port.ts';

const MOST = { anomalies: 5_000, expectations: 250_000 } as const;
const BATCH = 20_000;

/** Rows on their way to the store: kept in order while it is away, the oldest dropped and counted beyond a bound. */
export interface Outbox {
  readonly anomalies: Anomaly[];
  readonly expectations: Expectation[];
  /** Writes what waits, one flush at a time; keeps it for the next time when the store refuses. Never throws. */
  flush(now: Millis): Promise<void>;
}

export function createOutbox(port: DetectorPort, metrics: DetectorMetrics, log: Logger): Outbox {
  const anomalies: Anomaly[] = [];
  const expectations: Expectation[] = [];

  async function drain<T>(table: keyof typeof MOST, rows: T[], write: (batch: readonly T[]) => Promise<void>) {
    const surplus = rows.length - MOST[table];
    if (surplus > 0) {
      rows.splice(0, surplus);
      metrics.rows.inc({ table, result: 'dropped' }, surplus);
    }
    try {
      while (rows.length > 0) {
        const batch = rows.slice(0, BATCH);
        await write(batch);
        rows.splice(0, batch.length);
        metrics.rows.inc({ table, result: 'stored' }, batch.length);
      }
    } catch (error) {
      log.warn({ event: 'detector_rows_unwritten', table, waiting: rows.length, error: errorMessage(error) });
    }
  }

  let flushing: Promise<void> | undefined;
  async function flush(now: Millis): Promise<void> {
    await drain('anomalies', anomalies, (batch) => port.writeAnomalies(batch, now));
    await drain('expectations', expectations, (batch) => port.writeExpectations(batch));
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
