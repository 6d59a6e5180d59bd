import type { Request } from 'express';
import { describe, expect, test } from 'vitest';
import { parseNumber, parseRange, parseSignals, parseText, stepFor } from '../../api/request.ts';

const NOW = 1_795_000_000_000;
const DAY = 86_400_000;
const asking = (query: Record<string, unknown>) => ({ query }) as unknown as Request;

describe('ranges', () => {
  test('default to the last hour, in whole steps', () => {
    const { from, to, step } = parseRange(asking({}), NOW + 1234, DAY);
    expect(step).toBe(10_000);
    expect(from % step).toBe(0);
    expect(to % step).toBe(0);
    expect(to).toBeGreaterThanOrEqual(NOW + 1234);
    expect(to - from).toBeGreaterThanOrEqual(3_600_000);
  });

  test('long ranges get long steps, never more than about 600 points', () => {
    for (const length of [60_000, 3_600_000, DAY, 7 * DAY, 31 * DAY]) {
      const step = stepFor(length);
      expect(step % 10_000).toBe(0);
      expect(length / step).toBeLessThanOrEqual(600);
    }
    const { step } = parseRange(asking({ from: String(NOW - DAY), to: String(NOW), step: '10000' }), NOW, 7 * DAY);
    expect(step).toBe(300_000);
  });

  test.each([
    [{ from: String(NOW), to: String(NOW - 1) }, 'query.from'],
    [{ from: String(NOW - 40 * DAY), to: String(NOW) }, 'query.from'],
    [{ to: String(NOW + 2 * DAY), from: String(NOW + DAY * 1.5) }, 'query.to'],
    [{ from: 'yesterday' }, 'query.from'],
    [{ from: '-5' }, 'query.from'],
    [{ from: '1e400' }, 'query.from'],
    [{ from: ['1', '2'] }, 'query.from'],
    [{ step: '15000' }, 'query.step'],
    [{ step: '0' }, 'query.step'],
  ])('%j is refused at %s', (query, path) => {
    expect(() => parseRange(asking(query), NOW, 31 * DAY)).toThrow(expect.objectContaining({ status: 400, path }));
  });
});

describe('other fields', () => {
  test('signals are a list of known names', () => {
    expect(parseSignals(asking({ signals: 'lag,throughput' }))).toEqual(['lag', 'throughput']);
    expect(parseSignals(asking({}))).toBeUndefined();
    expect(() => parseSignals(asking({ signals: 'lag,mood' }))).toThrow(/"mood" is not a signal/);
  });

  test('text is short and given once; numbers have bounds', () => {
    expect(parseText(asking({ service: 'a' }), 'service')).toBe('a');
    expect(() => parseText(asking({ service: 'x'.repeat(501) }), 'service')).toThrow();
    expect(parseNumber(asking({ limit: '5' }), 'limit', 1, 10)).toBe(5);
    for (const limit of ['0', '11', 'many', 'NaN'])
      expect(() => parseNumber(asking({ limit }), 'limit', 1, 10)).toThrow();
  });
});
