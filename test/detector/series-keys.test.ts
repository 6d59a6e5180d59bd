import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fingerprint, type Labels } from '../../core/labels.ts';
import type { Series } from '../../core/series.ts';
import { createSeriesKeys } from '../../detector/series-keys.ts';
import { createWatched } from '../../detector/watched.ts';

/** New objects each time, as the store's answers are. */
const answer = (all: readonly Labels[]): Series[] =>
  all.map((labels) => ({ labels: { ...labels }, start: 0, step: 10_000, values: Float64Array.of(1) }));
const stage = (i: number): Labels => ({ pipeline: 'orders', signal: 'lag', stage: `stage-${i}` });
const hashed = (all: readonly Labels[]) => all.map(fingerprint);

test('keys are fingerprints, answer after answer', () => {
  const keys = createSeriesKeys();
  const all = Array.from({ length: 100 }, (_, i) => stage(i));
  for (let round = 0; round < 3; round++) expect(keys.of(answer(all))).toEqual(hashed(all));
  expect(keys.of([])).toEqual([]);
  expect(keys.of(answer(all))).toEqual(hashed(all));
});

test('while nothing moves the array is the same one, and else another', () => {
  const keys = createSeriesKeys();
  const all = Array.from({ length: 20 }, (_, i) => stage(i));
  const first = keys.of(answer(all));
  expect(keys.of(answer(all))).toBe(first);
  for (const other of [all.slice(0, -1), all.slice(1), [...all, stage(99)], all.toReversed(), []]) {
    expect(keys.of(answer(other))).not.toBe(first);
    expect(first).toEqual(hashed(all));
    expect(keys.of(answer(all))).toEqual(hashed(all));
    keys.of(answer(all.slice(3)));
    expect(keys.of(answer(all))).toBe(first);
  }
});

test('series that come, go and change their places have keys of their own', () => {
  const keys = createSeriesKeys();
  const all = Array.from({ length: 300 }, (_, i) => stage(i));
  keys.of(answer(all));
  const without = all.filter((_, i) => i < 50 || i > 250);
  expect(keys.of(answer(without))).toEqual(hashed(without));
  const more = [stage(900), ...without.slice(0, 20), stage(901), ...without.slice(20), stage(902)];
  expect(keys.of(answer(more))).toEqual(hashed(more));
  const turned = more.toReversed();
  expect(keys.of(answer(turned))).toEqual(hashed(turned));
});

test('a label more, less or of another value is another series', () => {
  const keys = createSeriesKeys();
  const [plain, topic, other] = [stage(1), { ...stage(1), topic: 'a' }, { ...stage(1), topic: 'b' }];
  for (const one of [plain, topic, other, topic, plain]) expect(keys.of(answer([one]))).toEqual([fingerprint(one)]);
  expect(keys.of(answer([topic, plain, other, plain]))).toEqual(hashed([topic, plain, other, plain]));
});

test('whatever the answers are, the keys are right', () => {
  const labels = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('', '1', '2'));
  fc.assert(
    fc.property(fc.array(fc.array(labels, { maxLength: 12 }), { maxLength: 6 }), (answers) => {
      const keys = createSeriesKeys();
      for (const one of answers) expect(keys.of(answer(one))).toEqual(hashed(one));
    }),
  );
});

test('a series that stands where it stood is not hashed again', () => {
  const keys = createSeriesKeys();
  const all = Array.from({ length: 10 }, (_, i) => stage(i));
  const first = [...keys.of(answer(all))];
  let reads = 0;
  const counted = all.map((one) => ({
    pipeline: one['pipeline'] as string,
    signal: 'lag',
    get stage() {
      reads++;
      return one['stage'] as string;
    },
  }));
  const series = counted.map((labels) => ({ labels, start: 0, step: 10_000, values: Float64Array.of(1) }));
  expect(keys.of(series)).toEqual(first);
  expect(reads).toBe(10);
});

test('labels are the same object for as long as a series is known, and those of a series that is watched are its own', () => {
  const all = Array.from({ length: 10 }, (_, i) => stage(i));
  const one = createWatched({ ...stage(3) }, 0, 0);
  const keys = createSeriesKeys(new Map([[one.key, one]]));
  keys.of(answer(all));
  const labels = all.map((_, i) => keys.labelsAt(i));
  expect(labels).toEqual(all);
  expect(labels[3]).toBe(one.labels);
  keys.of(answer(all.slice(2)));
  expect([keys.labelsAt(0), keys.labelsAt(1)]).toEqual([stage(2), stage(3)]);
  expect(keys.labelsAt(1)).toBe(one.labels);
  expect(keys.labelsAt(0)).toBe(labels[2]);
});

test('a watched series with as many labels but an empty one more is not taken for it', () => {
  const one = createWatched(stage(1), 0, 0);
  const keys = createSeriesKeys(new Map([[one.key, one]]));
  const empty = { ...stage(1), topic: '' };
  const first = keys.of(answer([empty]));
  expect(first).toEqual([one.key]);
  expect(keys.labelsAt(0)).toEqual(empty);
  expect(keys.of(answer([empty]))).toBe(first);
});
