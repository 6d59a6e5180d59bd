import type { TextMapGetter } from '@opentelemetry/api';
import { lastValue } from './pathway-header.ts';

/** Headers of a message. Context is written as strings and read from strings, buffers and lists (the last wins). */
export type Carrier = Record<string, unknown>;

function find(carrier: Carrier, key: string): unknown {
  if (Object.hasOwn(carrier, key)) return carrier[key];
  for (const name of Object.keys(carrier)) if (name.toLowerCase() === key) return carrier[name];
  return undefined;
}

/** A header as the client gave it, whatever the case of its name; the last of several. */
export function headerValue(carrier: Carrier | undefined | null, key: string): unknown {
  return carrier == null ? undefined : lastValue(find(carrier, key));
}

/** Reads headers as text for OpenTelemetry's propagators. */
export const headerGetter: TextMapGetter<Carrier> = {
  keys: (carrier) => Object.keys(carrier),
  get(carrier, key) {
    const value = headerValue(carrier, key);
    if (typeof value === 'string') return value;
    return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : undefined;
  },
};
