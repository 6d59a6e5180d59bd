import type { Anomaly } from '../core/anomaly.ts';
import type { Feedback } from '../core/feedback.ts';
import type { Series } from '../core/series.ts';
import type { Millis } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import { readAnomalies, writeAnomalies } from '../store/queries/anomalies.ts';
import {
  type DetectorRecord,
  type DetectorState,
  readDetectorRecords,
  writeDetectorStates,
} from '../store/queries/detector-records.ts';
import { type Expectations, writeExpectations } from '../store/queries/expectations.ts';
import { readFeedback } from '../store/queries/feedback.ts';
import { readIncidents } from '../store/queries/incidents.ts';
import { newestTelemetry, readReceived } from '../store/queries/ingest.ts';
import { type LimitForecast, writeLimitForecasts } from '../store/queries/limit-forecasts.ts';
import { readTopicRetentions, type TopicRetention } from '../store/queries/retentions.ts';
import { readSignals, type SignalQuery } from '../store/queries/signals.ts';
import type { Troubles } from './tuning/troubles.ts';

const MOST_TROUBLES = 10_000;

/** The store as the detector uses it; tests put recorded series behind it. */
export interface DetectorPort {
  readSignals(query: SignalQuery): Promise<readonly Series[]>;
  /** Time of the newest telemetry of any kind; 0 when there is none. */
  newestTelemetry(): Promise<Millis>;
  /** Times of [from, to) at which telemetry of any kind was received, ascending. */
  readReceived(from: Millis, to: Millis): Promise<readonly Millis[]>;
  writeAnomalies(anomalies: readonly Anomaly[], updatedAt: Millis): Promise<void>;
  writeExpectations(points: Expectations): Promise<void>;
  /** All that people say of alerts and has not been taken back. */
  readFeedback(): Promise<readonly Feedback[]>;
  /** What was known to be wrong at some time of [from, to). */
  readTroubles(from: Millis, to: Millis): Promise<Pick<Troubles, 'anomalies' | 'incidents'>>;
  /** What each detector did in the seven days before `now`. */
  readRecords(now: Millis): Promise<readonly DetectorRecord[]>;
  writeStates(states: readonly DetectorState[]): Promise<void>;
  /** What warnings ahead of limits were worth. */
  writeLimitForecasts(forecasts: readonly LimitForecast[]): Promise<void>;
  /** What is known of how long topics keep records, for each group that reads them. */
  readRetentions(now: Millis): Promise<readonly TopicRetention[]>;
}

export function storePort(store: Store): DetectorPort {
  return {
    readSignals: (query) => readSignals(store, query),
    newestTelemetry: () => newestTelemetry(store),
    readReceived: (from, to) => readReceived(store, from, to),
    writeAnomalies: (anomalies, updatedAt) => writeAnomalies(store, anomalies, updatedAt),
    writeExpectations: (points) => writeExpectations(store, points),
    readFeedback: () => readFeedback(store),
    async readTroubles(from, to) {
      const [anomalies, incidents] = await Promise.all([
        readAnomalies(store, { from, to, limit: MOST_TROUBLES }),
        readIncidents(store, { from, to, limit: MOST_TROUBLES }),
      ]);
      return { anomalies, incidents };
    },
    readRecords: (now) => readDetectorRecords(store, now),
    writeStates: (states) => writeDetectorStates(store, states),
    writeLimitForecasts: (forecasts) => writeLimitForecasts(store, forecasts),
    readRetentions: (now) => readTopicRetentions(store, now),
  };
}
