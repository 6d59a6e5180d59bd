import type { AnyValue, KeyValue, Resource } from '../../collector/otlp/model.ts';

/** A `Map(String, String)` of ClickHouse: no prototype, so that any key is a key. */
export type AttributeMap = Record<string, string>;

/** Attributes as the tables keep them: every value as text, the last of a repeated key, in order of the keys' UTF-8. */
export function attributePairs(attributes: readonly KeyValue[] | undefined): [string, string][] {
  const last = new Map((attributes ?? []).map((pair) => [pair.key ?? '', pair.value]));
  return [...last].sort(([a], [b]) => compareUtf8(a, b)).map(([key, value]) => [key, valueText(value)]);
}

/** The same for the stock tables' rows. An object keeps keys that look like indexes in front of all others. */
export function attributeMap(attributes: readonly KeyValue[] | undefined): AttributeMap {
  const map: AttributeMap = Object.create(null);
  for (const [key, value] of attributePairs(attributes)) map[key] = value;
  return map;
}

export function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** A value as text: text as it is, bytes in base64, lists and maps as JSON with sorted keys, the empty value as ''. */
export function valueText(value: AnyValue | undefined): string {
  if (value === undefined) return '';
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.boolValue !== undefined) return value.boolValue ? 'true' : 'false';
  if (value.intValue !== undefined) return value.intValue.toString();
  if (value.doubleValue !== undefined) return String(value.doubleValue);
  if (value.bytesValue !== undefined) return Buffer.from(value.bytesValue).toString('base64');
  if (value.arrayValue !== undefined || value.kvlistValue !== undefined) return valueJson(value);
  return '';
}

/** JSON of a nested value. Integers are written with all their digits; NaN and infinities, which JSON lacks, as text. */
function valueJson(value: AnyValue | undefined): string {
  if (value?.arrayValue !== undefined) return `[${(value.arrayValue.values ?? []).map(valueJson).join(',')}]`;
  if (value?.kvlistValue !== undefined) {
    const entries = new Map((value.kvlistValue.values ?? []).map((pair) => [pair.key ?? '', pair.value]));
    const keys = [...entries.keys()].sort(compareUtf8);
    return `{${keys.map((key) => `${JSON.stringify(key)}:${valueJson(entries.get(key))}`).join(',')}}`;
  }
  if (value?.boolValue !== undefined || value?.intValue !== undefined) return valueText(value);
  if (value?.doubleValue !== undefined && Number.isFinite(value.doubleValue)) return valueText(value);
  const text = valueText(value);
  return text === '' && value?.stringValue === undefined && value?.bytesValue === undefined
    ? 'null'
    : JSON.stringify(text);
}

/** `service.name` of a resource, '' when it has none. */
export function serviceName(resource: Resource | undefined): string {
  const pair = resource?.attributes?.findLast((attribute) => attribute.key === 'service.name');
  return valueText(pair?.value);
}
