import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import type { OtlpSignal } from './model.ts';

/** How a field's value is written on the wire; `id` is bytes that the model keeps as hex. */
export type FieldKind =
  | 'message'
  | 'enum'
  | 'string'
  | 'bytes'
  | 'id'
  | 'bool'
  | 'double'
  | 'fixed64'
  | 'sfixed64'
  | 'fixed32'
  | 'int64'
  | 'uint64'
  | 'int32'
  | 'uint32'
  | 'sint32';

export interface FieldSchema {
  /** The name in the model and in JSON. */
  readonly name: string;
  readonly number: number;
  readonly kind: FieldKind;
  readonly repeated: boolean;
  /** Of a message field: the message's schema. */
  readonly message: MessageSchema | undefined;
  /** Of an enum field: numbers by name. */
  readonly names: Readonly<Record<string, number>>;
  /** The other fields of the same `oneof`, which setting this one unsets. */
  readonly rivals: readonly string[];
}

export interface MessageSchema {
  readonly name: string;
  readonly byNumber: readonly (FieldSchema | undefined)[];
  /** By the JSON name and by the name in the schema text: some senders write the latter. */
  readonly byName: ReadonlyMap<string, FieldSchema>;
}

const text = readFileSync(new URL('./opentelemetry.proto', import.meta.url), 'utf8');
const { root } = protobuf.parse(text, { keepCase: true });
root.resolveAll();

const schemas = new Map<string, MessageSchema>();

const REQUESTS: Readonly<Record<OtlpSignal, string>> = {
  traces: 'ExportTraceServiceRequest',
  metrics: 'ExportMetricsServiceRequest',
  logs: 'ExportLogsServiceRequest',
};

/** The schema of a signal's export request. */
export function requestSchema(signal: OtlpSignal): MessageSchema {
  return messageSchema(REQUESTS[signal]);
}

/** The protobufjs type of a message, for writing; its properties carry the names of the schema text. */
export function messageType(name: string): protobuf.Type {
  return root.lookupType(`otlp.${name}`);
}

function messageSchema(name: string): MessageSchema {
  const known = schemas.get(name);
  if (known !== undefined) return known;
  const byNumber: (FieldSchema | undefined)[] = [];
  const byName = new Map<string, FieldSchema>();
  // Registered before its fields: messages refer to themselves (AnyValue).
  const schema: MessageSchema = { name, byNumber, byName };
  schemas.set(name, schema);
  for (const field of messageType(name).fieldsArray) {
    const built = fieldSchema(field);
    byNumber[field.id] = built;
    byName.set(built.name, built);
    byName.set(field.name, built);
  }
  return schema;
}

function fieldSchema(field: protobuf.Field): FieldSchema {
  const type = field.resolvedType;
  const oneof = field.partOf?.oneof ?? [];
  return {
    name: protobuf.util.camelCase(field.name),
    number: field.id,
    kind: fieldKind(field),
    repeated: field.repeated,
    message: type instanceof protobuf.Type ? messageSchema(type.name) : undefined,
    names: type instanceof protobuf.Enum ? type.values : {},
    rivals: oneof.filter((name) => name !== field.name).map((name) => protobuf.util.camelCase(name)),
  };
}

function fieldKind(field: protobuf.Field): FieldKind {
  if (field.resolvedType instanceof protobuf.Type) return 'message';
  if (field.resolvedType instanceof protobuf.Enum) return 'enum';
  if (field.type === 'bytes' && field.name.endsWith('_id')) return 'id';
  return field.type as FieldKind;
}
