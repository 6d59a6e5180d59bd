import { expect, test } from 'vitest';
import { createEngine } from '../../../detector/engine/engine.ts';
import { tailsFor, UNREAD } from '../../../detector/engine/sides.ts';

const STREAMS = ['profile', 'shift', 'step', 'forecast'];

test('both directions keep all tails, in turn', () => {
  const { places, count } = tailsFor('both', STREAMS);
  expect([...places]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(count).toBe(8);
});

test('one direction keeps its own side, and both of those that are read either way', () => {
  const up = tailsFor('up', STREAMS);
  expect([...up.places]).toEqual([0, 1, 2, UNREAD, 3, 4, 5, UNREAD]);
  const down = tailsFor('down', STREAMS);
  expect([...down.places]).toEqual([0, 1, UNREAD, 2, 3, 4, UNREAD, 5]);
  expect([up.count, down.count]).toEqual([6, 6]);
});

test('an engine for one direction refuses another', () => {
  const engine = createEngine(1, 'up');
  engine.setTraits(0, { direction: 'up', noise: 0 });
  expect(() => engine.setTraits(0, { direction: 'down', noise: 0 })).toThrow('an engine for up is told down');
  createEngine(1).setTraits(0, { direction: 'down', noise: 0 });
});
