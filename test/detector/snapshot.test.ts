import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentTelemetry } from '../../core/telemetry.ts';
import { capture, type DetectorState } from '../../detector/capture.ts';
import { detectorConfig } from '../../detector/config.ts';
import { createForesight } from '../../detector/foresight.ts';
import { judge } from '../../detector/judge.ts';
import { createForecasts } from '../../detector/lstm/forecast/forecasts.ts';
import { readForecastModel, SHIPPED_MODEL } from '../../detector/lstm/forecast/model-json.ts';
import { readSnapshot, writeSnapshot } from '../../detector/snapshot.ts';
import { createCatalogue, createWatched, type Watched } from '../../detector/watched.ts';
import { EPOCH, gauss, STEP, seeded } from './world.ts';

const { log } = silentTelemetry();
const { weights } = readForecastModel(SHIPPED_MODEL);
const open = async () => createCatalogue(detectorConfig.parse({}), createForesight(createForecasts(weights), weights));
const catalogue = await open();
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-detector-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const read = async (into = catalogue, step = STEP, since = 0) => readSnapshot({ directory, step, since, log }, into);
const alert = { labels: { alertname: 'LatencyHigh' }, annotations: {}, startsAt: EPOCH, resolvedAt: 0 };

/** Judges `watched` for an hour or so, with gaps and a fault at the end. */
function live(watched: Watched, of = catalogue, steps = 500): void {
  const random = seeded(1);
  for (let i = 0; i < steps; i++) {
    const value = i % 90 === 0 ? NaN : (i > 490 ? 1 : 0.1) + 0.01 * gauss(random);
    judge(of, watched, { time: watched.next, value, volume: 50 }, STEP);
  }
}

const stateOf = (watched: readonly Watched[], takenAt = EPOCH, of = catalogue): DetectorState => ({
  takenAt,
  step: STEP,
  cursor: watched[0]?.next ?? EPOCH,
  watched,
  stages: [],
  alerts: [['ab', alert]],
  catalogue: of,
});

function lived(): Watched {
  const watched = createWatched({ signal: 'latency_p95', pipeline: 'p', stage: 's' }, EPOCH, EPOCH);
  live(watched);
  return watched;
}

test('a restored series judges on exactly as the one it was taken from', async () => {
  const before = lived();
  const state = stateOf([before]);
  await writeSnapshot(directory, capture(state));
  const other = await open();
  const restored = await read(other);
  expect(restored).toMatchObject({ takenAt: EPOCH, cursor: state.cursor, alerts: state.alerts });
  const [after] = restored?.watched ?? [];
  if (!after) throw new Error('nothing was restored');
  expect(after).toEqual(before);
  expect(after.watches.get('LatencyHigh')?.standing.phase).toBe('firing');
  for (let i = 0; i < 50; i++) {
    const point = { time: state.cursor + i * STEP, value: i % 5 === 0 ? NaN : 0.5, volume: 50 };
    const { verdicts, ...band } = judge(catalogue, before, point, STEP);
    const again = judge(other, after, point, STEP);
    expect(again).toEqual({
      ...band,
      verdicts: verdicts.map((verdict, k) => ({ ...verdict, watcher: again.verdicts[k]?.watcher })),
    });
  }
});

test('no snapshot, another step, one that is too old, or rubbish: history is replayed instead', async () => {
  expect(await read()).toBeUndefined();
  await writeSnapshot(directory, capture(stateOf([lived()])));
  expect(await read(await open(), 30_000)).toBeUndefined();
  expect(await read(await open(), STEP, EPOCH)).toBeUndefined();
  expect(await read(await open(), STEP, EPOCH - 1)).toBeDefined();
  await writeFile(join(directory, 'state.bin'), 'not a snapshot');
  expect(await read(await open())).toBeUndefined();
});

test('a byte that changed anywhere is seen, and what was read is forgotten again', async () => {
  await writeSnapshot(directory, capture(stateOf([lived()])));
  const path = join(directory, 'state.bin');
  const bytes = await readFile(path);
  const into = await open();
  for (const at of [3, 9, 13, 20, 40, Math.floor(bytes.length / 2), bytes.length - 1500, bytes.length - 1]) {
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] as number) ^ 1;
    await writeFile(path, damaged);
    expect(await read(into)).toBeUndefined();
    expect([into.slots.used, into.foresight?.places]).toEqual([0, 0]);
  }
  await writeFile(path, bytes.subarray(0, bytes.length - 100));
  expect(await read(into)).toBeUndefined();
  await writeFile(path, bytes);
  expect((await read(into))?.takenAt).toBe(EPOCH);
  expect(into.slots.used).toBe(1);
});

test('forecasts of another network, or of none, begin afresh; all else goes on', async () => {
  const before = lived();
  await writeSnapshot(directory, capture(stateOf([before])));
  const none = createCatalogue(detectorConfig.parse({}));
  const [without] = (await read(none))?.watched ?? [];
  expect(without).toEqual({ ...before, forecast: undefined });
  expect(none.slots.stateOf(without?.slots.up as number)).toEqual(catalogue.slots.stateOf(before.slots.up as number));
});

test('what happens after the rest was copied at once is not in it; until then it is not settled', async () => {
  const of = await open();
  const all = Array.from({ length: 1200 }, (_, i) => {
    const one = createWatched({ signal: 'lag', pipeline: 'p', stage: `s-${i}` }, EPOCH, EPOCH);
    live(one, of, 3);
    return one;
  });
  const plain = structuredClone(all);
  const slot = all[1100]?.slots.up as number;
  const place = of.slots.stateOf(slot);
  const state = capture(stateOf(all, EPOCH, of));
  const writing = writeSnapshot(directory, state);
  await new Promise(setImmediate);
  expect(state.settled).toBe(false);
  state.settle();
  expect(state.settled).toBe(true);
  for (const one of all) live(one, of, 2);
  await writing;
  expect(of.slots.stateOf(slot)).not.toEqual(place);
  const into = await open();
  expect((await read(into))?.watched).toEqual(plain);
  expect(into.slots.stateOf(slot)).toEqual(place);
  expect(into.slots.used).toBe(1200);
});

test('writing again replaces the file and leaves nothing beside it', async () => {
  await writeSnapshot(directory, capture(stateOf([lived()])));
  await writeSnapshot(directory, capture(stateOf([lived()], EPOCH + 1)));
  expect(await readdir(directory)).toEqual(['state.bin']);
  expect((await read(await open()))?.takenAt).toBe(EPOCH + 1);
});

test('a file that cannot be written is an error', async () => {
  const path = join(directory, 'file');
  await writeFile(path, '');
  await mkdir(join(directory, 'state.bin.new'));
  const state = capture(stateOf([lived()]));
  await expect(writeSnapshot(directory, state)).rejects.toThrow('EISDIR');
});
