import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TopologyCache } from '../../alerting/topology.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import { pipelinesConfig } from '../../pipelines/config.ts';
import type { Store } from '../../store/client.ts';
import { writeDefinitions } from '../../store/queries/definitions.ts';
import { writeEdges, writeNodes } from '../../store/queries/topology-rows.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';

let test: TestStore;
beforeAll(async () => {
  test = await startTestStore();
});
afterAll(() => test?.stop());

describe('TopologyCache', () => {
  it('reads the edges of each pipeline, and keeps topics apart from services of the same name', async () => {
    const now = Math.floor(Date.now() / 1000) * 1000;
    const node = (name: string, kind: 'service' | 'topic') => ({
      pipeline: 'orders',
      node: name,
      kind,
      system: kind === 'topic' ? 'kafka' : '',
      consoleUrl: '',
      firstSeen: now,
      since: now,
      lastSeen: now,
    });
    const edge = (from: string, to: string, kind: 'produces' | 'consumes', group = '') => ({
      pipeline: 'orders',
      from,
      to,
      kind,
      fromKind: kind === 'consumes' ? ('topic' as const) : ('service' as const),
      toKind: kind === 'consumes' ? ('service' as const) : ('topic' as const),
      group,
      firstSeen: now,
      since: now,
      lastSeen: now,
    });
    await writeNodes(test.store, [
      node('enrichment', 'service'),
      node('payments', 'service'),
      node('payments', 'topic'),
    ]);
    await writeEdges(test.store, [
      edge('payments', 'payments', 'produces'),
      edge('payments', 'enrichment', 'consumes', 'enrichment'),
    ]);
    let time = now + 1000;
    const cache = new TopologyCache(test.store, silentTelemetry(), () => time);
    expect(cache.edgesOf('orders')).toEqual([]);
    cache.refresh();
    await cache.settled();
    expect([...cache.edgesOf('orders')].sort((a, b) => (a.from < b.from ? -1 : 1))).toEqual([
      { from: 'payments', to: 'topic:payments' },
      { from: 'topic:payments', to: 'enrichment' },
    ]);
    expect(cache.edgesOf('returns')).toEqual([]);
    time += 1000;
    cache.refresh();
    await cache.settled();
    expect(cache.edgesOf('orders')).toHaveLength(2);
  });

  it('tells who answers for what an alert names, as declared', async () => {
    const { definitions } = pipelinesConfig.parse({
      definitions: [
        {
          name: 'shop',
          owner: 'shop-team',
          criticality: 'high',
          stages: [{ name: 'checkout', owner: 'checkout-team', criticality: 'critical' }],
          groups: ['billing-*'],
          datasets: [{ name: 'sales', owner: 'analysts' }],
        },
      ],
    });
    await writeDefinitions(test.store, definitions, Date.now() - 60_000);
    const cache = new TopologyCache(test.store, silentTelemetry(), Date.now);
    expect(cache.ownershipOf({ pipeline: 'shop' })).toEqual({ pipeline: '', owner: '', criticality: '' });
    cache.refresh();
    await cache.settled();
    const told = (labels: Record<string, string>) => Object.values(cache.ownershipOf(labels)).join(' ');
    expect(told({ pipeline: 'shop', stage: 'checkout' })).toBe('shop checkout-team critical');
    expect(told({ pipeline: 'shop', stage: 'other' })).toBe('shop shop-team high');
    expect(told({ pipeline: 'shop', dataset: 'sales' })).toBe('shop analysts high');
    expect(told({ pipeline: 'shop' })).toBe('shop shop-team high');
    expect(told({ pipeline: 'default', stage: 'billing-eu', group: 'billing-eu' })).toBe('shop shop-team high');
    expect(told({ stage: 'nobody' }).trim()).toBe('');
  });

  it('does without while the store is down', async () => {
    const store = { ...test.store, rows: () => Promise.reject(new Error('the store is down')) } as Store;
    const cache = new TopologyCache(store, silentTelemetry(), Date.now);
    cache.refresh();
    await cache.settled();
    expect(cache.edgesOf('orders')).toEqual([]);
  });
});
