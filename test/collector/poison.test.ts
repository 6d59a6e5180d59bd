import { ClickHouseError } from '@clickhouse/client';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BlockSpan, isDataError, isolate, isViewError } from '../../collector/poison.ts';

function refusal(code: string, message: string): ClickHouseError {
  return new ClickHouseError({ code, type: 'X', message });
}

describe('isDataError', () => {
  it.each([
    [refusal('53', 'types differ'), true],
    [refusal('62', 'Unrecognized token: Syntax error (data type): failed at position 2'), true],
    [refusal('1002', 'what: While executing Native: While executing File'), true],
    [refusal('62', 'Syntax error: failed at position 2'), false],
    [refusal('60', 'no such table'), false],
    [refusal('241', '(total) memory limit exceeded: While executing Native'), false],
    [refusal('53', 'types differ: while pushing to view default.v'), false],
    [new Error('socket hang up'), false],
  ])('%s: %s', (error, expected) => {
    expect(isDataError(error)).toBe(expected);
  });

  it('knows a view from a table', () => {
    expect(isViewError(refusal('395', 'throwIf: while pushing to view default.v'))).toBe(true);
    expect(isViewError(refusal('395', 'throwIf'))).toBe(false);
  });
});

describe('isolate', () => {
  it('stores every good block once and refuses every bad one, few or many', async () => {
    const run = fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }), async (bad) => {
      const stored: number[] = [];
      const tokens = new Set<string>();
      const insert = async ({ from, to }: BlockSpan) => {
        if (bad.slice(from, to).some(Boolean)) throw refusal('53', `block in ${from}..${to}`);
        expect(tokens.has(`${from}-${to}`)).toBe(false);
        tokens.add(`${from}-${to}`);
        for (let i = from; i < to; i++) stored.push(i);
      };
      const refused = await isolate(bad.length, insert);
      const places = bad.map((_, i) => i);
      const left = refused.flatMap(({ from, to }) => places.slice(from, to));
      expect([...stored, ...left].sort((a, b) => a - b)).toEqual(places);
      if (bad.filter(Boolean).length < 6) expect(left.sort((a, b) => a - b)).toEqual(places.filter((i) => bad[i]));
    });
    await fc.assert(run);
  });

  it('gives up the search on an error that is not about the data', async () => {
    const insert = async () => {
      throw new Error('socket hang up');
    };
    await expect(isolate(4, insert)).rejects.toThrow('socket hang up');
  });
});
