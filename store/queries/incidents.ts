import type { AlertState } from '../../core/alert.ts';
import type { Incident, IncidentState } from '../../core/incident.ts';
import type { Labels } from '../../core/labels.ts';
import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { millisCell, numberOf } from './cells.ts';

/** Writes an incident's state as of its `updatedAt`; of several states of one id the newest counts. */
export async function writeIncident(store: Store, incident: Incident): Promise<void> {
  await store.insert('incidents', [
    {
      Id: incident.id,
      Title: incident.title,
      Pipeline: incident.pipeline,
      State: incident.state,
      Severity: incident.severity,
      Culprit: incident.culprit,
      Reason: incident.reason,
      OpenedAt: millisCell(incident.openedAt),
      UpdatedAt: millisCell(incident.updatedAt),
      ResolvedAt: millisCell(incident.resolvedAt),
      Body: JSON.stringify(incident),
    },
  ]);
}

export interface IncidentQuery {
  readonly state?: IncidentState;
  readonly pipeline?: string;
  /** Only incidents that were open at some time of [from, to), unix milliseconds. */
  readonly from?: Millis;
  readonly to?: Millis;
  readonly limit?: number;
}

/** Incidents in their newest state, the newest opened first. */
export async function readIncidents(store: Store, query: IncidentQuery = {}): Promise<Incident[]> {
  const rows = await store.rows<{ body: string }>(
    `
SELECT Body AS body FROM incidents FINAL
WHERE State LIKE {state:String} AND Pipeline LIKE {pipeline:String}
    AND OpenedAt < fromUnixTimestamp64Milli({to:Int64})
    AND (ResolvedAt = 0 OR ResolvedAt >= fromUnixTimestamp64Milli({from:Int64}))
ORDER BY OpenedAt DESC, Id
LIMIT {limit:UInt32}`,
    {
      state: query.state ?? '%',
      pipeline: query.pipeline === undefined ? '%' : query.pipeline.replace(/[\\%_]/g, '\\$&'),
      from: millisCell(query.from ?? 0),
      to: millisCell(query.to ?? FAR_FUTURE),
      limit: query.limit ?? 100,
    },
  );
  return rows.map((row) => JSON.parse(row.body) as Incident);
}

/** 2200-01-01: before the end of DateTime64. */
const FAR_FUTURE = Date.UTC(2200, 0, 1);

export const NOTIFICATION_STATUSES = ['delivered', 'failed', 'retrying'] as const;

/** One attempt to tell a receiver. */
export interface NotificationRecord {
  readonly time: Millis;
  readonly incidentId: string;
  readonly groupKey: string;
  readonly receiver: string;
  readonly integration: string;
  readonly status: (typeof NOTIFICATION_STATUSES)[number];
  /** Why it was sent: the group's first notification, a change, a repetition. */
  readonly reason: string;
  readonly attempts: number;
  readonly error: string;
  /** Number of alerts it spoke of. */
  readonly alerts: number;
}

export async function writeNotifications(store: Store, records: readonly NotificationRecord[]): Promise<void> {
  if (records.length === 0) return;
  const rows = records.map((record) => ({
    Time: millisCell(record.time),
    IncidentId: record.incidentId,
    GroupKey: record.groupKey,
    Receiver: record.receiver,
    Integration: record.integration,
    Status: record.status,
    Reason: record.reason,
    Attempts: record.attempts,
    Error: record.error,
    Alerts: record.alerts,
  }));
  await store.insert('notifications', rows);
}

/** Notifications, newest first, of one incident or of all. */
export async function readNotifications(
  store: Store,
  query: { readonly incidentId?: string; readonly since?: Millis; readonly limit?: number } = {},
): Promise<NotificationRecord[]> {
  const rows = await store.rows<NotificationRecord & { readonly time: number | string }>(
    `
SELECT toUnixTimestamp64Milli(Time) AS time, IncidentId AS incidentId, GroupKey AS groupKey, Receiver AS receiver,
    Integration AS integration, Status AS status, Reason AS reason, Attempts AS attempts, Error AS error, Alerts AS alerts
FROM notifications
WHERE Time >= fromUnixTimestamp64Milli({since:Int64}) AND ({all:Bool} OR IncidentId = {incident:String})
ORDER BY Time DESC
LIMIT {limit:UInt32}`,
    {
      since: millisCell(query.since ?? 0),
      all: query.incidentId === undefined,
      incident: query.incidentId ?? '',
      limit: query.limit ?? 1000,
    },
  );
  return rows.map((row) => ({ ...row, time: numberOf(row.time) }));
}

/** A change of an alert's state, with what was known beside its identity. */
export interface AlertEvent {
  readonly time: Millis;
  readonly fingerprint: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly context: Labels;
  readonly state: AlertState;
  readonly startsAt: Millis;
  readonly endsAt: Millis;
}

export async function writeAlertHistory(store: Store, events: readonly AlertEvent[]): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map((event) => ({
    Time: millisCell(event.time),
    Fingerprint: event.fingerprint,
    Labels: event.labels,
    Annotations: event.annotations,
    Context: event.context,
    State: event.state,
    StartsAt: millisCell(event.startsAt),
    EndsAt: millisCell(event.endsAt),
  }));
  await store.insert('alert_history', rows);
}

/** Changes of alert states in [from, to), oldest first. */
export async function readAlertHistory(
  store: Store,
  query: { readonly from: Millis; readonly to: Millis; readonly fingerprint?: string; readonly limit?: number },
): Promise<AlertEvent[]> {
  const rows = await store.rows<AlertEvent>(
    `
SELECT toUnixTimestamp64Milli(Time) AS time, Fingerprint AS fingerprint, Labels AS labels, Annotations AS annotations,
    Context AS context, State AS state, toUnixTimestamp64Milli(StartsAt) AS startsAt, toUnixTimestamp64Milli(EndsAt) AS endsAt
FROM alert_history
WHERE Time >= fromUnixTimestamp64Milli({from:Int64}) AND Time < fromUnixTimestamp64Milli({to:Int64})
    AND ({all:Bool} OR Fingerprint = {fingerprint:String})
ORDER BY Time
LIMIT {limit:UInt32}`,
    {
      from: millisCell(query.from),
      to: millisCell(query.to),
      all: query.fingerprint === undefined,
      fingerprint: query.fingerprint ?? '',
      limit: query.limit ?? 10_000,
    },
  );
  return rows.map((row) => ({
    ...row,
    time: numberOf(row.time),
    startsAt: numberOf(row.startsAt),
    endsAt: numberOf(row.endsAt),
  }));
}
