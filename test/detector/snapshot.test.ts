import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentTelemetry } from '../../core/telemetry.ts';
import { detectorConfig } from '../../detector/config.ts';
import { createForesight } from '../../detector/foresight.ts';
import { judge } from '../../detector/judge.ts';
import { createForecasts } from '../../detector/lstm/forecast/forecasts.ts';
import { readForecastModel, SHIPPED_MODEL } from '../../detector/lstm/forecast/model-json.ts';
import { readSnapshot, type Snapshot, writeSnapshot } from '../../detector/snapshot.ts';
import { createCatalogue, createWatched } from '../../detector/watched.ts';
import { EPOCH, gauss, STEP, seeded } from './world.ts';

const { log } = silentTelemetry();
const { weights } = readForecastModel(SHIPPED_MODEL);
const open = async () =>
  createCatalogue(detectorConfig.parse({}), createForesight(await createForecasts(weights), weights));
const catalogue = await open();
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-detector-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function lived(): Snapshot {
  const random = seeded(1);
  const watched = createWatched({ signal: 'latency_p95', pipeline: 'p', stage: 's' }, EPOCH, EPOCH);
  for (let i = 0; i < 500; i++) {
    const value = i % 90 === 0 ? NaN : (i > 490 ? 1 : 0.1) + 0.01 * gauss(random);
    judge(catalogue, watched, { time: EPOCH + i * STEP, value, volume: 50 }, STEP);
  }
  const alert = { labels: { alertname: 'LatencyHigh' }, annotations: {}, startsAt: EPOCH, resolvedAt: 0 };
  return {
    takenAt: EPOCH,
    step: STEP,
    cursor: watched.next,
    watched: [watched],
    slabs: catalogue.slots.snapshot(),
    forecasts: catalogue.foresight?.snapshot() ?? [],
    stages: [],
    alerts: [['ab', alert]],
  };
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
  const other = await open();
  expect(other.foresight?.restore(restored?.forecasts ?? [], [after.forecast as number])).toBe(true);
  expect(other.slots.restore(restored?.slabs ?? [], Object.values(after.slots))).toBe(true);
  expect(after.watches.get('LatencyHigh')?.standing.phase).toBe('firing');
  for (let i = 0; i < 50; i++) {
    const point = { time: snapshot.cursor + i * STEP, value: i % 5 === 0 ? NaN : 0.5, volume: 50 };
    const verdicts = judge(catalogue, before, point, STEP);
    const again = judge(other, after, point, STEP);
    expect(again).toEqual(verdicts.map((verdict, k) => ({ ...verdict, watcher: again[k]?.watcher })));
    expect(again[0]?.score).toBe(verdicts[0]?.score);
  }
});

test('no snapshot, another step, or rubbish: history is replayed instead', async () => {
  expect(await readSnapshot(directory, STEP, log)).toBeUndefined();
  await writeSnapshot(directory, lived());
  expect(await readSnapshot(directory, 30_000, log)).toBeUndefined();
  await writeFile(join(directory, 'state.bin'), 'not a snapshot');
  expect(await readSnapshot(directory, STEP, log)).toBeUndefined();
});

test('a byte that changed anywhere is seen, and history is replayed instead', async () => {
  await writeSnapshot(directory, lived());
  const path = join(directory, 'state.bin');
  const bytes = await readFile(path);
  for (const at of [3, 9, 40, Math.floor(bytes.length / 2), bytes.length - 1]) {
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] as number) ^ 1;
    await writeFile(path, damaged);
    expect(await readSnapshot(directory, STEP, log)).toBeUndefined();
  }
  await writeFile(path, bytes.subarray(0, bytes.length - 100));
  expect(await readSnapshot(directory, STEP, log)).toBeUndefined();
  await writeFile(path, bytes);
  expect((await readSnapshot(directory, STEP, log))?.takenAt).toBe(EPOCH);
});

test('writing again replaces the file and leaves nothing beside it', async () => {
  await writeSnapshot(directory, lived());
  await writeSnapshot(directory, { ...lived(), takenAt: EPOCH + 1 });
  expect(await readdir(directory)).toEqual(['state.bin']);
  expect((await readSnapshot(directory, STEP, log))?.takenAt).toBe(EPOCH + 1);
});
