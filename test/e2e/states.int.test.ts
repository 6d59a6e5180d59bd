import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GroupSummary } from '../../core/group-view.ts';
import type { PipelinePage } from '../../core/pipeline-page.ts';
import type { StageState } from '../../core/state.ts';
import { switchFault } from '../../examples/order-pipeline/fault.ts';
import { FREE_PORTS, startWeir, temporaryFolder, until, type WeirProcess } from './process.ts';

const folder = temporaryFolder('states');
let weir: WeirProcess;
let controlPort: number;
let looking: NodeJS.Timeout;
/** What was missing when, by alerts that fired at any time. */
const missing = new Set<string>();

/** Shorter times than the defaults, so that quiet becomes idle and silence stuck before anyone is bored. */
const QUICK = ['pipelines.window=40s', 'pipelines.stuck_after=20s'].flatMap((pair) => ['--set', pair]);

beforeAll(async () => {
  weir = await startWeir(
    ['demo', '--data', folder.path, '--control-port', '0', '--history', '1', ...QUICK, ...FREE_PORTS],
    240_000,
  );
  controlPort = Number(/Break it: http:\/\/127\.0\.0\.1:(\d+)/.exec(weir.output())?.[1]);
  looking = setInterval(() => look().catch(() => {}), 2000);
}, 300_000);

afterAll(async () => {
  clearInterval(looking);
  await weir?.kill();
  folder.remove();
});

async function look(): Promise<void> {
  const response = await fetch(`${weir.addresses['Alerting']}/api/v2/alerts`);
  for (const { labels, annotations } of (await response.json()) as Record<string, Record<string, string>>[])
    if (labels?.['alertname'] === 'RecordsMissing') missing.add(annotations?.['summary'] ?? '');
}

async function ask<T>(path: string): Promise<T> {
  const response = await fetch(`${weir.addresses['Interface']}${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

async function group(name: string): Promise<GroupSummary | undefined> {
  const { groups } = await ask<{ groups: readonly GroupSummary[] }>('/api/groups');
  return groups.find((one) => one.group === name);
}

async function becomes(name: string, state: StageState, waitMs = 180_000): Promise<GroupSummary> {
  let last: GroupSummary | undefined;
  await until(
    async () => {
      last = await group(name);
      return last?.state === state;
    },
    waitMs,
    () => `${name} is ${JSON.stringify(last)}\n${weir.output().split('\n').slice(-20).join('\n')}`,
  );
  return last as GroupSummary;
}

describe('the demo pipeline on Kafka, as the model sees it', () => {
  it('has three groups that keep up', async () => {
    for (const name of ['enrichment', 'payments', 'warehouse-sink']) {
      const { members, lagSeconds, type } = await becomes(name, 'healthy');
      expect(members).toBe(1);
      expect(type).toBe('classic');
      expect(lagSeconds).toBeLessThan(15);
    }
  }, 300_000);

  it('knows the way of every order, end to end, unsampled', async () => {
    let page: PipelinePage | undefined;
    const longest = () => page?.pathways.find(({ checkpoints, sampled }) => !sampled && checkpoints.length === 6);
    await until(
      async () => {
        page = await ask<PipelinePage>('/api/pipelines/orders');
        return longest() !== undefined;
      },
      120_000,
      () => JSON.stringify(page),
    );
    const way = longest();
    expect(way?.checkpoints.map(({ service, direction, destination }) => [service, direction, destination])).toEqual([
      ['gateway', 'out', 'orders'],
      ['enrichment', 'in', 'orders'],
      ['enrichment', 'out', 'orders.enriched'],
      ['payments', 'in', 'orders.enriched'],
      ['payments', 'out', 'payments'],
      ['warehouse-sink', 'in', 'payments'],
    ]);
    expect(way?.latency.p95).toBeGreaterThan(0.05);
    expect(way?.latency.p95).toBeLessThan(30);
  }, 180_000);

  it('calls a consumer that left dead, and one that is paused stuck', async () => {
    await switchFault('stopped-consumer', true, controlPort);
    await until(
      async () => ((await group('warehouse-sink'))?.lag ?? 0) > 100,
      90_000,
      () => weir.output(),
    );
    await switchFault('paused-consumer', true, controlPort);
    const [dead, stuck] = await Promise.all([becomes('warehouse-sink', 'dead'), becomes('payments', 'stuck')]);
    // What nobody reads waits; it is not missing, and neither is what a paused reader will take.
    const arrival = async (service: string) => {
      const { rows } = await ask<{
        rows: readonly { kind: string; service: string; direction: string; state: string; reason: string }[];
      }>('/api/conservation');
      return rows.find((pair) => pair.kind === 'edge' && pair.service === service && pair.direction === 'in');
    };
    await until(
      async () => (await arrival('warehouse-sink'))?.state === 'left',
      60_000,
      () => weir.output(),
    );
    expect((await arrival('warehouse-sink'))?.reason).toMatch(/^the group warehouse-sink has no members; /);
    expect(['waiting', 'conserved']).toContain((await arrival('payments'))?.state);
    expect(dead.members).toBe(0);
    expect(dead.lag).toBeGreaterThan(100);
    expect(dead.lagSeconds).toBeGreaterThan(18);
    expect(stuck.members).toBe(1);
    expect(stuck.lag).toBeGreaterThan(100);
    expect(stuck.lagSeconds).toBeGreaterThan(18);
  }, 300_000);

  it('sees both return, and calls groups of quiet topics idle', async () => {
    await switchFault('silent-producer', true, controlPort);
    await switchFault('stopped-consumer', false, controlPort);
    await switchFault('paused-consumer', false, controlPort);
    const idle = await Promise.all(
      ['enrichment', 'payments', 'warehouse-sink'].map((name) => becomes(name, 'idle', 300_000)),
    );
    for (const { lag, lagSeconds, members } of idle) expect([lag, lagSeconds, members]).toEqual([0, 0, 1]);
    await switchFault('silent-producer', false, controlPort);
  }, 360_000);

  it('has missed no record: all that waited was read in the end', () => {
    expect([...missing]).toEqual([]);
  });

  it('has had no part of the model fail', () => {
    expect(weir.output()).not.toContain('pipelines_part_failed');
    expect(weir.output()).not.toContain('pipelines_round_failed');
  });
});
