import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CheckpointTraffic, readCheckpoints } from '../../../store/queries/pathways.ts';
import { chainPathways, readPathways } from '../../../store/queries/pathways-chains.ts';
import { readPathwayLatency } from '../../../store/queries/pathways-latency.ts';
import { startTestCollector, type TestCollector, waitForRows } from '../../collector/harness.ts';
import { startTestStore, type TestStore } from '../harness.ts';
import {
  exactQuantile,
  latencyOf,
  latencyRequest,
  recordsRequest,
  type Stop,
  seeded,
  sendMetrics,
} from './pathway-points.ts';

let stand: TestStore;
let collector: TestCollector;
beforeAll(async () => {
  stand = await startTestStore();
  collector = await startTestCollector(stand.store);
});
afterAll(async () => {
  await collector?.stop();
  await stand?.stop();
});

const BEGIN = Math.floor(Date.now() / 3_600_000 - 3) * 3_600_000;
const STEPS = 6;
const END = BEGIN + STEPS * 10_000;
const range = { from: BEGIN, to: END };

const sent = {
  service: 'gateway',
  hash: '00000000000000a1',
  parent: '',
  direction: 'out',
  destination: 'orders',
} as const;
const read: Stop = {
  ...{ service: 'billing', hash: '00000000000000a2', parent: sent.hash },
  ...{ direction: 'in', destination: 'orders', group: 'billing' },
};
const passed: Stop = {
  ...{ service: 'billing', hash: '00000000000000a3', parent: read.hash },
  ...{ direction: 'out', destination: 'invoices' },
};
const mailed: Stop = {
  ...{ service: 'mailer', hash: '00000000000000a4', parent: passed.hash },
  ...{ direction: 'in', destination: 'invoices', group: 'mailer' },
};
const orphan: Stop = {
  ...{ service: 'audit', hash: '00000000000000b2', parent: '00000000000000b1' },
  ...{ direction: 'in', destination: 'orders', group: 'audit' },
};

const HOPS = [
  { stop: read, median: 0.4, spread: 0.6 },
  { stop: passed, median: 0.02, spread: 1.1 },
  { stop: mailed, median: 2.5, spread: 0.4 },
] as const;
/** Every value that was sent, in seconds. */
const truth = { latency: new Map<string, number[]>(), edge: new Map<string, number[]>(), inner: [] as number[] };

async function sendAll(): Promise<void> {
  const random = seeded(7);
  const note = (values: Map<string, number[]>, hash: string, more: readonly number[]) =>
    values.set(hash, [...(values.get(hash) ?? []), ...more]);
  for (let step = 1; step <= STEPS; step++) {
    const at = BEGIN + step * 10_000;
    let so = new Array<number>(2000).fill(0);
    await sendMetrics(collector.http, latencyRequest(sent, at, { latency: so, edge: so }));
    let inner = so;
    for (const { stop, median, spread } of HOPS) {
      const edge = so.map(() => latencyOf(random, median, spread));
      so = so.map((seconds, i) => seconds + (edge[i] as number));
      if (stop !== read) inner = inner.map((seconds, i) => seconds + (edge[i] as number));
      note(truth.latency, stop.hash, so);
      note(truth.edge, stop.hash, edge);
      // Two instances of a service report of the same checkpoint, one of them in finer buckets.
      for (const instance of [0, 1]) {
        const of = (values: readonly number[]) => values.filter((_value, i) => i % 2 === instance);
        const own = { ...stop, instance: `${instance}` };
        await sendMetrics(
          collector.http,
          latencyRequest(own, at, { latency: of(so), edge: of(edge) }, instance === 0 ? 6 : 8),
        );
      }
    }
    truth.inner.push(...inner);
  }
  await sendMetrics(collector.http, latencyRequest(orphan, BEGIN + 5000, { latency: [1, 2], edge: [1, 2] }, 3));
  await sendMetrics(
    collector.http,
    recordsRequest(sent, [
      [BEGIN, 7],
      [BEGIN + 10_000, 5],
    ]),
  );
  await sendMetrics(collector.http, recordsRequest(sent, [[BEGIN, 2]]));
  // The coarsest levels are filled last.
  const all = 2 * (2000 * STEPS * 4 + 2);
  await waitForRows(stand.store, `SELECT 1 FROM pathways_1h HAVING sum(Count) = ${all}`, 1);
  await waitForRows(stand.store, 'SELECT 1 FROM pathway_records_1h HAVING sum(Records) = 14', 1);
}

