import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alertingConfig } from '../../alerting/config.ts';
import { createAlerting } from '../../alerting/main.ts';
import type { Anomaly } from '../../core/anomaly.ts';
import type { AnomalyContextView } from '../../core/past-event.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import type { IncidentSummary, IncidentView, OverviewView, SeriesAnswer, StageView } from '../../core/view.ts';
import { writeAnomalies } from '../../store/queries/anomalies.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { follow, startApi, type TestApi, temporaryFolder, until } from './room.ts';
import { alertsOf, PIPELINE, type Seed, seedOrders, writeSteps } from './seed.ts';

/** One store, one alerting, one pipeline in which `enrichment` falls behind: what every view says of it. */
let test_store: TestStore;
let alerting: ReturnType<typeof createAlerting>;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let api: TestApi;
let seed: Seed;
let incidentId: string;

async function json<T>(path: string): Promise<T> {
  const response = await api.get(path);
  const body = await response.text();
  expect(response.status, body).toBe(200);
  return JSON.parse(body) as T;
}

beforeAll(async () => {
  [test_store, folder] = await Promise.all([startTestStore(), temporaryFolder()]);
  const now = Date.now();
  seed = await seedOrders(test_store.store, {
    now,
    minutes: 40,
    faultMinutes: 10,
    consoleUrl: 'http://127.0.0.1:3333/',
  });
  alerting = createAlerting({
    config: alertingConfig.parse({ listen: { port: 0 } }),
    dataDir: folder.path,
    telemetry: silentTelemetry(),
  });
  await alerting.start();
  const posted = await fetch(`${alerting.url()}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(alertsOf(seed.anomalies, now)),
  });
  expect(posted.status).toBe(200);
  api = await startApi({
    store: test_store.store,
    alertingUrl: () => alerting.url(),
    now: () => Math.max(now, seed.last + 15_000),
  });
  await until(async () => {
    incidentId = (await json<IncidentSummary[]>('/api/incidents')).find((one) => one.alerts === 2)?.id ?? '';
    return incidentId !== '';
  }, 'the incident of both alerts');
}, 120_000);

afterAll(async () => {
  await api?.stop();
  await alerting?.stop();
  await test_store?.stop();
  await folder?.remove();
});

describe('overview', () => {
  test('shows the pipeline with its nodes, edges and numbers', async () => {
    const view = await json<OverviewView>('/api/overview');
    expect(view.problems).toEqual([]);
    const [pipeline] = view.pipelines;
    expect(pipeline?.name).toBe(PIPELINE);
    expect(pipeline?.nodes).toHaveLength(9);
    const of = (id: string) => pipeline?.nodes.find((node) => node.id === id);
    expect(of('service:enrichment')).toMatchObject({ state: 'falling_behind', culpritOf: incidentId });
    expect(of('service:enrichment')?.lagSeconds).toBeGreaterThan(300);
    expect(of('service:enrichment')?.lagGrowth).toBeCloseTo(0.66, 1);
    expect(of('service:enrichment')?.rateChange).toBeCloseTo(-0.67, 1);
    expect(of('service:enrichment')?.lagLimit).toBe(2);
    expect(of('service:gateway')).toMatchObject({
      state: 'healthy',
      consoleUrl: 'http://127.0.0.1:3333/',
      affected: false,
    });
    expect(of('service:payments')).toMatchObject({ affected: true, culpritOf: '' });
    expect(of('database:customers')?.state).toBe('falling_behind');
    const into = pipeline?.edges.find((edge) => edge.to === 'service:enrichment');
    expect(into).toMatchObject({ from: 'topic:orders', kind: 'consumes', group: 'enrichment' });
    expect(into?.rate).toBeGreaterThan(50);
    expect(into?.rate).toBeLessThan(75);
    expect(into?.lagSeconds).toBeGreaterThan(300);
    expect(view.incidents.map((incident) => incident.id)).toEqual([incidentId]);
    expect(view.newest).toBeGreaterThan(0);
  });

  test('is told as it was at another time, without what came later', async () => {
    const before = await json<OverviewView>(`/api/overview?at=${seed.faultAt - 60_000}`);
    expect(before.now).toBe(seed.faultAt - 60_000);
    expect(before.incidents).toEqual([]);
    const [pipeline] = before.pipelines;
    expect(pipeline?.nodes).toHaveLength(9);
    const enrichment = pipeline?.nodes.find((node) => node.id === 'service:enrichment');
    expect(enrichment).toMatchObject({ culpritOf: '' });
    expect(enrichment?.lagSeconds).toBeLessThan(2);
    const during = await json<OverviewView>(`/api/overview?at=${seed.last}`);
    expect(during.incidents.map((incident) => incident.id)).toEqual([incidentId]);
    const refused = await api.get('/api/overview?at=5');
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ error: { path: 'query.at' } });
  });

  test('says what is missing when alerting is away, and shows the rest', async () => {
    const alone = await startApi({ store: test_store.store });
    const view = (await (await alone.get('/api/overview')).json()) as OverviewView;
    expect(view.pipelines).toHaveLength(1);
    expect(view.problems[0]).toMatch(/^Incidents are missing/);
    await alone.stop();
  });
});

describe('series', () => {
  test('come in columns with bands, anomalous steps and the incident', async () => {
    const { last } = seed;
    const query = `pipeline=${PIPELINE}&stage=enrichment&from=${last - 1_800_000}&to=${last}`;
    const answer = await json<SeriesAnswer>(`/api/series?${query}`);
    expect(answer.step).toBe(10_000);
    expect(answer.count).toBe(180);
    for (const series of answer.series) {
      expect(series.values).toHaveLength(answer.count);
      expect(series.labels['stage']).toBe('enrichment');
    }
    const of = (signal: string) => answer.series.find((series) => series.signal === signal);
    const lag = of('lag_seconds');
    expect(lag?.upper?.[10]).toBeCloseTo(2);
    expect(lag?.anomalous?.[10]).toBe(false);
    expect(lag?.anomalous?.at(-1)).toBe(true);
    expect(lag?.values.at(-1)).toBeGreaterThan(lag?.values[10] ?? 0);
    expect(of('throughput')?.lower?.[0]).toBeCloseTo(172);
    expect(of('freshness')?.upper).toBeNull();
    expect(answer.incidents.map((incident) => incident.id)).toEqual([incidentId]);
  });

  test('a range ago has no incident, and asked signals only', async () => {
    const { faultAt } = seed;
    const answer = await json<SeriesAnswer>(
      `/api/series?pipeline=${PIPELINE}&signals=throughput&from=${faultAt - 900_000}&to=${faultAt - 300_000}`,
    );
    expect(new Set(answer.series.map((series) => series.signal))).toEqual(new Set(['throughput']));
    expect(answer.series).toHaveLength(4);
    expect(answer.incidents).toEqual([]);
  });

  test('a wrong question is 400 and says where', async () => {
    const response = await api.get('/api/series?from=5&to=4');
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'api_request_invalid', path: 'query.from' } });
  });
});

describe('stage', () => {
  test('knows what it reads, writes and calls, and what is strange', async () => {
    const view = await json<StageView>(`/api/stages/${PIPELINE}/enrichment`);
    expect(view.reads).toEqual([{ topic: 'orders', group: 'enrichment' }]);
    expect(view.writes).toEqual(['orders.enriched']);
    expect(view.calls.map((edge) => edge.to)).toEqual(['database:customers']);
    const dependency = view.signals.find((one) => one.signal === 'dependency_p95');
    expect(dependency).toMatchObject({ strange: true, outside: true });
    expect(dependency?.value).toBeGreaterThan(0.2);
    expect(view.signals.find((one) => one.signal === 'throughput')).toMatchObject({ strange: false, outside: true });
    expect(view.anomalies).toHaveLength(2);
    expect(view.incidents[0]?.id).toBe(incidentId);
  });

  test('lag by partition comes in the order of partitions', async () => {
    const { partitions } = await json<StageView>(`/api/stages/${PIPELINE}/enrichment`);
    expect(partitions.map((one) => one.partition)).toEqual([0, 1, 2, 3, 4, 5]);
    for (const one of partitions) {
      expect(one.lag).toBeGreaterThan(0);
      expect(one.lagSeconds).toBeGreaterThan(300);
    }
  });

  test('one that was never seen is 404', async () => {
    const response = await api.get(`/api/stages/${PIPELINE}/nobody`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: 'api_stage_unknown' } });
  });
});

describe('incident', () => {
  test('tells where it started, why it fired and who lives on it', async () => {
    const view = await json<IncidentView>(`/api/incidents/${incidentId}`);
    expect(view.summary).toMatchObject({ culprit: 'enrichment', state: 'open', alerts: 2 });
    expect(view.anomalies.map((one) => one.labels['signal'])).toEqual(['dependency_p95', 'lag_seconds']);
    expect(view.anomalies[0]?.votes.map((vote) => vote.scorer)).toEqual(['profile', 'forecast', 'threshold']);
    expect(view.hops.map((hop) => hop.signal)).toEqual(['dependency_p95', 'lag_seconds']);
    expect(view.hops[0]).toMatchObject({ culprit: true, onset: seed.faultAt, until: 0 });
    expect(view.hops[0]?.sentence).toContain('customers');
    expect(view.hops[0]?.expected.some((value) => value !== null)).toBe(true);
    expect(view.affected.map((node) => node.name).sort()).toEqual(['payments', 'warehouse-sink']);
    expect(view.timeline[0]?.kind).toBe('opened');
  });

  test('is 404 when alerting does not know it', async () => {
    expect((await api.get('/api/incidents/INC-999')).status).toBe(404);
    expect((await api.get('/api/incidents?state=lost')).status).toBe(400);
  });

  test('notes and decisions reach alerting and come back live', async () => {
    const stream = await follow(`${api.url}/api/live`);
    await until(() => stream.events.some((one) => one.event === 'overview'), 'the first overview');
    expect((await api.post(`/api/incidents/${incidentId}/note`, { by: 'Ines', text: 'N+1 lookups' })).status).toBe(200);
    expect((await api.post(`/api/incidents/${incidentId}/ack`, { by: 'Ines' })).status).toBe(200);
    await until(
      () =>
        stream.events.some(
          (one) => one.event === 'overview' && (one.data as OverviewView).incidents[0]?.state === 'acknowledged',
        ),
      'the acknowledgement in the stream',
    );
    expect(
      stream.events.some(
        (one) => one.event === 'incidents' && (one.data as { changed: string[] }).changed.includes(incidentId),
      ),
    ).toBe(true);
    await stream.close();
    const view = await json<IncidentView>(`/api/incidents/${incidentId}`);
    expect(view.summary).toMatchObject({ state: 'acknowledged', acknowledgedBy: 'Ines' });
    expect(view.timeline.some((entry) => entry.kind === 'note' && entry.text.includes('N+1 lookups'))).toBe(true);
  });

  test.each([
    ['ack', {}, 'body.by'],
    ['ack', { by: ' ' }, 'body.by'],
    ['note', { by: 'Ines' }, 'body.text'],
    ['note', { by: 'Ines', text: 'x', extra: 1 }, 'body'],
  ])('%s with %j is refused at %s', async (action, body, path) => {
    const response = await api.post(`/api/incidents/${incidentId}/${action}`, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { path } });
  });

  test('an action nobody knows is 404', async () => {
    expect((await api.post(`/api/incidents/${incidentId}/explode`, { by: 'Ines' })).status).toBe(404);
    expect((await api.post(`/api/incidents/${incidentId}/constructor`, { by: 'Ines' })).status).toBe(404);
  });
});

test('silences go through to alerting', async () => {
  const silence = {
    matchers: [{ name: 'stage', value: 'enrichment', isRegex: false, isEqual: true }],
    startsAt: new Date().toISOString(),
    endsAt: new Date(Date.now() + 3_600_000).toISOString(),
    createdBy: 'Ines',
    comment: 'rolling back',
  };
  const { silenceID } = (await (await api.post('/api/silences', silence)).json()) as { silenceID: string };
  const list = await json<{ id: string }[]>('/api/silences');
  expect(list.map((one) => one.id)).toContain(silenceID);
  expect((await fetch(`${api.url}/api/silences/${silenceID}`, { method: 'DELETE' })).status).toBe(204);
});

test('data of the newest step shows without asking again', async () => {
  const stream = await follow(`${api.url}/api/live`);
  await until(() => stream.events.length > 0, 'the first overview');
  const before = stream.events.length;
  await writeSteps(test_store.store, seed.last + 10_000, seed.last + 10_000, seed.faultAt);
  await until(() => stream.events.length > before, 'an overview with the new step', 30_000);
  await stream.close();
});

test('the context of an anomaly: a call that gives its very points, and what happened before that is like it', async () => {
  const [slow] = seed.anomalies as [Anomaly];
  const earlier = { ...slow, id: 'earlier', time: slow.time - 600_000, firedAt: slow.firedAt - 600_000 };
  const over = { ...earlier, resolvedAt: earlier.firedAt + 60_000, decision: {}, value: 0.2 };
  await writeAnomalies(test_store.store, [over], Date.now());
  const { points, events } = await json<AnomalyContextView>(`/api/anomalies/${slow.id}/context`);
  expect(events).toHaveLength(1);
  expect(events[0]).toMatchObject({ id: 'earlier', sameSeries: true, resolvedAt: over.resolvedAt, peak: 0.2 });
  const answer = await json<SeriesAnswer>(points.path);
  const own = answer.series.find(({ key }) => key === points.key);
  expect(own?.labels).toEqual(slow.labels);
  expect(answer.start + answer.step * (own?.values.length ?? 0)).toBe(points.to);
  expect(own?.values.at(-1)).toBeGreaterThan(0.1);
  expect((await api.get('/api/anomalies/nobody/context')).status).toBe(404);
});
