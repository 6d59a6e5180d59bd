import { describe, expect, test } from 'vitest';
import type { PostableAlert } from '../../core/alert.ts';
import { fingerprint } from '../../core/labels.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import { createBoard } from '../../detector/board.ts';
import { detectorConfig } from '../../detector/config.ts';
import { createEvaluator } from '../../detector/evaluator.ts';
import { createMetrics } from '../../detector/metrics.ts';
import { createCatalogue } from '../../detector/watched.ts';
import { createWorld, EPOCH, gauss, poisson, STEP, type World } from './world.ts';

function run(world: World, options: Parameters<typeof detectorConfig.parse>[0] = {}) {
  const telemetry = silentTelemetry();
  const config = detectorConfig.parse(options);
  const board = createBoard();
  const rounds: PostableAlert[][] = [];
  const evaluator = createEvaluator({
    config,
    catalogue: createCatalogue(config),
    port: world,
    board,
    metrics: createMetrics(telemetry.registry),
    log: telemetry.log,
    now: () => world.now,
    send: async (alerts) => {
      rounds.push([...alerts]);
      return { sent: alerts.length, failed: 0, errors: [] };
    },
  });
  /** Ticks each step until `until`, history loaded in between. */
  const advance = async (steps: number) => {
    for (let i = 0; i < steps; i++) {
      await evaluator.tick();
      await evaluator.settled();
      world.now += STEP;
    }
  };
  const firing = () =>
    [...board.alerts.values()].filter(({ resolvedAt }) => resolvedAt === 0).map(({ labels }) => labels['alertname']);
  return { evaluator, board, rounds, advance, firing, telemetry, config };
}

const steady =
  (level: number, noise = 0.1) =>
  (_: number, random: () => number) =>
    level * (1 + noise * gauss(random));
const flow = (rate: number) => (_: number, random: () => number) => poisson(random, rate * 10) / 10;

