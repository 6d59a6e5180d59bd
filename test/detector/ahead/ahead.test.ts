import { describe, expect, test } from 'vitest';
import { aheadEntry, chanceOfScore, scoreOfChance } from '../../../detector/ahead/entry.ts';
import { scoreAhead } from '../../../detector/ahead/votes.ts';
import { detectorConfig } from '../../../detector/config.ts';
import { bookOf } from '../../../detector/feedback.ts';
import { seededRandom } from '../../../detector/random.ts';
import { gauss } from '../world.ts';
import { MINUTE, play } from './play.ts';

const FROM = 300;
/** Calm, then a climb of 40 minutes to 900 that goes on to `top` and stays there. */
function climbing(length: number, top: number, seed = 2): number[] {
  const random = seededRandom(seed);
  return Array.from({ length }, (_, i) => 10 + gauss(random) + Math.min(top - 10, (Math.max(0, i - FROM) / 40) * 890));
}

describe('scores of chances', () => {
  test('are decades of what is left, and turn back', () => {
    expect(scoreOfChance(0.9)).toBeCloseTo(1, 12);
    expect(scoreOfChance(0.99)).toBeCloseTo(2, 12);
    expect(chanceOfScore(scoreOfChance(0.7))).toBeCloseTo(0.7, 12);
    expect(scoreOfChance(1)).toBeLessThan(7);
  });

  test('the entry stands for the configuration', () => {
    const { ahead } = detectorConfig.parse({
      ahead: { chance: 0.9, for: '3m', severity: 'notice', min_history: '2h' },
    });
    const entry = aheadEntry({ ahead }, 'freshness');
    expect(entry).toMatchObject({
      name: 'LimitAhead',
      severity: 'notice',
      query: { signal: 'freshness' },
      scorers: {},
    });
    expect(entry.decision).toMatchObject({ for: 3 * MINUTE, min_history: 120 * MINUTE, keep_firing_for: 5 * MINUTE });
    expect(entry.decision.score).toBeCloseTo(1, 12);
  });
});

