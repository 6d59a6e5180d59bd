import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  readLatestStageStates,
  readStageStates,
  type StageStatus,
  writeStageStates,
} from '../../../store/queries/states.ts';
import { startTestStore, type TestStore } from '../harness.ts';
import { NOON } from './telemetry-rows.ts';

let stand: TestStore;
beforeAll(async () => {
  stand = await startTestStore();
});
afterAll(() => stand?.stop());

const status = (stage: string, i: number, more: Partial<StageStatus> = {}): StageStatus => ({
  time: NOON + i * 10_000,
  pipeline: 'orders',
  stage,
  state: 'healthy',
  lagSeconds: 0.5,
  lag: 120,
  throughput: 40.25,
  reason: 'reads 40/s, 0.5 s behind',
  ...more,
});

test('states come back in order, the latest of each stage alone, by pipeline and stage', async () => {
  const blind = { state: 'unknown', lagSeconds: Number.NaN, lag: Number.NaN, throughput: Number.NaN } as const;
  const rows = [
    status('a', 0),
    status('b', 0, blind),
    status('a', 1, { state: 'stuck' }),
    status('a', 1, { pipeline: 'other' }),
  ];
  await writeStageStates(stand.store, rows);
  await writeStageStates(stand.store, []);
  const all = { from: NOON, to: NOON + 20_000 };
  expect(await readStageStates(stand.store, all)).toEqual(rows);
  expect(await readStageStates(stand.store, { ...all, to: NOON + 10_000 })).toEqual(rows.slice(0, 2));
  expect(await readStageStates(stand.store, { ...all, pipeline: 'orders', stage: 'a' })).toEqual([rows[0], rows[2]]);
  expect(await readLatestStageStates(stand.store, all)).toEqual([rows[2], rows[1], rows[3]]);
  expect(await readLatestStageStates(stand.store, { ...all, stage: 'b' })).toEqual([rows[1]]);
  expect(await readLatestStageStates(stand.store, { from: NOON - 10_000, to: NOON })).toEqual([]);
});
