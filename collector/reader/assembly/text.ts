// Numbers, bytes and JSON as text, appended to `scratch`.

import { formatDouble } from './host';
import { Bytes, newBytes, reserve } from './memory';
import { isUtf8, repairedSize, repairUtf8 } from './utf8';

/** Texts that are not in the request as they are. */
export const scratch: Bytes = newBytes();

// @ts-ignore: decorator
@inline
export function put(byte: u32): void {
  reserve(scratch, 1);
  store<u8>(scratch.ptr + scratch.length++, <u8>byte);
}

export function putBytes(at: u32, size: u32): void {
  reserve(scratch, size);
  memory.copy(scratch.ptr + scratch.length, at, size);
  scratch.length += size;
}

/** A text of the code, which is ASCII. */
export function putAscii(text: string): void {
  const size = text.length;
  reserve(scratch, size);
  for (let i = 0; i < size; i++) store<u8>(scratch.ptr + scratch.length + i, text.charCodeAt(i));
  scratch.length += size;
}

export function putInteger(value: i64): void {
  reserve(scratch, 24);
  let rest = <u64>value;
  if (value < 0) {
    put(0x2d);
    rest = 0 - rest;
  }
  let digits: u32 = 1;
  for (let left = rest; left >= 10; left /= 10) digits++;
  let to = scratch.ptr + scratch.length + digits;
  scratch.length += digits;
  while (digits-- > 0) {
    const tenth = rest / 10;
    store<u8>(--to, <u8>(0x30 + <u32>(rest - tenth * 10)));
    rest = tenth;
  }
}

/** A double as JavaScript writes it. */
export function putDouble(value: f64): void {
  // Whole numbers are written alike by both, up to where a double has gaps.
  if (abs(value) < 9007199254740992 && trunc(value) == value) {
    putInteger(<i64>value);
    return;
  }
  reserve(scratch, 40);
  scratch.length += formatDouble(value, scratch.ptr + scratch.length);
}

const base64 = <u32>memory.data<u8>([
  65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90,
  97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120,
  121, 122, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 43, 47,
]);

export function putBase64(at: u32, size: u32): void {
  reserve(scratch, (size / 3 + 1) << 2);
  let to = scratch.ptr + scratch.length;
  let i: u32 = 0;
  for (; i + 3 <= size; i += 3, to += 4) {
    const bits = (<u32>load<u8>(at + i) << 16) | (<u32>load<u8>(at + i, 1) << 8) | <u32>load<u8>(at + i, 2);
    store<u8>(to, load<u8>(base64 + (bits >> 18)));
    store<u8>(to, load<u8>(base64 + ((bits >> 12) & 63)), 1);
    store<u8>(to, load<u8>(base64 + ((bits >> 6) & 63)), 2);
    store<u8>(to, load<u8>(base64 + (bits & 63)), 3);
  }
  if (i < size) {
    const two = i + 1 < size;
    const bits = (<u32>load<u8>(at + i) << 16) | (two ? <u32>load<u8>(at + i, 1) << 8 : 0);
    store<u8>(to, load<u8>(base64 + (bits >> 18)));
    store<u8>(to, load<u8>(base64 + ((bits >> 12) & 63)), 1);
    store<u8>(to, two ? load<u8>(base64 + ((bits >> 6) & 63)) : 0x3d, 2);
    store<u8>(to, 0x3d, 3);
    to += 4;
  }
  scratch.length = to - scratch.ptr;
}

/** A text in quotes with the escapes of JSON.stringify. */
export function putJsonText(at: u32, size: u32): void {
  const valid = isUtf8(at, size);
  const whole = valid ? size : repairedSize(at, size);
  if (!valid) {
    // Repaired at the end of the scratch text and then quoted from there.
    reserve(scratch, whole * 7 + 2);
    const copy = scratch.ptr + scratch.length + whole * 6 + 2;
    repairUtf8(at, size, copy);
    at = copy;
  } else reserve(scratch, size * 6 + 2);
  let to = scratch.ptr + scratch.length;
  store<u8>(to++, 0x22);
  for (const end = at + whole; at < end; at++) {
    const byte = <u32>load<u8>(at);
    if (byte >= 0x20 && byte != 0x22 && byte != 0x5c) store<u8>(to++, byte);
    else to = escape(byte, to);
  }
  store<u8>(to++, 0x22);
  scratch.length = to - scratch.ptr;
}

function escape(byte: u32, to: u32): u32 {
  store<u8>(to, 0x5c);
  let letter: u32 = 0;
  if (byte == 0x22 || byte == 0x5c) letter = byte;
  else if (byte == 8) letter = 0x62;
  else if (byte == 9) letter = 0x74;
  else if (byte == 10) letter = 0x6e;
  else if (byte == 12) letter = 0x66;
  else if (byte == 13) letter = 0x72;
  if (letter != 0) {
    store<u8>(to, letter, 1);
    return to + 2;
  }
  store<u8>(to, 0x75, 1);
  store<u8>(to, 0x30, 2);
  store<u8>(to, 0x30, 3);
  store<u8>(to, 0x30 + (byte >> 4), 4);
  const low = byte & 15;
  store<u8>(to, low < 10 ? 0x30 + low : 0x57 + low, 5);
  return to + 6;
}
