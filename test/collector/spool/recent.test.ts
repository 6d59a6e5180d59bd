import { expect, it } from 'vitest';
import { REMEMBERED_MS, RecentRequests } from '../../../collector/spool/recent.ts';

it('remembers a request for its time, table by table, and no other', () => {
  const recent = new RecentRequests();
  const now = 1_700_000_000_000;
  recent.add('a', ['spans'], now);
  recent.add('b', ['metric_summaries', 'metric_points'], now + 1000);
  recent.add('a', ['logs'], now + 2000);
  expect(recent.tables('a', now + 3000)).toEqual(['spans', 'logs']);
  expect(recent.tables('b', now + 3000)).toEqual(['metric_points', 'metric_summaries']);
  expect(recent.tables('c', now + 3000)).toEqual([]);
  expect(recent.tables('b', now + 1000 + REMEMBERED_MS - 1000)).toHaveLength(2);
  expect(recent.tables('b', now + 1000 + REMEMBERED_MS)).toEqual([]);
  recent.add('b', ['spans'], now + 1000 + REMEMBERED_MS);
  expect(recent.tables('b', now + 1000 + REMEMBERED_MS)).toEqual(['spans']);
});
