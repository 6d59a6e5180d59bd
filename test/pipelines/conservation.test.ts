import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createConservation } from '../../pipelines/conservation.ts';
import { readConservation, readLatestConservation } from '../../store/queries/conservation.ts';
import { readCheckpointCounts, readCheckpointPast } from '../../store/queries/conservation-counts.ts';
import { type GroupLagRow, writeGroupLags } from '../../store/queries/group-lags.ts';
import { readSignals } from '../../store/queries/signals.ts';
import { startTestCollector, type TestCollector, waitForRows } from '../collector/harness.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { recordsRequest, type Stop, sendMetrics } from '../store/queries/pathway-points.ts';

const STEP = 10_000;
const BEGIN = Math.floor(Date.now() / 3_600_000 - 6) * 3_600_000;
const sent: Stop = {
  ...{ service: 'gateway', hash: '00000000000000a1', parent: '' },
  ...{ direction: 'out', destination: 'orders' },
};
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

let stand: TestStore;
let collector: TestCollector;
const series = new Map<string, string>();
beforeAll(async () => {
  stand = await startTestStore();
  collector = await startTestCollector(stand.store);
  // What checkpoints are called comes in as always; the counts of hours are filled in below with the time at which they came.
  for (const stop of [sent, read, passed, mailed])
    await sendMetrics(collector.http, recordsRequest(stop, [[BEGIN, 1]]));
  const rows = await waitForRows<{ hash: string; id: string }>(
    stand.store,
    "SELECT DISTINCT Attributes['weir.pathway.hash'] AS hash, toString(SeriesId) AS id FROM metric_series",
    4,
  );
  for (const { hash, id } of rows) series.set(hash, id);
  await waitForRows(stand.store, 'SELECT 1 FROM pathway_records_1m', 4);
});
afterAll(async () => {
  await collector?.stop();
  await stand?.stop();
});
beforeEach(async () => {
  for (const table of ['pathway_records_10s', 'pathway_records_1m', 'conservation', 'group_lags', 'services'])
    await stand.store.client.command({ query: `TRUNCATE TABLE ${table}` });
});

/** Records by window index, each told of `late` steps after its window's end (half of them one step later). */
async function fill(stop: Stop, from: number, records: readonly number[], late = 0, pipeline = 'shop'): Promise<void> {
  const rows = records.flatMap((count, i) => {
    const window = BEGIN + (from + i) * STEP;
    const half = Math.floor(count / 2);
    const row = (seen: number, value: number) => ({
      ...{ Time: window / 1000, Seen: (window + (1 + late + seen) * STEP) / 1000, Pipeline: pipeline },
      ...{ Service: stop.service, SeriesId: series.get(stop.hash), Records: value },
    });
    return [row(0, count - half), row(1, half)].filter(({ Records }) => Records > 0);
  });
  await stand.store.insert('pathway_records_10s', rows);
}

/** Services that sent some telemetry in a window. */
async function heard(window: number, ...services: readonly string[]): Promise<void> {
  const Seen = atWindow(window) / 1000;
  const rows = services.map((Service) => ({ Pipeline: 'shop', Service, Origin: '', FirstSeen: Seen, LastSeen: Seen }));
  await stand.store.insert('services', rows);
}

/** What the lag model says of a group in the round at a window. */
async function judgedGroups(window: number, ...groups: readonly Partial<GroupLagRow>[]): Promise<void> {
  const [none, time] = [Number.NaN, atWindow(window)];
  const row: GroupLagRow = {
    ...{ time, cluster: 'main', group: 'billing', topic: 'orders', pipeline: 'shop', type: 'classic' },
    ...{ members: 1, partitions: 1, waiting: 0, state: 'healthy', since: time, reason: '', lost: 0 },
    ...{ lag: 0, lagSeconds: 0, lagError: 0, atLeast: false, endRate: none, commitRate: none, catchUpSeconds: none },
    ...{ headroom: none, lossSeconds: none, lossLower: none, lossUpper: none, lossExpected: false },
  };
  await writeGroupLags(
    stand.store,
    groups.map((over) => ({ ...row, ...over })),
  );
}

const flat = (length: number, records: number) => new Array<number>(length).fill(records);
const atWindow = (window: number) => BEGIN + window * STEP;

