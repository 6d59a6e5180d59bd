import { describe, expect, it } from 'vitest';
import { DECODE_LIMITS } from '../../../collector/otlp/decode.ts';
import { parseJson } from '../../../collector/otlp/json.ts';
import { OTLP_SIGNALS } from '../../../collector/otlp/model.ts';
import { messageType } from '../../../collector/otlp/schema.ts';
import { parseProtobuf } from '../../../collector/otlp/wire.ts';
import { WeirError } from '../../../core/errors.ts';
import { END, requestsJson, START, toProtobuf, tracesJson } from './requests.ts';

const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

function failure(run: () => unknown): WeirError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(WeirError);
    return error as WeirError;
  }
  throw new Error('nothing was thrown');
}

/** Length-delimited field `number` around `content`. */
function field(number: number, content: Buffer | number[]): Buffer {
  const inner = Buffer.from(content);
  const length: number[] = [];
  let rest = inner.length;
  do {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), inner]);
}

const inSpan = (content: Buffer | number[]) => field(1, field(2, field(2, content)));
const inPoint = (content: Buffer | number[]) => field(1, field(2, field(2, field(9, field(1, content)))));

describe('both readers', () => {
  it.each(OTLP_SIGNALS)('read %s into the same model', (signal) => {
    const fromJson = parseJson(signal, bytes(requestsJson[signal]));
    const fromProtobuf = parseProtobuf(signal, toProtobuf(signal, requestsJson[signal]));
    expect(withoutZeros(fromProtobuf)).toEqual(withoutZeros(fromJson));
  });

  it.each(OTLP_SIGNALS)('take an empty request of %s', (signal) => {
    expect(parseProtobuf(signal, Buffer.alloc(0))).toEqual({});
    expect(parseJson(signal, bytes('{}'))).toEqual({});
  });

  it('keep 64-bit integers whole', () => {
    for (const request of [
      parseProtobuf('traces', toProtobuf('traces', tracesJson)),
      parseJson('traces', bytes(tracesJson)),
    ]) {
      const span = request.resourceSpans?.[0]?.scopeSpans?.[0]?.spans?.[0];
      expect(span?.startTimeUnixNano).toBe(START);
      expect(span?.endTimeUnixNano).toBe(END);
      expect(span?.attributes?.[2]?.value?.intValue).toBe(-9223372036854775808n);
      expect(span?.traceId).toBe('0102030405060708090a0b0c0d0e0fff');
    }
  });
});

/** A zero or empty scalar outside a oneof means the same as an absent one; protobufjs leaves them out on the wire. */
function withoutZeros(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((element) => withoutZeros(element));
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  const kept = Object.entries(value).filter(([name, inner]) => {
    const inOneof = name.endsWith('Value') || name === 'asInt' || name === 'asDouble';
    return inOneof || !(inner === 0 || inner === 0n || inner === '' || inner === false);
  });
  return Object.fromEntries(kept.map(([name, inner]) => [name, withoutZeros(inner, key)]));
}

