import { deserialize, serialize } from 'node:v8';
import { expect, test } from 'vitest';
import { createWatched, NO_INCIDENTS, NO_LOOKOUTS, type Watched, watchOf } from '../../detector/watched.ts';
import { columnsOfWatched, watchedFrom } from '../../detector/watched-columns.ts';

const back = (all: readonly Watched[], texts?: Map<string, string>) =>
  watchedFrom(deserialize(serialize(columnsOfWatched(all))), texts);
const firing = { phase: 'firing', onset: 1, brokeAt: 2, firedAt: 3, judgedAt: 4 } as const;

function made(): Watched[] {
  const all = Array.from({ length: 20 }, (_, i) => {
    const labels = i % 3 === 0 ? { signal: 'lag', stage: `s-${i}`, topic: 't' } : { signal: 'output', stage: `s-${i}` };
    return createWatched(labels, 1000 * i, 5);
  });
  const [first, second, third] = all as [Watched, Watched, Watched];
  Object.assign(first, { history: 77, seenAt: 88, reloads: 2, expected: 1.5, forecast: 4 });
  first.slots.up = 3;
  second.slots.down = 9;
  second.slots.both = 10;
  second.incidents = [
    [1, 2],
    [3, 4],
  ];
  Object.assign(watchOf(third, 'LagGrowing'), { standing: firing, firings: 2.5, firedAt: 9 });
  watchOf(third, 'BacklogGrowing');
  watchOf(all[10] as Watched, 'LagGrowing').firings = 1;
  return all;
}

test('what goes in comes out, with every label, place, standing and incident', () => {
  const all = made();
  const again = back(all);
  expect(again).toEqual(all);
  expect(Object.keys(again[1]?.labels ?? {})).toEqual(['signal', 'stage']);
  expect([...(again[2]?.watches.keys() ?? [])]).toEqual(['LagGrowing', 'BacklogGrowing']);
  expect(back([])).toEqual([]);
});

test('fields that nobody here knows of are carried along', () => {
  const [one] = made() as [Watched];
  const further = { ...one, rung: 'season', tried: [1, 2, 3], places: { near: 4 }, share: 0.5 };
  const other = { ...made()[1], rung: undefined } as Watched;
  const [after, beside] = back([further, other]);
  expect(after).toEqual(further);
  expect(beside).toEqual({ ...other, share: undefined });
});

test('a text that many series carry is one text', () => {
  const texts = new Map<string, string>();
  const again = [...back(made(), texts), ...back(made(), texts)];
  expect(new Set(texts.keys())).toEqual(
    new Set([...made().flatMap(({ labels }) => Object.values(labels)), 'LagGrowing', 'BacklogGrowing']),
  );
  expect(again[0]?.labels).toEqual(again[20]?.labels);
});

test('a series restored can be judged on without those it came with', () => {
  const [one, other] = back(made());
  watchOf(one as Watched, 'X');
  (one as Watched).slots.both = 5;
  expect(other?.watches.size).toBe(0);
  expect(other?.slots).toEqual({ down: 9, both: 10 });
});

test('what a series has none of takes no room, restored neither', () => {
  const [first, second] = back(made());
  expect([first?.incidents, first?.lookouts]).toEqual([NO_INCIDENTS, NO_LOOKOUTS]);
  expect(first?.incidents).toBe(NO_INCIDENTS);
  expect(second?.lookouts).toBe(NO_LOOKOUTS);
});
