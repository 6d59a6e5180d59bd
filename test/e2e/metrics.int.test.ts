import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Incident } from '../../core/incident.ts';
import { FREE_PORTS, startWeir, temporaryFolder, until, type WeirProcess } from './process.ts';

/** Debian's `prometheus` and `promtool` against the running platform: what they refuse, we do not serve. */
const folder = temporaryFolder('metrics');
const LABELS = { alertname: 'AlwaysFires', severity: 'critical', pipeline: 'orders', stage: 'gateway' };
let weir: WeirProcess;
let telemetryUrl: string;
let prometheus: ChildProcess | undefined;

/** A port that was free a moment ago: the telemetry listener's is not in the banner. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  await new Promise<void>((done) => server.close(() => done()));
  return port;
}

async function sendSpans(count: number): Promise<void> {
  const now = BigInt(Date.now()) * 1_000_000n;
  const spans = Array.from({ length: count }, (_, i) => ({
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    name: 'POST /orders',
    kind: 2,
    startTimeUnixNano: String(now - 20_000_000_000n + BigInt(i) * 1_000_000n),
    endTimeUnixNano: String(now - 20_000_000_000n + BigInt(i) * 1_000_000n + 5_000_000n),
  }));
  const attributes = [
    { key: 'service.name', value: { stringValue: LABELS.stage } },
    { key: 'weir.pipeline', value: { stringValue: LABELS.pipeline } },
  ];
  const answer = await fetch(`${weir.addresses['OTLP/HTTP']}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans }] }] }),
  });
  expect(answer.status, await answer.text()).toBe(200);
}

/** What `promtool check metrics` says of a text: its exit code, and its complaints. */
function checkMetrics(text: string): Promise<{ code: number; said: string }> {
  return new Promise((done, fail) => {
    const child = execFile('promtool', ['check', 'metrics'], (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') return fail(error);
      done({ code: error === null ? 0 : Number(error.code), said: stdout + stderr });
    });
    child.stdin?.end(text);
  });
}

async function json<T>(url: string): Promise<T> {
  const answer = await fetch(url);
  const body = await answer.text();
  expect(answer.status, body).toBe(200);
  return JSON.parse(body) as T;
}

beforeAll(async () => {
  const port = await freePort();
  telemetryUrl = `http://127.0.0.1:${port}`;
  weir = await startWeir([
    'run',
    '--data',
    join(folder.path, 'weir'),
    ...FREE_PORTS,
    '--set',
    `telemetry.listen.port=${port}`,
  ]);
  await sendSpans(20);
}, 150_000);

afterAll(async () => {
  prometheus?.kill('SIGKILL');
  await weir?.kill();
  folder.remove();
}, 60_000);

describe('promtool finds nothing wrong with', () => {
  it.each([
    ['the telemetry listener', () => telemetryUrl],
    ['the OTLP/HTTP listener', () => weir.addresses['OTLP/HTTP']],
    ['alerting', () => weir.addresses['Alerting']],
    ['the API', () => weir.addresses['Interface']],
  ])('%s', async (_name, url) => {
    const metrics = `${url()}/metrics`;
    let text = '';
    await until(
      async () => {
        text = await (await fetch(metrics)).text();
        return /^weir_\w+[{ ]/m.test(text);
      },
      30_000,
      () => `${metrics} says: ${text}`,
    );
    const { code, said } = await checkMetrics(text);
    expect(said).toBe('');
    expect(code).toBe(0);
  });

  it('and would say so: a counter without help and _total is refused', async () => {
    const { code, said } = await checkMetrics('# TYPE weir_lost counter\nweir_lost 1\n');
    expect(code).not.toBe(0);
    expect(said).toContain('_total');
  });
});

it('counts what it was sent where Prometheus reads it', async () => {
  const accepted = async () =>
    [...(await (await fetch(`${telemetryUrl}/metrics`)).text()).matchAll(/^weir_collector_accepted_total\S* (\d+)$/gm)]
      .map((match) => Number(match[1]))
      .reduce((sum, value) => sum + value, 0);
  expect(await accepted()).toBeGreaterThanOrEqual(20);
});

it('takes the alerts of a real Prometheus and opens an incident', async () => {
  const alerting = weir.addresses['Alerting'] ?? '';
  const home = join(folder.path, 'prometheus');
  mkdirSync(home);
  const write = (name: string, content: object) => writeFileSync(join(home, name), JSON.stringify(content));
  // JSON is YAML, so both files need no writer of their own.
  const { alertname, ...labels } = LABELS;
  write('rules.yml', {
    groups: [
      { name: 'weir', rules: [{ alert: alertname, expr: 'vector(1)', labels, annotations: { summary: 'It fires.' } }] },
    ],
  });
  write('prometheus.yml', {
    global: { evaluation_interval: '1s', scrape_interval: '1s' },
    rule_files: [join(home, 'rules.yml')],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [new URL(alerting).host] }] }] },
    scrape_configs: [{ job_name: 'weir', static_configs: [{ targets: [new URL(telemetryUrl).host] }] }],
  });
  const log = join(home, 'log');
  const out = openSync(log, 'a');
  const port = await freePort();
  prometheus = spawn(
    'prometheus',
    [
      `--config.file=${join(home, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(home, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      // An alert that fires before Prometheus has found its Alertmanager is lost and sent again after this delay.
      '--rules.alert.resend-delay=2s',
    ],
    { cwd: home, stdio: ['ignore', out, out] },
  );
  const failed = new Promise<never>((_, fail) => prometheus?.once('error', fail));
  type Posted = { labels: Record<string, string>; annotations: Record<string, string>; status: { state: string } };
  let posted: Posted | undefined;
  const arrives = until(
    async () => {
      const list = await json<Posted[]>(`${alerting}/api/v2/alerts`);
      posted = list.find((one) => one.labels['alertname'] === alertname);
      return posted?.status.state === 'active';
    },
    60_000,
    () => readFileSync(log, 'utf8'),
  );
  await Promise.race([arrives, failed]);
  expect(posted?.labels).toMatchObject(LABELS);
  expect(posted?.annotations['summary']).toBe('It fires.');

  let incident: Incident | undefined;
  await until(
    async () => {
      const list = await json<Incident[]>(`${alerting}/api/incidents`);
      incident = list.find((one) => one.alerts.some((alert) => alert.labels['alertname'] === alertname));
      return incident !== undefined;
    },
    60_000,
    () => weir.output(),
  );
  expect(incident).toMatchObject({ state: 'open', severity: 'critical', pipeline: LABELS.pipeline });

  // The same Prometheus scrapes us: its own parser took our text.
  type Answer = { data: { result: { value: [number, string] }[] } };
  const query = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent('up{job="weir"}')}`;
  await until(
    async () => (await json<Answer>(query)).data.result[0]?.value[1] === '1',
    30_000,
    () => readFileSync(log, 'utf8'),
  );
}, 200_000);
