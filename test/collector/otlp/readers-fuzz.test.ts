import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../collector/otlp/json.ts';
import { encodeLines } from '../../../collector/otlp/lines.ts';
import { OTLP_SIGNALS, type OtlpRequests, type OtlpSignal } from '../../../collector/otlp/model.ts';
import { Rejections } from '../../../collector/otlp/rejections.ts';
import { stockRows } from '../../../collector/otlp/rows.ts';
import { parseProtobuf } from '../../../collector/otlp/wire.ts';
import { WeirError } from '../../../core/errors.ts';
import { requestsJson, toProtobuf } from './requests.ts';

/** Whatever the bytes: a request whose rows can be written as lines, or a typed error that is not retryable. */
function readAndWrite<S extends OtlpSignal>(signal: S, parse: () => OtlpRequests[S]): void {
  let request: OtlpRequests[S];
  try {
    request = parse();
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    expect(error.code).toMatch(/^collector_request_(malformed|too_large)$/);
    expect(error.retryable).toBe(false);
    return;
  }
  for (const { bytes, rows } of encodeLines(stockRows(signal, request, new Rejections(), 1_700_000_000_000_000_000n))) {
    const lines = bytes.toString().trimEnd().split('\n');
    expect(lines).toHaveLength(rows);
    for (const line of lines) JSON.parse(line);
  }
}

const signals = fc.constantFrom(...OTLP_SIGNALS);

describe('the readers, given anything', () => {
  it('protobuf: random bytes', () => {
    fc.assert(
      fc.property(signals, fc.uint8Array({ maxLength: 300 }), (signal, bytes) => {
        readAndWrite(signal, () => parseProtobuf(signal, bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it('protobuf: a good request with some bytes changed, cut or doubled', () => {
    const good = Object.fromEntries(OTLP_SIGNALS.map((signal) => [signal, toProtobuf(signal, requestsJson[signal])]));
    const change = fc.record({ at: fc.nat(), byte: fc.nat(255) });
    fc.assert(
      fc.property(signals, fc.array(change, { maxLength: 8 }), fc.nat(), (signal, changes, cut) => {
        const bytes = Buffer.from(good[signal] as Buffer);
        for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
        const end = cut % 3 === 0 ? cut % bytes.length : bytes.length;
        readAndWrite(signal, () => parseProtobuf(signal, bytes.subarray(0, end)));
        readAndWrite(signal, () => parseProtobuf(signal, Buffer.concat([bytes, bytes.subarray(0, end)])));
      }),
      { numRuns: 1500 },
    );
  });

  it('JSON: any document', () => {
    fc.assert(
      fc.property(signals, fc.jsonValue(), (signal, value) => {
        readAndWrite(signal, () => parseJson(signal, Buffer.from(JSON.stringify(value))));
      }),
      { numRuns: 500 },
    );
  });

  it('JSON: a good request with any one value replaced by anything', () => {
    fc.assert(
      fc.property(signals, fc.nat(), fc.oneof(fc.jsonValue(), fc.string(), fc.double()), (signal, at, value) => {
        const document = structuredClone(requestsJson[signal]) as unknown;
        const places: [Record<string, unknown>, string][] = [];
        collect(document, places);
        const [parent, key] = places[at % places.length] as [Record<string, unknown>, string];
        parent[key] = value;
        readAndWrite(signal, () => parseJson(signal, Buffer.from(JSON.stringify(document))));
      }),
      { numRuns: 1500 },
    );
  });

  it('JSON: a good request cut or with bytes changed', () => {
    fc.assert(
      fc.property(signals, fc.nat(), fc.nat(255), fc.boolean(), (signal, at, byte, cut) => {
        const bytes = Buffer.from(JSON.stringify(requestsJson[signal]));
        bytes[at % bytes.length] = byte;
        readAndWrite(signal, () => parseJson(signal, cut ? bytes.subarray(0, at % bytes.length) : bytes));
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
