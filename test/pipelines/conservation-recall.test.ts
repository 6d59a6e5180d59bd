import { describe, expect, test } from 'vitest';
import { remembered } from '../../pipelines/conservation-recall.ts';
import type { Conservation, ConservationState, ConservationTurn } from '../../store/queries/conservation.ts';

const NOW = Date.UTC(2026, 5, 1, 12);
const H = 3_600_000;
const last = (state: ConservationState) => ({ kind: 'edge', from: 'a', to: 'b', state, time: NOW }) as Conservation;
const turn = (ago: number, state: ConservationState, seconds = 60, settle = 20): ConservationTurn => ({
  ...{ kind: 'edge', from: 'a', to: 'b', time: NOW - ago, state, seconds, settle },
});
/** When a drop of a minute is taken to have begun that was told of so long ago, and when one ended. */
const began = (ago: number) => NOW - ago - 20_000 - 90_000 - 30_000;
const ended = (ago: number) => NOW - ago - 20_000;

describe('what a pair remembers over a restart', () => {
  test('nothing but that it was judged, where all was well', () => {
    expect(remembered(last('conserved'), [], NOW)).toMatchObject({ verdict: 'conserved', judged: true, strange: [] });
    expect(remembered(last('surplus'), [], NOW).verdict).toBe('surplus');
    expect(remembered(last('stopped'), [], NOW).judged).toBe(true);
    expect(remembered(last('learning'), [], NOW).judged).toBe(false);
    expect(remembered(last('idle'), [], NOW).judged).toBe(false);
    expect(remembered(last('idle'), [turn(H, 'conserved')], NOW).judged).toBe(true);
  });

  test('a drop that goes on, with its begin, also while nothing can be judged', () => {
    for (const state of ['dropping', 'waiting', 'stopped'] as const) {
      const memory = remembered(last(state), [turn(2 * H, 'conserved'), turn(H, 'dropping')], NOW);
      expect(memory).toMatchObject({ verdict: 'dropping', since: began(H), judged: true });
      expect(memory.strange).toEqual([[began(H), Number.POSITIVE_INFINITY]]);
    }
  });

  test('drops that are over', () => {
    const turns = [turn(5 * H, 'dropping'), turn(4 * H, 'conserved'), turn(3 * H, 'dropping'), turn(2 * H, 'surplus')];
    const memory = remembered(last('conserved'), turns, NOW);
    expect(memory.since).toBeNaN();
    expect(memory.verdict).toBe('conserved');
    expect(memory.strange).toEqual([
      [began(5 * H), ended(4 * H)],
      [began(3 * H), ended(2 * H)],
    ]);
  });

  test('what was before a drop that was taken for how things are after six hours', () => {
    const adopted = [
      turn(20 * H, 'dropping'),
      turn(19 * H, 'conserved'),
      turn(9 * H, 'dropping'),
      turn(3 * H, 'conserved'),
    ];
    expect(remembered(last('conserved'), adopted, NOW).strange).toEqual([[0, began(9 * H)]]);
    // The role was down when the six hours were over.
    const during = remembered(last('dropping'), [turn(7 * H, 'dropping')], NOW);
    expect(during).toMatchObject({ verdict: 'conserved', strange: [[0, began(7 * H)]] });
    expect(during.since).toBeNaN();
  });

  test('a drop without a known time to settle', () => {
    const memory = remembered(last('dropping'), [turn(H, 'dropping', 30, Number.NaN)], NOW);
    expect(memory.since).toBe(NOW - H - 45_000 - 30_000);
  });
});
