import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertingConfig } from '../../alerting/config.ts';
import { createAlerting } from '../../alerting/main.ts';
import { silentTelemetry } from '../../core/telemetry.ts';

/** Alertmanager's own command, from the Debian package prometheus-alertmanager or wherever AMTOOL says. */
const AMTOOL = process.env['AMTOOL'] ?? 'amtool';
const dir = mkdtempSync(join(tmpdir(), 'weir-amtool-'));
const alerting = createAlerting({
  config: alertingConfig.parse({
    listen: { port: 0 },
    route: { receiver: 'team', routes: [{ matchers: ['severity="critical"'], receiver: 'pager' }] },
    receivers: [{ name: 'team' }, { name: 'pager' }],
  }),
  dataDir: dir,
  telemetry: silentTelemetry(),
});

async function amtool(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(AMTOOL, [`--alertmanager.url=${alerting.url()}`, ...args], {
    timeout: 20_000,
  });
  return stdout;
}

beforeAll(() => alerting.start());
afterAll(async () => {
  await alerting.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe('amtool', () => {
  it('adds and queries alerts', async () => {
    await amtool(
      'alert',
      'add',
      'alertname=DiskFull',
      'instance=db1',
      'severity=critical',
      '--annotation=summary=The disk is full',
    );
    await amtool('alert', 'add', 'alertname=Slow', 'instance=db2');
    const all = JSON.parse(await amtool('--output=json', 'alert', 'query')) as {
      labels: Record<string, string>;
      receivers: { name: string }[];
    }[];
    expect(all.map((alert) => [alert.labels['alertname'], alert.receivers[0]?.name]).sort()).toEqual([
      ['DiskFull', 'pager'],
      ['Slow', 'team'],
    ]);
    expect(await amtool('alert', 'query', 'instance=~db.*', 'alertname=DiskFull')).toContain('The disk is full');
    expect(await amtool('--output=json', 'alert', 'query', '--receiver=team')).not.toContain('DiskFull');
  });

  it('adds, queries, updates and expires silences', async () => {
    const id = (
      await amtool(
        'silence',
        'add',
        '--author=ines',
        '--comment=known',
        '--duration=2h',
        'alertname=~Disk.*',
        'instance!=db9',
      )
    ).trim();
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    const query = await amtool('silence', 'query');
    expect(query).toContain(id);
    expect(query).toContain('alertname=~"Disk.*"');
    expect(await amtool('--output=json', 'alert', 'query')).not.toContain('DiskFull');
    expect(await amtool('--output=json', 'alert', 'query', '--silenced')).toContain(id);
    await amtool('silence', 'update', '--duration=3h', '--comment=longer', id);
    expect(await amtool('--output=extended', 'silence', 'query')).toContain('longer');
    for (const one of JSON.parse(await amtool('--output=json', 'silence', 'query')) as { id: string }[])
      await amtool('silence', 'expire', one.id);
    expect(await amtool('--output=simple', 'silence', 'query', '--quiet')).toBe('');
    expect(await amtool('silence', 'query', '--expired', '--within=1h', '--quiet')).toContain(id);
    expect(await amtool('alert', 'query')).toContain('DiskFull');
  });

  it('shows the cluster, the configuration and where an alert would go', async () => {
    expect(await amtool('cluster', 'show')).toContain('disabled');
    expect(await amtool('config', 'show')).toContain('receiver: team');
    expect(await amtool('config', 'routes', 'show')).toContain('severity="critical"');
    expect((await amtool('config', 'routes', 'test', 'severity=critical', 'alertname=x')).trim()).toBe('pager');
    expect((await amtool('config', 'routes', 'test', 'severity=warning')).trim()).toBe('team');
  });
});
