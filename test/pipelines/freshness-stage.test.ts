import { describe, expect, test } from 'vitest';
import {
  type EventEvidence,
  type FreshnessState,
  type InputEvidence,
  judgeFreshness,
  type StageEvidence,
} from '../../pipelines/freshness-stage.ts';

const AT = 1_800_000_000_000;
const LIMITS = { idleAfter: 60_000, lateAfter: 90_000, allowedLag: 1 };
const _ = Number.NaN;
const FREE = Number.POSITIVE_INFINITY;
const ago = (seconds: number) => AT - seconds * 1000;

const input = (given: Partial<InputEvidence> = {}): InputEvidence => ({
  ...{ id: 'topic:orders', waiting: _, waitingSeconds: _, wasMeasured: false, rate: 0, writtenAt: 0 },
  ...given,
});
/** Said `furthest` seconds ago, first `reached` seconds ago, last `sampled` seconds ago. */
const says = (furthest: number, reached = 5, sampled = 5, beats = true): EventEvidence => ({
  ...{ furthest: ago(furthest), reachedAt: ago(reached), sampledAt: ago(sampled), beats },
});
const stage = (given: Partial<StageEvidence> = {}): StageEvidence => ({
  ...{ inputs: [], events: [], watermarks: [], handledAt: 0 },
  ...given,
});

const HANDLES = ago(5);
const LONG_AGO = ago(400);

describe('the table of inputs', () => {
  const table: [string, Partial<InputEvidence>, number, number, FreshnessState][] = [
    ['1 nothing waits, and it works', { waiting: 0 }, HANDLES, AT, 'current'],
    ['1 nothing waits, and nothing comes', { waiting: 0 }, LONG_AGO, AT, 'idle'],
    ['1 a transaction marker', { waiting: 1, waitingSeconds: 4000 }, LONG_AGO, AT, 'idle'],
    ['2 records of known age, worked off', { waiting: 500, waitingSeconds: 30 }, HANDLES, ago(30), 'behind'],
    [
      '2 records of known age, and nothing happens',
      { waiting: 500, waitingSeconds: 300 },
      LONG_AGO,
      ago(300),
      'stalled',
    ],
    ['2 not stalled for a moment', { waiting: 5, waitingSeconds: 8 }, LONG_AGO, ago(8), 'behind'],
    ['2 a consumer without spans that commits', { waiting: 500, waitingSeconds: 90, rate: 20 }, 0, ago(90), 'behind'],
    ['3 records of unknown age, worked off at a pace', { waiting: 500, rate: 50 }, HANDLES, ago(10), 'behind'],
    ['4 records of unknown age, and nothing happens', { waiting: 500 }, LONG_AGO, _, 'stalled'],
    ['5 the measure is gone', { wasMeasured: true, writtenAt: ago(5) }, HANDLES, _, 'unknown'],
    ['6 nobody measures, and it works', { writtenAt: ago(5) }, HANDLES, AT, 'current'],
    [
      '7 nobody measures, its input is written, and it does nothing',
      { writtenAt: ago(5) },
      LONG_AGO,
      LONG_AGO,
      'stalled',
    ],
    ['7 and it never did anything', { writtenAt: ago(5) }, 0, _, 'stalled'],
    ['7 it missed what was written long ago', { writtenAt: ago(300) }, LONG_AGO, LONG_AGO, 'stalled'],
    ['8 nobody measures, and it handled the last that was written', { writtenAt: ago(500) }, LONG_AGO, AT, 'idle'],
    ['8 nobody knows who writes its input', {}, LONG_AGO, AT, 'idle'],
  ];
  test.each(table)('%s', (_name, given, handledAt, asOf, state) => {
    const judged = judgeFreshness(stage({ inputs: [input(given)], handledAt }), AT, LIMITS);
    expect(judged).toMatchObject({ inputs: [asOf], bound: FREE, state });
    expect(judged.reason).not.toBe('');
  });
});

