import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ReplayOptions, type ReplayProgress, replay } from '../../replay/replay.ts';
import { createVirtualClock, sentPoints, startReceiver } from './receiver.ts';

const NOW = Date.UTC(2026, 0, 15, 12, 0, 0);
const STEP = 300_000;

describe('replay', () => {
  let folder: string;
  let series: string;

  /** A small seeded series: a daily shape with noise and a fall at the end, every five minutes. */
  function seeded(count: number): number[] {
    let state = 42;
    const noise = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32 - 0.5;
    };
    return Array.from({ length: count }, (_, i) => {
      const shape = 100 + 20 * Math.sin((2 * Math.PI * i) / 288);
      return Math.round((i > count * 0.95 ? shape - 60 : shape + noise()) * 1000) / 1000;
    });
  }

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'weir-replay-'));
    series = join(folder, 'machine.csv');
    const start = Date.UTC(2014, 2, 7);
    const rows = seeded(1000).map((value, i) => {
      return `${new Date(start + i * STEP).toISOString().slice(0, 19).replace('T', ' ')},${value}`;
    });
    writeFileSync(series, `timestamp,value\n${rows.join('\n')}\n`);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function run(options: Partial<ReplayOptions>, answers: Parameters<typeof startReceiver>[0] = []) {
    await using receiver = await startReceiver(answers);
    const clock = createVirtualClock(NOW);
    const arrivals: number[] = [];
    const lines: string[] = [];
    const progress: ReplayProgress[] = [];
    const result = await replay({
      files: [series],
      endpoint: receiver.url,
      now: clock.now,
      sleep: async (ms, signal) => {
        await clock.sleep(ms, signal);
        arrivals.push(clock.now());
      },
      random: () => 0.5,
      log: (line) => lines.push(line),
      onProgress: (event) => progress.push(event),
      ...options,
    });
    return { result, requests: receiver.requests, points: sentPoints(receiver.requests), arrivals, lines, progress };
  }

  test('history is sent at once and ends now; the rest comes at pace', async () => {
    const { result, points, requests, arrivals } = await run({ speed: 30 });
    expect(result).toMatchObject({ sent: 1000, history: 800, rejected: 0, speed: 30 });
    expect(points.map(({ value }) => value)).toEqual(seeded(1000));
    expect(points[0]?.time).toBe(NOW - 800 * 10_000);
    expect(points[799]?.time).toBe(NOW - 10_000);
    expect(points[800]?.time).toBe(NOW);
    expect(points[999]?.time).toBe(NOW + 199 * 10_000);
    expect(requests).toHaveLength(1 + 200);
    expect(arrivals).toEqual(Array.from({ length: 199 }, (_, i) => NOW + (i + 1) * 10_000));
    expect(points[0]).toMatchObject({
      signal: 'machine',
      metric: 'weir.replayed',
      resource: { 'service.name': 'machine', 'weir.origin': 'replayed' },
    });
  });

  test('no point is sent before its time has come', async () => {
    await using receiver = await startReceiver();
    const clock = createVirtualClock(NOW);
    await replay({
      files: [series],
      endpoint: receiver.url,
      speed: 1e6,
      now: clock.now,
      sleep: async (ms) => {
        expect(sentPoints(receiver.requests.slice(-1)).every(({ time }) => time <= clock.now() + 1)).toBe(true);
        await clock.sleep(ms);
      },
    });
    expect(sentPoints(receiver.requests)).toHaveLength(1000);
  });

  test('what falls due during a slow answer is sent together', async () => {
    const clock = createVirtualClock(NOW);
    await using receiver = await startReceiver();
    let slow = true;
    await replay({
      files: [series],
      endpoint: receiver.url,
      pace: 10_000,
      history: 0.9,
      now: clock.now,
      sleep: async (ms) => {
        await clock.sleep(slow ? ms + 95_000 : ms);
        slow = false;
      },
    });
    expect(receiver.requests.map((request) => sentPoints([request]).length).slice(0, 4)).toEqual([900, 1, 10, 1]);
  });

  test('the pace sets the speed from the median distance', async () => {
    const { result } = await run({ pace: 10_000 });
    expect(result.speed).toBe(30);
  });

  test('the live start and the end can be times of the recording', async () => {
    const start = Date.UTC(2014, 2, 7);
    const { result, points } = await run({ speed: 60, liveFrom: start + 10 * STEP, until: start + 19 * STEP });
    expect(result).toMatchObject({ sent: 20, history: 10 });
    expect(points[10]?.time).toBe(NOW);
  });

  test('all of it can be history, or none', async () => {
    const all = await run({ history: 1, speed: 30 });
    expect(all.result).toMatchObject({ sent: 1000, history: 1000 });
    expect(all.points.at(-1)?.time).toBe(NOW);
    expect(all.arrivals).toEqual([]);
    const none = await run({ history: 0, speed: 3000 });
    expect(none.result.history).toBe(0);
    expect(none.points[0]?.time).toBe(NOW);
  });

  test('several files share one time axis', async () => {
    const late = join(folder, 'late.csv');
    writeFileSync(late, `timestamp,a,b\n2014-03-08 00:00:00,1,2\n2014-03-12 00:00:00,3,4\n`);
    const { result, points } = await run({ files: [series, late], speed: 30 });
    expect(result.sent).toBe(1004);
    const midnight = points.filter(({ time, resource }) => resource['service.name'] === 'machine' && time).at(288);
    const first = points.find(({ signal }) => signal === 'a');
    expect(first?.time).toBe(midnight?.time);
    expect(result.to).toBe(points.filter(({ signal }) => signal === 'b').at(-1)?.time);
  });

  test('overload is waited for as long as the receiver asks', async () => {
    const { result, arrivals, lines } = await run({ history: 1, speed: 30 }, [
      { status: 503, headers: { 'retry-after': '7' }, body: '{"message":"the spool is full"}' },
      { status: 429 },
    ]);
    expect(result).toMatchObject({ sent: 1000, requests: 1 });
    expect(arrivals).toEqual([NOW + 7000, NOW + 7500]);
    expect(lines.join('\n')).toContain('the receiver answered 503: the spool is full; trying again in 7.0 s');
  });

  test('rejected points are counted', async () => {
    const { result } = await run({ history: 1, speed: 30 }, [
      { status: 200, body: '{"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"too old"}}' },
    ]);
    expect(result.rejected).toBe(3);
  });

  test('progress goes from history to live and ends complete', async () => {
    const { progress } = await run({ speed: 30 });
    expect(progress[0]).toMatchObject({ phase: 'history', sent: 800, total: 1000 });
    expect(progress.at(-1)).toMatchObject({ phase: 'live', sent: 1000, total: 1000, remaining: 0 });
  });

  test('an abort ends a wait with its reason', async () => {
    const stop = new AbortController();
    await using receiver = await startReceiver();
    const running = replay({ files: [series], endpoint: receiver.url, signal: stop.signal });
    setTimeout(() => stop.abort(new Error('enough')), 100);
    await expect(running).rejects.toThrow();
    expect(stop.signal.aborted).toBe(true);
  });

  test.each([
    [{ speed: 0 }, 'replay_speed_invalid'],
    [{ speed: 2, pace: 1000 }, 'replay_speed_invalid'],
    [{ until: 0 }, 'replay_file_empty'],
    [{ files: ['none.csv'] }, 'replay_file_missing'],
  ])('%j is refused as %s', async (options, code) => {
    await expect(run(options)).rejects.toThrow(expect.objectContaining({ code }));
  });
});
