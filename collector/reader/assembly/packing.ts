// Texts packed into one, each followed by a zero byte (docs/decisions/0008-attributes-packed.md).

import { Bytes, newBytes, reserve } from './memory';
import { repairedSize, repairUtf8 } from './utf8';

export const packing: Bytes = newBytes();

/** Appends a text to `packing`: repaired, its zero bytes as 01 01, its bytes 01 as 01 02, and a zero byte. */
export function pack(at: u32, size: u32): void {
  const whole = repairedSize(at, size);
  // Escaped it is at most twice as long; the repaired text lies behind the room for that.
  reserve(packing, whole * 3 + 1);
  const copy = packing.ptr + packing.length + whole * 2 + 1;
  repairUtf8(at, size, copy);
  let to = packing.ptr + packing.length;
  for (let i: u32 = 0; i < whole; i++) {
    const byte = load<u8>(copy + i);
    if (byte < 2) {
      store<u8>(to++, 1);
      store<u8>(to++, byte + 1);
    } else store<u8>(to++, byte);
  }
  store<u8>(to++, 0);
  packing.length = to - packing.ptr;
}
