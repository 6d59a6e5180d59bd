import { expect, test } from 'vitest';
import { judgedPoints } from '../../core/judged-points.ts';
import { fingerprint } from '../../core/labels.ts';

const labels = { signal: 'lag_seconds', pipeline: 'orders', stage: 'a&b', topic: 'orders' };
const ONSET = Date.UTC(2026, 2, 2, 8, 0, 10);

test('the window begins ten minutes before the first strange step and ends with the step that fired', () => {
  const { from, to } = judgedPoints({ labels, onset: ONSET, time: ONSET + 20_000 });
  expect([from, to]).toEqual([ONSET - 600_000, ONSET + 30_000]);
});

test('the call of the API names signal, pipeline and stage; the key tells the series among those of the answer', () => {
  const { path, key, from, to } = judgedPoints({ labels, onset: ONSET, time: ONSET });
  const url = new URL(path, 'http://127.0.0.1');
  expect(url.pathname).toBe('/api/series');
  expect(Object.fromEntries(url.searchParams)).toEqual({
    ...{ from: String(from), to: String(to), step: '10000' },
    ...{ signals: 'lag_seconds', pipeline: 'orders', stage: 'a&b' },
  });
  expect(key).toBe(fingerprint(labels));
});

test('the statement names the series and the window in whole seconds', () => {
  const { sql, key, from, to } = judgedPoints({ labels, onset: ONSET, time: ONSET });
  expect(sql).toContain(`FROM expectations WHERE SeriesKey = '${key}'`);
  expect(sql).toContain(`Time >= toDateTime(${from / 1000}) AND Time < toDateTime(${to / 1000})`);
});

test('other steps are whole ones of theirs, and an onset that is not known is the step that fired', () => {
  const time = Math.floor(ONSET / 60_000) * 60_000;
  const { from, to, path } = judgedPoints({ labels: { signal: 'custom' }, onset: 0, time, step: 60_000 });
  expect([from, to]).toEqual([time - 600_000, time + 60_000]);
  expect(path).toContain('step=60000');
  expect(path).not.toContain('stage');
});
