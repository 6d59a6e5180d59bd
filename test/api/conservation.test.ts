import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Conservation, readConservation, writeConservation } from '../../store/queries/conservation.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { startApi, type TestApi } from './room.ts';

let stand: TestStore;
let api: TestApi;
const NOW = Math.floor(Date.now() / 10_000) * 10_000;

const row = (over: Partial<Conservation>): Conservation => ({
  ...{ time: NOW, pipeline: 'shop', kind: 'edge', from: '00000000000000a1', to: '00000000000000a2' },
  ...{ fromService: 'gateway', service: 'billing', direction: 'in', destination: 'orders', group: 'billing' },
  ...{ state: 'conserved', sent: 10_000, reached: 10_000, ratio: 1, seconds: 600, missing: 0, sigmas: 0.1 },
  ...{
    settle: 20,
    detectable: 0.0005,
    delay1: 60,
    delay01: Number.NaN,
    reason: 'of 10,000 records 10,000 arrived in 10 min',
  },
  ...over,
});

beforeAll(async () => {
  stand = await startTestStore();
  await writeConservation(stand.store, [
    row({ time: NOW - 60_000 }),
    row({ state: 'dropping', reached: 9990, missing: 0.001, sigmas: 7, reason: '0.10 % are missing' }),
    row({ to: '00000000000000a3', from: '00000000000000a2', service: 'mailer' }),
    row({ kind: 'pathway', to: '00000000000000a3' }),
    row({ pipeline: 'other', to: '00000000000000b2', time: NOW - 3_600_000 }),
  ]);
  api = await startApi({ store: stand.store });
});
afterAll(async () => {
  await api?.stop();
  await stand?.stop();
});

const rows = async (path: string) => {
  const response = await api.get(path);
  expect(response.status).toBe(200);
  return ((await response.json()) as { rows: Record<string, unknown>[] }).rows;
};

test('the newest judgement of each pair comes, what loses records first, and null where nothing is known', async () => {
  const [worst, ...rest] = await rows('/api/conservation');
  expect(worst).toMatchObject({
    ...{ state: 'dropping', sent: 10_000, reached: 9990, ratio: 1, missing: 0.001, delay1: 60, delay01: null },
    ...{ service: 'billing', fromService: 'gateway', destination: 'orders', reason: '0.10 % are missing' },
  });
  expect(rest.map(({ kind, to, state }) => [kind, to, state])).toEqual([
    ['edge', '00000000000000a3', 'conserved'],
    ['pathway', '00000000000000a3', 'conserved'],
  ]);
});

test('a pipeline and a kind can be asked for', async () => {
  expect(await rows('/api/conservation?pipeline=other')).toEqual([]);
  expect((await rows('/api/conservation?kind=pathway')).map(({ kind }) => kind)).toEqual(['pathway']);
  const wrong = await api.get('/api/conservation?kind=hop');
  expect(wrong.status).toBe(400);
  expect(await wrong.json()).toMatchObject({ error: { path: 'query.kind' } });
});

test('a checkpoint has a past', async () => {
  const past = await rows('/api/conservation/00000000000000a2');
  expect(past.map(({ state }) => state)).toEqual(['conserved', 'dropping']);
  expect(await rows(`/api/conservation/00000000000000a2?from=${NOW - 90_000}&to=${NOW - 20_000}`)).toHaveLength(1);
  expect((await api.get('/api/conservation/nothing')).status).toBe(400);
  const range = { from: NOW - 90_000, to: NOW + 1000, to_hash: '00000000000000a2' };
  expect((await readConservation(stand.store, { ...range, limit: 1 })).map(({ time }) => time)).toEqual([NOW]);
});
