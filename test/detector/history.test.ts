import { describe, expect, test } from 'vitest';
import { detectorConfig } from '../../detector/config.ts';
import { replay, reportedValue } from '../../detector/history.ts';
import { judge } from '../../detector/judge.ts';
import { createCatalogue, createWatched, type Watched, watchOf } from '../../detector/watched.ts';
import { rowsOf } from '../store/queries/expectation-rows.ts';
import { createWorld, EPOCH, gauss, poisson, STEP, type World } from './world.ts';

const HOUR = 3_600_000;
const catalogue = createCatalogue(detectorConfig.parse({}));
const options = (world: World) => ({ catalogue, port: world, step: STEP, forgetAfter: 6 * HOUR });
const steady = (_: number, random: () => number) => 0.1 + 0.01 * gauss(random);

describe('replay', () => {
  test('learns exactly what judging the same points live would have learned', async () => {
    const world = createWorld(EPOCH);
    const labels = world.add('latency_p95', 'gateway', steady, { from: EPOCH - 10 * HOUR });
    world.add('throughput', 'gateway', (_, random) => poisson(random, 50) / 10, { from: EPOCH - 10 * HOUR });
    const replayed = createWatched(labels, EPOCH - 10 * HOUR, EPOCH);
    const { points } = await replay(options(world), [replayed], EPOCH);
    expect(points).toBe(3600);
    expect(replayed.next).toBe(EPOCH);

    const live = createWatched(labels, EPOCH - 10 * HOUR, EPOCH);
    const all = await world.readSignals({ from: EPOCH - 10 * HOUR, to: EPOCH, step: STEP });
    const [latency, throughput] = all;
    for (let i = 0; i < 3600; i++) {
      const time = EPOCH - 10 * HOUR + i * STEP;
      live.seenAt = time;
      const volume = (throughput?.values[i] ?? NaN) * 10;
      judge(catalogue, live, { time, value: latency?.values[i] ?? NaN, volume }, STEP);
    }
    const places = [replayed, live].map(({ slots }) => catalogue.slots.stateOf(slots.up as number));
    expect(places[0]?.length).toBeGreaterThan(1000);
    expect(places[0]).toEqual(places[1]);
    expect(replayed.expected).toBe(live.expected);
    expect(replayed.history).toBe(live.history);
  });

  test('raises nothing and changes no standing, but remembers how often it would have fired', async () => {
    const world = createWorld(EPOCH);
    const labels = world.add(
      'latency_p95',
      'gateway',
      (time, random) => steady(time, random) * (time >= EPOCH - HOUR && time < EPOCH - HOUR + 120_000 ? 20 : 1),
      { from: EPOCH - 4 * HOUR },
    );
    const watched = createWatched(labels, EPOCH - 4 * HOUR, EPOCH);
    await replay(options(world), [watched], EPOCH);
    expect(watched.watches.get('LatencyHigh')).toMatchObject({ standing: { phase: 'inactive' }, anomaly: undefined });
    expect(watched.watches.get('LatencyHigh')?.firings).toBeCloseTo(1);

    const firing = { phase: 'firing', onset: 1, brokeAt: 2, firedAt: 2, judgedAt: 2 } as const;
    const again: Watched = createWatched(labels, EPOCH - 4 * HOUR, EPOCH);
    Object.assign(watchOf(again, 'LatencyHigh'), { standing: firing, peak: 3 });
    await replay(options(world), [again], EPOCH);
    expect(again.watches.get('LatencyHigh')?.standing).toEqual(firing);
  });

  test('bands of the last hour are handed over, those before are not', async () => {
    const world = createWorld(EPOCH);
    const labels = world.add('latency_p95', 'gateway', steady, { from: EPOCH - 4 * HOUR });
    const watched = createWatched(labels, EPOCH - 4 * HOUR, EPOCH);
    const { expectations } = await replay(options(world), [watched], EPOCH);
    expect(expectations.length).toBe(360);
    const rows = rowsOf(expectations.oldest(360));
    expect(rows[0]?.time).toBe(EPOCH - HOUR);
    expect(rows.every((row) => row.labels === labels && row.lower <= row.upper)).toBe(true);
  });

  test('of very many series at once only the newest bands are kept, so that they can be stored', async () => {
    const world = createWorld(EPOCH);
    const begin = EPOCH - 1_200_000;
    const labels = Array.from({ length: 1000 }, (_, i) =>
      world.add('latency_p95', `stage-${i}`, () => 0.1 + 0.001 * (i % 7), { from: begin }),
    );
    const batch = labels.map((one) => createWatched(one, begin, EPOCH));
    const { points, expectations } = await replay(options(world), batch, EPOCH);
    expect(points).toBe(120_000);
    expect(expectations.length).toBe(100_000);
    expect(Math.min(...expectations.oldest(1000).time)).toBe(EPOCH - 1_000_000);
    expect(batch.every(({ history, next }) => history === 1_200_000 && next === EPOCH)).toBe(true);
  });

  test('few stages are asked for by name, many with one query, in chunks of hours', async () => {
    const world = createWorld(EPOCH);
    const batch = (count: number) =>
      Array.from({ length: count }, (_, i) => {
        const labels = world.add('latency_p95', `stage-${i}`, steady, { from: EPOCH - 8 * HOUR });
        return createWatched(labels, EPOCH - 8 * HOUR, EPOCH);
      });
    await replay(options(world), batch(2), EPOCH);
    expect(world.queries.map(({ match }) => match?.['stage'])).toEqual(['stage-0', 'stage-1', 'stage-0', 'stage-1']);
    world.queries.length = 0;
    await replay(options(world), batch(9), EPOCH);
    expect(world.queries.map(({ from, to, match }) => [to - from, match])).toEqual([
      [4 * HOUR, undefined],
      [4 * HOUR, undefined],
    ]);
  });

  test('a night in which nobody was heard is a gap, not a flow of 0', async () => {
    const world = createWorld(EPOCH);
    const dark = (time: number) => time >= EPOCH - 3 * HOUR && time < EPOCH - HOUR;
    const flow = (time: number, random: () => number) => (dark(time) ? 0 : poisson(random, 200) / 10);
    const labels = world.add('output', 'gateway', flow, { from: EPOCH - 4 * HOUR });
    const watched = createWatched(labels, EPOCH - 4 * HOUR, EPOCH);
    await replay(options(world), [watched], EPOCH);
    expect(watched.history).toBe(2 * HOUR);
    expect(watched.expected).toBeGreaterThan(15);
  });
});

test('a flow that is not reported any more has stopped; anything else is unknown, and so is a stranger', () => {
  const seen = (signal: string, seenAt: number) => ({ ...createWatched({ signal }, 0, 0), seenAt });
  expect(reportedValue(seen('output', EPOCH), undefined, EPOCH + STEP, HOUR)).toBe(0);
  expect(reportedValue(seen('output', EPOCH), undefined, EPOCH + 2 * HOUR, HOUR)).toBeNaN();
  expect(reportedValue(seen('output', 0), undefined, EPOCH, HOUR)).toBeNaN();
  expect(reportedValue(seen('lag', EPOCH), undefined, EPOCH + STEP, HOUR)).toBeNaN();
});
