import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readForecastModel, SHIPPED_MODEL } from '../../../detector/lstm/forecast/model-json.ts';
import { seededRandom } from '../../../detector/random.ts';
import type { Challenge } from '../../../detector/tuning/challenger.ts';
import { trainInProcess } from '../../../detector/tuning/trainer.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-trainer-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const random = seededRandom(5);
const real = Array.from({ length: 8 }, (_, k) => ({
  start: Date.UTC(2026, 2, 2),
  step: 10_000,
  values: Float64Array.from({ length: 2000 }, (__, i) =>
    i % 97 === 0 ? Number.NaN : 50 + 9 * Math.sin(i / (9 + k)) + random(),
  ),
}));
const challenge = (name: string, more: Partial<Challenge> = {}): Challenge => ({
  ...{ seed: 3, steps: 20, made: 16, real, mostCuts: 8, from: SHIPPED_MODEL },
  ...{ out: join(folder, name), tunedAt: '2026-03-03T03:00:00.000Z' },
  ...more,
});
const never = () => new AbortController().signal;

test('a process trains on, tells what it is worth, and comes to the same network again', async () => {
  const first = await trainInProcess(challenge('a'), 60_000, never());
  expect(first).toMatchObject({ outcome: 'trained', learnt: 40, aside: 16 });
  if (first.outcome !== 'trained') return;
  expect(first.real.after).toBeLessThan(first.real.before);
  const { facts } = readForecastModel(join(folder, 'a'));
  expect(facts).toMatchObject({ tuned: { at: '2026-03-03T03:00:00.000Z', series: 8, real: first.real } });
  expect(first.drift).toBe(first.made.after / first.made.before);
  const next = await trainInProcess(challenge('next', { from: join(folder, 'a'), steps: 1 }), 60_000, never());
  if (next.outcome !== 'trained') throw new Error(next.detail);
  expect(next.drift).toBeCloseTo((first.drift * next.made.after) / next.made.before, 12);
  await trainInProcess(challenge('b'), 60_000, never());
  const weights = (name: string) => readFile(join(folder, name, 'weights.bin'));
  expect((await weights('a')).equals(await weights('b'))).toBe(true);
  expect((await weights('a')).equals(await readFile(join(SHIPPED_MODEL, 'weights.bin')))).toBe(false);
});

test('a process that fails says why, and nothing else happens', async () => {
  const result = await trainInProcess(challenge('c', { from: join(folder, 'nowhere') }), 60_000, never());
  expect(result).toMatchObject({ outcome: 'crashed' });
  expect('detail' in result && result.detail).toContain('nowhere');
});

test('one that takes too long is ended, and so is one that is not wanted any more', async () => {
  const slow = { steps: 100_000 };
  expect(await trainInProcess(challenge('d', slow), 1500, never())).toEqual({
    ...{ outcome: 'timeout', detail: 'it took longer than 1.5 s' },
  });
  const aborter = new AbortController();
  const running = trainInProcess(challenge('e', slow), 60_000, aborter.signal);
  setTimeout(() => aborter.abort(), 500);
  expect(await running).toEqual({ outcome: 'interrupted', detail: '' });
  expect(await trainInProcess(challenge('f'), 60_000, aborter.signal)).toMatchObject({ outcome: 'interrupted' });
});