describe('evaluator', () => {
  test('a fault is found, stored with the inputs of its decision, sent each round, and resolved', async () => {
    const world = createWorld(EPOCH);
    const fault = { from: EPOCH + 300_000, to: EPOCH + 600_000 };
    world.add('throughput', 'enrichment', flow(20));
    world.add(
      'lag_seconds',
      'enrichment',
      (time, random) => {
        const extra = time >= fault.from && time < fault.to ? (time + STEP - fault.from) / 1000 : 0;
        return 1 + random() + extra;
      },
      { labels: { topic: 'orders', group: 'enrichment' } },
    );
    const { advance, firing, board, rounds } = run(world);

    await advance(30);
    expect(firing()).toEqual([]);
    await advance(12);
    expect(firing()).toEqual(['LagGrowing']);
    const [alert] = board.alerts.values();
    expect(alert?.labels).toEqual({
      alertname: 'LagGrowing',
      group: 'enrichment',
      pipeline: 'orders',
      severity: 'critical',
      signal: 'lag_seconds',
      stage: 'enrichment',
      topic: 'orders',
      weir_source: 'detector',
    });
    expect(alert?.annotations['summary']).toMatch(
      /^enrichment: lag in time on orders is .*s, expected .* – .*s, for .*s$/,
    );
    const [anomaly] = world.anomalies.values();
    expect(anomaly).toMatchObject({ detector: 'LagGrowing', resolvedAt: 0, direction: 'up', severity: 'critical' });
    expect(anomaly?.firedAt).toBeGreaterThan(fault.from);
    expect(anomaly?.firedAt).toBeLessThanOrEqual(fault.from + 6 * STEP);
    expect(anomaly?.votes.map(({ scorer }) => scorer)).toContain('profile');
    const fired = rounds.length;
    await advance(3);
    expect(rounds.length).toBe(fired + 3);
    expect(Date.parse(rounds.at(-1)?.[0]?.endsAt ?? '')).toBe(world.now - STEP + 4 * STEP);

    await advance(30);
    expect(firing()).toEqual([]);
    expect([...world.anomalies.values()][0]?.resolvedAt).toBeGreaterThan(fault.to);
    const resolved = rounds.at(-1)?.[0];
    expect(Date.parse(resolved?.endsAt ?? '')).toBeLessThanOrEqual(world.now);
    await advance(91);
    const silentFrom = rounds.length;
    await advance(3);
    expect(rounds.length).toBe(silentFrom);
  });

  test('a new service raises nothing while it is young, and has bands after ten minutes', async () => {
    const world = createWorld(EPOCH);
    world.add('latency_p95', 'gateway', (time, random) => (time < EPOCH + 150_000 ? 0.1 : 2) * (1 + 0.1 * random()), {
      from: EPOCH,
    });
    const { advance, firing } = run(world);
    await advance(20);
    expect(firing()).toEqual([]);
    await advance(45);
    expect(world.expectations.filter((row) => row.labels['stage'] === 'gateway').length).toBeGreaterThan(30);
    for (const { lower, upper, expected } of world.expectations) {
      expect(lower).toBeLessThanOrEqual(expected);
      expect(upper).toBeGreaterThanOrEqual(expected);
    }
  });

  test('one query reads the judged steps of all series', async () => {
    const world = createWorld(EPOCH);
    for (let i = 0; i < 30; i++) world.add('throughput', `stage-${i}`, flow(5));
    const { advance } = run(world);
    await advance(2);
    const before = world.queries.length;
    await advance(3);
    expect(world.queries.slice(before).map(({ from, to }) => to - from)).toEqual([STEP, STEP, STEP]);
  });

  test('no telemetry at all: nothing is judged, TelemetryAbsent fires, and what fired stays', async () => {
    const world = createWorld(EPOCH);
    world.add('output', 'gateway', flow(20));
    const { advance, firing, evaluator } = run(world);
    await advance(30);
    world.newest = world.now;
    await advance(8);
    expect(evaluator.lastTick()?.result).toBe('waiting');
    expect(firing()).toEqual([]);
    await advance(8);
    expect(firing()).toEqual(['TelemetryAbsent']);
    expect(evaluator.lastTick()?.result).toBe('blind');
    world.newest = undefined;
    await advance(3);
    expect(firing()).toEqual([]);
  });

  test('steps nobody was heard in are not taken for stopped flows once telemetry is back', async () => {
    const world = createWorld(EPOCH);
    const dark = { from: EPOCH + 300_000, to: EPOCH + 900_000 };
    const source = flow(20);
    world.add('output', 'gateway', (time, random) => (time >= dark.from && time < dark.to ? 0 : source(time, random)));
    const { advance, firing, board } = run(world);
    await advance(30);
    world.newest = dark.from;
    await advance(60);
    world.newest = undefined;
    await advance(20);
    expect(firing()).toEqual([]);
    expect([...board.alerts.values()].map(({ labels }) => labels['alertname'])).toEqual(['TelemetryAbsent']);
  });

  test('a producer that vanishes from the store while others speak has stopped', async () => {
    const world = createWorld(EPOCH);
    const output = world.add('output', 'gateway', flow(20));
    world.add('output', 'payments', flow(20));
    const { advance, firing } = run(world);
    await advance(30);
    world.end(output, world.now);
    await advance(7);
    expect(firing()).toEqual(['OutputStopped']);
    await advance(100);
    expect(firing()).toEqual(['OutputStopped']);
  });

  test('a store that cannot be read: what fires is sent all the same, and rows wait', async () => {
    const world = createWorld(EPOCH);
    const source = flow(20);
    world.add('throughput', 'payments', flow(20));
    world.add('output', 'gateway', (time, random) => (time >= EPOCH + 300_000 ? 0 : source(time, random)));
    const { advance, firing, rounds, evaluator } = run(world);
    await advance(40);
    expect(firing()).toEqual(['OutputStopped']);
    world.failing = 'the engine is restarting';
    const before = rounds.length;
    await advance(5);
    expect(evaluator.lastTick()?.result).toBe('failed');
    expect(rounds.length).toBe(before + 5);
    await advance(10);
    expect(firing()).toContain('TelemetryAbsent');
    world.failing = undefined;
    await advance(3);
    expect(firing()).toEqual(['OutputStopped']);
  });

  test('a series that was gone for six hours is forgotten and its alert resolved', async () => {
    const world = createWorld(EPOCH);
    const output = world.add('output', 'gateway', flow(20));
    world.add('output', 'payments', flow(20));
    const { advance, firing, evaluator } = run(world, { forget_after: '20m' });
    await advance(30);
    world.end(output, world.now);
    await advance(60);
    expect(firing()).toEqual(['OutputStopped']);
    await advance(70);
    expect(firing()).toEqual([]);
    expect(evaluator.watched.size).toBe(1);
    expect([...world.anomalies.values()][0]?.resolvedAt).toBeGreaterThan(0);
  });

  test('what was loading while others were judged goes on from where its history ended, and is not loaded again', async () => {
    const world = createWorld(EPOCH);
    world.add('latency_p95', 'gateway', steady(0.1));
    const { evaluator, advance } = run(world, { history: '10m' });
    await advance(5);
    const late = world.add('latency_p95', 'billing', steady(0.2));
    const read = world.readSignals;
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    world.readSignals = async (query) => {
      if (query.match) await gate;
      return read(query);
    };
    for (let i = 0; i < 5; i++) {
      await evaluator.tick();
      world.now += STEP;
    }
    open();
    await evaluator.settled();
    world.queries.length = 0;
    await advance(1);
    const one = evaluator.watched.get(fingerprint(late));
    expect(one?.next).toBe(evaluator.cursor());
    expect(world.queries.map(({ from, to }) => (to - from) / STEP)).toEqual([5]);
  });

  test('history that arrives after the first live points is learned', async () => {
    const world = createWorld(EPOCH);
    let backfilled = false;
    world.add('latency_p95', 'gateway', steady(0.1), { from: EPOCH - 6 * 3_600_000 });
    const readSignals = world.readSignals;
    world.readSignals = async (query) =>
      (await readSignals(query)).map((series) => ({
        ...series,
        values: series.values.map((value, i) => (backfilled || series.start + i * STEP >= EPOCH ? value : NaN)),
      }));
    const { advance, evaluator } = run(world);
    await advance(5);
    const history = () => [...evaluator.watched.values()][0]?.history ?? 0;
    expect(history()).toBeLessThan(60_000);
    backfilled = true;
    await advance(8);
    expect(history()).toBeGreaterThan(5 * 3_600_000);
  });
});
