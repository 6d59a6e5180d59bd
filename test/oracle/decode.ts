import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import type { OtlpRequests, OtlpSignal } from '../../collector/otlp/model.ts';

/** Reads requests with protobufjs, and so with none of the product's code but the schema text. */

const text = readFileSync(new URL('../../collector/otlp/opentelemetry.proto', import.meta.url), 'utf8');
const { root } = protobuf.parse(text, { keepCase: true });
root.resolveAll();

const REQUEST_TYPES: Readonly<Record<OtlpSignal, string>> = {
  traces: 'ExportTraceServiceRequest',
  metrics: 'ExportMetricsServiceRequest',
  logs: 'ExportLogsServiceRequest',
};

export function requestType(signal: OtlpSignal): protobuf.Type {
  return root.lookupType(`otlp.${REQUEST_TYPES[signal]}`);
}

/** The request as the plain objects of the model: hex ids, `bigint` for 64-bit integers, absent fields absent. */
export function decodeRequest<S extends OtlpSignal>(signal: S, bytes: Uint8Array): OtlpRequests[S] {
  const type = requestType(signal);
  return plain(type, type.decode(bytes)) as OtlpRequests[S];
}

function plain(type: protobuf.Type, message: object): object {
  const result: Record<string, unknown> = {};
  for (const field of type.fieldsArray) {
    if (!Object.hasOwn(message, field.name)) continue;
    const value = (message as Record<string, unknown>)[field.name];
    if (field.repeated && (value as unknown[]).length === 0) continue;
    result[jsonName(field)] = field.repeated
      ? (value as unknown[]).map((element) => plainValue(field, element))
      : plainValue(field, value);
  }
  return result;
}

function plainValue(field: protobuf.Field, value: unknown): unknown {
  if (field.resolvedType instanceof protobuf.Type) return plain(field.resolvedType, value as object);
  if (field.type === 'bytes') {
    const bytes = Buffer.from(value as Uint8Array);
    return isId(field) ? bytes.toString('hex') : Uint8Array.from(bytes);
  }
  return /64$/.test(field.type) ? BigInt(String(value)) : value;
}

/** A request without what a reader cannot tell from absent: empty lists, and zeros outside a `oneof`. */
export function withoutDefaults<S extends OtlpSignal>(signal: S, request: OtlpRequests[S]): OtlpRequests[S] {
  return withoutDefaultsOf(requestType(signal), request) as OtlpRequests[S];
}

function withoutDefaultsOf(type: protobuf.Type, message: object): object {
  const result: Record<string, unknown> = {};
  for (const field of type.fieldsArray) {
    const value = (message as Record<string, unknown>)[jsonName(field)];
    const inner = field.resolvedType instanceof protobuf.Type ? field.resolvedType : undefined;
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    const isZero = value === '' || value === 0n || value === false || Object.is(value, 0);
    if (isZero && field.partOf === null) continue;
    if (inner === undefined) result[jsonName(field)] = value;
    else if (!field.repeated) result[jsonName(field)] = withoutDefaultsOf(inner, value as object);
    else result[jsonName(field)] = (value as object[]).map((element) => withoutDefaultsOf(inner, element));
  }
  return result;
}

export function jsonName(field: protobuf.Field): string {
  return field.name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Whether the bytes are an id, which the model and OTLP/JSON keep in hex. */
export function isId(field: protobuf.Field): boolean {
  return field.type === 'bytes' && field.name.endsWith('_id');
}
