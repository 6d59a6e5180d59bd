import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeRequest } from '../../../collector/otlp/encode.ts';
import { parseJson } from '../../../collector/otlp/json.ts';
import { OTLP_SIGNALS, type TracesRequest } from '../../../collector/otlp/model.ts';
import { arbitraryRequests } from '../../oracle/arbitrary-requests.ts';
import { decodeRequest, withoutDefaults } from '../../oracle/decode.ts';
import { writeJson } from '../../oracle/json-writer.ts';
import { randomOf } from '../../oracle/random.ts';
import { writeVaried } from '../../oracle/wire-writer.ts';
import { requestsJson, toProtobuf } from './requests.ts';

describe('encodeRequest', () => {
  it.each(OTLP_SIGNALS)('writes %s so that protobufjs reads the same request', (signal) => {
    fc.assert(
      fc.property(arbitraryRequests[signal], (request) => {
        expect(decodeRequest(signal, encodeRequest(signal, request))).toEqual(withoutDefaults(signal, request));
      }),
      { numRuns: 100 },
    );
  });

  it.each(OTLP_SIGNALS)('writes %s byte for byte as protobufjs does when no zero is explicit', (signal) => {
    const request = parseJson(signal, Buffer.from(JSON.stringify(requestsJson[signal])));
    const again = decodeRequest(signal, toProtobuf(signal, requestsJson[signal]));
    expect(Buffer.from(encodeRequest(signal, again))).toEqual(toProtobuf(signal, requestsJson[signal]));
    expect(decodeRequest(signal, encodeRequest(signal, request))).toEqual(withoutDefaults(signal, request));
  });

  it('grows past any first buffer, with what was written before kept', () => {
    const spans = Array.from({ length: 3000 }, (_, i) => ({ name: `span ${i} `.repeat(1 + (i % 9)), flags: i + 1 }));
    const long = { name: 'x'.repeat(3_000_000) };
    const request: TracesRequest = { resourceSpans: [{ scopeSpans: [{ spans: [...spans, long, ...spans] }] }] };
    expect(decodeRequest('traces', encodeRequest('traces', request))).toEqual(request);
  });

  it('leaves out what the schema does not know', () => {
    const known: TracesRequest = { resourceSpans: [{ schemaUrl: 'u' }] };
    const request = { resourceSpans: [{ ...known.resourceSpans?.[0], surprise: 1 }], more: 'text' };
    expect(decodeRequest('traces', encodeRequest('traces', request))).toEqual(known);
  });
});

describe('the writers of the oracle', () => {
  it.each(OTLP_SIGNALS)('write %s in unusual ways that mean the same', (signal) => {
    fc.assert(
      fc.property(arbitraryRequests[signal], fc.noShrink(fc.nat()), (request, seed) => {
        const bytes = writeVaried(signal, request, randomOf(seed));
        expect(decodeRequest(signal, bytes)).toEqual(withoutDefaults(signal, request));
      }),
      { numRuns: 100 },
    );
  });

  it.each(OTLP_SIGNALS)('write %s as JSON that means the same', (signal) => {
    fc.assert(
      fc.property(arbitraryRequests[signal], (request) => {
        expect(withoutDefaults(signal, parseJson(signal, Buffer.from(writeJson(request))))).toEqual(
          withoutDefaults(signal, request),
        );
      }),
      { numRuns: 100 },
    );
  });
});
