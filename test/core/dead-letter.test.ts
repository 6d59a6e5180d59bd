import { expect, test } from 'vitest';
import { deadLetterSource } from '../../core/dead-letter.ts';

test.each([
  ['orders.dlq', 'orders'],
  ['orders-dlq', 'orders'],
  ['orders_DLQ', 'orders'],
  ['orders.DLT', 'orders'],
  ['orders-dlt', 'orders'],
  ['orders-dlt-0', 'orders'],
  ['dlq-orders', 'orders'],
  ['dlq.shop.orders', 'shop.orders'],
  ['orders.dead-letter', 'orders'],
  ['orders-dead-letters', 'orders'],
  ['orders.deadletter.queue', 'orders'],
  ['orders-dlq.fifo', 'orders'],
  ['deadletters', ''],
  ['DLQ', ''],
])('%s holds the dead letters of "%s"', (topic, source) => {
  expect(deadLetterSource(topic)).toBe(source);
});

test.each(['orders', 'dlqs', 'idlq', 'orders-retry-0', 'adlt', 'deadline-orders', 'dead', 'dlqorders', ''])(
  '%s holds none',
  (topic) => {
    expect(deadLetterSource(topic)).toBeUndefined();
  },
);
