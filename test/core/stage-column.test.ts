import { expect, test } from 'vitest';
import { columnName, columnTitle } from '../../core/stage-column.ts';

test('a column is named by its signal and by what tells it from others of the signal', () => {
  expect(columnName({ signal: 'latency_p95', pipeline: 'orders', stage: 'billing' })).toBe('latency_p95');
  expect(columnName({ topic: 'orders', signal: 'lag', stage: 'billing', group: 'b', pipeline: 'p' })).toBe(
    'lag group=b topic=orders',
  );
  expect(columnName({ signal: 'custom', name: 'queue.depth', stage: 's', pipeline: '', topic: '' })).toBe(
    'custom name=queue.depth',
  );
});

test('people read the signal in words, and where it is', () => {
  expect(columnTitle('latency_p95')).toBe('latency p95');
  expect(columnTitle('dependency_p95 dependency=postgres')).toBe('dependency latency p95 to postgres');
  expect(columnTitle('lag group=b topic=orders')).toBe('lag on orders');
  expect(columnTitle('custom name=queue.depth')).toBe('queue.depth');
  expect(columnTitle('quantum_flux')).toBe('quantum_flux');
});
