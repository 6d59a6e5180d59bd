import { beforeAll, describe, expect, test } from 'vitest';
import type { Feedback } from '../../core/feedback.ts';
import { fingerprint, type Labels } from '../../core/labels.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import { createBoard } from '../../detector/board.ts';
import { detectorConfig } from '../../detector/config.ts';
import { createEvaluator } from '../../detector/evaluator.ts';
import { bookOf, createFeedbackReader, isExpected, NO_FEEDBACK, thresholdAt } from '../../detector/feedback.ts';
import { createMetrics } from '../../detector/metrics.ts';
import { createCatalogue } from '../../detector/watched.ts';
import { sustainedScores } from './sustained.ts';
import { createWorld, EPOCH, gauss, STEP, type World } from './world.ts';

const MINUTE = 60_000;
const WEEK = 7 * 86_400_000;
/** Two equal faults, and the lag in them. */
const FIRST = EPOCH + 10 * MINUTE;
const SECOND = EPOCH + 40 * MINUTE;
const LEVEL = 500;

/** Equal series of lag around 100 s that go to 500 s in each fault. */
function worldOf(stages: readonly string[], faults: readonly number[] = [FIRST, SECOND], level = LEVEL) {
  const world = createWorld(EPOCH);
  const series = stages.map((stage) =>
    world.add(
      'lag_seconds',
      stage,
      (time, random) => {
        const value = 100 * (1 + 0.1 * gauss(random));
        return faults.some((at) => time >= at && time < at + 2 * MINUTE) ? level : value;
      },
      { seed: 3, from: EPOCH - 6 * 60 * MINUTE },
    ),
  );
  return { world, series };
}

/** A threshold that both faults pass, and would not if it were raised by the 0.5 of a word on noise. */
let passed: number;
beforeAll(async () => {
  passed = Math.min(...(await sustainedScores(() => worldOf(['a']).world, [FIRST, SECOND]))) - 0.2;
});

/** One detector, whose threshold both faults pass, at work in `world`. */
function run(world: World, { score = passed, above }: { score?: number; above?: number } = {}) {
  const config = detectorConfig.parse({
    ...{ shipped: false, lstm: { enabled: false }, history: '6h' },
    detectors: [
      {
        name: 'LagHigh',
        query: { signal: 'lag_seconds' },
        scorers: { ensemble: {}, ...(above === undefined ? {} : { threshold: { above } }) },
        decision: { score, min_change: 0.1, for: '20s' },
      },
    ],
  });
  const telemetry = silentTelemetry();
  const evaluator = createEvaluator({
    ...{ config, catalogue: createCatalogue(config), port: world, board: createBoard(), log: telemetry.log },
    metrics: createMetrics(telemetry.registry),
    now: () => world.now,
    send: async () => ({ sent: 0, failed: 0, errors: [] }),
  });
  const until = async (time: number) => {
    for (; world.now < time; world.now += STEP) {
      await evaluator.tick();
      await evaluator.settled();
    }
  };
  return { until, metrics: () => telemetry.registry.metrics() };
}

/** Stages whose anomaly fired from `time` on. */
const firedFrom = (world: World, time: number) =>
  [...world.anomalies.values()].filter(({ firedAt }) => firedAt >= time).map(({ labels }) => labels['stage']);

let count = 0;
const said = (labels: Labels, verdict: Feedback['verdict'], given: Partial<Feedback> = {}): Feedback => ({
  ...{ anomalyId: `a${count++}`, detector: 'LagHigh', labels, by: 'Ana', verdict, note: '', time: EPOCH },
  ...{ breach: 'score', onset: FIRST, until: FIRST + 2 * MINUTE, expected: 100, reach: LEVEL },
  ...given,
});

