import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { errorMessage, WeirError } from '../core/errors.ts';
import type { Millis } from '../core/time.ts';
import type { LiveAlert } from './alerts.ts';
import type { IncidentRecord } from './correlate.ts';
import type { LogEntry } from './notification-log.ts';
import type { Silence } from './silences.ts';

export const DELIVERY_STATUSES = ['delivered', 'failed', 'retrying'] as const;

/** One attempt to notify, as the ledger keeps it. */
export interface Delivery {
  readonly time: Millis;
  readonly incident: string;
  readonly groupKey: string;
  readonly receiver: string;
  readonly integration: string;
  readonly status: (typeof DELIVERY_STATUSES)[number];
  readonly reason: string;
  readonly attempts: number;
  readonly error: string;
  readonly alerts: number;
}

export interface OutboxRow {
  readonly id: number;
  readonly kind: string;
  readonly body: string;
}

const SCHEMA = `
CREATE TABLE alerts (fingerprint TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE silences (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE notification_log (group_key TEXT, integration TEXT, body TEXT NOT NULL, PRIMARY KEY (group_key, integration)) WITHOUT ROWID;
CREATE TABLE incidents (number INTEGER PRIMARY KEY, state TEXT NOT NULL, resolved_at INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX incidents_state ON incidents (state, number);
CREATE TABLE deliveries (id INTEGER PRIMARY KEY AUTOINCREMENT, incident TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX deliveries_incident ON deliveries (incident, id);
CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, body TEXT NOT NULL);
`;
const SCHEMA_VERSION = 1;

/** The number in `INC-12`, NaN for anything else. */
export function incidentNumber(id: string): number {
  return /^INC-[1-9]\d{0,14}$/.test(id) ? Number(id.slice(4)) : Number.NaN;
}

/**
 * The room's memory: one SQLite file, this process its only writer (a second one is refused). Write-ahead log with
 * full synchronisation: what was answered or sent survives `kill -9` and a power cut.
 * Throws `alerting_database_unusable`.
 */
export function openAlertingDatabase(path: string) {
  mkdirSync(dirname(path), { recursive: true });
  const db = new DatabaseSync(path, { timeout: 2000 });
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    db.exec('BEGIN IMMEDIATE');
    const version = db.prepare('PRAGMA user_version').get()?.['user_version'] as number;
    if (version > SCHEMA_VERSION) throw new Error(`it was written by a newer version (schema ${version})`);
    if (version === 0) db.exec(`${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION};`);
    db.exec('COMMIT');
  } catch (error) {
    db.close();
    const why = /locked|busy/i.test(errorMessage(error)) ? 'another process has it open' : errorMessage(error);
    throw new WeirError('alerting_database_unusable', `${path} cannot be used: ${why}`);
  }
  const put = {
    alert: db.prepare('INSERT OR REPLACE INTO alerts VALUES (?, ?)'),
    silence: db.prepare('INSERT OR REPLACE INTO silences VALUES (?, ?)'),
    log: db.prepare('INSERT OR REPLACE INTO notification_log VALUES (?, ?, ?)'),
    incident: db.prepare('INSERT OR REPLACE INTO incidents VALUES (?, ?, ?, ?)'),
    delivery: db.prepare('INSERT INTO deliveries (incident, body) VALUES (?, ?)'),
    outbox: db.prepare('INSERT INTO outbox (kind, body) VALUES (?, ?)'),
  };
  const bodies = <T>(sql: string, ...params: (string | number)[]): T[] =>
    db
      .prepare(sql)
      .all(...params)
      .map((row) => JSON.parse(row['body'] as string) as T);
  let depth = 0;

  return {
    loadAlerts: () => bodies<LiveAlert>('SELECT body FROM alerts'),
    loadSilences: () => bodies<Silence>('SELECT body FROM silences'),
    loadLog: () => bodies<LogEntry>('SELECT body FROM notification_log'),
    /** Incidents that still live: not resolved, or resolved after `since`. */
    loadIncidents: (since: Millis) =>
      bodies<IncidentRecord>("SELECT body FROM incidents WHERE state != 'resolved' OR resolved_at >= ?", since),
    lastIncidentNumber: () => (db.prepare('SELECT max(number) AS n FROM incidents').get()?.['n'] as number | null) ?? 0,

    saveAlert: (alert: LiveAlert) => void put.alert.run(alert.fingerprint, JSON.stringify(alert)),
    deleteAlert: (fingerprint: string) => void db.prepare('DELETE FROM alerts WHERE fingerprint = ?').run(fingerprint),
    saveSilence: (silence: Silence) => void put.silence.run(silence.id, JSON.stringify(silence)),
    deleteSilence: (id: string) => void db.prepare('DELETE FROM silences WHERE id = ?').run(id),
    saveLogEntry: (entry: LogEntry) => void put.log.run(entry.groupKey, entry.integration, JSON.stringify(entry)),
    deleteLogEntry: (entry: LogEntry) =>
      void db
        .prepare('DELETE FROM notification_log WHERE group_key = ? AND integration = ?')
        .run(entry.groupKey, entry.integration),

    saveIncident: (incident: IncidentRecord) =>
      void put.incident.run(incidentNumber(incident.id), incident.state, incident.resolvedAt, JSON.stringify(incident)),
    findIncident: (id: string): IncidentRecord | undefined =>
      bodies<IncidentRecord>('SELECT body FROM incidents WHERE number = ?', incidentNumber(id) || 0)[0],
    listIncidents: (options: { states: readonly string[]; limit: number }) =>
      bodies<IncidentRecord>(
        `SELECT body FROM incidents WHERE state IN (${options.states.map(() => '?').join()}) ORDER BY number DESC LIMIT ?`,
        ...options.states,
        options.limit,
      ),

    appendDelivery: (delivery: Delivery) => void put.delivery.run(delivery.incident, JSON.stringify(delivery)),
    /** Newest first. */
    listDeliveries: (options: { incident?: string | undefined; limit: number }) =>
      options.incident === undefined
        ? bodies<Delivery>('SELECT body FROM deliveries ORDER BY id DESC LIMIT ?', options.limit)
        : bodies<Delivery>(
            'SELECT body FROM deliveries WHERE incident = ? ORDER BY id DESC LIMIT ?',
            options.incident,
            options.limit,
          ),
    /** Keeps the newest `keep` rows of the ledger; history lives on in ClickHouse. */
    trimDeliveries: (keep: number) =>
      void db.prepare('DELETE FROM deliveries WHERE id <= (SELECT max(id) FROM deliveries) - ?').run(keep),

    pushOutbox: (kind: string, body: unknown) => void put.outbox.run(kind, JSON.stringify(body)),
    peekOutbox: (limit: number) =>
      db.prepare('SELECT id, kind, body FROM outbox ORDER BY id LIMIT ?').all(limit) as unknown as OutboxRow[],
    dropOutbox: (upTo: number) => Number(db.prepare('DELETE FROM outbox WHERE id <= ?').run(upTo).changes),
    outboxSize: () => db.prepare('SELECT count(*) AS n FROM outbox').get()?.['n'] as number,

    /** Runs `work` in one transaction; nested calls join the outer one. */
    transaction<T>(work: () => T): T {
      if (depth > 0) return work();
      db.exec('BEGIN IMMEDIATE');
      depth++;
      try {
        const result = work();
        db.exec('COMMIT');
        return result;
      } catch (error) {
        db.exec('ROLLBACK');
        throw error;
      } finally {
        depth--;
      }
    },
    close: () => db.close(),
  };
}
export type AlertingDatabase = ReturnType<typeof openAlertingDatabase>;
