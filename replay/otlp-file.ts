import { zstdDecompressSync } from 'node:zlib';
import { errorMessage, WeirError } from '../core/errors.ts';
import { ATTR } from '../core/semconv.ts';
import type { Millis } from '../core/time.ts';
import { addJsonResourceAttribute, mapJsonTimes, signalOfJson } from './otlp-json.ts';
import { mapTimes, signalOf, withResourceAttribute } from './otlp-protobuf.ts';
import type { Batch, OtlpSignal, Recording } from './recording.ts';
import type { Timeline } from './timeline.ts';

interface Message {
  readonly signal: OtlpSignal;
  readonly bytes: Uint8Array;
  readonly json: boolean;
  /** Newest time in the message: it was sent no earlier. */
  readonly time: Millis;
}

const ZSTD_MAGIC = 0x28b52ffd;

/**
 * A recording of OTLP requests as the Collector's file exporter writes them: one JSON message per line, or protobuf (or
 * zstd-compressed) messages each behind its length as 4 bytes, big-endian. A file that is one bare protobuf message is
 * read too. Throws `replay_otlp_invalid` with the line or message number.
 */
export function parseOtlpFile(bytes: Uint8Array, file: string): Recording {
  const messages: Message[] = [];
  for (const { body, where } of frames(bytes, file)) {
    const message = readMessage(body, where);
    if (message !== undefined) messages.push(message);
  }
  if (messages.length === 0) throw new WeirError('replay_file_empty', `${file}: no OTLP message with a time in it`);
  messages.sort((a, b) => a.time - b.time);
  let cursor = 0;
  return {
    file,
    items: messages.map(({ time }) => ({ time, count: 1 })),
    next: () => messages[cursor]?.time ?? Number.NaN,
    take(until) {
      const message = messages[cursor];
      if (message === undefined || message.time > until) return undefined;
      cursor++;
      return messageBatch(message);
    },
  };
}

interface Frame {
  readonly body: Uint8Array;
  readonly where: string;
}

function* frames(bytes: Uint8Array, file: string): Generator<Frame> {
  if (bytes[0] === 0x7b) {
    let line = 1;
    let start = 0;
    while (start < bytes.length) {
      const found = bytes.indexOf(0x0a, start);
      const end = found < 0 ? bytes.length : found;
      const body = bytes.subarray(start, end);
      if (body.some((byte) => byte > 0x20)) yield { body, where: `${file}:${line}` };
      start = end + 1;
      line++;
    }
    return;
  }
  if (bytes[0] === 0x0a) {
    yield { body: bytes, where: `${file}: message 1` };
    return;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (let number = 1; at < bytes.length; number++) {
    const where = `${file}: message ${number}`;
    const length = at + 4 <= bytes.length ? view.getUint32(at) : Number.POSITIVE_INFINITY;
    if (at + 4 + length > bytes.length) {
      throw new WeirError(
        'replay_otlp_invalid',
        `${where}: breaks off at byte ${at}; expected JSON lines, or protobuf messages behind 4 bytes of length`,
      );
    }
    yield { body: bytes.subarray(at + 4, at + 4 + length), where };
    at += 4 + length;
  }
}

function readMessage(frame: Uint8Array, where: string): Message | undefined {
  try {
    const zstd = frame.length > 4 && new DataView(frame.buffer, frame.byteOffset).getUint32(0) === ZSTD_MAGIC;
    const bytes = zstd ? zstdDecompressSync(frame) : frame;
    const json = bytes[0] === 0x7b;
    const parsed = json ? (JSON.parse(Buffer.from(bytes).toString('utf8')) as Record<string, unknown>) : undefined;
    const signal = json ? signalOfJson(parsed) : signalOf(bytes);
    if (signal === undefined) {
      if (!json) return undefined;
      throw new Error('neither resourceSpans, resourceMetrics nor resourceLogs is in it');
    }
    let newest = 0n;
    const see = (nanos: bigint) => {
      if (nanos > newest) newest = nanos;
      return nanos;
    };
    if (parsed) mapJsonTimes(parsed, see);
    else mapTimes(bytes, signal, see);
    return newest === 0n ? undefined : { signal, bytes, json, time: Number(newest / 1000n) / 1000 };
  } catch (cause) {
    throw new WeirError('replay_otlp_invalid', `${where}: ${errorMessage(cause)}`, { cause });
  }
}

function messageBatch(message: Message): Batch {
  return {
    signal: message.signal,
    contentType: message.json ? 'application/json' : 'application/x-protobuf',
    count: 1,
    body: (timeline) => (message.json ? jsonBody(message, timeline) : protobufBody(message, timeline)),
  };
}

function jsonBody({ bytes }: Message, timeline: Timeline): Uint8Array {
  const message = JSON.parse(Buffer.from(bytes).toString('utf8')) as Record<string, unknown>;
  mapJsonTimes(message, timeline.atNanos);
  addJsonResourceAttribute(message, ATTR.origin, 'replayed');
  return Buffer.from(JSON.stringify(message));
}

function protobufBody({ bytes, signal }: Message, timeline: Timeline): Uint8Array {
  const copy = Uint8Array.from(bytes);
  mapTimes(copy, signal, timeline.atNanos);
  return withResourceAttribute(copy, ATTR.origin, 'replayed');
}
