import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startApi, type TestApi, temporaryFolder, until } from '../api/room.ts';
import { PIPELINE, seedOrders } from '../api/seed.ts';
import { seedGroups } from '../api/seed-groups.ts';
import { SLOS, seedPathways } from '../api/seed-pathways.ts';
import { launchChromium } from '../chromium.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { openPage, overflowing, type PageOptions } from './page.ts';
import { plain } from './views.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SHOTS = join(ROOT, 'artifacts', 'ui');

// A busy machine draws slowly; what matters is that it gets there.
vi.setConfig({ testTimeout: 120_000 });

let browser: Browser;
let stored: TestStore;
let empty: TestStore;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let api: TestApi;
let emptyApi: TestApi;

const open = (path: string, options: PageOptions = {}) => openPage(browser, api.url + path, options);

beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true });
  folder = await temporaryFolder();
  await build({
    configFile: join(ROOT, 'ui', 'vite.config.ts'),
    logLevel: 'error',
    build: { outDir: folder.path, emptyOutDir: true },
  });
  [stored, empty, browser] = await Promise.all([startTestStore(), startTestStore(), launchChromium()]);
  const now = Date.now();
  await seedOrders(stored.store, { now, minutes: 70, faultMinutes: 12 });
  await seedGroups(stored.store, now, 70);
  await seedPathways(stored.store, now, 60);
  // Time stands still, so that what was judged stays what is judged now.
  const still = { site: folder.path, now: () => now };
  api = await startApi({ store: stored.store, ...still });
  emptyApi = await startApi({ store: empty.store, ...still });
}, 240_000);

afterAll(async () => {
  await browser?.close();
  await api?.stop();
  await emptyApi?.stop();
  await Promise.all([stored?.stop(), empty?.stop()]);
  await folder?.remove();
}, 60_000);

describe.each(['dark', 'light'] as const)('in the %s theme', (theme) => {
  test('groups are listed by need, with their lag in time, its bound, and what lies ahead', async () => {
    const { page, wrong, close } = await open('/groups', { theme });
    await page.getByRole('heading', { level: 1 }).filter({ hasText: 'enrichment is falling behind.' }).waitFor();
    const rows = page.locator('.lag-table tbody tr');
    const texts = (await rows.allTextContents()).map(plain);
    expect(texts).toHaveLength(6);
    expect(texts[0]).toMatch(/^ ?Falling behind ?enrichment.*7 min56 s.*never at this rate.*in 2 h 25 min/);
    expect(texts[1]).toMatch(/Dead.*warehouse-sink.*at least 3 h.*1\.20k lost/);
    expect(texts[2]).toMatch(/No commits.*newcomer/);
    expect(texts[3]).toMatch(/Rewound.*replayer/);
    expect(texts[4]).toMatch(/Catching up.*payments.*42 s ± 2 s.*in 3 min/);
    expect(texts[5]).toMatch(/Idle.*audit/);
    await page.getByRole('region', { name: 'Share groups' }).getByText('thumbnails').waitFor();
    await page.screenshot({ path: join(SHOTS, `groups-${theme}.png`) });
    expect(wrong).toEqual([]);
    await close();
  });

  test('a group shows its states over time, its curves and its partitions', async () => {
    const { page, wrong, close } = await open('/groups/enrichment?cluster=prod', { theme });
    await page.getByRole('heading', { level: 1, name: 'enrichment' }).waitFor();
    await page.getByRole('img', { name: /^States in this range: .*Falling behind for 12 min/ }).waitFor();
    for (const title of ['Lag', 'Waiting', 'Pace']) {
      await page.locator('.chart-title b', { hasText: new RegExp(`^${title}$`) }).waitFor();
    }
    expect(await page.locator('.partition-table tbody tr').count()).toBe(6);
    expect(await page.evaluate('document.documentElement.scrollHeight <= innerHeight')).toBe(true);
    await page.screenshot({ path: join(SHOTS, `group-${theme}.png`) });
    expect(wrong).toEqual([]);
    await close();
  });

  test('a pipeline says what is wrong first, then shows its way hop by hop', async () => {
    const { page, wrong, close } = await open(`/pipelines/${PIPELINE}`, { theme });
    await page.getByText('of the records go missing before payments reads them.').waitFor();
    const hops = (await page.locator('.hop-table tbody tr').allTextContents()).map(plain);
    expect(hops).toHaveLength(6);
    expect(hops[0]).toContain('origin');
    expect(hops[3]).toMatch(/orders\.enriched → payments.*1\.2 % missing/);
    await page.locator('.pathway-chart canvas').waitFor();
    await page.getByRole('region', { name: 'Freshness' }).getByText('held by enrichment').first().waitFor();
    for (const { slo } of SLOS) await page.getByRole('region', { name: 'SLO budgets' }).getByText(slo).waitFor();
    await page.getByRole('region', { name: 'Records that went wrong' }).getByText('orders.dlq').waitFor();
    await page.screenshot({ path: join(SHOTS, `pipeline-${theme}.png`) });
    expect(wrong).toEqual([]);
    await close();
  });

  test('the map tells the way of records to each reader, and budgets stand below it', async () => {
    const { page, close } = await open('/', { theme });
    await page.locator('.map .edge-label .hop').first().waitFor();
    expect(await page.locator('.map .edge-label .hop').count()).toBe(3);
    await page.getByRole('region', { name: 'SLO budgets' }).getByText('spent').waitFor();
    expect(await page.evaluate('document.documentElement.scrollHeight <= innerHeight')).toBe(true);
    await page.screenshot({ path: join(SHOTS, `overview-model-${theme}.png`) });
    await close();
  });
});

