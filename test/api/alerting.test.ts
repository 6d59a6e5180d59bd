import { afterEach, describe, expect, test } from 'vitest';
import { createAlertingClient, summarize } from '../../api/alerting.ts';
import type { Incident } from '../../core/incident.ts';
import { startPeer } from './room.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function peer(status: number, body: string) {
  const started = await startPeer(() => ({ status, body }));
  stops.push(started.stop);
  return started;
}

describe('the client of alerting', () => {
  test('asks for incidents with their filter and the token', async () => {
    const { url, heard } = await peer(200, '[]');
    const client = createAlertingClient(() => `${url}/`, 'a-token-of-alerting');
    expect(await client.incidents({ state: 'open', limit: 5 })).toEqual([]);
    expect(heard[0]).toMatchObject({
      path: '/api/incidents?state=open&limit=5',
      authorization: 'Bearer a-token-of-alerting',
    });
  });

  test('ids are escaped, so that an id cannot become another path', async () => {
    const { url, heard } = await peer(200, '{}');
    await createAlertingClient(url).incident('../../v2/silences?x=');
    expect(heard[0]?.path).toBe('/api/incidents/..%2F..%2Fv2%2Fsilences%3Fx%3D');
  });

  test.each([
    [404, '{"code":"x","message":"incident INC-9 not found"}', 404, 'incident INC-9 not found'],
    [400, '"bad matcher"', 400, 'bad matcher'],
    [409, '{"error":{"message":"already resolved"}}', 409, 'already resolved'],
    [401, 'no', 502, 'no'],
    [500, '', 502, 'Alerting answered 500'],
  ])('an answer %d %s becomes %d with its sentence', async (status, body, given, message) => {
    const { url } = await peer(status, body);
    await expect(createAlertingClient(url).incident('INC-9')).rejects.toMatchObject({ status: given, message });
  });

  test('an answer that is not JSON, or none at all, is 502', async () => {
    const { url, stop } = await peer(200, '<html>');
    await expect(createAlertingClient(url).incidents({})).rejects.toMatchObject({
      status: 502,
      code: 'api_alerting_unreadable',
    });
    await stop();
    await expect(createAlertingClient(url).incidents({})).rejects.toMatchObject({
      status: 502,
      code: 'api_alerting_unreachable',
      retryable: true,
    });
  });

  test('notifications are read whatever form their time has', async () => {
    const rows = [
      { time: 1000, receiver: 'ops', integration: 'slack', status: 'delivered', attempts: 2, alerts: 3 },
      { time: '2026-11-21T03:10:04Z', receiver: 'ops', alerts: [1, 2] },
    ];
    const { url } = await peer(200, JSON.stringify(rows));
    const list = await createAlertingClient(url).notifications('INC-1');
    expect(list[0]).toEqual({
      time: 1000,
      receiver: 'ops',
      integration: 'slack',
      status: 'delivered',
      reason: '',
      attempts: 2,
      error: '',
      alerts: 3,
    });
    expect(list[1]).toMatchObject({ time: Date.UTC(2026, 10, 21, 3, 10, 4), alerts: 2 });
  });
});

test('a summary counts alerts and knows when the first began', () => {
  const alert = (startsAt: number, resolvedAt: number) => ({
    fingerprint: String(startsAt),
    labels: {},
    annotations: {},
    startsAt,
    resolvedAt,
  });
  const incident = {
    id: 'INC-1',
    openedAt: 500,
    alerts: [alert(400, 0), alert(450, 600)],
    timeline: [],
  } as unknown as Incident;
  expect(summarize(incident)).toMatchObject({ startedAt: 400, alerts: 2, firing: 1 });
});
