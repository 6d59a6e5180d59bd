// UTF-8 as the platform's own decoder takes it: each longest beginning of a character that goes wrong is one U+FFFD.

/** Whether `size` bytes are whole, shortest, legal UTF-8. They can be read 15 bytes past their end. */
export function isUtf8(at: u32, size: u32): bool {
  const end = at + size;
  while (at < end) {
    if (end - at >= 16 && !i8x16.bitmask(v128.load(at))) {
      at += 16;
      continue;
    }
    const taken = character(at, end);
    if (taken <= 0) return false;
    at += taken;
  }
  return true;
}

/** Bytes of the character at `at`, or minus the bytes of the wrong beginning there. */
function character(at: u32, end: u32): i32 {
  const first = <u32>load<u8>(at);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return -1;
  if (at + 1 >= end) return -1;
  const second = <u32>load<u8>(at + 1);
  if (first < 0xe0) return (second & 0xc0) == 0x80 ? 2 : -1;
  let low: u32 = 0x80;
  let high: u32 = 0xbf;
  if (first == 0xe0) low = 0xa0;
  else if (first == 0xed) high = 0x9f;
  else if (first == 0xf0) low = 0x90;
  else if (first == 0xf4) high = 0x8f;
  if (second < low || second > high) return -1;
  if (at + 2 >= end || (load<u8>(at + 2) & 0xc0) != 0x80) return -2;
  if (first < 0xf0) return 3;
  if (at + 3 >= end || (load<u8>(at + 3) & 0xc0) != 0x80) return -3;
  return 4;
}

/** Bytes of the text once it is repaired. */
export function repairedSize(at: u32, size: u32): u32 {
  const end = at + size;
  let bytes: u32 = 0;
  while (at < end) {
    const taken = character(at, end);
    at += abs(taken);
    bytes += taken > 0 ? taken : 3;
  }
  return bytes;
}

/** Writes the text to `to` with U+FFFD for what is wrong. */
export function repairUtf8(at: u32, size: u32, to: u32): void {
  const end = at + size;
  while (at < end) {
    const taken = character(at, end);
    if (taken > 0) {
      for (let i: i32 = 0; i < taken; i++) store<u8>(to++, load<u8>(at++));
    } else {
      at -= taken;
      store<u8>(to, 0xef);
      store<u8>(to, 0xbf, 1);
      store<u8>(to, 0xbd, 2);
      to += 3;
    }
  }
}

/** The size to cut a text of `size` bytes to so that it has at most `most` and ends with a whole character. */
export function cutSize(at: u32, size: u32, most: u32): u32 {
  if (size <= most) return size;
  let cut = most;
  for (let i = 0; i < 3 && cut > 0 && (load<u8>(at + cut) & 0xc0) == 0x80; i++) cut--;
  return cut;
}
