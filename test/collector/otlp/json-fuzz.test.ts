import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeRequest } from '../../../collector/otlp/encode.ts';
import { parseJson } from '../../../collector/otlp/json.ts';
import { OTLP_SIGNALS, type OtlpSignal } from '../../../collector/otlp/model.ts';
import { DEFAULT_READER_LIMITS } from '../../../collector/reader/limits.ts';
import { WireReader } from '../../../collector/reader/reader.ts';
import { WeirError } from '../../../core/errors.ts';
import { END, requestsJson } from './requests.ts';

const CONTEXT = { now: END, oldest: 0n, newest: END };
const reader = await WireReader.open({ limits: DEFAULT_READER_LIMITS });

/** Whatever the document: a request whose protobuf the wire reader takes, or a typed error that is not retryable. */
function readAndWrite(signal: OtlpSignal, document: Uint8Array): void {
  try {
    reader.read(signal, encodeRequest(signal, parseJson(signal, document)), CONTEXT);
    reader.take();
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    expect(error.code).toMatch(/^collector_request_(malformed|too_large)$/);
    expect(error.message).not.toMatch(/cannot be read/);
    expect(error.retryable).toBe(false);
  }
}

const signals = fc.constantFrom(...OTLP_SIGNALS);

describe('the reader of JSON, given', () => {
  it('any document', () => {
    fc.assert(
      fc.property(signals, fc.jsonValue(), (signal, value) => {
        readAndWrite(signal, Buffer.from(JSON.stringify(value)));
      }),
      { numRuns: 500 },
    );
  });

  it('a good request with any one value replaced by anything', () => {
    fc.assert(
      fc.property(signals, fc.nat(), fc.oneof(fc.jsonValue(), fc.string(), fc.double()), (signal, at, value) => {
        const document = structuredClone(requestsJson[signal]) as unknown;
        const places: [Record<string, unknown>, string][] = [];
        collect(document, places);
        const [parent, key] = places[at % places.length] as [Record<string, unknown>, string];
        parent[key] = value;
        readAndWrite(signal, Buffer.from(JSON.stringify(document)));
      }),
      { numRuns: 1500 },
    );
  });

  it('a good request cut or with bytes changed', () => {
    fc.assert(
      fc.property(signals, fc.nat(), fc.nat(255), fc.boolean(), (signal, at, byte, cut) => {
        const bytes = Buffer.from(JSON.stringify(requestsJson[signal]));
        bytes[at % bytes.length] = byte;
        readAndWrite(signal, cut ? bytes.subarray(0, at % bytes.length) : bytes);
      }),
      { numRuns: 1500 },
    );
  });
});

function collect(value: unknown, places: [Record<string, unknown>, string][]): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    places.push([value as Record<string, unknown>, key]);
    collect(inner, places);
  }
}
