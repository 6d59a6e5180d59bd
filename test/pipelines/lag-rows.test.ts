import { expect, test } from 'vitest';
import { createLagBook } from '../../pipelines/lag-book.ts';
import { judgeRows } from '../../pipelines/lag-rows.ts';
import { LIMITS } from './lag-world.ts';

const T = 1_800_000_000_000;
const HOUR = 3_600_000;

test('new partitions that hold records and are not read are told, those that were always there are not', () => {
  const book = createLagBook(LIMITS.allowedLag);
  const group = book.group('', 'billing', 'default');
  const partition = (number: number) => book.partition('', 'orders', number);
  const position = book.position(group, partition(0));
  const states: string[] = [];
  for (let i = 0; i < 60; i++) {
    const at = T + i * 10_000;
    book.tellMembers(group, 2, at);
    book.tellEnd(partition(0), 1000 + i, at);
    // Assigned to nobody of this group from the start.
    book.tellEnd(partition(1), 500, at);
    if (i >= 20) book.tellEnd(partition(2), i >= 30 ? 10 : 0, at);
    book.tellCommitted(position, 1000 + i, at);
    if (i >= 50) book.tellCommitted(book.position(group, partition(2)), 10, at);
    const { groups } = judgeRows(book, at + 5000, LIMITS, HOUR);
    expect(groups.map(({ topic }) => topic).sort()).toEqual(['', 'orders']);
    const whole = groups.find(({ topic }) => topic === '');
    if (whole !== undefined && states.at(-1) !== whole.state) states.push(whole.state);
    if (i === 40) expect(whole?.reason).toBe('has committed nothing in a new partition with records');
  }
  expect(states).toEqual(['healthy', 'no_commits', 'healthy']);
});

test('of a group the sums, the largest lag in time and the nearest loss are told, and all its partitions', () => {
  const book = createLagBook(LIMITS.allowedLag);
  const group = book.group('', 'billing', 'shop');
  for (const topic of ['orders', 'refunds']) {
    for (let number = 0; number < 3; number++) {
      const partition = book.partition('', topic, number);
      for (const at of [T, T + 10_000, T + 20_000]) {
        book.tellEnd(partition, 100 + (at - T) / 100, at);
        book.tellCommitted(book.position(group, partition), 100 + number * 10, at);
      }
    }
  }
  const { groups, partitions, unlisted } = judgeRows(book, T + 20_000, LIMITS, HOUR);
  const lags = Object.fromEntries(
    groups.map((row) => [row.topic, [row.lag, row.partitions, row.waiting, row.pipeline]]),
  );
  expect(lags).toEqual({ '': [1140, 6, 6, 'shop'], orders: [570, 3, 3, 'shop'], refunds: [570, 3, 3, 'shop'] });
  expect(partitions).toHaveLength(6);
  expect(unlisted).toBe(0);
  // An hour later nothing has been heard, and the group is forgotten.
  expect(judgeRows(book, T + 2 * HOUR, LIMITS, HOUR).groups).toEqual([]);
});

test("what only one of the group's partitions has not reported for minutes is gone", () => {
  const book = createLagBook(LIMITS.allowedLag);
  const group = book.group('', 'billing', 'default');
  const [kept, gone] = [0, 1].map((number) => book.partition('', 'orders', number)) as [number, number];
  book.tellEnd(gone, 100, T);
  book.tellCommitted(book.position(group, gone), 50, T);
  for (let i = 0; i <= 36; i++) {
    book.tellEnd(kept, 100, T + i * 10_000);
    book.tellCommitted(book.position(group, kept), 100, T + i * 10_000);
  }
  const { groups, partitions } = judgeRows(book, T + 365_000, LIMITS, HOUR);
  expect(partitions.map(({ partition }) => partition)).toEqual([0]);
  expect(groups[0]).toMatchObject({ partitions: 1, lag: 0 });
});
