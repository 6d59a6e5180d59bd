/**
 * What is written anew before each send of a template. Every kind has a fixed width, so that no length in the message
 * changes: raw ids, times and values by their wire type, text by a fixed count of characters.
 */
export const FIELDS = [
  'trace_id',
  'span_id',
  'time',
  'uuid',
  'hex',
  'digits',
  'varint',
  'gauge',
  'counter',
  'buckets',
  'buckets_total',
  'wide_buckets',
  'wide_buckets_total',
] as const;
export type Field = (typeof FIELDS)[number];

/** One field at `offset`. What `key` and `value` say depends on the kind; `Patcher` reads them. */
export interface Mark {
  readonly field: Field;
  readonly offset: number;
  readonly key: number;
  readonly value: number;
}

/** A value of an attribute or field that is written anew for each send; `width` in characters where it is text. */
export interface Fresh {
  readonly field: 'uuid' | 'hex' | 'digits' | 'varint';
  readonly width: number;
}

export const freshUuid: Fresh = { field: 'uuid', width: 36 };
/** Hex digits; `width` a multiple of four. */
export const freshHex = (width: number): Fresh => ({ field: 'hex', width });
/** Decimal digits, the first not 0; at most 9. */
export const freshDigits = (width: number): Fresh => ({ field: 'digits', width });
/** An integer of 2^21 .. 2^28 - 1: four bytes on the wire. */
export const freshInteger: Fresh = { field: 'varint', width: 4 };

export type AttributeValue = string | number | boolean | readonly string[] | Fresh;
export type Attributes = Readonly<Record<string, AttributeValue>>;

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** A protobuf message being written, with the marks of what is fresh in it. */
export class Message {
  #bytes = Buffer.allocUnsafe(256);
  #length = 0;
  readonly #marks: Mark[] = [];

  get marks(): readonly Mark[] {
    return this.#marks;
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Marks the `width` bytes that were written last. */
  mark(field: Field, width: number, key = 0, value = 0): this {
    this.#marks.push({ field, offset: this.#length - width, key, value });
    return this;
  }

  integer(field: number, value: number | boolean): this {
    this.#tag(field, VARINT);
    this.#varint(Number(value));
    return this;
  }

  double(field: number, value: number): this {
    this.#tag(field, FIXED64);
    this.#length = this.#reserve(8).writeDoubleLE(value, this.#length);
    return this;
  }

  fixed64(field: number, value = 0n): this {
    this.#tag(field, FIXED64);
    this.#length = this.#reserve(8).writeBigUInt64LE(value, this.#length);
    return this;
  }

  fixed32(field: number, value: number): this {
    this.#tag(field, FIXED32);
    this.#length = this.#reserve(4).writeUInt32LE(value, this.#length);
    return this;
  }

  text(field: number, value: string | Uint8Array): this {
    const content = typeof value === 'string' ? Buffer.from(value) : value;
    this.#tag(field, BYTES);
    this.#varint(content.length);
    this.#reserve(content.length).set(content, this.#length);
    this.#length += content.length;
    return this;
  }

  /** Text in which `{}` stands for a fresh value, in their order. */
  freshText(field: number, template: string, values: readonly Fresh[]): this {
    let at = 0;
    const places: number[] = [];
    const pieces = template.split('{}');
    const whole = pieces.reduce((text, piece, i) => {
      at = text.length + piece.length;
      if (i < pieces.length - 1) places.push(at);
      return text + piece + '0'.repeat(values[i]?.width ?? 0);
    }, '');
    const written = values.reduce(
      (text, value, i) => (value.field === 'uuid' ? dashed(text, places[i] as number) : text),
      whole,
    );
    this.text(field, written);
    const start = this.#length - written.length;
    values.forEach(({ field: kind, width }, i) => {
      this.#marks.push({ field: kind, offset: start + (places[i] as number), key: 0, value: width });
    });
    return this;
  }

  nested(field: number, inner: Message): this {
    this.text(field, inner.bytes());
    const start = this.#length - inner.#length;
    for (const mark of inner.#marks) this.#marks.push({ ...mark, offset: mark.offset + start });
    return this;
  }

  /** `KeyValue`s, one for each attribute. */
  attributes(field: number, attributes: Attributes): this {
    for (const [key, value] of Object.entries(attributes)) {
      this.nested(field, new Message().text(1, key).nested(2, anyValue(value)));
    }
    return this;
  }

  #tag(field: number, type: number): void {
    this.#varint(field * 8 + type);
  }

  #varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest > 127) {
      this.#bytes[this.#length++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  #reserve(count: number): Buffer {
    if (this.#length + count > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + count));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    return this.#bytes;
  }
}

function dashed(text: string, at: number): string {
  return `${text.slice(0, at)}00000000-0000-0000-0000-000000000000${text.slice(at + 36)}`;
}

function anyValue(value: AttributeValue): Message {
  const message = new Message();
  if (typeof value === 'string') return message.text(1, value);
  if (typeof value === 'boolean') return message.integer(2, value);
  if (typeof value === 'number') return Number.isInteger(value) ? message.integer(3, value) : message.double(4, value);
  if ('field' in value) {
    if (value.field !== 'varint') return message.freshText(1, '{}', [value]);
    return message.integer(3, 2 ** 27).mark('varint', 4);
  }
  return message.nested(
    5,
    value.reduce((list, one) => list.nested(1, anyValue(one)), new Message()),
  );
}
