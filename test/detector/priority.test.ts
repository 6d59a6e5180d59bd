import { describe, expect, test } from 'vitest';
import { createBoard } from '../../detector/board.ts';
import { detectorConfig } from '../../detector/config.ts';
import type { Standing } from '../../detector/decide.ts';
import { type Course, priorityOf } from '../../detector/priority.ts';
import type { Verdict } from '../../detector/verdict.ts';
import { createCatalogue, createWatched } from '../../detector/watched.ts';
import { EPOCH, STEP } from './world.ts';

const MINUTE = 60_000;
const course = (more: Partial<Course> = {}): Course => ({
  ...{ severity: 'warning', peak: 3, threshold: 2.4, lasts: MINUTE, criticality: '' },
  ...more,
});

describe('how much an alert matters', () => {
  test('at first as its entry says; one more once it lasts, sooner on a critical part', () => {
    expect(priorityOf(course(), 'warning')).toBe('warning');
    expect(priorityOf(course({ lasts: 29 * MINUTE }), 'warning')).toBe('warning');
    expect(priorityOf(course({ lasts: 30 * MINUTE }), 'warning')).toBe('critical');
    expect(priorityOf(course({ lasts: 16 * MINUTE, criticality: 'critical' }), 'warning')).toBe('critical');
    expect(priorityOf(course({ lasts: 16 * MINUTE, criticality: 'medium' }), 'warning')).toBe('warning');
  });

  test('a score far beyond the threshold counts after five minutes; a rule without a score by its time alone', () => {
    expect(priorityOf(course({ peak: 4.5, lasts: 4 * MINUTE }), 'warning')).toBe('warning');
    expect(priorityOf(course({ peak: 4.5, lasts: 5 * MINUTE }), 'warning')).toBe('critical');
    expect(priorityOf(course({ peak: NaN, lasts: 10 * MINUTE }), 'warning')).toBe('warning');
    expect(priorityOf(course({ peak: NaN, lasts: 31 * MINUTE }), 'warning')).toBe('critical');
  });

  test('one step and no further: a notice never becomes critical, and a part of low criticality stays', () => {
    expect(priorityOf(course({ severity: 'notice', peak: 9, lasts: 600 * MINUTE }), 'notice')).toBe('warning');
    expect(priorityOf(course({ severity: 'critical', lasts: 600 * MINUTE }), 'critical')).toBe('critical');
    expect(priorityOf(course({ peak: 9, lasts: 600 * MINUTE, criticality: 'low' }), 'warning')).toBe('warning');
  });

  test('it never falls', () => {
    expect(priorityOf(course(), 'critical')).toBe('critical');
  });
});

test('an alert keeps its labels while it comes to matter more; the next one begins anew', () => {
  const [watcher] = createCatalogue(detectorConfig.parse({})).watchers.filter(
    ({ entry }) => entry.name === 'LatencyHigh',
  );
  if (!watcher) throw new Error('no entry');
  const board = createBoard([], ({ stage }) => (stage === 'billing' ? 'critical' : ''));
  const said = (onset: number, at: number, score: number, transition: Verdict['transition']): Verdict => ({
    ...{ watcher, votes: [], inputs: undefined, score, expected: 0.1, lower: 0, upper: 0.2, noise: 0.01 },
    ...{ breach: 'score', moved: undefined, held: undefined, transition },
    standing: { phase: 'firing', onset, brokeAt: at, firedAt: onset + 30_000, judgedAt: at } satisfies Standing,
  });
  const watched = createWatched({ signal: 'latency_p95', pipeline: 'p', stage: 'billing' }, EPOCH, EPOCH);
  const told = (onset: number, minutes: number, score: number, transition: Verdict['transition'] = 'none') => {
    const end = onset + minutes * MINUTE;
    board.take(watched, said(onset, end, score, transition), 1, end, STEP);
    expect(board.alerts.size).toBe(1);
    const [alert] = board.alerts.values();
    expect(alert?.labels['severity']).toBe('warning');
    return alert?.annotations['priority'];
  };
  expect(told(EPOCH, 1, 3, 'fired')).toBeUndefined();
  expect(told(EPOCH, 14, 3)).toBeUndefined();
  expect(told(EPOCH, 15, 3)).toBe('critical');
  expect(told(EPOCH, 16, 0)).toBe('critical');
  told(EPOCH, 20, 0, 'resolved');
  expect(told(EPOCH + 60 * MINUTE, 1, 3, 'fired')).toBeUndefined();
  expect(told(EPOCH + 60 * MINUTE, 4, 6)).toBeUndefined();
  expect(told(EPOCH + 60 * MINUTE, 6, 1)).toBe('critical');
});
