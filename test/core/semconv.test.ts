import { describe, expect, it } from 'vitest';
import { ATTR, readAttribute } from '../../core/semconv.ts';
import { lastIndex, timeAt } from '../../core/series.ts';
import { SIGNAL_FACTS, SIGNALS } from '../../core/signal.ts';

describe('readAttribute', () => {
  it('prefers the current name and falls back to older ones', () => {
    expect(readAttribute({ 'db.system': 'old', 'db.system.name': 'new' }, ATTR.dbSystem)).toBe('new');
    expect(readAttribute({ 'db.system': 'old' }, ATTR.dbSystem)).toBe('old');
    expect(readAttribute({ 'messaging.kafka.consumer.group': 'g' }, ATTR.messagingGroup)).toBe('g');
  });

  it('treats an empty value as absent', () => {
    expect(readAttribute({ 'db.system.name': '', 'db.system': 'old' }, ATTR.dbSystem)).toBe('old');
    expect(readAttribute({}, ATTR.dbSystem)).toBeUndefined();
  });
});

describe('signals', () => {
  it('have facts each', () => {
    expect(Object.keys(SIGNAL_FACTS).sort()).toEqual([...SIGNALS].sort());
  });
});

describe('series', () => {
  const series = { labels: {}, start: 1000, step: 10, values: Float64Array.of(1, Number.NaN, 3, Number.NaN) };
  it('places points on the grid and finds the last that is no gap', () => {
    expect(timeAt(series, 2)).toBe(1020);
    expect(lastIndex(series)).toBe(2);
    expect(lastIndex({ ...series, values: new Float64Array(0) })).toBe(-1);
  });
});