describe('a warning', () => {
  const climb = play(climbing(420, 1200));
  const crossing = climbing(420, 1200).findIndex((value) => value > 900);
  const verdicts = new Map(climb.said.map(({ minute, verdict }) => [minute, verdict]));

  test('fires once, a minute after the chance was reached, with votes that give its score again', () => {
    const [fired] = climb.fired as [number];
    expect(climb.fired).toHaveLength(1);
    expect(climb.chanceAt(fired)).toBeGreaterThanOrEqual(0.7);
    expect(climb.chanceAt(fired - 1)).toBeGreaterThanOrEqual(0.7);
    expect(climb.chanceAt(fired - 2)).toBeLessThan(0.7);
    const verdict = verdicts.get(fired);
    expect(verdict).toMatchObject({ breach: 'ahead', transition: 'fired' });
    expect(verdict?.votes.map(({ scorer, weight }) => [scorer, weight])).toEqual([
      ['trend', 0.6],
      ['network', 0.4],
    ]);
    expect(scoreAhead(verdict?.votes ?? [])).toBe(verdict?.score);
    expect(verdicts.get(fired - 5)?.votes).toEqual([]);
  });

  test('goes a minute or two after the limit was crossed, and counts as true with its lead', () => {
    const [resolved] = climb.resolved as [number];
    expect(resolved).toBeGreaterThan(crossing);
    expect(resolved).toBeLessThanOrEqual(crossing + 3);
    const tally = climb.watched.lookouts.above?.tallies.threshold;
    expect(tally).toMatchObject({ announced: 1, kept: 1, crossings: 1, foreseen: 1 });
    expect((tally?.lead ?? 0) / MINUTE).toBe(crossing - (climb.fired[0] as number));
    expect(climb.watched.lookouts.above?.warning).toBeUndefined();
  });

  test('that nothing comes of goes when the chance has been low for five minutes, and counts as false half an hour on', () => {
    const values = climbing(500, 800);
    const { fired, resolved, watched } = play(values);
    expect(fired).toHaveLength(1);
    expect(resolved).toHaveLength(1);
    expect(watched.lookouts.above?.tallies.threshold).toMatchObject({ announced: 1, kept: 0, crossings: 0 });
    const early = play(values.slice(0, (resolved[0] as number) + 3));
    expect(early.watched.lookouts.above?.tallies.threshold).toMatchObject({ announced: 0 });
  });

  test('is left out where nobody announced: a jump across the limit counts as a crossing unforeseen', () => {
    const values = [...climbing(FROM, 1200), ...new Array<number>(20).fill(950)];
    const { watched, fired } = play(values);
    expect(fired).toEqual([]);
    expect(watched.lookouts.above?.tallies.threshold).toMatchObject({ announced: 0, crossings: 1, foreseen: 0 });
  });

  test('speaks of the nearest limit that is not crossed, and of the next one anew', () => {
    const entry = { scorers: { threshold: { above: 900 } }, capacity: 2000 };
    const values = climbing(430, 1500);
    const both = play(values, { entry });
    expect(both.outlookAt(FROM + 20)?.limit).toMatchObject({ kind: 'threshold', value: 900 });
    expect(both.outlookAt(crossing + 2)?.limit).toMatchObject({ kind: 'capacity', value: 2000 });
    const { tallies } = both.watched.lookouts.above as { tallies: Record<string, { announced: number }> };
    expect(tallies['threshold']?.announced).toBe(1);
    expect(Object.keys(tallies).sort()).toEqual(['capacity', 'threshold']);
  });

  test('comes later where a higher chance is asked for, and lasts as configured', () => {
    const late = play(climbing(420, 1200), { ahead: { chance: 0.9 } });
    expect(late.fired[0]).toBeGreaterThan(climb.fired[0] as number);
    const held = play(climbing(420, 1200), { ahead: { for: '4m' } });
    expect(held.fired[0]).toBe((climb.fired[0] as number) + 3);
    expect(play(climbing(420, 1200), { ahead: { min_history: '6h' } }).fired).toEqual([]);
  });

  test('leaves what the series is judged by as it was: only its own standing fires', () => {
    const standing = [...climb.watched.watches].map(([name, watch]) => [name, watch.firings]);
    expect(standing).toContainEqual(['LimitAhead', 0]);
  });

  test('a copy of the state goes on as the series itself does', () => {
    const values = climbing(420, 1200);
    const first = play(values.slice(0, FROM + 10));
    const copy = structuredClone(first.watched);
    const rest = play(values.slice(FROM + 10), { from: first.watched });
    const lookout = first.watched.lookouts.above;
    expect(copy.lookouts.above?.trend.course).not.toEqual(lookout?.trend.course);
    expect(copy.lookouts.above?.trend.errors).toBeInstanceOf(Float32Array);
    expect(copy.lookouts.above?.tallies.threshold?.sums).toBeInstanceOf(Float64Array);
    expect(rest.fired.map((minute) => minute + FROM + 10)).toEqual(climb.fired);
  });
});

describe('feedback', () => {
  const told = (verdict: 'noise' | 'useful', count: number) => {
    const { watched } = play(climbing(FROM, 1200));
    return bookOf(
      Array.from({ length: count }, (_, i) => ({
        ...{ anomalyId: `a${i}`, detector: 'LimitAhead', labels: watched.labels, by: 'Ana', verdict, note: '' },
        ...{ time: watched.next - MINUTE, breach: 'ahead', onset: 0, until: 0, expected: Number.NaN, reach: 1 },
      })),
    );
  };
  const plain = play(climbing(420, 1200)).fired[0] as number;

  test('noise asks for a higher chance, and what it holds is said', () => {
    const { fired, said } = play(climbing(420, 1200), { feedback: told('noise', 1) });
    expect(fired[0] ?? Number.POSITIVE_INFINITY).toBeGreaterThan(plain);
    const held = said.filter(({ verdict }) => verdict.held === 'noise');
    expect(held.length).toBeGreaterThan(0);
    expect(held[0]?.verdict.moved?.threshold).toBeCloseTo(scoreOfChance(0.7) + 0.5, 1);
  });

  test('useful asks for a lower one', () => {
    const { fired } = play(climbing(420, 1200), { feedback: told('useful', 1) });
    expect(fired[0]).toBeLessThan(plain);
  });
});