describe('counts', () => {
  test('come by checkpoint and window, with how old the records are that arrive', async () => {
    await fill(sent, 0, [5, 0, 7]);
    await fill(read, 0, [4], 6);
    const counts = await readCheckpointCounts(stand.store, { at: atWindow(10), windows: 8, limit: 10 });
    expect(counts.map(({ hash, windows, newest }) => [hash, [...windows], newest])).toEqual([
      [sent.hash, [7, 0, 0, 0, 0, 0, 0, 0], atWindow(3)],
    ]);
    const all = await readCheckpointCounts(stand.store, { at: atWindow(10), windows: 10, limit: 10 });
    expect(all.map(({ hash, direction, group, arrivalAge }) => ({ hash, direction, group, arrivalAge }))).toEqual([
      { hash: sent.hash, direction: 'out', group: '', arrivalAge: 10_000 },
      { hash: read.hash, direction: 'in', group: 'billing', arrivalAge: 70_000 },
    ]);
    const past = await readCheckpointPast(stand.store, { at: atWindow(10), minutes: 3, hashes: [read.hash] });
    expect([...past.keys()]).toEqual([read.hash]);
    expect([...(past.get(read.hash)?.minutes ?? [])]).toEqual([0, 4, 0]);
    expect(past.get(read.hash)?.ages).toEqual({ steps: [6, 7], records: [2, 2] });
    expect(await readCheckpointPast(stand.store, { at: atWindow(10), minutes: 3, hashes: [] })).toEqual(new Map());
  });
});

describe('counts of a generated history', () => {
  test('say how many records there were, and not how long they took', async () => {
    await sendMetrics(collector.http, recordsRequest({ ...read, origin: 'generated' }, [[BEGIN + 20_000, 40]]));
    await waitForRows(stand.store, 'SELECT 1 FROM pathway_records_1m', 1);
    await fill(read, 1, [4], 6);
    const [counts] = await readCheckpointCounts(stand.store, { at: atWindow(10), windows: 10, limit: 10 });
    expect([...(counts?.windows ?? [])]).toEqual([0, 4, 40, 0, 0, 0, 0, 0, 0, 0]);
    expect(counts?.arrivalAge).toBe(70_000);
    const past = await readCheckpointPast(stand.store, { at: atWindow(10), minutes: 3, hashes: [read.hash] });
    expect([...(past.get(read.hash)?.minutes ?? [])]).toEqual([0, 44, 0]);
    expect(past.get(read.hash)?.ages).toEqual({ steps: [6, 7], records: [2, 2] });
  });
});

