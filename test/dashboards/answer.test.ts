import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DashboardView, signalsOf } from '../../core/dashboard.ts';
import type { SeriesAnswer } from '../../core/view.ts';
import { overview } from '../../dashboards/overview.ts';
import { stage } from '../../dashboards/stage.ts';
import { panelsOf } from '../../ui/charts/panels.ts';
import { startApi, type TestApi } from '../api/room.ts';
import { PIPELINE, type Seed, seedOrders } from '../api/seed.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';

/** What the API answers for a dashboard, and what the interface draws of it. */
let store: TestStore;
let api: TestApi;
let seed: Seed;

async function json<T>(path: string): Promise<T> {
  const response = await api.get(path);
  const body = await response.text();
  expect(response.status, body).toBe(200);
  return JSON.parse(body) as T;
}

beforeAll(async () => {
  store = await startTestStore();
  const now = Date.now();
  seed = await seedOrders(store.store, { now, minutes: 20, faultMinutes: 6, consoleUrl: '' });
  api = await startApi({ store: store.store, now: () => Math.max(now, seed.last + 15_000) });
}, 120_000);

afterAll(async () => {
  await api?.stop();
  await store?.stop();
});

function rangeQuery(): string {
  return `pipeline=${PIPELINE}&from=${seed.last - 900_000}&to=${seed.last}`;
}

describe('the stage', () => {
  test('is answered with exactly its definition and the series of its signals', async () => {
    const query = `${rangeQuery()}&stage=enrichment`;
    const { dashboard, ...series } = await json<DashboardView>(`/api/dashboards/stage?${query}`);
    expect(dashboard).toEqual(stage);
    expect(series).toEqual(await json<SeriesAnswer>(`/api/series?${query}`));
    expect(series.count).toBe(90);
  });

  test('is drawn as the panels of the definition that have data, in its order', async () => {
    const view = await json<DashboardView>(`/api/dashboards/stage?${rangeQuery()}&stage=enrichment`);
    const present = new Set(view.series.map((one) => one.signal));
    const expected = stage.panels
      .filter((panel) => panel.signals.some(({ signal }) => present.has(signal)))
      .filter((panel) => panel.unless === '');
    const drawn = panelsOf(view);
    expect(drawn.map(({ id, title, caption, scale, weight }) => ({ id, title, caption, scale, weight }))).toEqual(
      expected.map(({ id, title, subtitle, scale, weight }) => ({ id, title, caption: subtitle, scale, weight })),
    );
    expect(drawn.map(({ id }) => id)).toEqual(expect.arrayContaining(['lag', 'throughput', 'latency', 'dependencies']));
  });
});

describe('the overview', () => {
  test('is answered with its signals only', async () => {
    const view = await json<DashboardView>(`/api/dashboards/overview?${rangeQuery()}`);
    expect(view.dashboard).toEqual(overview);
    expect(new Set(view.series.map((one) => one.signal))).toEqual(new Set(signalsOf(overview)));
    expect(new Set(view.series.map((one) => one.labels['stage'])).size).toBeGreaterThan(2);
  });

  test('has one line for each stage, the one in focus in front and in the subtitle', async () => {
    const view = await json<DashboardView>(`/api/dashboards/overview?${rangeQuery()}`);
    const panels = panelsOf(view, 'enrichment');
    expect(panels.map(({ id, caption }) => [id, caption])).toEqual([
      ['throughput', 'enrichment'],
      ['latency', 'enrichment'],
      ['lag', 'enrichment'],
    ]);
    for (const { lines } of panels) {
      expect(lines[0]).toMatchObject({ name: 'enrichment', role: 'observed' });
      expect(lines.slice(1).every((line) => line.role === 'context')).toBe(true);
      expect(new Set(lines.map((line) => line.name)).size).toBe(lines.length);
    }
    expect(panelsOf(view)[0]?.caption).toBe('all stages');
  });
});

test('a dashboard nobody defined is 404, a wrong range 400', async () => {
  const missing = await api.get('/api/dashboards/nobody');
  expect(missing.status).toBe(404);
  expect(await missing.json()).toMatchObject({ error: { code: 'api_dashboard_unknown' } });
  const wrong = await api.get('/api/dashboards/stage?from=5&to=4');
  expect(wrong.status).toBe(400);
  expect(await wrong.json()).toMatchObject({ error: { path: 'query.from' } });
});
