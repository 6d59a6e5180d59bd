import type { OtlpSignal } from '../otlp/model.ts';
import { FIXED64, LENGTH, MessageWalk, VARINT } from './message.ts';

/** What the conditions of a filter look at. Texts are '' and numbers 0 where the item has none. */
export interface Item {
  readonly name: string;
  /** The number of the span's kind. */
  readonly kind: number;
  /** The number of the span's status code. */
  readonly status: number;
  readonly severity: number;
  /** Values as text; the last of a repeated key. Only the keys that were asked for. */
  readonly attributes: ReadonlyMap<string, string>;
}

interface Fields {
  readonly name: number;
  readonly kind: number;
  readonly status: number;
  readonly severity: number;
  readonly attributes: readonly number[];
}

/** Field numbers by signal. Where attributes stand in a data point depends on its type, which the bytes have to tell. */
const FIELDS: Readonly<Record<OtlpSignal, Fields>> = {
  traces: { name: 5, kind: 6, status: 15, severity: 0, attributes: [9] },
  logs: { name: 12, kind: 0, status: 0, severity: 2, attributes: [6] },
  metrics: { name: 0, kind: 0, status: 0, severity: 0, attributes: [1, 7, 9] },
};
const STATUS_CODE = 3;
/** Of the first field, a text. */
const KEY_TAG = 0x0a;

/** The attributes that filters ask for. */
export class AttributeKeys {
  readonly #keys: ReadonlySet<string>;
  readonly #bytes: readonly Buffer[];

  constructor(keys: Iterable<string>) {
    this.#keys = new Set(keys);
    this.#bytes = [...this.#keys].map((key) => Buffer.from(key));
  }

  get size(): number {
    return this.#bytes.length;
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  /** False when the `KeyValue` at `start` begins with a key that was not asked for: nearly all do, and cost no more. */
  mayBegin(bytes: Buffer, start: number): boolean {
    const length = bytes[start + 1] as number;
    if (bytes[start] !== KEY_TAG || length >= 128) return true;
    const at = start + 2;
    return this.#bytes.some((key) => key.length === length && key.compare(bytes, at, at + length) === 0);
  }
}

/** Reads of an item's protobuf bytes what filters ask for; undefined when the bytes are no message. */
export function readItem(signal: OtlpSignal, message: Uint8Array, keys: AttributeKeys): Item | undefined {
  const fields = FIELDS[signal];
  const walk = new MessageWalk(message);
  const attributes = new Map<string, string>();
  let name = '';
  let kind = 0;
  let status = 0;
  let severity = 0;
  while (walk.next()) {
    const { field } = walk;
    if (walk.wireType === VARINT) {
      if (field === fields.kind) kind = walk.value;
      else if (field === fields.severity) severity = walk.value;
    } else if (walk.wireType !== LENGTH) continue;
    else if (field === fields.name) name = walk.text();
    else if (field === fields.status) status = statusCode(walk.enter(), status);
    else if (keys.size > 0 && fields.attributes.includes(field) && keys.mayBegin(walk.bytes, walk.start)) {
      readAttribute(walk.enter(), keys, attributes);
    }
  }
  return walk.torn ? undefined : { name, kind, status, severity, attributes };
}

function statusCode(walk: MessageWalk, before: number): number {
  let code = before;
  while (walk.next()) if (walk.field === STATUS_CODE && walk.wireType === VARINT) code = walk.value;
  return code;
}

/** Adds the attribute if its key was asked for. Bytes that are no attribute (bucket bounds, say) add nothing. */
function readAttribute(walk: MessageWalk, keys: AttributeKeys, into: Map<string, string>): void {
  const attribute = keyValue(walk);
  if (attribute !== undefined && keys.has(attribute.key)) into.set(attribute.key, valueText(attribute.value));
}

/** A `KeyValue`: its key, and the walk of its value; undefined when the bytes are something else. */
export function keyValue(walk: MessageWalk): { key: string; value: MessageWalk | undefined } | undefined {
  let key: string | undefined;
  let value: MessageWalk | undefined;
  while (walk.next()) {
    if (walk.wireType !== LENGTH) return undefined;
    if (walk.field === 1) key = walk.text();
    else if (walk.field === 2) value = walk.enter();
  }
  return walk.torn || key === undefined ? undefined : { key, value };
}

/** Text, boolean, integer or double as the store writes it; '' for bytes, arrays and maps. */
function valueText(walk: MessageWalk | undefined): string {
  let text = '';
  while (walk?.next()) {
    if (walk.field === 1 && walk.wireType === LENGTH) text = walk.text();
    else if (walk.field === 2 && walk.wireType === VARINT) text = walk.value === 0 ? 'false' : 'true';
    else if (walk.field === 3 && walk.wireType === VARINT) text = walk.integer().toString();
    else if (walk.field === 4 && walk.wireType === FIXED64) text = String(walk.double());
    else text = '';
  }
  return text;
}
