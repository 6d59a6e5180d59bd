import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../collector/otlp/json.ts';
import { OTLP_SIGNALS } from '../../../collector/otlp/model.ts';
import { messageType } from '../../../collector/otlp/schema.ts';
import { WeirError } from '../../../core/errors.ts';
import { decodeRequest, withoutDefaults } from '../../oracle/decode.ts';
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

describe('a request in JSON', () => {
  it.each(OTLP_SIGNALS)('of %s is the model that its protobuf is', (signal) => {
    const fromJson = parseJson(signal, bytes(requestsJson[signal]));
    const fromProtobuf = decodeRequest(signal, toProtobuf(signal, requestsJson[signal]));
    expect(withoutDefaults(signal, fromJson)).toEqual(withoutDefaults(signal, fromProtobuf));
  });

  it.each(OTLP_SIGNALS)('of %s may be empty', (signal) => {
    expect(parseJson(signal, bytes('{}'))).toEqual({});
  });

  it('keeps 64-bit integers whole', () => {
    const span = parseJson('traces', bytes(tracesJson)).resourceSpans?.[0]?.scopeSpans?.[0]?.spans?.[0];
    expect(span?.startTimeUnixNano).toBe(START);
    expect(span?.endTimeUnixNano).toBe(END);
    expect(span?.attributes?.[2]?.value?.intValue).toBe(-9223372036854775808n);
    expect(span?.traceId).toBe('0102030405060708090a0b0c0d0e0fff');
  });
});

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
