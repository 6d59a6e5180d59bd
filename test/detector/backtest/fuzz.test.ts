import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { CreateRowJudge } from '../../../detector/backtest/judge.ts';
import { createRowJudge as product } from '../../../detector/backtest/product.ts';
import { judgeFiles } from '../../../detector/backtest/series-file.ts';
import { createRowJudge as tiny } from './tiny-judge.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function report(bytes: Uint8Array | string, create: CreateRowJudge) {
  const [input, output] = [join(folder, 'a.csv'), join(folder, 'a.out')];
  writeFileSync(input, bytes);
  const [said] = await judgeFiles([{ name: 'a.csv', input, output }], create, { interval: 60_000 });
  return { said, answer: () => readFileSync(output, 'utf8').trimEnd().split('\n') };
}

describe('files of any content', () => {
  test('any bytes, packed or not, end in a report', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.boolean(), async (bytes, packed) => {
        const { said } = await report(packed ? gzipSync(bytes) : bytes, tiny);
        expect(['judged', 'no_series', 'failed']).toContain(said?.state);
      }),
      { numRuns: 60 },
    );
  });

  const cell = fc.oneof(
    fc.double().map(String),
    fc.integer().map(String),
    fc.constantFrom(
      '',
      'NaN',
      '-0',
      '1e308',
      '-1e308',
      '5e-324',
      '1e30',
      '-1e30',
      'Infinity',
      'x',
      '"',
      '"1"',
      ' 7 ',
      '\r',
      '0x10',
    ),
  );

  test.each([
    ['the tiny judge', tiny],
    ['the judge of the product', product],
  ])('a series of any values has a sound line for each row: %s', async (_, create) => {
    const rows = fc.array(fc.tuple(fc.integer({ min: -5, max: 400 }), fc.array(cell, { maxLength: 4 })), {
      minLength: 30,
      maxLength: 150,
    });
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 1, max: 3 }), async (some, columns) => {
        const start = Array.from({ length: 40 }, (_, i) => `${i * 60}${',1'.repeat(columns)}`);
        const lines = some.map(([step, cells], i) => [40 * 60 + i * 60 + step, ...cells].join(','));
        const head = `t,${Array.from({ length: columns }, (_, i) => `c${i}`).join(',')}`;
        const text = [head, ...start, ...lines].join('\n');
        const { said, answer } = await report(text, create);
        expect(said).toMatchObject({ state: 'judged', rows: 40 + lines.length, columns });
        const told = answer();
        expect(told).toHaveLength(41 + lines.length);
        for (const line of told.slice(1)) {
          const [, score, alarm, ...parts] = line.split(',').map(Number) as [number, number, number, ...number[]];
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(1);
          expect([0, 1]).toContain(alarm);
          expect(parts).toHaveLength(columns === 1 ? 0 : columns);
          expect(parts.every((part) => part >= 0)).toBe(true);
        }
      }),
      { numRuns: 40 },
    );
  });
});
