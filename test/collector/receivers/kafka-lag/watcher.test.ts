import { execFileSync } from 'node:child_process';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { fakeGroup, fakeTopic, startFakeCluster } from './fake-cluster.ts';
import { until } from './observed.ts';
import { startReceiver } from './started.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const API_VERSIONS = 18;
const HOUR = 3_600_000;

describe('a round that was read and not kept', () => {
  it('is told again with all that is told once, and is no reason to leave the brokers', async () => {
    const now = Math.floor(Date.now() / 10_000) * 10_000;
    const timeOf = (offset: number) => now - 10 * HOUR + offset * 3600;
    const topic = { ...fakeTopic([10_000], { timeOf }), settings: { 'retention.ms': '60000' } };
    const fake = await startFakeCluster(1, { topics: { log: topic }, groups: { g: fakeGroup({ log: { 0: 5000 } }) } });
    closing.push(() => fake.stop());
    let clock = now;
    const started = await startReceiver(fake.brokers, { details_interval: '1h' }, () => ++clock);
    closing.push(() => started.receiver.stop());
    const { observed, logged } = started;
    const told = () => observed.points.filter(({ time }) => time < now - HOUR).length;
    await started.next();
    await until('the past is known', () => told() > 0);
    const connected = fake.asked.get(API_VERSIONS);

    observed.refuses = true;
    const requests = observed.requests;
    await until('rounds are refused', () => observed.requests > requests + 3);
    observed.points.length = 0;
    observed.refuses = false;
    await until('the settings are told', () => observed.latest('weir.topic.retention.time')['log'] === 60);
    await until('the past is told', () => told() > 0);

    expect(fake.asked.get(API_VERSIONS)).toBe(connected);
    const failures = logged.filter(({ event }) => event === 'collector_kafka_lag_failed');
    expect(failures).toHaveLength(1);
    expect(failures[0]?.['reason']).toMatch(/could not be kept: full/);
    expect(await started.counted('rounds_total', 'failed')).toBeGreaterThan(1);
    // Of refused rounds no point counts as durable.
    expect(await started.counted('points_total')).toBeGreaterThanOrEqual(observed.points.length);
  });
});

describe('stopping', () => {
  it('while certificates are read again opens no connection after', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weir-watcher-'));
    closing.push(() => rm(folder, { recursive: true }));
    const certificate = join(folder, 'ca.pem');
    await writeFile(certificate, '');
    let connections = 0;
    const broker = createServer((socket) => {
      connections++;
      socket.on('error', () => {}).destroy();
    });
    await new Promise<void>((resolve) => broker.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => broker.close(resolve)));
    const { port } = broker.address() as { port: number };
    const { receiver, logged } = await startReceiver([`127.0.0.1:${port}`], { tls: { ca_file: certificate } });
    await until('it fails', () => logged.some(({ event }) => event === 'collector_kafka_lag_failed'));
    // From here on the file is one that nobody has written yet.
    await rm(certificate);
    execFileSync('mkfifo', [certificate]);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await receiver.stop();
    const before = connections;
    const written = await open(certificate, 'w');
    await written.close();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(connections).toBe(before);
  }, 20_000);
});
