import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Admission } from '../../../collector/admission.ts';
import { BufferPool } from '../../../collector/buffer-pool.ts';
import { Assembly } from '../../../collector/receivers/assembly.ts';
import { compressionNamed, unpack } from '../../../collector/receivers/compression.ts';

const PACK = { gzip: gzipSync, deflate: deflateSync, zstd: zstdCompressSync } as const;
const COMPRESSIONS = ['gzip', 'deflate', 'zstd'] as const;
const MEBIBYTE = 1 << 20;

describe.each(COMPRESSIONS)('%s', (compression) => {
  const pack = PACK[compression];

  it('gives back what was packed, of any size', async () => {
    const admission = new Admission(256 * MEBIBYTE);
    const sizes = fc.oneof(fc.nat(2000), fc.nat(300_000), fc.constantFrom(16_384, 131_072, 131_073, 1_400_000));
    await fc.assert(
      fc.asyncProperty(sizes, fc.constantFrom(1, 7, 251), async (size, period) => {
        const bytes = Buffer.from(Array.from({ length: size }, (_, i) => (i * i) % period));
        const ticket = admission.enter();
        const unpacked = await unpack(compression, pack(bytes), 2 * MEBIBYTE, ticket);
        expect(Buffer.compare(unpacked, bytes)).toBe(0);
        expect(ticket.bytes).toBeGreaterThanOrEqual(size);
        ticket.leave();
      }),
      { numRuns: 40 },
    );
    expect(admission.bytes).toBe(0);
  });

  it.each([100, 70_000, MEBIBYTE])('takes exactly the limit and not a byte more: %s', async (limit) => {
    const open = (bytes: number) =>
      unpack(compression, pack(Buffer.alloc(bytes)), limit, new Admission(256 * MEBIBYTE).enter());
    expect((await open(limit)).length).toBe(limit);
    await expect(open(limit + 1)).rejects.toMatchObject({ code: 'collector_request_too_large' });
  });

  it('stops a bomb early', async () => {
    const bomb = pack(Buffer.alloc(400 * MEBIBYTE));
    const before = process.cpuUsage();
    const opened = unpack(compression, bomb, 2 * MEBIBYTE, new Admission(256 * MEBIBYTE).enter());
    await expect(opened).rejects.toMatchObject({ code: 'collector_request_too_large' });
    const { user, system } = process.cpuUsage(before);
    expect(user + system).toBeLessThan(100_000);
  });

  it('refuses what is broken, cut or empty', async () => {
    const whole = pack(Buffer.from('telemetry '.repeat(50_000)));
    const small = pack(Buffer.from('telemetry'));
    for (const bytes of [
      Buffer.from('hello, world: no'),
      whole.subarray(0, whole.length / 2),
      small.subarray(0, -5),
      Buffer.alloc(0),
    ]) {
      const opened = unpack(compression, bytes, MEBIBYTE, new Admission(256 * MEBIBYTE).enter());
      await expect(opened).rejects.toMatchObject({ code: 'collector_request_malformed' });
    }
  });

  it('waits for room rather than filling memory', async () => {
    const admission = new Admission(MEBIBYTE);
    admission.enter();
    const opened = unpack(compression, pack(Buffer.alloc(2 * MEBIBYTE)), 4 * MEBIBYTE, admission.enter());
    await expect(opened).rejects.toMatchObject({ code: 'collector_overloaded', retryable: true });
  });
});

it('does not believe a gzip trailer', async () => {
  for (const told of [0, 1, 0xffffffff]) {
    const packed = gzipSync(Buffer.alloc(300_000, 'ab'));
    packed.writeUInt32LE(told, packed.length - 4);
    const opened = unpack('gzip', packed, MEBIBYTE, new Admission(256 * MEBIBYTE).enter());
    await expect(opened).rejects.toMatchObject({ code: 'collector_request_malformed' });
  }
});

it('reads several gzip members as one', async () => {
  const packed = Buffer.concat([gzipSync(Buffer.alloc(90_000, 'a')), gzipSync(Buffer.from('b'))]);
  const unpacked = await unpack('gzip', packed, MEBIBYTE, new Admission(256 * MEBIBYTE).enter());
  expect([unpacked.length, unpacked.at(-1)]).toEqual([90_001, 98]);
});

it('knows encodings by their names', () => {
  expect([undefined, 'identity', ' GZIP ', 'x-gzip', 'deflate', 'zlib', 'zstd'].map(compressionNamed)).toEqual([
    'identity',
    'identity',
    'gzip',
    'gzip',
    'deflate',
    'deflate',
    'zstd',
  ]);
  for (const name of ['br', 'snappy', 'gzip, gzip', 'constructor']) {
    expect(() => compressionNamed(name)).toThrowError(expect.objectContaining({ code: 'collector_encoding_unknown' }));
  }
});

describe('bodies in chunks', () => {
  it('come out whole, with and without an announced length, out of used buffers too', () => {
    const admission = new Admission(64 * MEBIBYTE);
    const body = fc.oneof(fc.nat(5000), fc.nat(3_000_000));
    fc.assert(
      fc.property(body, fc.integer({ min: 1, max: 70_000 }), fc.boolean(), (length, piece, announced) => {
        const bytes = Buffer.alloc(length, `${length}-${piece}`);
        const ticket = admission.enter();
        const assembly = new Assembly(announced ? length : undefined, ticket);
        for (let at = 0; at < length; at += Math.max(piece, length / 100)) {
          assembly.add(bytes.subarray(at, Math.min(length, at + Math.max(piece, length / 100))));
        }
        expect(Buffer.compare(assembly.done(), bytes)).toBe(0);
        ticket.leave();
      }),
      { numRuns: 60 },
    );
  });

  it('of which little comes cost little, whatever is announced', () => {
    const before = process.memoryUsage().arrayBuffers;
    const ticket = new Admission(64 * MEBIBYTE).enter();
    const assemblies = Array.from({ length: 50 }, () => new Assembly(64 * MEBIBYTE, ticket));
    for (const assembly of assemblies) assembly.add(Buffer.alloc(10));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MEBIBYTE);
  });

  it('borrow buffers that nobody else holds, and a bounded number is kept', () => {
    const pool = new BufferPool(4 * MEBIBYTE);
    const held = [100_000, 100_000, 1_400_000, 3_000_000].map((bytes) => pool.take(bytes));
    expect(new Set(held.map(({ buffer }) => buffer)).size).toBe(4);
    for (const buffer of held) pool.give(buffer);
    expect(pool.kept).toBeLessThanOrEqual(4 * MEBIBYTE);
    const again = pool.take(1_400_000);
    expect(again.buffer).toBe(held[2]?.buffer);
    expect(pool.take(1_400_000).buffer).not.toBe(again.buffer);
  });
});