describe('parseProtobuf', () => {
  it('takes packed and unpacked lists alike', () => {
    const packed = parseProtobuf('metrics', inPoint(field(6, [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0])));
    const unpacked = parseProtobuf(
      'metrics',
      inPoint([(6 << 3) | 1, 1, 0, 0, 0, 0, 0, 0, 0, (6 << 3) | 1, 2, 0, 0, 0, 0, 0, 0, 0]),
    );
    expect(unpacked).toEqual(packed);
    const point = packed.resourceMetrics?.[0]?.scopeMetrics?.[0]?.metrics?.[0]?.histogram?.dataPoints?.[0];
    expect(point?.bucketCounts).toEqual([1n, 2n]);
  });

  it('skips unknown fields of every wire type', () => {
    const unknown = Buffer.concat([
      Buffer.from([(31 << 3) | 0, 0x96, 0x01].flatMap((byte, i) => (i === 0 ? [0xf8, 0x01] : [byte]))),
      Buffer.from([0xf9, 0x01, 1, 2, 3, 4, 5, 6, 7, 8]),
      Buffer.from([0xfa, 0x01, 2, 9, 9]),
      Buffer.from([0xfd, 0x01, 1, 2, 3, 4]),
    ]);
    const known = field(5, Buffer.from('name'));
    expect(parseProtobuf('traces', inSpan(Buffer.concat([unknown, known])))).toEqual(
      parseProtobuf('traces', inSpan(known)),
    );
  });

  it('reads negative numbers of every kind', () => {
    const buckets = field(8, [(1 << 3) | 0, 5]);
    const point = inPointOf(10, Buffer.concat([Buffer.from([(6 << 3) | 0, 7]), buckets]));
    const read = parseProtobuf('metrics', point).resourceMetrics?.[0]?.scopeMetrics?.[0]?.metrics?.[0];
    expect(read?.exponentialHistogram?.dataPoints?.[0]).toEqual({ scale: -4, positive: { offset: -3 } });
  });

  it('keeps the last of a oneof and merges a message that comes twice', () => {
    const value = Buffer.concat([field(1, Buffer.from('x')), Buffer.from([(3 << 3) | 0, 5])]);
    const pair = Buffer.concat([field(1, Buffer.from('k')), field(2, value)]);
    const status = Buffer.concat([field(15, field(2, Buffer.from('bad'))), field(15, [(3 << 3) | 0, 2])]);
    const request = parseProtobuf('traces', inSpan(Buffer.concat([field(9, pair), status])));
    const span = request.resourceSpans?.[0]?.scopeSpans?.[0]?.spans?.[0];
    expect(span?.attributes).toEqual([{ key: 'k', value: { intValue: 5n } }]);
    expect(span?.status).toEqual({ message: 'bad', code: 2 });
  });

  it.each([
    ['a length beyond the end', [0x0a, 0x05, 0x00], /length of 5 bytes where 1 are left at resourceSpans, byte 2/],
    ['a varint that never ends', [0x0a, ...Array<number>(12).fill(0xff)], /longer than ten bytes/],
    ['a cut varint', [0x0a, 0x80], /ends inside a number/],
    ['field number 0', [0x02, 0x00], /field has number 0/],
    ['a group', [0x0b], /wire type 3 where field 1 has 2 at resourceSpans/],
    ['text', [...Buffer.from('hello')], /wire type|length/],
  ])('refuses %s', (_, content, message) => {
    const error = failure(() => parseProtobuf('traces', Buffer.from(content)));
    expect(error.code).toBe('collector_request_malformed');
    expect(error.retryable).toBe(false);
    expect(error.message).toMatch(message);
  });

  it('says where the fault is', () => {
    const good = inSpan(field(5, Buffer.from('fine')));
    const bad = inSpan([(7 << 3) | 1, 1, 2, 3]);
    const error = failure(() => parseProtobuf('traces', Buffer.concat([good, bad])));
    expect(error.message).toContain('resourceSpans[1].scopeSpans[0].spans[0].startTimeUnixNano');
  });

  it('refuses values nested without end, at little cost', () => {
    let value = field(1, Buffer.from('leaf'));
    for (let i = 0; i < DECODE_LIMITS.depth; i++) value = field(5, field(1, value));
    const body = field(1, field(2, field(2, field(5, value))));
    const error = failure(() => parseProtobuf('logs', body));
    expect(error.message).toMatch(/nested deeper than 100/);
  });

  it('refuses more items than the memory of a process should hold', () => {
    const spans = Buffer.alloc(2 * (DECODE_LIMITS.items + 1));
    for (let i = 0; i < spans.length; i += 2) spans[i] = 0x12;
    const error = failure(() => parseProtobuf('traces', field(1, field(2, spans))));
    expect(error.code).toBe('collector_request_too_large');
  });
});

function inPointOf(metricField: number, content: Buffer): Buffer {
  return field(1, field(2, field(2, field(metricField, field(1, content)))));
}

