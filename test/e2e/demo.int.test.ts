import { mkdirSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { switchFault } from '../../examples/order-pipeline/fault.ts';
import { launchChromium } from '../chromium.ts';
import { FREE_PORTS, startWeir, temporaryFolder, until, type WeirProcess } from './process.ts';
import { startWebhookReceiver } from './webhook-receiver.ts';

const folder = temporaryFolder('demo');
const hook = await startWebhookReceiver();
let weir: WeirProcess;
let browser: Browser;
let controlPort: number;

beforeAll(async () => {
  mkdirSync('artifacts', { recursive: true });
  weir = await startWeir(
    ['demo', '--data', folder.path, '--webhook', hook.url, '--control-port', '0', '--history', '6', ...FREE_PORTS],
    240_000,
  );
  controlPort = Number(/Break it: http:\/\/127\.0\.0\.1:(\d+)/.exec(weir.output())?.[1]);
  browser = await launchChromium();
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await weir?.kill();
  await hook.stop();
  folder.remove();
});

describe('the demo pipeline', () => {
  it('notifies within two minutes of a fault, names the faulty stage, shows the incident live, and resolves', async () => {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(weir.addresses['Interface'] as string);
    await page.getByText('enrichment').first().waitFor({ timeout: 60_000 });
    // A pipeline that is well has nothing to say: give it time to prove that.
    await new Promise((done) => setTimeout(done, 45_000));
    expect(hook.received, weir.output()).toEqual([]);

    const broken = Date.now();
    await switchFault('slow-consumer', true, controlPort);
    const firing = () => hook.received.find(({ payload }) => payload.status === 'firing');
    await until(
      () => firing() !== undefined,
      120_000,
      () => weir.output(),
    );
    expect(JSON.stringify(firing()?.payload)).toContain('enrichment');
    expect((firing()?.at ?? 0) - broken).toBeLessThan(120_000);

    // The page that has been open all the time shows the incident without a reload.
    await page
      .getByText(/INC-\d+/)
      .first()
      .waitFor({ timeout: 30_000 });
    await page.screenshot({ path: 'artifacts/demo-overview.png' });
    await page
      .getByText(/INC-\d+/)
      .first()
      .click();
    await page.getByText('Timeline').first().waitFor();
    // The card of the first alert is read after the page's own text.
    await new Promise((done) => setTimeout(done, 5000));
    await page.screenshot({ path: 'artifacts/demo-incident.png' });

    await switchFault('slow-consumer', false, controlPort);
    const resolved = () => hook.received.find(({ payload }) => payload.status === 'resolved');
    await until(
      () => resolved() !== undefined,
      300_000,
      () => weir.output(),
    );
    expect(resolved()?.payload.groupKey).toBe(firing()?.payload.groupKey);
    expect(problems).toEqual([]);
  }, 600_000);
});
