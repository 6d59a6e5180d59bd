import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentTelemetry } from '../../core/telemetry.ts';
import { detectorConfig } from '../../detector/config.ts';
import { judge } from '../../detector/judge.ts';
import { readSnapshot, type Snapshot, writeSnapshot } from '../../detector/snapshot.ts';
import { createCatalogue, createWatched } from '../../detector/watched.ts';
import { EPOCH, gauss, STEP, seeded } from './world.ts';

const { log } = silentTelemetry();
const catalogue = createCatalogue(detectorConfig.parse({}));
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-detector-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function lived(): Snapshot {
  const random = seeded(1);
  const watched = createWatched(catalogue, { signal: 'latency_p95', pipeline: 'p', stage: 's' }, EPOCH, EPOCH);
  for (let i = 0; i < 500; i++) {
    const value = i % 90 === 0 ? NaN : (i > 490 ? 1 : 0.1) + 0.01 * gauss(random);
    judge(catalogue, watched, { time: EPOCH + i * STEP, value, volume: 50 }, STEP);
  }
  const alert = { labels: { alertname: 'LatencyHigh' }, annotations: {}, startsAt: EPOCH, resolvedAt: 0 };
  return { takenAt: EPOCH, step: STEP, cursor: watched.next, watched: [watched], alerts: [['ab', alert]] };
}

test('a restored series judges on exactly as the one it was taken from', async () => {
  const snapshot = lived();
  await writeSnapshot(directory, snapshot);
  const restored = await readSnapshot(directory, STEP, log);
  expect(restored).toMatchObject({ takenAt: EPOCH, cursor: snapshot.cursor, alerts: snapshot.alerts });
  const [before] = snapshot.watched;
  const [after] = restored?.watched ?? [];
  if (!before || !after) throw new Error('nothing was restored');
  expect(after).toEqual(before);
  expect(after.watches.get('LatencyHigh')?.standing.phase).toBe('firing');
  for (let i = 0; i < 50; i++) {
    const point = { time: snapshot.cursor + i * STEP, value: i % 5 === 0 ? NaN : 0.5, volume: 50 };
    expect(judge(catalogue, after, point, STEP)).toEqual(judge(catalogue, before, point, STEP));
  }
});

test('no snapshot, another step, or rubbish: history is replayed instead', async () => {
  expect(await readSnapshot(directory, STEP, log)).toBeUndefined();
  await writeSnapshot(directory, lived());
  expect(await readSnapshot(directory, 30_000, log)).toBeUndefined();
  await writeFile(join(directory, 'state.v8'), 'not a snapshot');
  expect(await readSnapshot(directory, STEP, log)).toBeUndefined();
});

test('writing again replaces the file and leaves nothing beside it', async () => {
  await writeSnapshot(directory, lived());
  await writeSnapshot(directory, { ...lived(), takenAt: EPOCH + 1 });
  expect(await readdir(directory)).toEqual(['state.v8']);
  expect((await readSnapshot(directory, STEP, log))?.takenAt).toBe(EPOCH + 1);
});
