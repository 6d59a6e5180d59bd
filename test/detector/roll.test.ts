import { expect, test } from 'vitest';
import type { Series } from '../../core/series.ts';
import { createRolls, type Roll } from '../../detector/roll.ts';
import { createWatched, type Watched } from '../../detector/watched.ts';

const stage = (name: string): Watched => createWatched({ pipeline: 'p', signal: 'lag', stage: name }, 0, 0);

function fill(...names: readonly string[]) {
  const watched = new Map<string, Watched>();
  for (const one of names.map(stage)) watched.set(one.key, one);
  return { watched, rolls: createRolls(watched), keys: names.map((name) => stage(name).key) };
}

test('each watched series stands at its place of the answer, who is not in it nowhere', () => {
  const { rolls, keys, watched } = fill('a', 'b', 'c', 'd');
  const answer = [keys[2], stage('stranger').key, keys[0], keys[3]] as string[];
  const { watched: all, places } = rolls.call([], answer);
  expect(all).toEqual([...watched.values()]);
  expect([...places]).toEqual([2, -1, 0, 3]);
});

test('for the same answer it is found once; another answer, or a change that was told of, is looked at anew', () => {
  const { rolls, keys, watched } = fill('a', 'b');
  const first = rolls.call([], keys);
  expect(rolls.call([], keys)).toBe(first);
  const other = rolls.call([], [...keys].reverse());
  expect([...other.places]).toEqual([1, 0]);

  const late = stage('c');
  watched.set(late.key, late);
  watched.delete(keys[0] as string);
  rolls.changed();
  const changed = rolls.call([], keys);
  expect(changed).not.toBe(other);
  expect(changed.watched.map(({ labels }) => labels['stage'])).toEqual(['b', 'c']);
  expect([...changed.places]).toEqual([1, -1]);
});

test('a series loaded again stands where the one before it stood', () => {
  const { rolls, keys, watched } = fill('a', 'b');
  rolls.call([], keys);
  const again = stage('a');
  watched.set(again.key, again);
  rolls.changed();
  const { watched: all, places } = rolls.call([], keys);
  expect(all[0]).toBe(again);
  expect([...places]).toEqual([0, 1]);
});

test('the values of a next answer are found at the places of the one before; an answer that was let go of says nothing', () => {
  const { rolls, keys } = fill('a', 'b');
  const flow = (name: string, value: number): Series => {
    return {
      labels: { pipeline: 'p', signal: 'output', stage: name },
      start: 0,
      step: 10,
      values: Float64Array.of(value),
    };
  };
  const first = rolls.call([flow('b', 500), flow('c', 900)], keys);
  const eventsOf = ({ volumes, stages }: Roll) => Array.from(stages, (place) => volumes.at(place, 0, 10));
  expect(eventsOf(first)).toEqual([NaN, 5]);
  const next = rolls.call([flow('b', 700), flow('c', 900)], keys);
  expect(next).toBe(first);
  expect(eventsOf(next)).toEqual([NaN, 7]);
  rolls.dismiss();
  expect(eventsOf(next)).toEqual([NaN, NaN]);
  expect(eventsOf(rolls.call([flow('a', 100)], [...keys].reverse()))).toEqual([1, NaN]);
});