describe('the table of what it says itself', () => {
  const idle = { inputs: [input({ waiting: 0 })], handledAt: LONG_AGO };
  const working = { inputs: [input({ waiting: 0 })], handledAt: HANDLES };
  const behind = { inputs: [input({ waiting: 900, waitingSeconds: 40 })], handledAt: HANDLES };
  const table: [string, Partial<StageEvidence>, number, FreshnessState][] = [
    ['9 watermarks that ended', { ...working, watermarks: [says(130, 120, 120)] }, ago(130), 'unknown'],
    ['10 an idle job', { ...idle, watermarks: [says(1000, 600)] }, FREE, 'idle'],
    ['11 a working job', { ...working, watermarks: [says(12)] }, ago(12), 'current'],
    ['11 the slowest of its operators', { ...working, watermarks: [says(3), says(45), says(5)] }, ago(45), 'current'],
    [
      '11 an instance that ended does not count',
      { ...working, watermarks: [says(3), says(900, 800, 300)] },
      ago(3),
      'current',
    ],
    [
      '11 a stalled source with a heartbeat',
      { handledAt: LONG_AGO, watermarks: [says(300, 300)] },
      ago(300),
      'stalled',
    ],
    ['11 a job of which only watermarks are known', { watermarks: [says(20)] }, ago(20), 'current'],
    [
      '11 a job whose input nobody measures',
      { inputs: [input()], handledAt: HANDLES, watermarks: [says(20)] },
      ago(20),
      'current',
    ],
    ['12 a source that fell silent', { handledAt: ago(150), events: [says(152, 150, 120)] }, ago(152), 'unknown'],
    ['12 not where what waits is measured', { ...idle, events: [says(152, 150, 120)] }, ago(2), 'idle'],
    ['13 an idle source whose events are fresh', { handledAt: LONG_AGO, events: [says(402, 400)] }, ago(2), 'idle'],
    [
      '13 an idle source whose events come an hour late',
      { handledAt: LONG_AGO, events: [says(4000, 400)] },
      ago(3600),
      'idle',
    ],
    ['13 spans do not beat', { handledAt: LONG_AGO, events: [says(402, 400, 400, false)] }, ago(2), 'idle'],
    ['13 a trickle, with nothing waiting', { ...working, events: [says(42, 40)] }, ago(2), 'current'],
    ['13 a working source', { handledAt: HANDLES, events: [says(8, 5)] }, ago(3), 'current'],
    ['13 a source whose events fall behind', { handledAt: HANDLES, events: [says(700, 5)] }, ago(695), 'current'],
    [
      '14 nobody measures, and it handled what was written',
      { inputs: [input({ writtenAt: ago(15) })], handledAt: ago(5), events: [says(8, 5)] },
      ago(3),
      'current',
    ],
    [
      '15 nobody measures, and something was written since',
      { inputs: [input({ writtenAt: ago(5) })], handledAt: ago(15), events: [says(18, 15)] },
      ago(18),
      'current',
    ],
    ['15 records waiting', { ...behind, events: [says(38, 5)] }, ago(38), 'behind'],
    [
      '15 records waiting, and nothing happens',
      { inputs: [input({ waiting: 900, waitingSeconds: 200 })], handledAt: LONG_AGO, events: [says(402, 400)] },
      ago(402),
      'stalled',
    ],
    ['16 nothing', { handledAt: HANDLES }, FREE, 'current'],
  ];
  test.each(table)('%s', (_name, given, bound, state) => {
    expect(judgeFreshness(stage(given), AT, LIMITS)).toMatchObject({ bound, state });
  });

  test('a quiet partition holds nobody back, a slow one does', () => {
    const events = [says(4), says(900, 890), says(33)];
    const inputs = [input({ waiting: 3, waitingSeconds: 1 })];
    expect(judgeFreshness(stage({ inputs, handledAt: HANDLES, events }), AT, LIMITS).bound).toBe(ago(33));
  });

  test('no bound lies ahead of the clock', () => {
    const ahead = [says(-30, 0, 0)];
    expect(judgeFreshness(stage({ handledAt: HANDLES, events: ahead }), AT, LIMITS).bound).toBe(AT);
    expect(judgeFreshness(stage({ handledAt: HANDLES, watermarks: ahead }), AT, LIMITS).bound).toBe(AT);
  });
});

test('with several inputs each is told, and the worst names the state', () => {
  const inputs = [input({ waiting: 0 }), input({ id: 'topic:refunds', waiting: 70, waitingSeconds: 120 })];
  expect(judgeFreshness(stage({ inputs, handledAt: HANDLES }), AT, LIMITS)).toMatchObject({
    inputs: [AT, ago(120)],
    state: 'behind',
    reason: '70 records waiting',
  });
  expect(judgeFreshness(stage({ inputs, handledAt: LONG_AGO }), AT, LIMITS)).toMatchObject({
    state: 'stalled',
    reason: 'handles nothing for 6 min 40 s, 70 records waiting',
  });
});
