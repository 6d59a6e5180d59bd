import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { openAnswer, scoreText } from '../../../detector/backtest/answer.ts';
import { ONSET } from '../../../detector/backtest/judge.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-answer-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('openAnswer', () => {
  test('one column: time as it was, score, alarm', () => {
    const path = join(folder, 'deep/er/cpu.csv');
    const answer = openAnswer(path, ['value']);
    answer.add('2014-03-07 12:00:00', 0.25, false, new Float64Array([7]));
    answer.add('a,b "c"', 1, true, new Float64Array([7]));
    expect(existsSync(path)).toBe(false);
    answer.finish();
    expect(readFileSync(path, 'utf8')).toBe(
      'timestamp,score,alarm\n2014-03-07 12:00:00,0.250000,0\n"a,b ""c""",1.000000,1\n',
    );
  });

  test('several columns have their parts, by name', () => {
    const path = join(folder, 'wide.csv');
    const answer = openAnswer(path, ['c01', 'a,b']);
    answer.add('0', 0, false, new Float64Array([0, 1234.56789]));
    answer.finish();
    expect(readFileSync(path, 'utf8')).toBe('timestamp,score,alarm,c01,"a,b"\n0,0.000000,0,0,1234.57\n');
  });

  test('more than the buffer is written whole, in order', () => {
    const path = join(folder, 'long.csv');
    const answer = openAnswer(path, ['value']);
    for (let i = 0; i < 50_000; i++) answer.add(String(i), 0.1, false, new Float64Array(1));
    answer.finish();
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(50_001);
    expect(lines.slice(1).every((line, i) => line === `${i},0.100000,0`)).toBe(true);
  });

  test('what is discarded leaves nothing, and what is finished stays', () => {
    const answer = openAnswer(join(folder, 'gone/x.csv'), ['value']);
    answer.discard();
    expect(readdirSync(join(folder, 'gone'))).toEqual([]);
    const kept = openAnswer(join(folder, 'gone/y.csv'), ['value']);
    kept.finish();
    kept.discard();
    kept.finish();
    expect(readdirSync(join(folder, 'gone'))).toEqual(['y.csv']);
  });
});

describe('scoreText', () => {
  test('rounding makes no onset of what is none, nor takes one away', () => {
    const numbers = fc.oneof(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0.4999, max: 0.5, noNaN: true }),
    );
    fc.assert(
      fc.property(numbers, (score) => {
        expect(Number(scoreText(score)) >= ONSET).toBe(score >= ONSET);
      }),
    );
    expect([scoreText(0.49999999), scoreText(0.5), scoreText(1)]).toEqual(['0.499999', '0.500000', '1.000000']);
  });

  test('a larger score never has a smaller text', () => {
    const pair = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        expect(Number(scoreText(less))).toBeLessThanOrEqual(Number(scoreText(more)));
      }),
    );
  });
});
