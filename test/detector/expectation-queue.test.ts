import { expect, test } from 'vitest';
import { createExpectationQueue } from '../../detector/expectation-queue.ts';

const series = (key: string) => ({ key, labels: { stage: key } });
const band = (expected: number) => ({ expected, lower: expected - 1, upper: expected + 1, score: expected / 10 });

/** Pushes points numbered [from, to), whose columns all follow from the number. */
function fill(queue: ReturnType<typeof createExpectationQueue>, from: number, to: number): void {
  for (let i = from; i < to; i++) queue.push(series(`s${i}`), i, 2 * i, band(3 * i));
}
const numbered = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

function expectOldest(queue: ReturnType<typeof createExpectationQueue>, from: number, to: number): void {
  const all = queue.oldest(to - from);
  const numbers = numbered(from, to);
  expect(all.series.map(({ key }) => key)).toEqual(numbers.map((i) => `s${i}`));
  expect([...all.time]).toEqual(numbers);
  expect([...all.value]).toEqual(numbers.map((i) => 2 * i));
  expect([...all.expected]).toEqual(numbers.map((i) => 3 * i));
  expect([...all.lower]).toEqual(numbers.map((i) => 3 * i - 1));
  expect([...all.upper]).toEqual(numbers.map((i) => 3 * i + 1));
  expect([...all.score]).toEqual(numbers.map((i) => (3 * i) / 10));
}

test('points come out in the order in which they came in, over many rounds of the ring and while it grows', () => {
  const queue = createExpectationQueue(5000);
  let [first, end] = [0, 0];
  for (const [more, fewer] of [
    [700, 300],
    [600, 500],
    [3000, 100],
    [1500, 4000],
    [4000, 4900],
    [5000, 5000],
  ] as const) {
    fill(queue, end, end + more);
    end += more;
    expect(queue.length).toBe(end - first);
    expectOldest(queue, first, Math.min(end, first + fewer));
    queue.shift();
    first = Math.min(end, first + fewer);
  }
  expect(queue.dropped).toBe(0);
  expect(queue.length).toBe(0);
});

test('a full one loses the oldest, and takes off no more than what was given', () => {
  const queue = createExpectationQueue(2000);
  fill(queue, 0, 2000);
  expectOldest(queue, 0, 100);
  // While these were on their way to the store more came: of the hundred fifty are lost here already.
  fill(queue, 2000, 2050);
  queue.shift();
  expect(queue.dropped).toBe(50);
  expect(queue.length).toBe(1950);
  expectOldest(queue, 100, 2050);
  fill(queue, 2050, 2500);
  expect(queue.dropped).toBe(450);
  // All that was given is gone by now.
  queue.oldest(10);
  fill(queue, 2500, 2520);
  queue.shift();
  expect(queue.length).toBe(2000);
  expectOldest(queue, 520, 2520);
});

test('a point of which nothing was expected has no band to keep; one queue takes in another', () => {
  const queue = createExpectationQueue(100);
  queue.push(series('none'), 1, 1, band(NaN));
  expect(queue.length).toBe(0);
  const other = createExpectationQueue(10);
  fill(other, 5, 8);
  fill(queue, 0, 5);
  queue.append(other);
  expectOldest(queue, 0, 8);
});
