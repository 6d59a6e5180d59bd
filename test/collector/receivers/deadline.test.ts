import { afterEach, describe, expect, it, vi } from 'vitest';
import { within } from '../../../collector/receivers/deadline.ts';

afterEach(() => {
  vi.useRealTimers();
});

describe('waiting for work', () => {
  it('ends with the work, and leaves no timer behind', async () => {
    vi.useFakeTimers();
    await within(Promise.resolve(7), 60_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends with the time when the work does not', async () => {
    vi.useFakeTimers();
    let ended = false;
    const waiting = within(new Promise(() => {}), 1000).then(() => {
      ended = true;
    });
    await vi.advanceTimersByTimeAsync(999);
    expect(ended).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await waiting;
    expect(ended).toBe(true);
  });

  it('does not mind failures, in time and after', async () => {
    await expect(within(Promise.reject(new Error('at once')), 1000)).resolves.toBeUndefined();
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error('late')), 20));
    await expect(within(late, 1)).resolves.toBeUndefined();
    // An unhandled rejection would fail the run.
    await new Promise((resolve) => setTimeout(resolve, 40));
  });
});