describe('moving around', () => {
  test('between any two points of a pathway: exact, or estimated and said to be', async () => {
    const { page, wrong, close } = await open(`/pipelines/${PIPELINE}`);
    await page.getByText('every record').waitFor();
    await page.getByLabel('From checkpoint').selectOption({ label: 'orders → enrichment' });
    await page.getByText('estimated: a sum of hops').waitFor();
    expect(page.url()).toContain('from_hop=00000000000000a2');
    await page.getByLabel('To checkpoint').selectOption({ label: 'enrichment → orders.enriched' });
    await page.getByText('every record').waitFor();
    expect(wrong).toEqual([]);
    await close();
  });

  test('groups by state, by name and by keys alone', async () => {
    const { page, close } = await open('/');
    await page.locator('.map').waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('c');
    await page.locator('.lag-table tbody tr').first().waitFor();
    await page.getByRole('button', { name: 'Dead 1' }).click();
    await page.getByRole('heading', { level: 1, name: '1 group dead.' }).waitFor();
    expect(await page.locator('.lag-table tbody tr').count()).toBe(1);
    await page.getByRole('button', { name: 'All', exact: true }).click();
    await page.getByPlaceholder('Group or topic').fill('replay');
    await until(async () => (await page.locator('.lag-table tbody tr').count()) === 1, 'the one group');
    await page.getByPlaceholder('Group or topic').blur();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'replayer' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('p');
    await page.locator('.pipeline-row').first().waitFor();
    await page.locator('.pipeline-row').first().click();
    await page.getByRole('link', { name: 'On the map' }).waitFor();
    await close();
  });

  test('from a stage to its group, and back to the stage', async () => {
    const { page, close } = await open(`/stages/${PIPELINE}/enrichment`);
    await page.getByText('lost in').first().waitFor();
    await page.getByRole('link', { name: 'group enrichment' }).click();
    await page.getByRole('link', { name: 'Stage enrichment' }).click();
    await page.getByText('Why this state').waitFor();
    await close();
  });

  test('back in time and to now again, by keys and by the slider', async () => {
    const { page, wrong, close } = await open('/');
    await page.getByRole('heading', { level: 1 }).filter({ hasText: 'enrichment is falling behind.' }).waitFor();
    for (let i = 0; i < 4; i++) await page.keyboard.press('[');
    await page.locator('.overview.past').waitFor();
    await page.locator('.past-time', { hasText: '20' }).waitFor();
    // Twenty minutes ago the fault had not begun, and its lag was small.
    const lag = page.locator('.map [data-node="service:enrichment"] .card-value');
    await until(async () => !(await lag.textContent())?.includes('min'), 'the lag of then', 45_000);
    expect(plain((await lag.textContent()) ?? '')).toMatch(/ms|s/);
    expect(page.url()).toContain('at=');
    await page.screenshot({ path: join(SHOTS, 'overview-past.png') });
    await page.reload();
    await page.locator('.overview.past').waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('following live').waitFor();
    expect(page.url()).not.toContain('at=');
    await page.getByLabel('Time shown on the map').focus();
    await page.keyboard.press('PageDown');
    await page.getByRole('button', { name: 'Back to live' }).click();
    await page.getByText('following live').waitFor();
    expect(wrong).toEqual([]);
    await close();
  });

  test('a group or a pipeline that is not there is said', async () => {
    const { page, close } = await open('/groups/nobody');
    await page.getByText('No group "nobody" was judged').waitFor();
    await page.goto(`${api.url}/pipelines/nothing`);
    await page.getByText('Nothing was seen of a pipeline "nothing"').waitFor();
    await close();
  });
});

describe.each([390, 1024])('at %i px', (width) => {
  test.each([
    ['groups', '/groups', 'enrichment is falling behind.'],
    ['group', '/groups/enrichment', 'Partitions'],
    ['pipelines', '/pipelines', 'records go missing'],
    ['pipeline', `/pipelines/${PIPELINE}`, 'Records that went wrong'],
    ['stage', `/stages/${PIPELINE}/enrichment`, 'Lag by partition'],
  ])('the page %s fits', async (name, path, text) => {
    const { page, wrong, close } = await open(path, { width, height: 844, theme: 'light' });
    await page.locator('main').getByText(text).first().waitFor();
    await page.waitForTimeout(500);
    expect(await overflowing(page)).toEqual([]);
    await page.screenshot({ path: join(SHOTS, `${name}-${width}.png`), fullPage: true });
    expect(wrong).toEqual([]);
    await close();
  });
});

test('where nothing was sent, each page says what to send', async () => {
  const { page, wrong, close } = await openPage(browser, `${emptyApi.url}/groups`, { theme: 'light' });
  await page.getByText('No consumer group is reported.').waitFor();
  await page.getByText('kafka_lag').waitFor();
  await page.screenshot({ path: join(SHOTS, 'groups-empty.png') });
  await page.goto(`${emptyApi.url}/pipelines`);
  await page.getByText('No pipeline was seen yet.').waitFor();
  await page.getByText('weir.pipeline').waitFor();
  expect(wrong).toEqual([]);
  await close();
});
