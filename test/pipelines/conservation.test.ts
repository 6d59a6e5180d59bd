import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createConservation } from '../../pipelines/conservation.ts';
import { readConservation, readLatestConservation } from '../../store/queries/conservation.ts';
import { readCheckpointCounts, readCheckpointPast } from '../../store/queries/conservation-counts.ts';
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
  for (const table of ['pathway_records_10s', 'pathway_records_1m', 'conservation'])
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