describe('what people say of an alert', () => {
  test('noise silences the next equal anomaly of that series and of no other; taken back, it fires again', async () => {
    const silenced = worldOf(['a', 'b']);
    const { until, metrics } = run(silenced.world);
    await until(FIRST + 10 * MINUTE);
    expect(firedFrom(silenced.world, EPOCH)).toEqual(['a', 'b']);
    const [anomaly] = silenced.world.anomalies.values();
    expect(anomaly?.decision).toMatchObject({ score: passed });
    expect(anomaly?.decision).not.toHaveProperty('feedback_shift');
    silenced.world.feedback.push(said(silenced.series[0] as Labels, 'noise'));
    await until(SECOND + 10 * MINUTE);
    expect(firedFrom(silenced.world, SECOND)).toEqual(['b']);
    expect(await metrics()).toMatch(/held_points_total\{detector="LagHigh",verdict="noise"\} ([5-9]|1[0-2])\n/);
    expect(await metrics()).toContain('weir_detector_feedback_series 1');

    const back = worldOf(['a', 'b']);
    const other = run(back.world);
    back.world.feedback.push(said(back.series[0] as Labels, 'noise'));
    await other.until(SECOND - 10 * MINUTE);
    back.world.feedback.length = 0;
    await other.until(SECOND + 10 * MINUTE);
    expect(firedFrom(back.world, SECOND)).toEqual(['a', 'b']);
  });

  test('a word on one detector says nothing of another', async () => {
    const { world, series } = worldOf(['a']);
    world.feedback.push(said(series[0] as Labels, 'noise', { detector: 'SomethingElse' }));
    await run(world).until(SECOND + 10 * MINUTE);
    expect(firedFrom(world, EPOCH)).toEqual(['a', 'a']);
  });

  test('however often it is called noise, what is far enough out fires, with the threshold in force stored', async () => {
    const { world, series } = worldOf(['a'], [FIRST]);
    for (let i = 0; i < 9; i++) world.feedback.push(said(series[0] as Labels, 'noise', { by: i % 2 ? 'Ana' : 'Ben' }));
    await run(world, { score: 2 }).until(FIRST + 10 * MINUTE);
    const [anomaly] = world.anomalies.values();
    expect(anomaly?.score).toBeGreaterThan(3.5);
    expect(anomaly?.threshold).toBeCloseTo(3.5, 3);
    expect(anomaly?.decision).toMatchObject({ score: 2, feedback_noise: 9, feedback_noise_people: 2 });
    expect(anomaly?.decision).toMatchObject({ feedback_useful: 0, feedback_useful_people: 0 });
    expect(anomaly?.decision['feedback_shift']).toBeCloseTo(1.5, 3);
  });

  test('useful lowers: an anomaly a little short of the threshold fires then', async () => {
    const once = () => worldOf(['a'], [FIRST]);
    const [kept] = await sustainedScores(() => once().world, [FIRST]);
    const score = (kept as number) + 0.12;
    const plain = once();
    await run(plain.world, { score }).until(FIRST + 10 * MINUTE);
    expect(firedFrom(plain.world, EPOCH)).toEqual([]);
    const lowered = once();
    lowered.world.feedback.push(said(lowered.series[0] as Labels, 'useful'));
    await run(lowered.world, { score }).until(FIRST + 10 * MINUTE);
    expect(firedFrom(lowered.world, EPOCH)).toEqual(['a']);
    expect([...lowered.world.anomalies.values()][0]?.threshold).toBeCloseTo(score - 0.25, 3);
  });

  test('a plain limit fires whatever was said', async () => {
    const { world, series } = worldOf(['a'], [FIRST]);
    const [labels] = series as [Labels];
    for (let i = 0; i < 9; i++) world.feedback.push(said(labels, 'noise'));
    world.feedback.push(said(labels, 'expected', { time: EPOCH + 1 }));
    await run(world, { above: 160 }).until(FIRST + 10 * MINUTE);
    expect([...world.anomalies.values()].map(({ decision }) => decision['breach'])).toEqual(['rule']);
  });
});

