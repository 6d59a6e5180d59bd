import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPipelinePage } from '../../api/pipeline-page.ts';
import { indexDefinitions, NO_PIPELINE } from '../../core/definition.ts';
import type { PathwayLatencyView, PipelinePage, PipelinePages } from '../../core/pipeline-page.ts';
import { ATTR, METRIC } from '../../core/semconv.ts';
import { STEP_MS, stepStart } from '../../core/time.ts';
import type { ErrorView } from '../../core/view.ts';
import { writeDeadLetterTopics } from '../../store/queries/dead-letters.ts';
import { pathwayBuckets } from '../../store/queries/pathways-buckets.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { startApi, type TestApi } from './room.ts';
import { PIPELINE, seedOrders } from './seed.ts';
import { RATE } from './seed-parts.ts';
import { STOPS, seedPathways } from './seed-pathways.ts';

/** A pipeline with one pathway, in which records go missing between two stages: what the API says of it. */
let stored: TestStore;
let api: TestApi;
let now: number;
let view: PipelinePage;

async function json<T>(path: string): Promise<T> {
  const response = await api.get(path);
  const body = await response.text();
  expect(response.status, body).toBe(200);
  return JSON.parse(body) as T;
}

async function refused(path: string): Promise<{ status: number } & ErrorView['error']> {
  const response = await api.get(path);
  return { status: response.status, ...((await response.json()) as ErrorView).error };
}

beforeAll(async () => {
  stored = await startTestStore();
  now = Date.now();
  await seedOrders(stored.store, { now, minutes: 3, faultMinutes: 0 });
  await seedPathways(stored.store, now, 30);
  api = await startApi({ store: stored.store, now: () => now });
  view = await json<PipelinePage>(`/api/pipelines/${PIPELINE}`);
}, 120_000);

afterAll(async () => {
  await api?.stop();
  await stored?.stop();
});

describe('pathways of a pipeline', () => {
  test('come as chains of checkpoints from their origin, with latencies of each hop and so far', () => {
    expect(view.pathways).toHaveLength(1);
    const [pathway] = view.pathways;
    expect(pathway?.checkpoints.map(({ hash }) => hash)).toEqual(STOPS.map(({ hash }) => hash));
    expect(pathway).toMatchObject({ id: STOPS[5].hash, sampled: false, share: 1, unseenUpstream: false });
    // The newest ten seconds of the five minutes may not be there yet.
    expect((pathway?.rate ?? 0) / RATE).toBeGreaterThan(0.96);
    expect((pathway?.rate ?? 0) / RATE).toBeLessThan(1.01);
    const sink = pathway?.checkpoints[5];
    expect(sink).toMatchObject({
      service: 'warehouse-sink',
      direction: 'in',
      destination: 'payments',
      system: 'kafka',
    });
    expect(sink?.edge.p50).toBeGreaterThan(0.6);
    expect(sink?.edge.p50).toBeLessThan(1.2);
    expect(sink?.latency.p50).toBeGreaterThan(sink?.edge.p50 ?? 0);
    expect(pathway?.latency).toEqual(sink?.latency);
    expect(pathway?.latency.p99).toBeGreaterThan(pathway?.latency.p50 ?? 0);
  });

  test('say of each hop and of the whole how many records arrived', () => {
    const [pathway] = view.pathways;
    const missing = pathway?.checkpoints.map(({ arrival }) => arrival?.state ?? null);
    expect(missing).toEqual([null, 'conserved', 'conserved', 'dropping', 'conserved', 'conserved']);
    expect(pathway?.checkpoints[3]?.arrival).toMatchObject({
      missing: 0.012,
      sent: 110_400,
      seconds: 600,
      ratio: 1,
    });
    expect(pathway?.arrival).toMatchObject({ state: 'dropping', missing: 0.012, seconds: 600 });
  });
});

describe('what else is known of it', () => {
  test('who answers for it, as declared', () => {
    expect(view).toMatchObject({
      owner: 'data-platform',
      criticality: 'high',
      description: 'From the shop to the warehouse',
    });
  });

  test('freshness: where the data ends up first, then the oldest, and who holds it back', () => {
    expect(view.freshness[0]).toMatchObject({
      ...{
        kind: 'database',
        node: 'warehouse',
        age: 1448,
        ownAge: 4,
        state: 'behind',
        limitedBy: 'service:enrichment',
      },
    });
    expect(view.freshness.slice(1).every(({ kind }) => kind === 'service')).toBe(true);
  });

  test('SLOs with the least budget first, and what was declared of them', () => {
    expect(view.slos.map(({ budgetLeft }) => budgetLeft)).toEqual([-0.1, 0.52, 0.97]);
    expect(view.slos[0]).toMatchObject({
      state: 'exhausted',
      target: null,
      period: 2_592_000,
      objective: 0.99,
    });
    expect(view.slos[0]?.burns[0]).toBe(15);
    expect(view.slos[1]).toMatchObject({ indicator: 'freshness', target: 900, state: 'fast_burn' });
  });

  test('records that went wrong within the hour, by stage and kind', () => {
    const counts = Object.fromEntries(view.problems.map(({ signal, records }) => [signal, records]));
    expect(counts).toEqual({ dead_letters: 25, duplicates: 14 });
    expect(view.problems.every(({ stage }) => stage === 'enrichment')).toBe(true);
  });

  test('topics of dead letters, with how long the oldest waits', () => {
    expect(view.deadLetters).toEqual([
      {
        ...{ topic: 'orders.dlq', sourceTopic: 'orders', stage: 'enrichment', depth: 412, rate: 0.2, oldestAge: 7300 },
        oldestIsBound: true,
      },
    ]);
  });

  test('a pipeline nothing was seen of is 404', async () => {
    expect(await refused('/api/pipelines/nothing')).toMatchObject({ status: 404, code: 'api_pipeline_unknown' });
  });

  test('all pipelines at once say the same', async () => {
    const all = await json<PipelinePages>('/api/pipelines');
    expect(all.pipelines.map(({ pipeline }) => pipeline)).toEqual([PIPELINE]);
    expect(all.pipelines[0]).toEqual(view);
  });
});

