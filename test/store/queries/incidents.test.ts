import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Incident } from '../../../core/incident.ts';
import {
  type AlertEvent,
  type IncidentQuery,
  type NotificationRecord,
  readAlertHistory,
  readIncidents,
  readNotifications,
  writeAlertHistory,
  writeIncident,
  writeNotifications,
} from '../../../store/queries/incidents.ts';
import { startTestStore, type TestStore } from '../harness.ts';
import { NOON } from './telemetry-rows.ts';

let stand: TestStore;
beforeAll(async () => {
  stand = await startTestStore();
});
afterAll(() => stand?.stop());

const incident = (id: string, more: Partial<Incident> = {}): Incident => ({
  id,
  title: 'billing falls behind',
  pipeline: 'orders',
  state: 'open',
  severity: 'warning',
  openedAt: NOON,
  updatedAt: NOON,
  resolvedAt: 0,
  acknowledgedBy: '',
  culprit: 'billing',
  reason: 'reads 611/s of 1,840/s "as is" \\ \n',
  alerts: [{ fingerprint: 'f', labels: { stage: 'billing' }, annotations: {}, startsAt: NOON, resolvedAt: 0 }],
  timeline: [{ time: NOON, kind: 'opened', text: 'Größer als sonst – 遅延' }],
  ...more,
});

describe('incidents', () => {
  const ids = async (query: IncidentQuery) => (await readIncidents(stand.store, query)).map(({ id }) => id);

  test('come back whole, in their newest state', async () => {
    await writeIncident(stand.store, incident('whole'));
    const resolved = incident('whole', { state: 'resolved', updatedAt: NOON + 5, resolvedAt: NOON + 5 });
    await writeIncident(stand.store, resolved);
    await writeIncident(stand.store, incident('whole', { updatedAt: NOON + 1 }));
    expect(await readIncidents(stand.store)).toEqual([resolved]);
  });

  test('are found by state, pipeline and time, the newest first', async () => {
    await writeIncident(
      stand.store,
      incident('old', { pipeline: 'a_b', openedAt: NOON - 60_000, state: 'resolved', resolvedAt: NOON - 30_000 }),
    );
    await writeIncident(stand.store, incident('open', { pipeline: 'a_b', openedAt: NOON - 50_000 }));
    await writeIncident(stand.store, incident('other', { pipeline: 'axb', openedAt: NOON - 40_000 }));
    expect(await ids({ pipeline: 'a_b' })).toEqual(['open', 'old']);
    expect(await ids({ pipeline: '%' })).toEqual([]);
    expect(await ids({ pipeline: 'a_b', state: 'resolved' })).toEqual(['old']);
    expect(await ids({ state: 'open' })).toEqual(['other', 'open']);
    expect(await ids({ pipeline: 'a_b', from: NOON - 20_000 })).toEqual(['open']);
    expect(await ids({ pipeline: 'a_b', to: NOON - 55_000 })).toEqual(['old']);
    expect(await ids({ limit: 1 })).toEqual(['whole']);
  });
});

test('notifications come back, newest first, of one incident or of all', async () => {
  const record = (more: Partial<NotificationRecord>): NotificationRecord => ({
    time: NOON,
    incidentId: 'i1',
    groupKey: '{}:{pipeline="orders"}',
    receiver: 'team',
    integration: 'webhook',
    status: 'delivered',
    reason: 'new group',
    attempts: 1,
    error: '',
    alerts: 2,
    ...more,
  });
  const first = record({});
  const second = record({ time: NOON + 1, status: 'failed', attempts: 7, error: '502 Bad Gateway' });
  const third = record({ time: NOON + 2, incidentId: 'i2' });
  await writeNotifications(stand.store, []);
  await writeNotifications(stand.store, [first, third, second]);
  expect(await readNotifications(stand.store)).toEqual([third, second, first]);
  expect(await readNotifications(stand.store, { incidentId: 'i1' })).toEqual([second, first]);
  expect(await readNotifications(stand.store, { since: NOON + 1, limit: 1 })).toEqual([third]);
});

test('the history of alerts comes back in order, of one alert or of all', async () => {
  const event = (time: number, fingerprint: string, state: AlertEvent['state']): AlertEvent => ({
    time,
    fingerprint,
    labels: { alertname: 'lag_high', stage: 'billing' },
    annotations: { summary: 'too slow' },
    context: { owner: 'payments' },
    state,
    startsAt: NOON,
    endsAt: state === 'resolved' ? time : 0,
  });
  const events = [event(NOON, 'a', 'firing'), event(NOON + 1, 'b', 'firing'), event(NOON + 2, 'a', 'resolved')];
  await writeAlertHistory(stand.store, [...events].reverse());
  await writeAlertHistory(stand.store, []);
  expect(await readAlertHistory(stand.store, { from: NOON, to: NOON + 3 })).toEqual(events);
  expect(await readAlertHistory(stand.store, { from: NOON, to: NOON + 2, fingerprint: 'a' })).toEqual([events[0]]);
});
