import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { readLines } from '../../../detector/backtest/lines.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-lines-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(bytes: Buffer | string, name = 'a.csv'): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

async function lines(path: string): Promise<string[]> {
  const all: string[] = [];
  for await (const batch of readLines(path)) all.push(...batch);
  return all;
}

describe('readLines', () => {
  test.each([
    ['', []],
    ['a', ['a']],
    ['a\n', ['a']],
    ['a\n\nb', ['a', '', 'b']],
    ['a\r\nb\r\n', ['a', 'b']],
    ['\uFEFFa\nb\n', ['a', 'b']],
    ['\uFEFFa', ['a']],
    ['größe\n€\n', ['größe', '€']],
  ])('%j', async (text, expected) => {
    expect(await lines(file(text))).toEqual(expected);
    expect(await lines(file(gzipSync(text)))).toEqual(expected);
  });

  test('what was packed is told by its bytes, not by its name', async () => {
    expect(await lines(file(gzipSync('a\nb\n'), 'plain.csv'))).toEqual(['a', 'b']);
    expect(await lines(file('a\nb\n', 'packed.csv.gz'))).toEqual(['a', 'b']);
  });

  test('any text comes back line by line', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme' })), async (texts) => {
        const clean = texts.map((text) => text.replace(/[\r\n\uFEFF]/g, ''));
        expect(await lines(file(clean.map((text) => `${text}\n`).join('')))).toEqual(clean);
      }),
      { numRuns: 50 },
    );
  });

  test('a file of several reads comes in batches, each line once', async () => {
    const rows = Array.from({ length: 200_000 }, (_, i) => `${i},${i * 0.5}`);
    const path = file(gzipSync(rows.join('\n')));
    const sizes: number[] = [];
    let next = 0;
    for await (const batch of readLines(path)) {
      sizes.push(batch.length);
      for (const line of batch) if (line === rows[next]) next++;
    }
    expect(next).toBe(rows.length);
    expect(sizes.length).toBeGreaterThan(3);
    expect(Math.max(...sizes)).toBeLessThan(rows.length / 3);
  });

  test('a packed file that was cut off is refused with its path and the line reached', async () => {
    const bytes = gzipSync(Array.from({ length: 50_000 }, (_, i) => `${i},${Math.sin(i)}`).join('\n'));
    await expect(lines(file(bytes.subarray(0, bytes.length / 2), 'cut.csv.gz'))).rejects.toMatchObject({
      code: 'backtest_file_unreadable',
      message: expect.stringMatching(/cut\.csv\.gz:\d+: .*gzip -t/),
    });
  });

  test('a file that is not there, and one without line breaks, are refused', async () => {
    const code = 'backtest_file_unreadable';
    await expect(lines(join(folder, 'none.csv'))).rejects.toMatchObject({ code });
    const endless = file(Buffer.alloc(17 * 1024 * 1024, 'a'));
    await expect(lines(endless)).rejects.toMatchObject({
      code,
      message: expect.stringContaining('a line of more than'),
    });
  });
});
