import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { alertingConfig } from '../../alerting/config.ts';
import { createAlerting } from '../../alerting/main.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import { startApi, type TestApi, temporaryFolder, until } from '../api/room.ts';
import { alertsOf, PIPELINE, type Seed, seedOrders, writeStates, writeSteps } from '../api/seed.ts';
import { launchChromium } from '../chromium.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { openPage, overflowing, type PageOptions } from './page.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SHOTS = join(ROOT, 'artifacts', 'ui');

// A busy machine draws slowly; what matters is that it gets there.
vi.setConfig({ testTimeout: 120_000 });

let browser: Browser;
let store: TestStore;
let empty: TestStore;
let alerting: ReturnType<typeof createAlerting>;
let folders: Awaited<ReturnType<typeof temporaryFolder>>[] = [];
let api: TestApi;
let emptyApi: TestApi;
let seed: Seed;

const open = (url: string, options: PageOptions = {}) => openPage(browser, url, options);

beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true });
  folders = await Promise.all([temporaryFolder(), temporaryFolder()]);
  const site = (folders[1] as { path: string }).path;
  await build({
    configFile: join(ROOT, 'ui', 'vite.config.ts'),
    logLevel: 'error',
    build: { outDir: site, emptyOutDir: true },
  });
  [store, empty, browser] = await Promise.all([startTestStore(), startTestStore(), launchChromium()]);
  const now = Date.now();
  seed = await seedOrders(store.store, { now, minutes: 70, faultMinutes: 12, consoleUrl: 'http://127.0.0.1:3333/' });
  alerting = createAlerting({
    config: alertingConfig.parse({ listen: { port: 0 } }),
    dataDir: (folders[0] as { path: string }).path,
    telemetry: silentTelemetry(),
  });
  await alerting.start();
  await fetch(`${alerting.url()}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(alertsOf(seed.anomalies, now)),
  });
  await until(
    async () => (await (await fetch(`${alerting.url()}/api/incidents`)).text()).includes('INC-'),
    'the incident',
  );
  api = await startApi({ store: store.store, alertingUrl: () => alerting.url(), site });
  const receivers = () => [
    { name: 'OTLP over HTTP', address: 'http://127.0.0.1:4318', ready: true, detail: 'ready' },
    { name: 'OTLP over gRPC', address: '127.0.0.1:4317', ready: true, detail: 'ready' },
  ];
  emptyApi = await startApi({
    store: empty.store,
    alertingUrl: () => alerting.url(),
    site,
    receivers,
    health: { store: () => ({ ready: true, detail: 'embedded' }) },
  });
}, 180_000);

afterAll(async () => {
  await browser?.close();
  await api?.stop();
  await emptyApi?.stop();
  await alerting?.stop();
  await Promise.all([store?.stop(), empty?.stop()]);
  for (const folder of folders) await folder.remove();
}, 60_000);

/** Keeps the newest steps present while the tests run, as a running pipeline does. */
let next = 0;
async function catchUp(): Promise<void> {
  next ||= seed.last + 10_000;
  const last = Math.floor(Date.now() / 10_000) * 10_000 - 10_000;
  if (next <= last) await writeSteps(store.store, next, last, seed.faultAt);
  next = Math.max(next, last + 10_000);
  await writeStates(store.store, Date.now(), true);
}

describe.each(['dark', 'light'] as const)('in the %s theme', (theme) => {
  test('the overview answers first, draws the map and its curves, and does not scroll', async () => {
    await catchUp();
    const { page, wrong, close } = await open(`${api.url}/`, { theme });
    await page.getByRole('heading', { level: 1 }).filter({ hasText: 'enrichment is falling behind.' }).waitFor();
    await page.locator('.map [data-node="service:enrichment"]').getByText('Culprit').waitFor();
    for (const name of ['gateway', 'payments', 'warehouse-sink'])
      await page.locator(`.map [data-node="service:${name}"]`).waitFor();
    await page.locator('.map .hung', { hasText: 'customers' }).waitFor();
    expect(await page.locator('.map .tank').count()).toBe(3);
    expect(await page.locator('.map .canal').count()).toBe(7);
    await page.getByText('Latency p99').waitFor();
    await page.locator('.curves canvas').waitFor();
    await page.getByRole('link', { name: 'Incidents 1' }).waitFor();
    expect(await page.evaluate('document.documentElement.dataset.theme')).toBe(theme);
    expect(await page.evaluate('document.documentElement.scrollHeight <= innerHeight')).toBe(true);
    await page.screenshot({ path: join(SHOTS, `overview-${theme}.png`) });
    expect(wrong).toEqual([]);
    await close();
  });

  test('the stage shows its numbers, curves and what it depends on', async () => {
    await catchUp();
    const { page, wrong, close } = await open(`${api.url}/stages/${PIPELINE}/enrichment`, { theme });
    await page.getByText('orders → orders.enriched').waitFor();
    for (const title of ['Lag', 'Read', 'Latency p99', 'Errors', 'Freshness']) {
      await page.locator('.kpi h2', { hasText: new RegExp(`^${title}$`) }).waitFor();
    }
    for (const title of ['Lag', 'Throughput', 'Latency', 'Errors', 'Dependencies']) {
      await page.locator('.chart-title b', { hasText: new RegExp(`^${title}$`) }).waitFor();
    }
    await page.getByText('Lag by partition').waitFor();
    await page.getByText('anomalous').first().waitFor();
    expect(await page.locator('.charts canvas').count()).toBe(1);
    await page.screenshot({ path: join(SHOTS, `stage-${theme}.png`) });
    expect(wrong).toEqual([]);
    await close();
  });

  test('the incident tells where it started and why it fired', async () => {
    const { page, wrong, close } = await open(`${api.url}/incidents`, { theme });
    await page.locator('.incident-row').first().click();
    await page.getByText('Where it started').waitFor();
    expect(await page.locator('.hop').count()).toBe(2);
    await page.getByText('Time of day').waitFor();
    await page.getByText('Together').waitFor();
    await page.getByText('Downstream').waitFor();
    await page.screenshot({ path: join(SHOTS, `incident-${theme}.png`) });
    expect(wrong).toEqual([]);
    await close();
  });
});

describe('at 390 px', () => {
  test.each([
    ['overview', '/', 'enrichment is falling behind.'],
    ['stage', `/stages/${PIPELINE}/enrichment`, 'Watched signals'],
    ['incidents', '/incidents', 'incident open'],
    ['traces', '/traces', 'traces'],
  ])('the %s fits', async (name, path, text) => {
    await catchUp();
    const { page, wrong, close } = await open(api.url + path, { width: 390, height: 844 });
    await page.locator('main').getByText(text).first().waitFor();
    await page.waitForTimeout(500);
    expect(await overflowing(page)).toEqual([]);
    expect(await page.locator('nav.tabs').isVisible()).toBe(true);
    await page.screenshot({ path: join(SHOTS, `phone-${name}.png`), fullPage: true });
    expect(wrong).toEqual([]);
    await close();
  });

  test('the overview runs from top to bottom', async () => {
    const { page, close } = await open(`${api.url}/`, { width: 390, height: 844 });
    await page.locator('.stream .culprit').waitFor();
    expect(await page.locator('.map-frame').isVisible()).toBe(false);
    const tops = await page
      .locator('.stream > li')
      .evaluateAll((items) => items.map((item) => (item as unknown as { offsetTop: number }).offsetTop));
    expect(tops).toEqual([...tops].sort((a, b) => a - b));
    await close();
  });
});

describe('live', () => {
  test('numbers move without a reload', async () => {
    await catchUp();
    const { page, close } = await open(`${api.url}/`);
    const lag = page.locator('.map [data-node="service:enrichment"] .card-value');
    await lag.waitFor();
    await page.evaluate('window.untouched = true');
    const before = await lag.textContent();
    await until(
      async () => {
        await catchUp();
        return (await lag.textContent()) !== before;
      },
      'another lag',
      60_000,
    );
    expect(await page.evaluate('window.untouched')).toBe(true);
    await close();
  });

  test('a decision taken here is in the timeline, and every page learns of it', async () => {
    const watching = await open(`${api.url}/`);
    await watching.page.getByText('Nobody has acknowledged it.').waitFor();
    const { page, wrong, close } = await open(`${api.url}/incidents`);
    await page.locator('.incident-row').first().click();
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await page.getByLabel('Your name').fill('Ines Kovač');
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await page.locator('.timeline').getByText('Ines Kovač').first().waitFor();
    await page.getByPlaceholder('Add a note').fill('Seeing N+1 lookups in enrich traces.');
    await page.getByRole('button', { name: 'Add note' }).click();
    await page.locator('.timeline').getByText('N+1 lookups').waitFor();
    await watching.page.getByText('Ines Kovač is on it.').waitFor();
    await page.screenshot({ path: join(SHOTS, 'incident-acknowledged.png') });
    expect(wrong).toEqual([]);
    await close();
    await watching.close();
  });
});

describe('moving around', () => {
  test('from the map to a failing span in a few steps, and back', async () => {
    const { page, wrong, close } = await open(`${api.url}/`);
    await page.locator('.map [data-node="service:warehouse-sink"]').click();
    await page.getByRole('link', { name: 'Traces from this window' }).click();
    await page.getByLabel('With errors').check();
    await page.locator('.table tbody tr').first().waitFor();
    await until(async () => (await page.locator('.table tbody tr').count()) === 1, 'the one failed trace');
    await page.locator('.table tbody a').first().click();
    await page.getByText('duplicate key value').first().waitFor();
    expect(await page.locator('.wf-row').count()).toBeGreaterThanOrEqual(9);
    await page.screenshot({ path: join(SHOTS, 'trace.png') });
    await page.goBack();
    await page.locator('.table').waitFor();
    expect(page.url()).toContain('errors=1');
    expect(wrong).toEqual([]);
    await close();
  });

  test('search, keys and theme by keyboard alone', async () => {
    const { page, close } = await open(`${api.url}/`);
    await page.locator('.map').waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Search' }).fill('payments');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'payments' }).waitFor();
    expect(page.url()).toContain(`/stages/${PIPELINE}/payments`);
    await page.keyboard.press('g');
    await page.keyboard.press('i');
    await page.getByText('incident open').waitFor();
    await page.keyboard.press('t');
    await page.keyboard.press('t');
    // The theme is set after the key's own frame.
    await page.waitForFunction("document.documentElement.dataset.theme === 'light'");
    await page.reload();
    await page.getByText('incident open').waitFor();
    await page.waitForFunction("document.documentElement.dataset.theme === 'light'");
    await close();
  });

  test('a console is a plain link that cannot reach back', async () => {
    const { page, close } = await open(`${api.url}/stages/${PIPELINE}/gateway`);
    const link = page.getByRole('link', { name: 'Console' });
    await link.waitFor();
    expect(await link.getAttribute('href')).toBe('http://127.0.0.1:3333/');
    expect(await link.getAttribute('rel')).toContain('noopener');
    await close();
  });

  test('what is not there is said, not a blank page', async () => {
    const { page, close } = await open(`${api.url}/nowhere/at/all`);
    await page.getByText('There is no page').waitFor();
    await page.goto(`${api.url}/incidents/INC-999`);
    await page.locator('.problem').waitFor();
    await page.goto(`${api.url}/stages/${PIPELINE}/nobody`);
    await page.getByText('No stage "nobody" was seen').waitFor();
    await page.goto(`${api.url}/?range=constructor`);
    expect(await page.getByLabel('Time range').inputValue()).toBe('1h');
    await close();
  });
});

test('before anything arrived it says what to send where, and what listens', async () => {
  const { page, wrong, close } = await open(`${emptyApi.url}/`, { theme: 'light' });
  await page.getByRole('heading', { name: 'Listening. Nothing has arrived yet.' }).waitFor();
  await page.getByText('OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318').waitFor();
  await page.getByText('OTLP over gRPC').waitFor();
  await page.getByText('127.0.0.1:4317').waitFor();
  await page.screenshot({ path: join(SHOTS, 'empty-light.png') });
  expect(wrong).toEqual([]);
  await close();
});
