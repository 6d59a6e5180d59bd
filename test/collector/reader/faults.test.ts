import { describe, expect, it } from 'vitest';
import { OTLP_SIGNALS } from '../../../collector/otlp/model.ts';
import { WeirError } from '../../../core/errors.ts';
import { CONTEXT, logs, openReader, pair, START, span, traces } from './requests.ts';

const rich = traces([
  span({
    attributes: [
      pair('text', 'a value'),
      pair('list', { arrayValue: { values: [{ intValue: 5n }, { kvlistValue: { values: [pair('k', 'v')] } }] } }),
    ],
    events: [{ name: 'event', timeUnixNano: START, attributes: [pair('k', { doubleValue: 0.1 })] }],
    links: [{ traceId: '1'.repeat(32), spanId: '2'.repeat(16) }],
    status: { code: 2, message: 'failed' },
  }),
]);
const record = logs([{ timeUnixNano: START, body: { bytesValue: Buffer.from('body') }, attributes: [pair('a', 'b')] }]);

function varint(size: number): Buffer {
  const bytes: number[] = [];
  let rest = size;
  for (; rest >= 128; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

const wrap = (tag: number, bytes: Buffer) => Buffer.concat([Buffer.from([tag]), varint(bytes.length), bytes]);

/** A request of one log record whose body is a list in a list, `depth` times. */
function deepRecord(depth: number): Buffer {
  const heads: Buffer[] = [];
  const text = Buffer.from([0x0a, 0x01, 0x61]);
  let size = text.length;
  for (let i = 0; i < depth; i++) {
    // A list (field 5 of the value) of one value (field 1 of the list).
    const inner = Buffer.concat([Buffer.from([0x0a]), varint(size)]);
    const outer = Buffer.concat([Buffer.from([0x2a]), varint(size + inner.length)]);
    heads.push(Buffer.concat([outer, inner]));
    size += inner.length + outer.length;
  }
  const time = Buffer.from([0x09, 1, 0, 0, 0, 0, 0, 0, 0]);
  const body = wrap(0x2a, Buffer.concat([...heads.reverse(), text]));
  return wrap(0x0a, wrap(0x12, wrap(0x12, Buffer.concat([time, body]))));
}

/** A small generator of numbers below `bound`, the same each run. */
function numbers(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

describe('bytes that are no request', () => {
  it('are refused with words, place and byte', async () => {
    const reader = await openReader();
    const message = (bytes: readonly number[]) => {
      try {
        reader.read('traces', Buffer.from(bytes), CONTEXT);
      } catch (error) {
        return [(error as WeirError).code, (error as WeirError).message];
      }
      return [];
    };
    const code = 'collector_request_malformed';
    expect(message([0x0a, 0x05, 0x01])).toEqual([
      code,
      'a length of 5 bytes where 1 are left at resourceSpans, byte 2',
    ]);
    expect(message([0x0a, 0x02, 0x12, 0x7f])).toEqual([
      code,
      'a length of 127 bytes where 0 are left at resourceSpans[0].scopeSpans, byte 4',
    ]);
    expect(message([0x08, 0x01])).toEqual([code, 'wire type 0 where field 1 has 2 at resourceSpans, byte 1']);
    expect(message([0x00])).toEqual([code, 'a field has number 0 at byte 1']);
    expect(message([0x1b])).toEqual([code, 'field 3 has the wire type 3, which proto3 does not know at byte 1']);
    expect(message([0x18, ...Array(10).fill(0xff), 1])).toEqual([
      code,
      'a number is longer than ten bytes at field 3, byte 11',
    ]);
    const inside = Buffer.from(rich);
    const at = inside.indexOf('a value') - 2;
    inside[at] = 0x08;
    expect(message([...inside])[1]).toMatch(
      /^wire type 0 where field 1 has 2 at .*spans\[0\]\.attributes\[0\]\.value\.stringValue, byte \d+$/,
    );
  });

  it('cut anywhere give rows or a typed error, and never half of a request', async () => {
    const reader = await openReader();
    for (const [signal, whole] of [
      ['traces', rich],
      ['logs', record],
    ] as const) {
      for (let size = 0; size < whole.length; size++) {
        const bytes = whole.subarray(0, size);
        if (size === 0) expect(reader.read(signal, bytes, CONTEXT).accepted).toBe(0);
        else expect(() => reader.read(signal, bytes, CONTEXT), `${size}`).toThrow(WeirError);
        expect(reader.pendingRows).toBe(0);
      }
    }
  });

  it('changed anywhere give rows or a typed error', async () => {
    const reader = await openReader({ limits: { depth: 8 } });
    const next = numbers(7);
    let refused = 0;
    for (let run = 0; run < 20_000; run++) {
      const bytes = Buffer.from(run % 2 === 0 ? rich : record);
      for (let changes = 1 + next(4); changes > 0; changes--) bytes[next(bytes.length)] = next(256);
      const before = reader.pendingRows;
      try {
        const outcome = reader.read(OTLP_SIGNALS[next(3)] ?? 'traces', bytes, CONTEXT);
        expect(reader.pendingRows - before).toBeGreaterThanOrEqual(outcome.accepted > 0 ? 1 : 0);
      } catch (error) {
        if (!(error instanceof WeirError) || error.message.startsWith('the request cannot be read')) throw error;
        refused += 1;
        expect(reader.pendingRows).toBe(before);
      }
      if (run % 500 === 0) reader.take();
    }
    expect(refused).toBeGreaterThan(5000);
  });

  it('random bytes give rows or a typed error', async () => {
    const reader = await openReader();
    const next = numbers(11);
    for (let run = 0; run < 20_000; run++) {
      const bytes = Buffer.from(Array.from({ length: next(64) }, () => next(256)));
      try {
        reader.read(OTLP_SIGNALS[next(3)] ?? 'traces', bytes, CONTEXT);
      } catch (error) {
        if (!(error instanceof WeirError) || error.message.startsWith('the request cannot be read')) throw error;
      }
    }
    expect(reader.pendingRows).toBe(0);
  });

  it('values nested a hundred thousand deep neither trap nor take long', async () => {
    const reader = await openReader();
    const outcome = reader.read('logs', deepRecord(100_000), CONTEXT);
    expect([outcome.accepted, outcome.limited.get('depth')]).toEqual([1, 1]);
  });

  it('a trap is an error of its request alone: pending rows stay, and a new instance reads on', async () => {
    const reader = await openReader({ limits: { depth: 1_000_000_000 } });
    reader.read('traces', rich, CONTEXT);
    expect(() => reader.read('logs', deepRecord(100_000), CONTEXT)).toThrow(/^the request cannot be read: /);
    expect(reader.pendingRows).toBe(2);
    reader.read('logs', record, CONTEXT);
    const rows = () => reader.take().map(({ table, rows }) => [table, rows]);
    expect(rows()).toEqual([
      ['resource_scopes', 2],
      ['spans', 1],
      ['logs', 1],
    ]);
    // The scopes that the replaced instance told are told again.
    reader.read('traces', rich, CONTEXT);
    expect(rows()).toEqual([
      ['resource_scopes', 1],
      ['spans', 1],
    ]);
  });
});

describe('digest', () => {
  it('differs for every byte, place and length', async () => {
    const reader = await openReader();
    const seen = new Set<string>();
    for (const size of [0, 1, 7, 8, 63, 64, 65, 127, 128, 1024, 1100]) {
      const bytes = Buffer.alloc(size);
      seen.add(reader.digest(bytes));
      for (let at = 0; at < size; at++) {
        for (const bit of [1, 0x80]) {
          bytes[at] = bit;
          seen.add(reader.digest(bytes));
        }
        bytes[at] = 0;
      }
    }
    expect(seen.size).toBe([0, 1, 7, 8, 63, 64, 65, 127, 128, 1024, 1100].reduce((sum, size) => sum + 1 + 2 * size, 0));
    expect([...seen].every((digest) => /^[0-9a-f]{32}$/.test(digest))).toBe(true);
  });

  it('is the same in every reader and leaves pending rows alone', async () => {
    const [one, other] = [await openReader(), await openReader()];
    one.read('traces', rich, CONTEXT);
    expect(one.digest(rich)).toBe(other.digest(rich));
    expect([one.pendingRows, one.take().length]).toEqual([2, 2]);
  });
});