describe('what was expected', () => {
  test('does not fire at that time of the next week after a restart; two hours later, or further out, it does', async () => {
    const next = FIRST + WEEK;
    const faults = [FIRST, next, next + 150 * MINUTE];
    const { world, series } = worldOf(['a', 'b'], faults);
    await run(world).until(FIRST + 10 * MINUTE);
    expect(firedFrom(world, FIRST)).toEqual(['a', 'b']);
    const [anomaly] = world.anomalies.values();
    world.feedback.push(
      said(series[0] as Labels, 'expected', { anomalyId: anomaly?.id as string, time: FIRST + 9 * MINUTE }),
    );
    world.now = next - 20 * MINUTE;
    const { until, metrics } = run(world);
    await until(next + 10 * MINUTE);
    expect(firedFrom(world, next)).toEqual(['b']);
    expect(await metrics()).toMatch(/held_points_total\{detector="LagHigh",verdict="expected"\} 1[0-2]/);
    await until(next + 160 * MINUTE);
    expect(firedFrom(world, next + 150 * MINUTE).sort()).toEqual(['a', 'b']);

    const further = worldOf(['a'], [FIRST], LEVEL * 1.25);
    further.world.feedback.push(said(further.series[0] as Labels, 'expected', { time: EPOCH - WEEK }));
    await run(further.world).until(FIRST + 10 * MINUTE);
    expect(firedFrom(further.world, FIRST)).toEqual(['a']);
  });

  test('taken back, it fires again', async () => {
    const { world, series } = worldOf(['a']);
    world.feedback.push(said(series[0] as Labels, 'expected'));
    const { until } = run(world);
    await until(FIRST + 10 * MINUTE);
    expect(firedFrom(world, FIRST)).toEqual([]);
    world.feedback.length = 0;
    await until(SECOND + 10 * MINUTE);
    expect(firedFrom(world, SECOND)).toEqual(['a']);
  });
});

describe('reading it', () => {
  test('at most once a minute; what is known holds while it cannot be read', async () => {
    const { world, series } = worldOf(['a']);
    const telemetry = silentTelemetry();
    const key = fingerprint(series[0] as Labels);
    const reader = createFeedbackReader(world, createMetrics(telemetry.registry), telemetry.log);
    expect(reader.of(key, 'LagHigh')).toBeUndefined();
    world.feedback.push(said(series[0] as Labels, 'noise'));
    await reader.refresh(EPOCH);
    expect(reader.of(key, 'LagHigh')?.judged).toHaveLength(1);
    world.feedback.push(said(series[0] as Labels, 'noise'));
    await reader.refresh(EPOCH + 59_999);
    expect(reader.of(key, 'LagHigh')?.judged).toHaveLength(1);
    world.deaf = true;
    await reader.refresh(EPOCH + MINUTE);
    expect(reader.of(key, 'LagHigh')?.judged).toHaveLength(1);
    world.deaf = false;
    await reader.refresh(EPOCH + 2 * MINUTE);
    expect(reader.of(key, 'LagHigh')?.judged).toHaveLength(2);
    const metrics = await telemetry.registry.metrics();
    expect(metrics).toContain('feedback_reads_total{result="failed"} 1');
    expect(metrics).toContain('feedback_reads_total{result="read"} 2');
  });

  test('a store that lost its tongue does not stop the judging, nor undo what was said', async () => {
    const { world, series } = worldOf(['a', 'b']);
    world.feedback.push(said(series[0] as Labels, 'noise'));
    const { until } = run(world);
    await until(SECOND - 10 * MINUTE);
    world.deaf = true;
    await until(SECOND + 10 * MINUTE);
    expect(firedFrom(world, SECOND)).toEqual(['b']);
  });

  test('a book knows each series and detector by itself, people who agree once', () => {
    const labels = { signal: 'lag', stage: 'a' };
    const book = bookOf([
      said(labels, 'noise', { anomalyId: 'x', by: 'Ana' }),
      said(labels, 'noise', { anomalyId: 'x', by: 'Ben', time: EPOCH + 1 }),
      said(labels, 'useful', { anomalyId: 'y', breach: 'rule' }),
      said(labels, 'expected', { anomalyId: 'z' }),
      said({ ...labels, stage: 'b' }, 'noise'),
    ]);
    expect(book.size).toBe(2);
    const own = book.of(fingerprint(labels), 'LagHigh');
    expect(own && thresholdAt(own, 4, EPOCH + 1)).toEqual({
      ...{ configured: 4, threshold: 4.5, noise: 1, noisePeople: 2, useful: 0, usefulPeople: 0 },
    });
    expect(own && isExpected(own, FIRST + WEEK, LEVEL, 100)).toBe(true);
    expect(own && isExpected(own, FIRST + WEEK, LEVEL, 510)).toBe(false);
    expect(book.of(fingerprint(labels), 'Other')).toBeUndefined();
    expect(NO_FEEDBACK.of(fingerprint(labels), 'LagHigh')).toBeUndefined();
  });
});
