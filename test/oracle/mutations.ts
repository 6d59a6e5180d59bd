import { below, pick, type Random } from './random.ts';

/** Ways to damage the bytes of a request; each may be used several times, one after the other. */
export function mutate(bytes: Buffer, others: readonly Buffer[], random: Random): Buffer {
  let damaged = Buffer.from(bytes);
  for (let rounds = 1 + below(random, 4); rounds > 0; rounds--)
    damaged = Buffer.from(pick(random, WAYS)(damaged, others, random));
  return damaged;
}

type Way = (bytes: Buffer, others: readonly Buffer[], random: Random) => Uint8Array;

/** Varints that are numbers of bytes no request has: 2^31 - 1, 2^32 - 1, 2^63, ten bytes of ones and eleven. */
const HUGE = [
  [0xff, 0xff, 0xff, 0xff, 0x07],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
];

const WAYS: readonly Way[] = [
  function flipBit(bytes, _, random) {
    if (bytes.length > 0) {
      const at = below(random, bytes.length);
      bytes[at] = (bytes[at] as number) ^ (1 << below(random, 8));
    }
    return bytes;
  },
  function setByte(bytes, _, random) {
    if (bytes.length > 0)
      bytes[below(random, bytes.length)] = pick(random, [0, 1, 0x7f, 0x80, 0xff, below(random, 256)]);
    return bytes;
  },
  function truncate(bytes, _, random) {
    return bytes.subarray(0, below(random, bytes.length + 1));
  },
  function insertRandom(bytes, _, random) {
    return splice(bytes, below(random, bytes.length + 1), 0, randomBytes(below(random, 40), random));
  },
  function removeSome(bytes, _, random) {
    return splice(bytes, below(random, bytes.length + 1), below(random, 20), []);
  },
  function inflateLength(bytes, _, random) {
    return splice(bytes, below(random, bytes.length + 1), 1, pick(random, HUGE));
  },
  function repeatSlice(bytes, _, random) {
    const from = below(random, bytes.length + 1);
    return splice(bytes, from, 0, bytes.subarray(from, from + below(random, 200)));
  },
  function joinAnother(bytes, others, random) {
    const other = pick(random, others);
    const from = below(random, other.length + 1);
    return splice(bytes, below(random, bytes.length + 1), below(random, 50), other.subarray(from));
  },
  function nestDeeply(bytes, _, random) {
    return splice(bytes, below(random, bytes.length + 1), 0, nested(1 + below(random, 400), random));
  },
  function replaceAll(_bytes, _others, random) {
    return randomBytes(below(random, 300), random);
  },
];

function splice(bytes: Buffer, at: number, remove: number, insert: Uint8Array | readonly number[]): Buffer {
  return Buffer.concat([bytes.subarray(0, at), Uint8Array.from(insert), bytes.subarray(at + remove)]);
}

function randomBytes(count: number, random: Random): Buffer {
  return Buffer.from(Array.from({ length: count }, () => below(random, 256)));
}

/** Messages of fields 1, 5, 6 and 9 within one another, `depth` levels. */
export function nested(depth: number, random: Random): Buffer {
  return wrapped(
    Buffer.alloc(0),
    Array.from({ length: depth }, () => pick(random, [0x0a, 0x2a, 0x32, 0x4a])),
  );
}

/** `content` as a field of each of the tags, the first one outermost. */
export function wrapped(content: Buffer, tags: readonly number[]): Buffer {
  const pieces: Buffer[] = [content];
  let length = content.length;
  for (const tag of tags.toReversed()) {
    const head = [tag];
    for (let rest = length; ; rest = Math.floor(rest / 128)) {
      head.push(rest < 128 ? rest : (rest % 128) + 128);
      if (rest < 128) break;
    }
    pieces.push(Buffer.from(head));
    length += head.length;
  }
  return Buffer.concat(pieces.reverse());
}
