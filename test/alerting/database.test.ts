import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { IncidentRecord } from '../../alerting/correlate.ts';
import { type Delivery, incidentNumber, openAlertingDatabase } from '../../alerting/database.ts';
import { NOON } from './harness.ts';

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'weir-alerting-db-'));
  path = join(dir, 'deep', 'alerting.sqlite');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function incident(number: number, state: IncidentRecord['state'] = 'open', resolvedAt = 0): IncidentRecord {
  return {
    id: `INC-${number}`,
    title: 't',
    pipeline: 'orders',
    state,
    severity: 'warning',
    openedAt: NOON,
    updatedAt: NOON,
    resolvedAt,
    acknowledgedBy: '',
    culprit: '',
    reason: '',
    alerts: [],
    timeline: [],
    attachedAt: NOON,
    sinceAt: NOON,
  };
}

function delivery(n: number, incidentId = 'INC-1'): Delivery {
  return {
    time: NOON + n,
    incident: incidentId,
    groupKey: 'g',
    receiver: 'team',
    integration: 'webhook',
    status: 'delivered',
    reason: 'first notification',
    attempts: n,
    error: '',
    alerts: 1,
  };
}

describe('openAlertingDatabase', () => {
  it('keeps everything over a reopening', () => {
    const first = openAlertingDatabase(path);
    first.saveIncident(incident(1));
    first.saveIncident(incident(2, 'resolved', NOON));
    first.saveIncident(incident(3, 'resolved', NOON - 3_600_000));
    first.appendDelivery(delivery(1));
    first.pushOutbox('incident', { id: 'INC-1' });
    first.close();
    const second = openAlertingDatabase(path);
    expect(second.lastIncidentNumber()).toBe(3);
    expect(second.loadIncidents(NOON - 60_000).map((one) => one.id)).toEqual(['INC-1', 'INC-2']);
    expect(second.findIncident('INC-3')).toEqual(incident(3, 'resolved', NOON - 3_600_000));
    expect(second.findIncident('INC-9')).toBeUndefined();
    expect(second.findIncident("INC-1' OR 1=1")).toBeUndefined();
    expect(second.listIncidents({ states: ['resolved'], limit: 1 }).map((one) => one.id)).toEqual(['INC-3']);
    expect(second.listDeliveries({ limit: 10 })).toEqual([delivery(1)]);
    expect(second.outboxSize()).toBe(1);
    second.close();
  });

  it('hands out the ledger newest first, by incident, and trims the oldest', () => {
    const database = openAlertingDatabase(path);
    for (let n = 1; n <= 5; n++) database.appendDelivery(delivery(n, n % 2 === 0 ? 'INC-2' : 'INC-1'));
    expect(database.listDeliveries({ limit: 2 }).map((one) => one.attempts)).toEqual([5, 4]);
    expect(database.listDeliveries({ incident: 'INC-1', limit: 10 }).map((one) => one.attempts)).toEqual([5, 3, 1]);
    database.trimDeliveries(2);
    expect(database.listDeliveries({ limit: 10 }).map((one) => one.attempts)).toEqual([5, 4]);
    database.close();
  });

  it('the outbox keeps its order and forgets what was sent', () => {
    const database = openAlertingDatabase(path);
    for (const n of [1, 2, 3]) database.pushOutbox('history', { n });
    const [first, second] = database.peekOutbox(2);
    expect([first, second].map((row) => row && JSON.parse(row.body))).toEqual([{ n: 1 }, { n: 2 }]);
    expect(database.dropOutbox(second?.id ?? 0)).toBe(2);
    expect(database.peekOutbox(10).map((row) => JSON.parse(row.body))).toEqual([{ n: 3 }]);
    database.close();
  });

  it('a transaction is all or nothing, also around others', () => {
    const database = openAlertingDatabase(path);
    expect(() =>
      database.transaction(() => {
        database.saveIncident(incident(1));
        database.transaction(() => database.saveIncident(incident(2)));
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(database.lastIncidentNumber()).toBe(0);
    expect(
      database.transaction(() => {
        database.saveIncident(incident(7));
        return 'done';
      }),
    ).toBe('done');
    expect(database.lastIncidentNumber()).toBe(7);
    database.close();
  });

  it('refuses a file of a newer version, and one that is no database, with a sentence', () => {
    openAlertingDatabase(path).close();
    const raw = new DatabaseSync(path);
    raw.exec('PRAGMA user_version = 99');
    raw.close();
    expect(() => openAlertingDatabase(path)).toThrow(/cannot be used: it was written by a newer version \(schema 99\)/);
    const broken = join(dir, 'broken.sqlite');
    writeFileSync(broken, 'not a database, but long enough to be looked at as one'.repeat(100));
    expect(() => openAlertingDatabase(broken)).toThrow(/broken\.sqlite cannot be used/);
  });
});

it('incidentNumber reads ids and nothing else', () => {
  expect(['INC-1', 'INC-120', 'INC-0', 'INC-', 'INC-1x', 'inc-1', ''].map(incidentNumber)).toEqual([
    1,
    120,
    NaN,
    NaN,
    NaN,
    NaN,
    NaN,
  ]);
});
