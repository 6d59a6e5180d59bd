/** Newer than the library types: a value that `JSON.stringify` writes as the text it was made of. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): object };

/** A request of the model as OTLP/JSON text: 64-bit integers as strings, bytes in base64, NaN and infinities as text. */
export function writeJson(request: object): string {
  return JSON.stringify(jsonValue(request));
}

function jsonValue(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number')
    return Object.is(value, -0) ? rawJSON('-0') : Number.isFinite(value) ? value : `${value}`;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(jsonValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, jsonValue(inner)]));
}
