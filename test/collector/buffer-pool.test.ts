import { describe, expect, it } from 'vitest';
import { BufferPool } from '../../collector/buffer-pool.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

describe('a pool of buffers', () => {
  it('gives what came back to the next that fits', () => {
    const pool = new BufferPool(64 * MIB);
    const first = pool.take(100 * KIB);
    expect(first.length).toBe(128 * KIB);
    pool.give(first);
    expect(pool.kept).toBe(128 * KIB);
    expect(pool.take(200 * KIB)).not.toBe(first);
    expect(pool.take(128 * KIB)).toBe(first);
    expect(pool.kept).toBe(0);
  });

  it('takes a part from the start back as the whole', () => {
    const pool = new BufferPool(64 * MIB);
    const whole = pool.take(5 * MIB);
    pool.give(whole.subarray(0, 5 * MIB));
    expect(pool.kept).toBe(8 * MIB);
    expect(pool.take(6 * MIB).buffer).toBe(whole.buffer);
  });

  it('lends no memory of somebody else', () => {
    const pool = new BufferPool(64 * MIB);
    const shared = new ArrayBuffer(256 * KIB);
    pool.give(Buffer.from(shared, 64 * KIB, 64 * KIB - 1));
    pool.give(Buffer.from('small'));
    pool.give(Buffer.allocUnsafe(100));
    pool.give(Buffer.allocUnsafeSlow(100 * KIB));
    expect(pool.kept).toBe(0);
  });

  it('keeps no more than it may', () => {
    const pool = new BufferPool(MIB);
    const buffers = Array.from({ length: 4 }, () => pool.take(512 * KIB));
    for (const buffer of buffers) pool.give(buffer);
    expect(pool.kept).toBe(MIB);
  });

  it('makes exactly what is asked for where that is small or very large', () => {
    const pool = new BufferPool(64 * MIB);
    expect([1, 32 * KIB, 33 * MIB].map((bytes) => pool.take(bytes).length)).toEqual([1, 32 * KIB, 33 * MIB]);
  });
});
