import type { Millis } from '../core/time.ts';
import type { Expectations, KeyedLabels } from '../store/queries/expectations.ts';
import type { PointVerdicts } from './verdict.ts';

const FIRST_ROOM = 1024;
const NOBODY: KeyedLabels = { key: '', labels: {} };

/** Judged points that wait to be stored, in order, as columns: a ring with room for `most` of them. */
export interface ExpectationQueue {
  readonly length: number;
  /** Points that were lost because there was no room: the oldest. */
  readonly dropped: number;
  /** Takes in a judged point of which something was expected; others have no band and are not kept. */
  push(series: KeyedLabels, time: Millis, value: number, said: Pick<PointVerdicts, Band>): void;
  /** Takes in all points of another queue. */
  append(other: ExpectationQueue): void;
  /** A copy of the oldest points, `count` of them at most. */
  oldest(count: number): Expectations;
  /** Takes the points off that `oldest` gave last, those of them that were not lost since. */
  shift(): void;
}

type Band = 'expected' | 'lower' | 'upper' | 'score';
const NUMBERS = ['time', 'value', 'expected', 'lower', 'upper', 'score'] as const;
type Numbers = Record<(typeof NUMBERS)[number], Float64Array>;

export function createExpectationQueue(most: number): ExpectationQueue {
  let room = Math.min(FIRST_ROOM, most);
  let series: KeyedLabels[] = Array(room).fill(NOBODY);
  let numbers = numbersOf(room);
  /** Numbers of the oldest point, of the next one to come, and of the first that `oldest` did not give: modulo the room their places. */
  let first = 0;
  let end = 0;
  let taken = 0;
  let dropped = 0;

  /** Copies the oldest points, `count` of them, in two pieces where they go around the ring. */
  function copy(count: number, size: number): Expectations & { series: KeyedLabels[] } {
    const from = first % room;
    const whole = Math.min(count, room - from);
    const out = numbersOf(size);
    for (const name of NUMBERS) {
      out[name].set(numbers[name].subarray(from, from + whole));
      out[name].set(numbers[name].subarray(0, count - whole), whole);
    }
    return { series: [...series.slice(from, from + whole), ...series.slice(0, count - whole)], ...out };
  }

  function widen(): void {
    const count = end - first;
    const wider = Math.min(most, 2 * room);
    const { series: kept, ...columns } = copy(count, wider);
    while (kept.length < wider) kept.push(NOBODY);
    series = kept;
    numbers = columns;
    room = wider;
    taken -= first;
    first = 0;
    end = count;
  }

  /** Takes points off at the front, and keeps numbers small. */
  function leave(until: number): void {
    first = until;
    if (first < room) return;
    first -= room;
    end -= room;
    taken -= room;
  }

  const queue: ExpectationQueue = {
    get length() {
      return end - first;
    },
    get dropped() {
      return dropped;
    },
    push(one, time, value, { expected, lower, upper, score }) {
      if (Number.isNaN(expected)) return;
      if (end - first === room) {
        if (room < most) widen();
        else {
          leave(first + 1);
          dropped++;
        }
      }
      const at = end++ % room;
      series[at] = one;
      numbers.time[at] = time;
      numbers.value[at] = value;
      numbers.expected[at] = expected;
      numbers.lower[at] = lower;
      numbers.upper[at] = upper;
      numbers.score[at] = score;
    },
    append(other) {
      const { series: of, time, value, ...bands } = other.oldest(other.length);
      const said = { expected: NaN, lower: NaN, upper: NaN, score: NaN };
      for (let i = 0; i < of.length; i++) {
        said.expected = bands.expected[i] as number;
        said.lower = bands.lower[i] as number;
        said.upper = bands.upper[i] as number;
        said.score = bands.score[i] as number;
        queue.push(of[i] as KeyedLabels, time[i] as number, value[i] as number, said);
      }
    },
    oldest(count) {
      const size = Math.min(count, end - first);
      taken = first + size;
      return copy(size, size);
    },
    shift() {
      // What is not kept any more need not be known.
      for (let i = first; i < taken; i++) series[i % room] = NOBODY;
      if (taken > first) leave(taken);
    },
  };
  return queue;
}

function numbersOf(size: number): Numbers {
  const column = () => new Float64Array(size);
  return {
    time: column(),
    value: column(),
    expected: column(),
    lower: column(),
    upper: column(),
    score: column(),
  };
}
