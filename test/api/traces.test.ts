import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AttributeListView, SlowSpansView, TraceSearchView, TraceView } from '../../core/view.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { startApi, type TestApi } from './room.ts';
import { PIPELINE, writeTraces } from './seed.ts';

let stand: TestStore;
let api: TestApi;

async function json<T>(path: string): Promise<T> {
  const response = await api.get(path);
  const body = await response.text();
  expect(response.status, body).toBe(200);
  return JSON.parse(body) as T;
}
const search = (query: string) => json<TraceSearchView>(`/api/traces?${query}`);

beforeAll(async () => {
  stand = await startTestStore();
  const now = Date.now();
  await writeTraces(stand.store, now - 10_000);
  api = await startApi({ store: stand.store, now: () => now });
}, 60_000);
afterAll(async () => {
  await api?.stop();
  await stand?.stop();
});

describe('a search', () => {
  test('finds traces by service, duration and error', async () => {
    const all = await search('');
    expect(all.hits).toHaveLength(24);
    expect(all).toMatchObject({ next: null, searchedTo: all.from });
    expect(all.services).toContain('gateway');
    expect(all.hits[0]).toMatchObject({ rootService: 'gateway', rootName: 'POST /orders', spans: 9 });
    const failed = await search('errors=1&service=warehouse-sink');
    expect(failed.hits).toHaveLength(1);
    expect(failed.hits[0]?.errors).toBe(2);
    expect((await search('service=gateway&min_ms=5000')).hits).toEqual([]);
    expect((await search('service=enrichment&kind=Consumer&max_ms=43')).hits).toHaveLength(3);
  });

  test('finds traces by what their spans and resources say', async () => {
    const many = async (query: string) => (await search(query)).hits.length;
    expect(await many('attribute=http.route=/orders')).toBe(24);
    expect(await many('attribute=http.route=/orders&attribute=http.request.method=POST')).toBe(24);
    expect(await many('attribute=http.route=/orders&attribute=http.request.method=GET')).toBe(0);
    // One trace waits in a topic, so this span of it lies ahead of now.
    expect(await many('attribute=db.query.text=SELECT%20tier%20FROM%20customers%20WHERE%20id%20%3D%20$1')).toBe(23);
    expect(await many(`resource=weir.pipeline=${PIPELINE}&status=Error`)).toBe(1);
    expect(await many('resource=weir.pipeline=other')).toBe(0);
  });

  test('comes in pages', async () => {
    const range = `from=${Date.now() - 1_800_000}&to=${Date.now() + 60_000}`;
    const first = await search(`${range}&limit=20`);
    expect(first.hits).toHaveLength(20);
    const second = await search(`${range}&limit=20&before=${first.next}`);
    expect(second.hits).toHaveLength(4);
    expect(second.next).toBeNull();
    expect(new Set([...first.hits, ...second.hits].map((hit) => hit.traceId)).size).toBe(24);
  });
});

test('a trace is read whole, also by an id in capitals', async () => {
  const { hits } = await search('errors=1');
  const id = hits[0]?.traceId as string;
  const trace = await json<TraceView>(`/api/traces/${id.toUpperCase()}`);
  expect(trace.traceId).toBe(id);
  expect(trace.spans).toHaveLength(9);
  expect(trace.spans.filter((span) => span.error).map((span) => span.service)).toEqual([
    'warehouse-sink',
    'warehouse-sink',
  ]);
  expect(trace.spans.find((span) => span.kind === 'Consumer')).toMatchObject({
    attributes: { 'messaging.destination.name': 'orders' },
    resource: { 'service.name': 'enrichment', 'weir.pipeline': PIPELINE },
  });
});

test('the slowest spans are listed', async () => {
  const { spans } = await json<SlowSpansView>('/api/spans/slowest?service=enrichment&limit=3');
  expect(spans.map((span) => span.durationMs)).toEqual([63, 62, 61]);
  expect(spans[0]).toMatchObject({ name: 'process orders', kind: 'Consumer', status: 'Unset' });
});

test('attributes are suggested by key and by value', async () => {
  const keys = await json<AttributeListView>('/api/spans/attributes?service=gateway&prefix=http.');
  expect(keys.found).toEqual([
    { text: 'http.request.method', spans: 24 },
    { text: 'http.route', spans: 24 },
  ]);
  const values = await json<AttributeListView>('/api/spans/attributes?key=messaging.destination.name&limit=2');
  expect(values.found.map((value) => value.text)).toEqual(['orders', 'orders.enriched']);
});

test('an id that is none is 400, one nobody sent 404, a wrong filter 400 that names it', async () => {
  expect((await api.get('/api/traces/nope')).status).toBe(400);
  expect((await api.get(`/api/traces/${'f'.repeat(32)}`)).status).toBe(404);
  const wrong = {
    errors: 'maybe',
    min_ms: '-1',
    max_ms: 'long',
    kind: 'server',
    status: 'bad',
    attribute: 'no-value',
    resource: '=x',
    before: 'yesterday',
    limit: '0',
  };
  for (const [name, value] of Object.entries(wrong)) {
    const answer = await api.get(`/api/traces?${name}=${value}`);
    expect(answer.status, name).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { code: 'api_request_invalid', path: `query.${name}` } });
  }
  const pairs = Array.from({ length: 17 }, (_, i) => `attribute=k${i}=v`).join('&');
  expect((await api.get(`/api/traces?${pairs}`)).status).toBe(400);
});
