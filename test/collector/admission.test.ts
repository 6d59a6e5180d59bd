import { describe, expect, it } from 'vitest';
import { Admission } from '../../collector/admission.ts';

const LIMIT = 1 << 20;

describe('Admission', () => {
  it('lets requests in up to its bound, and again when others have left', () => {
    const admission = new Admission(LIMIT);
    const [one, two] = [admission.enter(), admission.enter()];
    one.grow(900_000);
    expect(() => two.grow(200_000)).toThrowError(
      expect.objectContaining({ code: 'collector_overloaded', retryable: true, retryAfterMs: 1000 }),
    );
    expect(admission.bytes).toBe(one.bytes + two.bytes);
    one.leave();
    two.grow(200_000);
    expect(admission.bytes).toBe(two.bytes);
    two.leave();
    two.leave();
    expect(admission.bytes).toBe(0);
  });

  it('lets one request in that is larger than the bound, when it is alone', () => {
    const admission = new Admission(LIMIT);
    const large = admission.enter();
    large.grow(LIMIT);
    large.grow(LIMIT);
    expect(() => admission.enter()).toThrow(/send again later/);
    large.leave();
    expect(() => admission.enter()).not.toThrow();
  });

  it('bounds the number of requests that send nothing', () => {
    const admission = new Admission(LIMIT);
    let entered = 0;
    expect(() => {
      for (; entered < 1000; entered++) admission.enter();
    }).toThrow();
    expect(entered).toBeGreaterThan(100);
  });

  it('lends a buffer to one request at a time', () => {
    const admission = new Admission(64 * LIMIT);
    const first = admission.enter();
    const lent = first.borrow(1_400_000);
    expect(lent.length).toBeGreaterThanOrEqual(1_400_000);
    expect(admission.enter().borrow(1_400_000).buffer).not.toBe(lent.buffer);
    first.leave();
    first.leave();
    const [second, third] = [admission.enter().borrow(1_400_000), admission.enter().borrow(1_400_000)];
    expect(second.buffer).toBe(lent.buffer);
    expect(third.buffer).not.toBe(second.buffer);
  });
});