test('a pathway of services that name no pipeline is that of the one that declares them', async () => {
  const [SeriesId, MetricName, Service] = [7900, METRIC.pathwayLatency, 'mailer'];
  const Attributes = {
    ...{ [ATTR.pathwayHash]: '00000000000000b1', [ATTR.pathwayParent]: '', [ATTR.pathwayDirection]: 'out' },
    ...{ 'messaging.system': 'kafka', [ATTR.messagingDestination]: 'mails' },
  };
  const series = { SeriesId, MetricName, Pipeline: NO_PIPELINE, ServiceName: Service, Attributes };
  await stored.store.insert('metric_series', [
    { ...series, Seen: Math.floor(now / 1000), Type: 'exponential_histogram', Temporality: 1 },
  ]);
  const point = {
    Time: (stepStart(now, STEP_MS) - STEP_MS) / 1000,
    Pipeline: NO_PIPELINE,
    MetricName,
    Service,
    SeriesId,
  };
  await stored.store.insert('pathways_10s', [{ ...point, Count: 10, DurationSum: 10, Buckets: pathwayBuckets([1]) }]);
  const part = { kind: 'service', name: 'mail*', owner: '', criticality: '', description: '' } as const;
  const post = {
    name: 'post',
    description: '',
    owner: '',
    criticality: '',
    parts: [part],
    edges: [],
    slos: [],
  } as const;
  const topology = { nodes: [], edges: [], definitions: indexDefinitions([post]) };
  const page = await readPipelinePage(stored.store, topology, 'post', now);
  expect(page.pathways.map(({ id }) => id)).toEqual(['00000000000000b1']);
  const undeclared = { ...topology, definitions: indexDefinitions([]) };
  expect((await readPipelinePage(stored.store, undeclared, NO_PIPELINE, now)).pathways).toEqual(page.pathways);
  await expect(readPipelinePage(stored.store, undeclared, 'post', now)).rejects.toMatchObject({ status: 404 });
});

test('what comes into a dead-letter topic that several write is told of the topic', async () => {
  const time = stepStart(now, 60_000) - 600_000;
  await writeDeadLetterTopics(stored.store, [
    {
      ...{ time, pipeline: PIPELINE, topic: 'returns.dlq', sourceTopic: 'returns', stage: '', depth: 30 },
      ...{ rate: 0.5, oldestAge: 60, newestAge: 2, oldestIsBound: false },
    },
  ]);
  const { problems } = await json<PipelinePage>(`/api/pipelines/${PIPELINE}`);
  expect(problems).toHaveLength(view.problems.length + 1);
  const found = problems.find(({ topic }) => topic === 'returns.dlq');
  expect(found).toMatchObject({ stage: '', signal: 'dead_letters' });
  expect([30, 60]).toContain(found?.records);
});

describe('latency between two checkpoints', () => {
  const [first, second, , fourth, , last] = STOPS;
  const path = (start: string, end: string) =>
    `/api/pathways/latency?start=${start}&end=${end}&from=${now - 1_800_000}&to=${now}`;

  test('from the origin on is exact, in columns', async () => {
    const latency = await json<PathwayLatencyView>(path(first.hash, last.hash));
    expect(latency.method).toBe('exact');
    expect(latency.p99).toHaveLength(latency.count);
    expect(latency.p50.filter((value) => value !== null).length).toBeGreaterThan(100);
    expect(latency.overall.p99 ?? 0).toBeGreaterThan(latency.overall.p50 ?? 0);
    expect(latency.overall.records).toBeGreaterThan(1e5);
  });

  test('between inner ones it is estimated, and said to be', async () => {
    const latency = await json<PathwayLatencyView>(path(second.hash, last.hash));
    expect(latency.method).toBe('estimated');
    expect(latency.overall.p50 ?? 0).toBeGreaterThan(0.9);
    expect((await json<PathwayLatencyView>(path(second.hash, STOPS[2].hash))).method).toBe('exact');
  });

  test('the wrong way round, or of no checkpoint, is refused with the field', async () => {
    expect(await refused(path(fourth.hash, first.hash))).toMatchObject({ status: 400, path: 'query.end' });
    expect(await refused(path('x', first.hash))).toMatchObject({ status: 400, path: 'query.start' });
    expect(await refused(`/api/pathways/latency?start=${first.hash}`)).toMatchObject({ path: 'query.end' });
    expect(await refused(path(first.hash, '00000000000000ff'))).toMatchObject({
      status: 404,
      code: 'api_checkpoint_unknown',
    });
  });
});
