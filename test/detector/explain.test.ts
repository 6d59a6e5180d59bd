import { describe, expect, test } from 'vitest';
import type { Anomaly } from '../../core/anomaly.ts';
import type { Feedback } from '../../core/feedback.ts';
import { judgedPoints } from '../../core/judged-points.ts';
import { createBoard } from '../../detector/board.ts';
import { detectorConfig } from '../../detector/config.ts';
import { explanationOf, recomputes } from '../../detector/explain.ts';
import { bookOf } from '../../detector/feedback.ts';
import { judge } from '../../detector/judge.ts';
import { createCatalogue, createWatched } from '../../detector/watched.ts';
import { EPOCH, gauss, STEP, seeded } from './world.ts';

const labels = { signal: 'latency_p95', pipeline: 'orders', stage: 'gateway' };

/** The anomaly of a fault in a series that was ordinary for a while. */
function anomalyAt(level: number, options: object = {}, said: readonly Feedback[] = []): Anomaly {
  const catalogue = createCatalogue(
    detectorConfig.parse({
      shipped: false,
      detectors: [{ name: 'LatencyHigh', query: { signal: 'latency_p95' }, ...options }],
    }),
  );
  const board = createBoard();
  const random = seeded(6);
  const watched = createWatched(labels, EPOCH, EPOCH);
  for (let i = 0; i < 420; i++) {
    const value = i < 400 ? 0.1 + 0.01 * gauss(random) : level;
    const point = { time: EPOCH + i * STEP, value, volume: 50 };
    for (const verdict of judge(catalogue, watched, point, STEP, bookOf(said)).verdicts) {
      const anomaly = board.take(watched, verdict, value, EPOCH + (i + 1) * STEP, STEP);
      if (anomaly) return anomaly;
    }
  }
  throw new Error('nothing fired');
}

const plain = (text: string) => text.replaceAll('\u202f', ' ');

describe('an explanation', () => {
  test('has every number, and its score again exactly', () => {
    const anomaly = anomalyAt(0.4);
    expect(recomputes(anomaly)).toBe('equal');
    const text = plain(explanationOf(anomaly));
    expect(text).toMatch(/^detector +LatencyHigh \(warning, watches up\)$/m);
    expect(text).toMatch(/^series +latency_p95 pipeline=orders stage=gateway$/m);
    expect(text).toMatch(/^value +400 ms, expected \d+ – \d+ ms around \d+ ms$/m);
    expect(text).toMatch(/^threshold +2\.4$/m);
    expect(text).toMatch(/^rung +baseline, 1 h \d min of history$/m);
    expect(text).toMatch(
      /^guards +for 20 s, keep_firing_for 1 min, min_history 5 min, min_change 0\.5, .*noise 0\.0\d+$/m,
    );
    expect(text).toMatch(/^query +\{"signal":"latency_p95".*"step":10000\}$/m);
    const points = judgedPoints({ ...anomaly, onset: Number(anomaly.decision['onset']) });
    expect(text).toContain(`weir query "${points.sql}"`);
    expect(text).toContain(`GET ${points.path}, the series with key ${points.key}`);
    for (const stream of ['profile', 'shift', 'slow_shift', 'spread', 'step', 'level', 'regression']) {
      expect(text).toMatch(new RegExp(`^${stream} +-?[\\d.e-]+ +[\\d.]+ +[\\d.]+`, 'm'));
    }
    expect(text).toContain(`Computed again from these it is exactly ${anomaly.score}.`);
  });

  test('says so when the stored inputs do not give the stored score', () => {
    const anomaly = anomalyAt(0.4);
    const votes = anomaly.votes.map((vote, i) => (i > 0 ? vote : { ...vote, inputs: { ...vote.inputs, size: 0.001 } }));
    const forged = { ...anomaly, votes };
    expect(recomputes(forged)).toBe('differs');
    expect(explanationOf(forged)).toContain('DIFFERS');
  });

  test('of a rule: the limit that was passed, without a score', () => {
    const anomaly = anomalyAt(5, { scorers: { threshold: { above: 3 } } });
    expect(recomputes(anomaly)).toBe('unscored');
    const text = plain(explanationOf(anomaly));
    expect(text).toMatch(/^decided by +rule$/m);
    expect(text).toMatch(/^threshold +.*decides alone +passed$/m);
    expect(text).toContain('A rule decided');
  });

  test('tells what people moved', () => {
    const feedback = (by: string): Feedback => ({
      ...{
        anomalyId: 'a',
        detector: 'LatencyHigh',
        labels,
        by,
        verdict: 'noise',
        note: '',
        time: EPOCH,
        breach: 'score',
      },
      ...{ onset: EPOCH, until: EPOCH, expected: 0.1, reach: 0.4 },
    });
    const text = explanationOf(anomalyAt(0.5, {}, [feedback('Ana'), feedback('Ben')]));
    expect(text).toMatch(/^threshold +2\.\d+ \(2\.4 configured, raised by 0\.\d+: 2 called it noise\)$/m);
  });
});