const within = (value: number, wanted: number, share = 0.0055) =>
  expect(Math.abs(value / wanted - 1), `${value} for ${wanted}`).toBeLessThan(share);

describe('pathways that came over OTLP', () => {
  beforeAll(sendAll);

  test('percentiles of every record are within 0.55 % of exact, at each level', async () => {
    for (const table of ['pathways_10s', 'pathways_1m', 'pathways_1h']) {
      const [row] = await stand.store.rows(`SELECT toFloat64(sum(Count)) AS n FROM ${table}`);
      expect(row, table).toEqual({ n: 2 * (2000 * STEPS * 4 + 2) });
    }
    const checkpoints = await readCheckpoints(stand.store, range);
    expect(checkpoints.map(({ hash }) => hash).sort()).toEqual([
      ...[sent, read, passed, mailed].map(({ hash }) => hash),
      orphan.hash,
    ]);
    for (const { stop } of HOPS) {
      const found = checkpoints.find(({ hash }) => hash === stop.hash) as CheckpointTraffic;
      expect(found).toMatchObject({
        records: 2000 * STEPS,
        rate: 200,
        coarse: 0,
        sampled: false,
        share: 1,
        system: 'kafka',
      });
      for (const [name, q] of [['p50', 0.5] as const, ['p95', 0.95] as const, ['p99', 0.99] as const]) {
        within(found.latency[name], exactQuantile(truth.latency.get(stop.hash) as number[], q));
        within(found.edge[name], exactQuantile(truth.edge.get(stop.hash) as number[], q));
      }
    }
    expect(checkpoints.find(({ hash }) => hash === sent.hash)?.latency).toEqual({ p50: 0, p95: 0, p99: 0 });
    expect(checkpoints.find(({ hash }) => hash === orphan.hash)).toMatchObject({ coarse: 1, records: 2 });
  });

  test('chains are made of parents, and what did not report is said to be unseen', async () => {
    const { pathways, truncated } = await readPathways(stand.store, range);
    expect(truncated).toBe(false);
    expect(pathways.map(({ id, unseenUpstream, loops, sampled }) => ({ id, unseenUpstream, loops, sampled }))).toEqual([
      { id: mailed.hash, unseenUpstream: false, loops: false, sampled: false },
      { id: orphan.hash, unseenUpstream: true, loops: false, sampled: false },
    ]);
    expect(pathways[0]?.checkpoints.map(({ service, direction }) => `${service} ${direction}`)).toEqual([
      ...['gateway out', 'billing in', 'billing out', 'mailer in'],
    ]);
    expect((await readPathways(stand.store, { ...range, pipeline: 'elsewhere' })).pathways).toEqual([]);
    expect(await readPathways(stand.store, { ...range, pathways: 1 })).toMatchObject({ truncated: true });
  });

  test('latency from the origin and between neighbours is exact, step by step', async () => {
    const direct = await readPathwayLatency(stand.store, {
      ...range,
      step: 10_000,
      start: sent.hash,
      end: mailed.hash,
    });
    expect(direct.method).toBe('exact');
    expect(direct.hops).toEqual([sent.hash, read.hash, passed.hash, mailed.hash]);
    expect([...direct.rate]).toEqual(new Array(STEPS).fill(200));
    const all = truth.latency.get(mailed.hash) as number[];
    for (let step = 0; step < STEPS; step++) {
      within(direct.p95[step] as number, exactQuantile(all.slice(step * 2000, step * 2000 + 2000), 0.95));
    }
    within(direct.overall.p99, exactQuantile(all, 0.99));
    expect(direct.overall.records).toBe(2000 * STEPS);
    const edge = await readPathwayLatency(stand.store, {
      ...range,
      step: 60_000,
      start: passed.hash,
      end: mailed.hash,
    });
    expect(edge).toMatchObject({ method: 'exact', step: 60_000, start: BEGIN });
    within(edge.p50[0] as number, exactQuantile(truth.edge.get(mailed.hash) as number[], 0.5));
  });

  test('between inner points it is an estimate, right where hops are independent', async () => {
    const inner = await readPathwayLatency(stand.store, { ...range, step: 10_000, start: read.hash, end: mailed.hash });
    expect(inner).toMatchObject({ method: 'estimated', hops: [read.hash, passed.hash, mailed.hash] });
    for (const [name, q] of [['p50', 0.5] as const, ['p95', 0.95] as const, ['p99', 0.99] as const]) {
      within(inner.overall[name], exactQuantile(truth.inner, q), 0.03);
    }
    expect(inner.p50.every((value) => value > 1)).toBe(true);
  });

  test('what cannot be asked has a name', async () => {
    const ask = (start: string, end: string) => readPathwayLatency(stand.store, { ...range, step: 10_000, start, end });
    await expect(ask('00000000000000ff', mailed.hash)).rejects.toMatchObject({ code: 'store_pathway_unknown' });
    await expect(ask(mailed.hash, sent.hash)).rejects.toMatchObject({ code: 'store_pathway_order_invalid' });
    await expect(ask(sent.hash, sent.hash)).rejects.toMatchObject({ code: 'store_pathway_order_invalid' });
  });

  test('records count in the window in which their pathways began, whenever they are told', async () => {
    for (const table of ['pathway_records_10s', 'pathway_records_1m', 'pathway_records_1h']) {
      const [row] = await stand.store.rows(`SELECT sum(Records) AS n FROM ${table}`);
      expect(row, table).toEqual({ n: 14 });
    }
    const rows = await stand.store.rows(`
      SELECT toUnixTimestamp(Time) * 1000 AS window, sum(Records) AS records, max(Seen) >= now() - 120 AS fresh
      FROM pathway_records_10s GROUP BY window ORDER BY window`);
    expect(rows).toEqual([
      { window: BEGIN, records: 9, fresh: 1 },
      { window: BEGIN + 10_000, records: 5, fresh: 1 },
    ]);
  });
});

