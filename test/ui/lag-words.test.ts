import { describe, expect, test } from 'vitest';
import type { GroupSummary, GroupsView, LagView } from '../../core/group-view.ts';
import type { StageState } from '../../core/state.ts';
import {
  catchUpText,
  consequenceOf,
  groupsAnswer,
  headroomText,
  lagHint,
  lagText,
  lossRange,
  lossText,
  urgencyOf,
} from '../../ui/lag-words.ts';
import { plain } from './views.ts';

const time = (lagSeconds: number | null, lagError: number | null = 0, atLeast = false) => ({
  lagSeconds,
  lagError,
  atLeast,
});

describe('a lag in time', () => {
  test.each([
    [time(24, 3), '24 s ± 3 s'],
    [time(10_800, null, true), 'at least 3 h'],
    [time(1448, 5), '24 min 8 s'],
    [time(1448, 60), '24 min 8 s ± 1 min'],
    [time(0.4, 5), '≤ 5.4 s'],
    [time(0.4, 0.05), '400 ms'],
    [time(0, 0), '0 s'],
    [time(0, 5), '0 s'],
    [time(null), '–'],
    [time(7, null), '7 s'],
  ])('%o is %s', (lag, text) => {
    expect(plain(lagText(lag))).toBe(text);
  });

  test('says on hover what its bound means', () => {
    expect(plain(lagHint(time(24, 3)))).toBe('Age of the oldest unread record, between 21 s and 27 s');
    expect(plain(lagHint(time(2, 5)))).toContain('between 0 s and 7 s');
    expect(lagHint(time(9, null, true))).toContain('lower bound');
    expect(lagHint(time(null))).toContain('No sample');
    expect(lagHint(time(9, 0))).toBe('Age of the oldest unread record');
  });
});

describe('what lies ahead', () => {
  test.each([
    ['never', 12, 'never at this rate'],
    ['never', 0, 'caught up'],
    ['never', null, 'never at this rate'],
    [180, 12, 'in 3 min'],
    [0, 0, 'caught up'],
    [null, null, '–'],
  ] as const)('catching up %s with %s waiting: %s', (catchUp, lag, text) => {
    expect(plain(catchUpText({ catchUp, lag, lagSeconds: 30, state: 'falling_behind' }))).toBe(text);
  });

  test('what a healthy reader has waiting for less than a sample is on its way', () => {
    const course = { catchUp: 'never', lag: 3, lagSeconds: 0.6, state: 'healthy' } as const;
    expect(catchUpText(course)).toBe('caught up');
    expect(catchUpText({ ...course, catchUp: 135 })).toBe('caught up');
    expect(catchUpText({ ...course, lagSeconds: 600 })).toBe('never at this rate');
    expect(catchUpText({ ...course, lagSeconds: null })).toBe('never at this rate');
    expect(catchUpText({ ...course, state: 'stuck' })).toBe('never at this rate');
    expect(catchUpText({ ...course, catchUp: null })).toBe('–');
  });

  test.each([
    ['never', 12, 'not at this rate'],
    ['never', 0, 'none'],
    [8700, 12, 'in 2 h 25 min'],
    [-3, 12, 'now'],
    [null, 12, '–'],
  ] as const)('losing %s with %s waiting: %s', (loss, lag, text) => {
    expect(plain(lossText({ loss, lag }))).toBe(text);
  });

  test('a forecast comes with its range, and one that cannot be made without', () => {
    const sure = lossRange({ loss: 8700, lossLower: 6480, lossUpper: 'never' });
    expect(plain(sure)).toBe('80 % sure: 1 h 48 min to never');
    expect(lossRange({ loss: 'never', lossLower: 'never', lossUpper: 'never' })).toBe('');
    expect(lossRange({ loss: null, lossLower: null, lossUpper: null })).toBe('');
  });

  test('headroom that is due is used up', () => {
    expect(plain(headroomText({ headroom: 7200 }))).toBe('2 h');
    expect(headroomText({ headroom: -1 })).toBe('used up');
    expect(headroomText({ headroom: null })).toBe('–');
  });
});

function group(name: string, state: StageState, given: Partial<GroupSummary> = {}): GroupSummary {
  const lag: LagView = {
    ...{ state, since: 0, reason: '', lag: 0, lagSeconds: 0, lagError: 0, atLeast: false, endRate: 1, commitRate: 1 },
    ...{ catchUp: 0, headroom: null, loss: null, lossLower: null, lossUpper: null, lossExpected: false, lost: 0 },
  };
  const place = { cluster: '', group: name, pipeline: '', stage: '', type: '', topics: ['orders'] };
  return { ...lag, ...place, members: 1, partitions: 1, waiting: 0, ...given };
}

function groups(list: readonly GroupSummary[], shares = 0): GroupsView {
  const states: Partial<Record<StageState, number>> = {};
  for (const { state } of list) states[state] = (states[state] ?? 0) + 1;
  const share = { cluster: '', group: 's', state: 'stable', members: 1, topics: [], partitions: 1, lag: 0 };
  return { now: 0, groups: list, total: list.length, states, shares: new Array(shares).fill(share) };
}

describe('the first sentence', () => {
  test('says that all is well, and how many are idle', () => {
    const list = [...new Array(11).fill(0).map((_, i) => group(`g${i}`, 'healthy')), group('audit', 'idle')];
    const answer = groupsAnswer(groups(list));
    expect(answer).toMatchObject({ state: 'healthy', subject: '', rest: 'All 12 groups are healthy.' });
    expect(answer.detail).toBe('1 group idle: nothing is written to what it reads.');
  });

  test('one group alone, and share groups beside', () => {
    const answer = groupsAnswer(groups([group('a', 'healthy')], 2));
    expect(answer.rest).toBe('The one group is healthy.');
    expect(answer.detail).toBe('2 share groups beside, not judged.');
  });

  test('does not call a group healthy that nothing is known of', () => {
    const answer = groupsAnswer(groups([group('a', 'healthy'), group('b', 'unknown')]));
    expect(answer.rest).toBe('1 group healthy, 1 without recent data.');
  });

  test('names the worst, what follows, why, and how many others', () => {
    const lag = { lag: 12_000, lagSeconds: 10_800, atLeast: true, reason: 'the group has no members' };
    const answer = groupsAnswer(groups([group('payments-etl', 'dead', lag), group('b', 'stuck'), group('c', 'idle')]));
    expect(answer.state).toBe('dead');
    expect(answer.subject).toBe('payments-etl is dead.');
    expect(plain(answer.rest)).toBe('12.0k records wait, the oldest at least 3 h.');
    expect(answer.detail).toBe('The group has no members. 1 other group not healthy.');
  });

  test('a loss ahead is said first, in the colour of loss', () => {
    const ahead = { loss: 8700, lossExpected: true, lag: 9, lagSeconds: 400 };
    const answer = groupsAnswer(groups([group('etl', 'falling_behind', ahead)]));
    expect(answer.state).toBe('stuck');
    expect(plain(answer.rest)).toBe('Unread records of orders expire in 2 h 25 min.');
    expect(urgencyOf({ state: 'dead', lossExpected: true })).toBe('dead');
    expect(consequenceOf(group('etl', 'stuck', { ...ahead, loss: 0 }))).toBe(
      'Unread records of orders are being lost.',
    );
    expect(consequenceOf(group('etl', 'healthy', { lagSeconds: 0.3 }))).toBe('');
  });

  test('says when there is none', () => {
    expect(groupsAnswer(groups([]))).toMatchObject({ state: 'unknown', rest: 'No consumer group is reported.' });
  });
});
