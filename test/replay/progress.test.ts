import { describe, expect, test } from 'vitest';
import { createProgressBar, formatProgress } from '../../replay/progress.ts';

const half = { phase: 'live', sent: 50, total: 100, at: Date.UTC(2014, 2, 7), remaining: 89_500 } as const;

describe('formatProgress', () => {
  test('shows share, count, reached time and the rest', () => {
    expect(formatProgress(half)).toBe('[############............]  50 %  50/100  2014-03-07 00:00:00  1m30s left');
  });

  test('history has no rest', () => {
    expect(formatProgress({ ...half, phase: 'history' })).toContain('sending history');
  });
});

describe('createProgressBar', () => {
  function bar(isTTY: boolean) {
    const writes: string[] = [];
    let now = 0;
    const created = createProgressBar({ isTTY, write: (text) => writes.push(text) }, () => now);
    return { ...created, writes, tick: (ms: number) => (now += ms) };
  }

  test('redraws in place on a terminal, not more often than five times a second', () => {
    const { update, line, end, writes, tick } = bar(true);
    update(half);
    update(half);
    expect(writes).toHaveLength(1);
    tick(200);
    update(half);
    line('a word');
    end();
    expect(writes.join('')).toBe(`${formatProgress(half)}\r\u001b[K${formatProgress(half)}\r\u001b[Ka word\n`);
  });

  test('writes whole lines elsewhere, and the last one always', () => {
    const { update, end, writes } = bar(false);
    update(half);
    update({ ...half, sent: 60 });
    update({ ...half, sent: 100 });
    end();
    expect(writes).toEqual([`${formatProgress(half)}\n`, `${formatProgress({ ...half, sent: 100 })}\n`]);
  });
});
