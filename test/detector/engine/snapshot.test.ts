import { expect, test } from 'vitest';
import { createEngine } from '../../../detector/engine/engine.ts';
import { createIncidents } from '../../../detector/engine/incident.ts';
import { restoreState, snapshotOf } from '../../../detector/engine/snapshot.ts';
import { MINUTE, MONDAY, noise } from './watch.ts';

function detection(series: number) {
  const [engine, incidents] = [createEngine(series), createIncidents(series)];
  return {
    state: [...engine.state, ...incidents.state],
    /** What is said of each series at a time. */
    say: (time: number, values: readonly number[]) =>
      values.map((value, i) => {
        const { score, stuck } = engine.judge(i, time, value);
        return { score, stuck, ...incidents.decide(i, score, 2) };
      }),
  };
}

const normal = noise(1);
const rows = Array.from({ length: 700 }, (_, i) =>
  [0, 100, 1e9].map((level) => level + 5 * normal() + (i === 600 ? 90 : 0)),
);
const timeOf = (row: number) => MONDAY + row * MINUTE;

test('goes on exactly where it stood, and so does the one it was taken from', () => {
  const first = detection(3);
  for (const [i, row] of rows.slice(0, 550).entries()) first.say(timeOf(i), row);
  const bytes = snapshotOf(first.state);
  const second = detection(3);
  restoreState(second.state, bytes);
  for (let i = 550; i < rows.length; i++) {
    const row = rows[i] as number[];
    expect(second.say(timeOf(i), row)).toEqual(first.say(timeOf(i), row));
  }
  expect(snapshotOf(second.state)).toEqual(snapshotOf(first.state));
});

test('a snapshot of other series, of another version, cut short or with more behind it is refused and changes nothing', () => {
  const { state, say } = detection(3);
  say(timeOf(0), [1, 2, 3]);
  const bytes = snapshotOf(state);
  const wrong = new Map([
    ['series', snapshotOf(detection(4).state)],
    ['other arrays', snapshotOf(state.slice(1))],
    ['version 9', bytes.with(0, 9)],
    ['wanted', bytes.subarray(0, bytes.length - 1)],
    ['version -1', new Uint8Array(3)],
  ]);
  for (const [reason, other] of wrong) {
    expect(() => restoreState(state, other)).toThrow(reason);
    expect(snapshotOf(state)).toEqual(bytes);
  }
  expect(() => restoreState(state, Uint8Array.from([...bytes, 0]))).toThrow('wanted');
});

test('its place in a larger buffer does not matter', () => {
  const { state } = detection(2);
  const bytes = snapshotOf(state);
  const larger = new Uint8Array(bytes.length + 3);
  larger.set(bytes, 3);
  restoreState(detection(2).state, larger.subarray(3));
});
