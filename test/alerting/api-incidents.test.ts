import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Incident } from '../../core/incident.ts';
import { base, CONFIG, call, get, start, stop, story } from './api-client.ts';
import { detectorLabels, NOON } from './harness.ts';

beforeEach(() => start());
afterEach(() => stop());

describe('incidents', () => {
  const lag = detectorLabels('lag', 'enrichment', { topic: 'orders' });
  beforeEach(async () => {
    story.post(lag, { from: 0, until: 600, annotations: { value: '900', expected: '10', summary: 'lag is 900' } });
    await story.at(5);
  });

  it('are listed, newest first, by state', async () => {
    story.post({ ...lag, pipeline: 'returns' }, { from: 0, until: 600 });
    await story.at(10);
    expect((await get<Incident[]>('/api/incidents')).value.map((incident) => incident.id)).toEqual(['INC-2', 'INC-1']);
    expect((await get<Incident[]>('/api/incidents?limit=1')).value.map((incident) => incident.id)).toEqual(['INC-2']);
    expect((await get<Incident[]>('/api/incidents?state=resolved')).value).toEqual([]);
    expect((await get<Incident[]>('/api/incidents?state=open,acknowledged')).value).toHaveLength(2);
    const { value } = await get<Incident>('/api/incidents/INC-1');
    expect(value).toMatchObject({
      id: 'INC-1',
      pipeline: 'orders',
      state: 'open',
      severity: 'warning',
      culprit: 'enrichment',
      openedAt: NOON + 1000,
    });
    expect(value.alerts).toMatchObject([{ labels: lag, resolvedAt: 0 }]);
    expect(Object.keys(value)).not.toContain('attachedAt');
  });

  it('are acknowledged, noted and resolved by a person, and stay so while the alert goes on', async () => {
    expect((await call<Incident>('POST', '/api/incidents/INC-1/ack', { by: 'ines' })).value).toMatchObject({
      state: 'acknowledged',
      acknowledgedBy: 'ines',
    });
    expect(
      (await call<Incident>('POST', '/api/incidents/INC-1/note', { by: 'ines', text: 'rolling back' })).status,
    ).toBe(200);
    expect((await call<Incident>('POST', '/api/incidents/INC-1/resolve', { by: 'ines' })).value).toMatchObject({
      state: 'resolved',
    });
    const again = await call('POST', '/api/incidents/INC-1/resolve', { by: 'ines' });
    expect(again.status).toBe(409);
    expect((await call('POST', '/api/incidents/INC-1/ack', { by: 'ines' })).status).toBe(409);
    story.post(lag, { from: 0, until: 900 });
    await story.at(60);
    const { value } = await get<Incident>('/api/incidents/INC-1');
    expect(value.state).toBe('resolved');
    expect(value.timeline.map((entry) => entry.kind)).toEqual([
      'opened',
      'alert_firing',
      'acknowledged',
      'note',
      'resolved',
    ]);
    expect((await get('/api/v2/alerts')).value).toEqual([]);
    // Its sender says it is over; a new firing of it reopens the incident.
    story.post(lag, { from: 0, until: 60 });
    await story.at(90);
    story.post(lag, { from: 90, until: 900 });
    await story.at(95);
    expect((await get<Incident>('/api/incidents/INC-1')).value.state).toBe('open');
  });

  it.each<[string, string, unknown, number]>([
    ['POST', '/api/incidents/INC-1/ack', {}, 400],
    ['POST', '/api/incidents/INC-1/ack', { by: '' }, 400],
    ['POST', '/api/incidents/INC-1/note', { by: 'x' }, 400],
    ['POST', '/api/incidents/INC-1/note', { by: 'x', text: 'y', z: 1 }, 400],
    ['POST', '/api/incidents/INC-9/ack', { by: 'x' }, 404],
    ['GET', '/api/incidents/INC-9', undefined, 404],
    ['GET', '/api/incidents/INC-0x1', undefined, 404],
    ['GET', '/api/incidents?state=odd', undefined, 400],
    ['GET', '/api/incidents?limit=0', undefined, 400],
    ['GET', '/api/incidents/%zz', undefined, 404],
    ['GET', '/api/nothing', undefined, 404],
    ['PUT', '/api/v2/alerts', [], 405],
    ['DELETE', '/api/incidents', undefined, 405],
  ])('%s %s %o is %i', async (method, path, body, status) => {
    const answer = await call(method, path, body);
    expect(answer.status).toBe(status);
    expect(typeof answer.value).toBe('string');
  });

  it('notifications of an incident are listed', async () => {
    expect((await get('/api/notifications?incident=INC-1')).value).toEqual([]);
    expect((await get('/api/notifications')).status).toBe(200);
  });
});

describe('health', () => {
  it.each(['/-/healthy', '/-/ready', '/healthz', '/readyz'])('%s is 200', async (path) => {
    expect((await get(path)).status).toBe(200);
  });
});

describe('who may ask', () => {
  it('with a token: everything but health and metrics needs it', async () => {
    await stop();
    const token = 'a-token-of-enough-length';
    await start({ ...CONFIG, listen: { token } });
    expect((await get('/api/v2/alerts')).status).toBe(401);
    expect(
      (await call('GET', '/api/v2/alerts', undefined, { authorization: 'Bearer wrong-token-of-length' })).status,
    ).toBe(401);
    expect((await call('GET', '/api/v2/alerts', undefined, { authorization: `Bearer ${token}` })).status).toBe(200);
    expect((await get('/healthz')).status).toBe(200);
    expect((await get('/metrics')).status).toBe(200);
  });

  it('without a token: a foreign host name is refused, which keeps rebinding pages out', async () => {
    const status = await new Promise<number | undefined>((resolve) => {
      request(`${base}/api/v2/alerts`, { headers: { host: 'evil.example' } }, (response) =>
        resolve(response.resume().statusCode),
      ).end();
    });
    expect(status).toBe(403);
  });
});