describe('chains', () => {
  const stop = (hash: string, parent: string, records = 1): CheckpointTraffic => ({
    ...{ pipeline: 'p', service: 's', hash, parent, direction: 'in', system: 'kafka', destination: 't', group: 'g' },
    ...{ records, rate: 1, coarse: 0, sampled: false, share: 1, skewed: 0 },
    latency: { p50: 1, p95: 1, p99: 1 },
    edge: { p50: 1, p95: 1, p99: 1 },
  });
  const shape = (stops: readonly CheckpointTraffic[]) =>
    chainPathways(stops).map(({ checkpoints, loops, unseenUpstream }) => [
      checkpoints.map(({ hash }) => hash).join('>'),
      ...(loops ? ['loops'] : []),
      ...(unseenUpstream ? ['unseen'] : []),
    ]);

  test('share their beginning where records fan out', () => {
    expect(shape([stop('a', ''), stop('b', 'a', 5), stop('c', 'a', 9)])).toEqual([['a>c'], ['a>b']]);
  });

  test('that come round are cut, whether or not something leaves the ring', () => {
    expect(shape([stop('a', 'b'), stop('b', 'a')])).toEqual([['b>a', 'loops']]);
    expect(shape([stop('a', 'b'), stop('b', 'a'), stop('c', 'b')])).toEqual([['a>b>c', 'loops']]);
    expect(shape([stop('a', 'a')])).toEqual([['a', 'loops']]);
  });

  test('of one hash told of two places keep the busier', () => {
    expect(shape([stop('a', ''), stop('b', 'x', 1), stop('b', 'a', 3)])).toEqual([['a>b']]);
  });
});
