import protobuf from 'protobufjs';
import type { OtlpRequests, OtlpSignal } from '../../collector/otlp/model.ts';
import { isId, jsonName, requestType } from './decode.ts';
import { below, pick, type Random } from './random.ts';

/** Field numbers that no message of the schema uses. */
const UNKNOWN_NUMBERS = [17, 100, 1000, 20_000, 536_870_911] as const;
const WIRE_TYPES: Readonly<Record<string, number>> = { double: 1, fixed64: 1, sfixed64: 1, fixed32: 5 };

/**
 * The bytes of a request as an unusual but valid sender might write it: fields in random order (elements of one list
 * keep theirs), lists of numbers packed, unpacked or in several pieces, unknown fields of every wire type in between,
 * and now and then a varint that is longer than it has to be.
 */
export function writeVaried<S extends OtlpSignal>(signal: S, request: OtlpRequests[S], random: Random): Buffer {
  return writeMessage(requestType(signal), request, random);
}

function writeMessage(type: protobuf.Type, message: object, random: Random): Buffer {
  const lists: Buffer[][] = [];
  for (const field of type.fieldsArray) {
    const value = (message as Record<string, unknown>)[jsonName(field)];
    if (value === undefined) continue;
    if (!field.repeated) lists.push([writeField(field, value, random)]);
    else if (isPackable(field)) lists.push(writeNumbers(field, value as unknown[], random));
    else lists.push((value as unknown[]).map((element) => writeField(field, element, random)));
  }
  while (random() < 0.15) lists.push([unknownField(random)]);
  return Buffer.concat(interleave(lists, random));
}

/** All elements, those of one list in their order. Half of the time the lists just follow one another. */
function interleave(lists: Buffer[][], random: Random): Buffer[] {
  if (random() < 0.5) return lists.flat();
  const open = lists.filter((list) => list.length > 0).map((list) => ({ list, next: 0 }));
  const result: Buffer[] = [];
  while (open.length > 0) {
    const index = below(random, open.length);
    const cursor = open[index] as (typeof open)[number];
    result.push(cursor.list[cursor.next++] as Buffer);
    if (cursor.next === cursor.list.length) open.splice(index, 1);
  }
  return result;
}

function writeNumbers(field: protobuf.Field, values: unknown[], random: Random): Buffer[] {
  const elements = values.map((value) => scalar(field, value, random));
  if (elements.length === 0) return random() < 0.5 ? [] : [lengthField(field.id, Buffer.alloc(0), random)];
  const pieces: Buffer[] = [];
  const packed = random() < 0.7 ? 1 : random();
  for (let i = 0; i < elements.length; ) {
    const size = packed === 1 ? elements.length : 1 + below(random, elements.length - i);
    const piece = elements.slice(i, i + size);
    if (random() < packed) pieces.push(lengthField(field.id, Buffer.concat(piece), random));
    else pieces.push(...piece.map((element) => Buffer.concat([varint(field.id * 8 + wireType(field)), element])));
    i += size;
  }
  return pieces;
}

function writeField(field: protobuf.Field, value: unknown, random: Random): Buffer {
  if (field.resolvedType instanceof protobuf.Type) {
    return lengthField(field.id, writeMessage(field.resolvedType, value as object, random), random);
  }
  if (field.type === 'string') return lengthField(field.id, Buffer.from(value as string), random);
  if (isId(field)) return lengthField(field.id, Buffer.from(value as string, 'hex'), random);
  if (field.type === 'bytes') return lengthField(field.id, Buffer.from(value as Uint8Array), random);
  return Buffer.concat([varint(field.id * 8 + wireType(field)), scalar(field, value, random)]);
}

function scalar(field: protobuf.Field, value: unknown, random: Random): Buffer {
  const fixed = Buffer.alloc(wireType(field) === 5 ? 4 : 8);
  switch (field.type) {
    case 'double':
      fixed.writeDoubleLE(value as number);
      return fixed;
    case 'fixed64':
    case 'sfixed64':
      fixed.writeBigUInt64LE(BigInt.asUintN(64, value as bigint));
      return fixed;
    case 'fixed32':
      fixed.writeUInt32LE(value as number);
      return fixed;
    case 'sint32': {
      const zigzag = ((value as number) << 1) ^ ((value as number) >> 31);
      return varint(zigzag >>> 0, random);
    }
    default:
      return varint(value as number | bigint | boolean, random);
  }
}

function lengthField(number: number, content: Buffer, random: Random): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(content.length, random), content]);
}

function unknownField(random: Random): Buffer {
  const number = pick(random, UNKNOWN_NUMBERS);
  const content = Buffer.from(Array.from({ length: below(random, 20) }, () => below(random, 256)));
  const fixed = Buffer.concat([content, Buffer.alloc(8)]);
  switch (below(random, 4)) {
    case 0:
      return Buffer.concat([varint(number * 8), varint(BigInt(below(random, 2 ** 32)) << 31n)]);
    case 1:
      return Buffer.concat([varint(number * 8 + 1), fixed.subarray(0, 8)]);
    case 2:
      return lengthField(number, content, random);
    default:
      return Buffer.concat([varint(number * 8 + 5), fixed.subarray(0, 4)]);
  }
}

/** With `random`, now and then one byte longer than needed. */
function varint(value: number | bigint | boolean, random: Random = () => 1): Buffer {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  if (bytes.length < 5 && random() < 0.01) {
    bytes[bytes.length - 1] = (bytes.at(-1) as number) | 128;
    bytes.push(0);
  }
  return Buffer.from(bytes);
}

function isPackable(field: protobuf.Field): boolean {
  return !(field.resolvedType instanceof protobuf.Type) && field.type !== 'string' && field.type !== 'bytes';
}

function wireType(field: protobuf.Field): number {
  return WIRE_TYPES[field.type] ?? 0;
}