describe('parseJson', () => {
  const span = (fields: object) => bytes({ resourceSpans: [{ scopeSpans: [{ spans: [fields] }] }] });
  const readSpan = (fields: object) =>
    parseJson('traces', span(fields)).resourceSpans?.[0]?.scopeSpans?.[0]?.spans?.[0] ?? {};

  it('takes ids in either case and lower-cases them', () => {
    expect(readSpan({ traceId: '0102030405060708090A0B0C0D0E0FFF' }).traceId).toBe('0102030405060708090a0b0c0d0e0fff');
  });

  it('takes 64-bit integers as numbers without rounding them', () => {
    const text = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano": ${START}}]}]}]}`;
    const request = parseJson('traces', bytes(text));
    expect(request.resourceSpans?.[0]?.scopeSpans?.[0]?.spans?.[0]?.startTimeUnixNano).toBe(START);
  });

  it('takes enums by number and by name, doubles as text, null as unset, unknown keys not at all', () => {
    expect(readSpan({ kind: 'SPAN_KIND_CONSUMER', name: null, colour: { deep: [1] } })).toEqual({ kind: 5 });
    const value = (doubleValue: unknown) =>
      readSpan({ attributes: [{ key: 'k', value: { doubleValue } }] }).attributes?.[0]?.value?.doubleValue;
    expect([value('NaN'), value('-Infinity'), value('1.5e3'), value(2)]).toEqual([Number.NaN, -Infinity, 1500, 2]);
  });

  it('takes the names of the schema text, which some senders write', () => {
    const request = parseJson(
      'traces',
      bytes({ resource_spans: [{ scope_spans: [{ spans: [{ trace_state: 'x' }] }] }] }),
    );
    expect(request.resourceSpans?.[0]?.scopeSpans?.[0]?.spans?.[0]?.traceState).toBe('x');
  });

  it('replaces half a surrogate pair', () => {
    const text = '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a\\ud800b"}]}]}]}';
    expect(parseJson('traces', bytes(text)).resourceSpans?.[0]?.scopeSpans?.[0]?.spans?.[0]?.name).toBe('a\ufffdb');
  });

  it.each([
    ['no JSON', 'hello', /not JSON/],
    ['a list', '[]', /a list where an object is expected/],
    ['a string for a list', '{"resourceSpans":"x"}', /the string "x" where a list is expected at resourceSpans/],
    [
      'an id that is not hex',
      span({ traceId: 'xyz' }).toString(),
      /hex digits is expected at resourceSpans\[0\].scopeSpans\[0\].spans\[0\].traceId/,
    ],
    ['a fraction for an integer', span({ kind: 1.5 }).toString(), /number of an enum/],
    ['a negative time', span({ startTimeUnixNano: '-1' }).toString(), /unsigned 64-bit integer/],
    ['a time beyond 64 bits', span({ startTimeUnixNano: '18446744073709551616' }).toString(), /unsigned 64-bit/],
    ['a number for text', span({ name: 5 }).toString(), /the number 5 where a string is expected/],
    ['bad base64', span({ attributes: [{ value: { bytesValue: '!' } }] }).toString(), /base64/],
  ])('refuses %s', (_, text, message) => {
    const error = failure(() => parseJson('traces', bytes(text)));
    expect(error.code).toBe('collector_request_malformed');
    expect(error.message).toMatch(message);
  });

  it('refuses values nested without end', () => {
    const deep = `${'{"arrayValue":{"values":['.repeat(200_000)}${']}}'.repeat(200_000)}`;
    const text = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${deep}}]}]}]}`;
    const error = failure(() => parseJson('logs', bytes(text)));
    expect(error.message).toMatch(/nested deeper|not JSON/);
  });
});

describe('the schema', () => {
  it('spells the answers as the protocol does', () => {
    const status = messageType('RpcStatus');
    expect(status.fields['details']?.id).toBe(3);
  });
});
