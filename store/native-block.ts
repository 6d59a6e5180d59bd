import type { Labels } from '../core/labels.ts';

/** A column of a Native block: its values already in ClickHouse's binary layout. */
export interface NativeColumn {
  readonly name: string;
  readonly type: string;
  readonly values: Uint8Array;
}

/** One block of ClickHouse's Native format: column count, row count, then name, type and values of each column. */
export function nativeBlock(columns: readonly NativeColumn[], rows: number): Buffer {
  const parts = columns.flatMap(({ name, type, values }) => {
    const head = createBytes();
    head.text(name);
    head.text(type);
    return [head.taken(), values];
  });
  const head = createBytes();
  head.varint(columns.length);
  head.varint(rows);
  return Buffer.concat([head.taken(), ...parts]);
}

/** Numbers of fixed width, as they lie in memory: little-endian, as on every machine that Node runs on. */
export function numberValues(values: Float64Array | Uint32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** Values of a column of the type String. */
export function textValues(texts: readonly string[]): Uint8Array {
  const bytes = createBytes(24 * texts.length);
  for (const text of texts) bytes.text(text);
  return bytes.taken();
}

/** Version of the layout of LowCardinality; a dictionary comes with the block, and replaces any before it. */
const SHARED_DICTIONARIES = 1;
const OWN_DICTIONARY = 0x600;
/** Names of labels that one block can hold: as many as 16 bits tell apart. */
const MOST_NAMES = 65_536;

/**
 * Values of a column of the type Map(LowCardinality(String), String): where the labels of each row end, then the names of all
 * as a dictionary with a place for each label, then the values of all.
 */
export function labelValues(rows: readonly Labels[]): Uint8Array {
  const places = new Map<string, number>();
  const ends = new Uint32Array(2 * rows.length);
  const values = createBytes(80 * rows.length);
  let named = new Uint16Array(8 * rows.length);
  let labels = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as Labels;
    for (const name in row) {
      let place = places.get(name);
      if (place === undefined) {
        place = places.size;
        if (place === MOST_NAMES) throw new RangeError(`a block of more than ${MOST_NAMES} names of labels`);
        places.set(name, place);
      }
      if (labels === named.length) {
        const wider = new Uint16Array(2 * labels + 8);
        wider.set(named);
        named = wider;
      }
      named[labels++] = place;
      values.text(row[name] as string);
    }
    ends[2 * i] = labels;
  }
  const version = Uint32Array.of(SHARED_DICTIONARIES, 0);
  if (labels === 0) return Buffer.concat([numberValues(version), numberValues(ends)]);
  // The lowest bits say how wide the places are: 1 for 16 bits.
  const dictionary = Uint32Array.of(OWN_DICTIONARY | 1, 0, places.size, 0);
  const used = named.subarray(0, labels);
  return Buffer.concat([
    numberValues(version),
    numberValues(ends),
    numberValues(dictionary),
    textValues([...places.keys()]),
    numberValues(Uint32Array.of(labels, 0)),
    new Uint8Array(used.buffer, 0, used.byteLength),
    values.taken(),
  ]);
}

const ASCII_END = 0x80;
/** Most bytes that a UTF-16 code unit becomes. */
const WIDEST = 3;

/** Bytes that grow as they are written to. */
function createBytes(room = 64) {
  let bytes = Buffer.allocUnsafe(Math.max(64, room));
  let at = 0;
  function reserve(size: number): void {
    if (at + size <= bytes.length) return;
    const wider = Buffer.allocUnsafe(2 * bytes.length + size);
    bytes.copy(wider, 0, 0, at);
    bytes = wider;
  }
  function varint(value: number): void {
    reserve(8);
    for (; value >= 128; value = Math.floor(value / 128)) bytes[at++] = (value % 128) + 128;
    bytes[at++] = value;
  }
  return {
    varint,
    /** A text after its length in bytes. */
    text(value: string): void {
      const { length } = value;
      reserve(WIDEST * length + 8);
      if (length < 128 && isWrittenAsAscii(value, bytes, at + 1)) {
        bytes[at] = length;
        at += 1 + length;
        return;
      }
      varint(Buffer.byteLength(value));
      at += bytes.write(value, at);
    },
    taken: (): Uint8Array => bytes.subarray(0, at),
  };
}

/** Writes the characters of a short text as they are, up to one that is not ASCII: then it is false, and what is written says nothing. */
function isWrittenAsAscii(text: string, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= ASCII_END) return false;
    bytes[at + i] = code;
  }
  return true;
}
