import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { alertingConfig } from '../../alerting/config.ts';
import { createAlerting } from '../../alerting/main.ts';
import { type Notification, notificationUrl } from '../../alerting/notification.ts';
import type { Incident } from '../../core/incident.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import { writeAnomalies } from '../../store/queries/anomalies.ts';
import { writeDetectorStates } from '../../store/queries/detector-records.ts';
import { readFeedback } from '../../store/queries/feedback.ts';
import { startApi, type TestApi, temporaryFolder, until } from '../api/room.ts';
import { alertsOf, seedOrders } from '../api/seed.ts';
import { launchChromium } from '../chromium.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { openPage, overflowing } from './page.ts';
import { plain } from './views.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SHOTS = join(ROOT, 'artifacts', 'ui');

// A busy machine draws slowly; what matters is that it gets there.
vi.setConfig({ testTimeout: 120_000 });

let browser: Browser;
let stand: TestStore;
let alerting: ReturnType<typeof createAlerting>;
let folders: Awaited<ReturnType<typeof temporaryFolder>>[] = [];
let api: TestApi;
let link: string;

beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true });
  folders = await Promise.all([temporaryFolder(), temporaryFolder()]);
  const [data, site] = folders.map(({ path }) => path) as [string, string];
  await build({
    configFile: join(ROOT, 'ui', 'vite.config.ts'),
    logLevel: 'error',
    build: { outDir: site, emptyOutDir: true },
  });
  [stand, browser] = await Promise.all([startTestStore(), launchChromium()]);
  const now = Date.now();
  const { anomalies } = await seedOrders(stand.store, { now, minutes: 40, faultMinutes: 12 });
  // One was decided at a threshold that two people had raised before.
  const moved = { score: 4, feedback_shift: 0.5, feedback_noise: 1, feedback_noise_people: 2 };
  const raised = anomalies.map((one, i) =>
    i === 0 ? { ...one, threshold: 4.5, decision: { ...one.decision, ...moved } } : one,
  );
  await writeAnomalies(stand.store, raised, now + 1);
  await writeDetectorStates(
    stand.store,
    ['LagGrowing', 'DependencySlow', 'ErrorRatioHigh'].map((detector, i) => ({
      ...{ detector, time: now, signal: 'lag_seconds', severity: 'critical' as const, threshold: 4, series: 3 },
      ...{
        rungs: i === 0 ? { season: 3 } : { learning: i, season: 2 },
        forecastLoss: 0.8,
        forecastCoverage: 0.9,
        falseAlarms: 0.5,
      },
    })),
  );
  alerting = createAlerting({
    config: alertingConfig.parse({ listen: { port: 0 } }),
    dataDir: data,
    telemetry: silentTelemetry(),
  });
  await alerting.start();
  await fetch(`${alerting.url()}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(alertsOf(anomalies, now)),
  });
  api = await startApi({ store: stand.store, alertingUrl: () => alerting.url(), site, now: () => now });
  let incident: Incident | undefined;
  await until(async () => {
    incident = ((await (await fetch(`${alerting.url()}/api/incidents`)).json()) as Incident[])[0];
    return incident?.alerts.length === 2;
  }, 'the incident of both alerts');
  // What Slack, PagerDuty and the webhook carry.
  link = notificationUrl({ incident, externalUrl: api.url } as unknown as Notification);
}, 240_000);

afterAll(async () => {
  await browser?.close();
  await api?.stop();
  await alerting?.stop();
  await stand?.stop();
  for (const folder of folders) await folder.remove();
}, 60_000);

test('by keyboard alone: said, noted, changed, undone, and each time told what it changes', async () => {
  const { page, wrong, close } = await openPage(browser, link);
  const alerts = page.getByRole('region', { name: 'Alerts' });
  const row = alerts.locator('.row.alert').first();
  const group = row.getByRole('group', { name: /^What was this alert: enrichment/ });
  await group.waitFor();
  expect(await group.getByRole('button').allTextContents()).toEqual(['Useful', 'Noise', 'Expected']);
  await group.getByRole('button', { name: 'Useful' }).focus();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  // Nobody has given a name on this browser yet: it is asked for once, and kept.
  await row.getByLabel('Your name').waitFor();
  await page.keyboard.type('Ines Kovač');
  await page.keyboard.press('Enter');
  await group.getByRole('button', { name: 'Noise', pressed: true }).waitFor();
  await row.getByText('Ines Kovač said noise').waitFor();
  const status = async () => plain((await row.getByRole('status').textContent()) ?? '');
  expect(await status()).toBe(
    'Noise. The next alert of this series takes a score of 4.5 instead of 4.0. The difference halves every 30 days.',
  );
  const [word] = await readFeedback(stand.store);
  expect(word).toMatchObject({ by: 'Ines Kovač', verdict: 'noise', note: '' });

  await row.getByRole('button', { name: 'Add a note' }).click();
  await row.getByLabel('A note').waitFor();
  await page.keyboard.type('The nightly import.');
  await page.keyboard.press('Enter');
  await row.getByText('Ines Kovač said noise: “The nightly import.”').waitFor();

  await group.getByRole('button', { name: 'Expected' }).press('Enter');
  await row.getByText('Ines Kovač said expected').waitFor();
  expect(await status()).toMatch(/^Expected\. Not alerted again on \w+days,? .*UTC, up to .*\.$/);
  await row.getByRole('button', { name: 'Undo: you said expected' }).press('Enter');
  await until(async () => (await row.locator('.opinions li').count()) === 0, 'nothing said');
  expect(await status()).toBe('Taken back. ');
  expect(await readFeedback(stand.store)).toEqual([]);
  expect(wrong).toEqual([]);
  await close();
});

test('what another said can be seen and taken back; a pressed word pressed again is taken back', async () => {
  const { page, wrong, close } = await openPage(browser, link);
  const why = page.getByRole('region', { name: 'Why the alert fired' });
  const group = why.getByRole('group', { name: /^What was this alert/ });
  await group.waitFor();
  const id = await why.locator('select').inputValue();
  await api.post(`/api/anomalies/${id}/feedback`, { verdict: 'noise', by: 'Ben', note: 'Every night.' });
  await page.reload();
  await why.getByText('Ben said noise: “Every night.”').waitFor();
  await group.getByRole('button', { name: 'Useful' }).click();
  await why.getByLabel('Your name').fill('Ines');
  await page.keyboard.press('Enter');
  await why.getByText('Ines said useful').waitFor();
  // The newest word counts; the other is still there, and so is its place in the list of alerts.
  expect(await why.locator('.opinions .outvoted').textContent()).toContain('Ben said noise');
  await page.getByRole('region', { name: 'Alerts' }).getByText('Ines said useful').waitFor();
  await group.getByRole('button', { name: 'Useful', pressed: true }).click();
  await until(async () => (await why.getByText('Ines said').count()) === 0, 'the useful taken back');
  await why.locator('.feedback-effect').getByText('instead of 4.0').waitFor();
  await why.getByRole('button', { name: 'Take back what Ben said: noise' }).click();
  await until(async () => (await readFeedback(stand.store)).length === 0, 'all taken back');
  expect(wrong).toEqual([]);
  await close();
});

test.each(['dark', 'light'] as const)('what it looks like in the %s theme, and at 390 px', async (theme) => {
  const { anomalies } = (await (await api.get(`/api${new URL(link).pathname}`)).json()) as {
    anomalies: { id: string }[];
  };
  const path = (i: number) => `/api/anomalies/${anomalies[i]?.id}/feedback`;
  await api.post(path(0), { verdict: 'noise', by: 'Ines Kovač', note: 'The nightly import, every night.' });
  await api.post(path(0), { verdict: 'noise', by: 'Ben' });
  await api.post(path(1), { verdict: 'expected', by: 'Ben' });
  for (const [name, width, height] of [
    ['', 1440, 900],
    ['phone-', 390, 844],
  ] as const) {
    const incident = await openPage(browser, link, { theme, width, height });
    const alerts = incident.page.getByRole('region', { name: 'Alerts' });
    await alerts.getByText('Ben said expected').waitFor();
    await incident.page.getByText('4.0, raised by 0.5: two people called it noise').waitFor();
    expect(await overflowing(incident.page)).toEqual([]);
    const heights = await alerts
      .locator('.verdicts button')
      .evaluateAll((all) => all.map((one) => (one as unknown as { offsetHeight: number }).offsetHeight));
    expect(Math.min(...heights)).toBeGreaterThanOrEqual(width < 700 ? 44 : 24);
    await incident.page.screenshot({ path: join(SHOTS, `${name}feedback-${theme}.png`), fullPage: true });
    expect(incident.wrong).toEqual([]);
    await incident.close();

    const list = await openPage(browser, `${api.url}/incidents`, { theme, width, height });
    const table = list.page.getByRole('region', { name: 'Detectors' });
    await table.getByRole('row', { name: /LagGrowing/ }).waitFor();
    await table.getByText('1 other detector raised nothing: ErrorRatioHigh.').waitFor();
    await table.getByText('Series without a baseline yet: DependencySlow 1 of 3, ErrorRatioHigh 2 of 4.').waitFor();
    expect(await table.getByRole('cell', { name: 'first points 1, time of day 2' }).isVisible()).toBe(width >= 700);
    await list.page.getByRole('region', { name: 'What was said of alerts' }).getByText('each week on').waitFor();
    expect(await overflowing(list.page)).toEqual([]);
    await list.page.screenshot({ path: join(SHOTS, `${name}detectors-${theme}.png`), fullPage: true });
    expect(list.wrong).toEqual([]);
    await list.close();
  }
});

test('what was said of alerts long past can be taken back from the list', async () => {
  const { page, wrong, close } = await openPage(browser, `${api.url}/incidents`);
  const said = page.getByRole('region', { name: 'What was said of alerts' });
  await said.getByRole('button', { name: /^Take back: .* was expected$/ }).click();
  await until(async () => (await said.locator('.said-row').count()) === 1, 'one of two left');
  await said.getByRole('button', { name: /^Take back: .* was noise$/ }).click();
  await until(async () => (await said.count()) === 0, 'an empty list');
  expect(await readFeedback(stand.store)).toEqual([]);
  expect(wrong).toEqual([]);
  await close();
});
