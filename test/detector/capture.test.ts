import { deserialize } from 'node:v8';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { capture, piecesOf } from '../../detector/capture.ts';
import { detectorConfig } from '../../detector/config.ts';
import { judge } from '../../detector/judge.ts';
import { createCatalogue, createWatched, type Watched } from '../../detector/watched.ts';
import { watchedFrom } from '../../detector/watched-columns.ts';
import { EPOCH, STEP } from './world.ts';

const catalogue = createCatalogue(detectorConfig.parse({}));
const all: Watched[] = Array.from({ length: 1100 }, (_, i) =>
  createWatched({ signal: 'lag', pipeline: 'p', stage: `s-${i}` }, EPOCH, EPOCH),
);
const step = (value: number) => {
  for (const one of all) judge(catalogue, one, { time: one.next, value, volume: 1 }, STEP);
};
step(5);
const taken = () =>
  capture({ takenAt: 1, step: STEP, cursor: 2, watched: all, stages: [], alerts: [], catalogue: { ...catalogue } });
const whole = (state: ReturnType<typeof taken>) =>
  Array.from({ length: state.blocks }, (_, i) => Buffer.from(state.block(i)));
/** Compared by their sums: a list of millions of bytes takes seconds to be compared one by one. */
const sums = (blocks: readonly Buffer[]) => blocks.map((block) => [block.length, crc32(block)]);

test('blocks are alerts, series by 512, then slabs', () => {
  const state = taken();
  expect(state.facts).toEqual({
    takenAt: 1,
    step: STEP,
    cursor: 2,
    chunks: 3,
    stages: 0,
    slabs: ['up', 'up'],
    places: 0,
  });
  const blocks = whole(state);
  expect(blocks.length).toBe(1 + 3 + 2);
  expect(deserialize(blocks[0] as Buffer)).toEqual([]);
  expect(blocks.slice(1, 4).flatMap((block) => watchedFrom(deserialize(block)))).toEqual(all);
  expect(blocks[4]?.equals(Buffer.concat([...(catalogue.slots.slabs()[0] ?? [])]))).toBe(true);
  expect(state.settled).toBe(true);
});

test('what is settled is of the moment at which it was, however far it had come', () => {
  const plain = sums(whole(taken()));
  const [none, some] = [taken(), taken()];
  const begun = [0, 1].map((i) => Buffer.from(some.block(i)));
  expect([none.settled, some.settled]).toEqual([false, false]);
  none.settle();
  some.settle();
  some.settle();
  expect([none.settled, some.settled]).toEqual([true, true]);
  step(50);
  expect(sums(whole(none))).toEqual(plain);
  const rest = Array.from({ length: some.blocks - 2 }, (_, i) => Buffer.from(some.block(i + 2)));
  expect(sums([...begun, ...rest])).toEqual(plain);
  expect(sums(whole(taken()))).not.toEqual(plain);
});

test('large arrays come in pieces that are views of them', () => {
  const large = new Uint8Array(9 * 1024 * 1024);
  const pieces = piecesOf([large, new Uint8Array(0), new Uint8Array(5)]);
  expect(pieces.map(({ length }) => length)).toEqual([4194304, 4194304, 1048576, 5]);
  expect(pieces[1]?.buffer).toBe(large.buffer);
});