describe('rounds', () => {
  const HISTORY = 720;

  test('tell what is conserved, what is lost, and when it is over', async () => {
    await fill(sent, 0, flat(HISTORY, 1000));
    await fill(read, 0, flat(HISTORY, 1000));
    await fill(passed, 0, flat(HISTORY, 400));
    const conservation = createConservation(stand.store);
    const round = async (window: number) => {
      const rows = await conservation.round(atWindow(window), atWindow(window) + STEP);
      return Object.fromEntries(rows.map((row) => [`${row.kind} ${row.from.slice(-2)} ${row.to.slice(-2)}`, row]));
    };
    const first = await round(HISTORY);
    expect(Object.keys(first).sort()).toEqual(['edge a1 a2', 'edge a2 a3', 'pathway a1 a3']);
    expect(first['edge a1 a2']).toMatchObject({
      state: 'conserved',
      ratio: 1,
      missing: 0,
      settle: 20,
      service: 'billing',
    });
    expect(first['edge a2 a3']).toMatchObject({ state: 'conserved', ratio: 0.4, destination: 'invoices' });
    expect(first['edge a1 a2']?.reason).toMatch(
      /^of [\d,]+ records [\d,]+ arrived in \d+\u202f(?:min|h), [\d,]+ were expected$/,
    );
    // 0.1 % of 1000 records is one a window, of which some minutes have to pass.
    expect(first['edge a1 a2']?.delay01).toBeGreaterThan(60);
    expect(first['edge a1 a2']?.delay01).toBeLessThan(600);

    let window = HISTORY;
    const more = async (count: number, reached: number) => {
      await fill(sent, window, flat(count, 1000));
      await fill(read, window, flat(count, reached));
      await fill(passed, window, flat(count, reached * 0.4));
      window += count;
    };
    const states: string[] = [];
    for (let i = 0; i < 8; i++) {
      await more(1, 990);
      states.push((await round(window))['edge a1 a2']?.state as string);
    }
    expect(states[0]).toBe('conserved');
    expect(states.at(-1)).toBe('dropping');
    const [worst] = await readLatestConservation(stand.store, { from: BEGIN, to: atWindow(window) + STEP });
    expect(worst).toMatchObject({
      kind: 'edge',
      from: sent.hash,
      to: read.hash,
      state: 'dropping',
      fromService: 'gateway',
    });
    expect(worst?.missing).toBeCloseTo(0.01, 3);
    expect(worst?.reason).toMatch(/: 1\.0 % are missing$|: 0\.\d+ % are missing$/);
    expect((await round(window))['edge a2 a3']?.state).toBe('conserved');

    await more(12, 1000);
    expect((await round(window))['edge a1 a2']?.state).toBe('conserved');
    const history = await readConservation(stand.store, {
      from: BEGIN,
      to: atWindow(window) + STEP,
      to_hash: read.hash,
    });
    expect([...new Set(history.map(({ state }) => state))]).toEqual(['conserved', 'dropping']);
  });

  test('say that nothing arrives only when it is no longer late', async () => {
    await fill(sent, 0, flat(HISTORY, 1000));
    await fill(read, 0, flat(HISTORY - 70, 1000));
    await heard(HISTORY, 'billing');
    const conservation = createConservation(stand.store);
    const state = async (window: number) => (await conservation.round(atWindow(window), atWindow(window)))[0]?.state;
    expect(await state(HISTORY - 70)).toBe('conserved');
    expect(await state(HISTORY - 40)).toBe('conserved');
    expect(await state(HISTORY)).toBe('stopped');
    expect((await readLatestConservation(stand.store, { from: BEGIN, to: atWindow(HISTORY) + STEP }))[0]).toMatchObject(
      {
        missing: 1,
        reached: 0,
      },
    );
  });

  test('go on after a restart where they were: in a drop, which does not become how things are', async () => {
    const DROP = HISTORY - 60;
    await fill(sent, 0, flat(HISTORY, 1000));
    await fill(read, 0, [...flat(DROP, 1000), ...flat(60, 980)]);
    const before = createConservation(stand.store);
    const told = async (rounds: typeof before, window: number) =>
      (await rounds.round(atWindow(window), atWindow(window)))[0];
    expect(await told(before, DROP)).toMatchObject({ state: 'conserved', ratio: 1 });
    for (const window of [DROP + 20, DROP + 40]) expect((await told(before, window))?.state).toBe('dropping');

    const after = createConservation(stand.store);
    const row = await told(after, HISTORY);
    expect(row).toMatchObject({ state: 'dropping', kind: 'edge', to: read.hash });
    expect(row?.ratio).toBeCloseTo(1, 4);
    expect(row?.missing).toBeCloseTo(0.02, 2);
    // Whoever remembers nothing has learnt from the ten minutes of the drop.
    await stand.store.client.command({ query: 'TRUNCATE TABLE conservation' });
    expect((await told(createConservation(stand.store), HISTORY))?.state).toBe('conserved');
  });

  test('go on after a restart where nothing arrived, also when the counts are out of sight', async () => {
    await fill(sent, 0, flat(HISTORY + 600, 1000));
    await fill(read, 0, flat(HISTORY, 1000));
    await heard(HISTORY + 600, 'billing');
    const before = createConservation(stand.store);
    const state = async (rounds: typeof before, window: number) =>
      (await rounds.round(atWindow(window), atWindow(window))).map((row) => [row.kind, row.state]);
    expect(await state(before, HISTORY)).toEqual([['edge', 'conserved']]);
    expect(await state(before, HISTORY + 100)).toEqual([['edge', 'stopped']]);
    expect(await state(createConservation(stand.store), HISTORY + 130)).toEqual([['edge', 'stopped']]);
    expect(await state(createConservation(stand.store), HISTORY + 600)).toEqual([['edge', 'stopped']]);
  });

  test('miss nothing of a group that left, say that it did, and forget it when its counts are out of sight', async () => {
    await fill(sent, 0, flat(HISTORY + 600, 1000));
    await fill(read, 0, flat(HISTORY, 1000));
    await heard(HISTORY + 600, 'billing');
    const conservation = createConservation(stand.store);
    const round = async (window: number) => (await conservation.round(atWindow(window), atWindow(window)))[0];
    expect((await round(HISTORY))?.state).toBe('conserved');
    // The lag model judges a window later than counts are compared.
    await judgedGroups(HISTORY + 11, { state: 'dead', members: 0, lagSeconds: 110 });
    const at = atWindow(HISTORY + 12);
    const [left] = await conservation.round(at, at, atWindow(HISTORY + 11));
    expect(left).toMatchObject({ state: 'left', group: 'billing', sent: 12_000, seconds: 120 });
    // The group was deleted: its broker tells of others. When it forgets that too, what is known stays.
    await judgedGroups(HISTORY + 60, { state: 'unknown', members: Number.NaN }, { group: 'others', topic: 'orders' });
    const gone = await round(HISTORY + 60);
    expect(gone?.state).toBe('left');
    expect(gone?.reason).toMatch(
      /^the broker tells of no group billing any more; 60,000 records were sent in the last 10/,
    );
    expect((await round(HISTORY + 90))?.state).toBe('left');
    const restarted = createConservation(stand.store);
    const again = (await restarted.round(atWindow(HISTORY + 100), atWindow(HISTORY + 100)))[0];
    expect(again?.state).toBe('left');
    expect(await round(HISTORY + 440)).toMatchObject({ state: 'left' });
    expect(await round(HISTORY + 460)).toBeUndefined();
    // Nothing of it is missing.
    const query = { from: BEGIN, to: atWindow(HISTORY + 600), step: STEP, signals: ['drop_ratio'] } as const;
    const [series] = await readSignals(stand.store, query);
    expect(new Set([...(series?.values ?? [])].filter((value) => !Number.isNaN(value)))).toEqual(new Set([0]));
  });

  test('miss what is sent to a group that has members and reads, and see one that comes back', async () => {
    await fill(sent, 0, flat(HISTORY + 100, 1000));
    await fill(read, 0, flat(HISTORY, 1000));
    await heard(HISTORY + 100, 'billing');
    const conservation = createConservation(stand.store);
    const round = async (window: number) => (await conservation.round(atWindow(window), atWindow(window)))[0]?.state;
    expect(await round(HISTORY)).toBe('conserved');
    await judgedGroups(HISTORY + 80, { state: 'dead', members: 0 });
    expect(await round(HISTORY + 80)).toBe('left');
    await judgedGroups(HISTORY + 90, { state: 'healthy', members: 1 });
    expect(await round(HISTORY + 90)).toBe('stopped');
    await fill(read, HISTORY, flat(100, 1000));
    await judgedGroups(HISTORY + 100, { state: 'healthy', members: 1 });
    expect(await round(HISTORY + 100)).toBe('conserved');
  });

  test('compare a pathway that has grown with its new end alone', async () => {
    await fill(sent, 0, flat(HISTORY + 120, 1000));
    await fill(read, 0, flat(HISTORY + 120, 1000));
    await fill(passed, 0, flat(HISTORY + 120, 400));
    const conservation = createConservation(stand.store);
    const states = async (window: number) => {
      const rows = await conservation.round(atWindow(window), atWindow(window));
      return rows.map((row) => `${row.kind} ${row.from.slice(-2)} ${row.to.slice(-2)} ${row.state}`).sort();
    };
    const edges = ['edge a1 a2 conserved', 'edge a2 a3 conserved'];
    expect(await states(HISTORY)).toEqual([...edges, 'pathway a1 a3 conserved']);
    await fill(mailed, HISTORY, flat(120, 400));
    for (const [later, state] of [
      [1, 'learning'],
      [120, 'conserved'],
    ] as const) {
      const grown = [...edges, `edge a3 a4 ${state}`, `pathway a1 a4 ${state}`];
      expect(await states(HISTORY + later)).toEqual(grown);
    }
  });

  test('add up what reports one way as two pipelines, as when one is renamed', async () => {
    const both = async (stop: Stop, from: number, records: readonly number[]) => {
      const old = Math.max(0, Math.min(records.length, HISTORY - 30 - from));
      await fill(stop, from, records.slice(0, old), 0, 'shop');
      await fill(stop, from + old, records.slice(old), 0, 'store');
    };
    for (const stop of [sent, read]) await both(stop, 0, flat(HISTORY, 1000));
    const conservation = createConservation(stand.store);
    const [row] = await conservation.round(atWindow(HISTORY), atWindow(HISTORY));
    expect(row).toMatchObject({ state: 'conserved', pipeline: 'shop', ratio: 1, missing: 0 });
    // Half of the ten minutes that are told of lie before the change.
    expect(row).toMatchObject({ seconds: 600, sent: 60_000, reached: 60_000 });
  });

  test('know too little at first, and of a checkpoint alone nothing', async () => {
    await fill(sent, 0, flat(30, 100));
    const conservation = createConservation(stand.store);
    expect(await conservation.round(atWindow(30), 0)).toEqual([]);
    await fill(read, 0, flat(30, 100));
    expect(await conservation.round(atWindow(31), 0)).toMatchObject([
      { state: 'learning', reason: 'too little is known yet' },
    ]);
  });
});
