// Hashes of runs of bytes, not cryptographic: 128 bits for digests, 64 bits for ids. Eight lanes of 64 bits, as in XXH3: each
// adds the product of the halves of a keyed word and the word of its neighbour.

const P1: u64 = 0x9e3779b185ebca87;
const P2: u64 = 0xc2b2ae3d27d4eb4f;
const P3: u64 = 0x165667b19e3779f9;
const P4: u64 = 0x27d4eb2f165667c5;

const tail = <u32>memory.data(64, 16);

export let hashLow: u64 = 0;
export let hashHigh: u64 = 0;

// @ts-ignore: decorator
@inline
function mix(value: u64): u64 {
  value ^= value >> 37;
  value *= 0x165667919e3779f9;
  return value ^ (value >> 32);
}

// @ts-ignore: decorator
@inline
function step(sum: v128, data: v128, key: v128): v128 {
  const keyed = v128.xor(data, key);
  const halves = i64x2.mul(v128.and(keyed, i64x2.splat(0xffffffff)), i64x2.shr_u(keyed, 32));
  const swapped = i8x16.shuffle(data, data, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  return i64x2.add(sum, i64x2.add(halves, swapped));
}

// @ts-ignore: decorator
@inline
function scramble(sum: v128, key: v128): v128 {
  return i64x2.mul(v128.xor(v128.xor(sum, i64x2.shr_u(sum, 47)), key), i64x2.splat(0x9e3779b1));
}

/** Leaves 128 bits in `hashLow` and `hashHigh`. The result depends on the bytes and the seed alone. */
export function hash128(at: u32, size: u32, seed: u64): void {
  let key0 = i64x2.splat(seed ^ P1);
  let key1 = i64x2.splat(seed + P2);
  let key2 = i64x2.splat(seed ^ P3);
  let key3 = i64x2.splat(seed + P4);
  // Keys differ between the two lanes of a vector and from stripe to stripe.
  const stepKey = i64x2.replace_lane(i64x2.splat(P3), 1, P4);
  key0 = i64x2.add(key0, stepKey);
  key1 = i64x2.add(key1, stepKey);
  key2 = i64x2.add(key2, stepKey);
  key3 = i64x2.add(key3, stepKey);
  let a = i64x2.splat(P1);
  let b = i64x2.splat(P2);
  let c = i64x2.splat(P3);
  let d = i64x2.splat(P4);
  let left = size;
  for (; left >= 64; left -= 64, at += 64) {
    a = step(a, v128.load(at), key0);
    b = step(b, v128.load(at, 16), key1);
    c = step(c, v128.load(at, 32), key2);
    d = step(d, v128.load(at, 48), key3);
    key0 = i64x2.add(key0, stepKey);
    key1 = i64x2.add(key1, stepKey);
    key2 = i64x2.add(key2, stepKey);
    key3 = i64x2.add(key3, stepKey);
    if ((left & 0x3c0) == 0) {
      a = scramble(a, key1);
      b = scramble(b, key2);
      c = scramble(c, key3);
      d = scramble(d, key0);
    }
  }
  memory.fill(tail, 0, 64);
  memory.copy(tail, at, left);
  a = step(a, v128.load(tail), key0);
  b = step(b, v128.load(tail, 16), key1);
  c = step(c, v128.load(tail, 32), key2);
  d = step(d, v128.load(tail, 48), key3);
  a = scramble(a, key1);
  b = scramble(b, key2);
  c = scramble(c, key3);
  d = scramble(d, key0);
  let low = (<u64>size + seed) * P1;
  let high = ~(<u64>size + seed) * P2;
  low = fold(low, a, b);
  low = fold(low, c, d);
  high = fold(high, d, a);
  high = fold(high, b, c);
  hashLow = mix(low ^ (low >> 29));
  hashHigh = mix(high ^ (high >> 29));
}

// @ts-ignore: decorator
@inline
function fold(sum: u64, x: v128, y: v128): u64 {
  sum = mix((sum ^ <u64>i64x2.extract_lane(x, 0)) * P2 + <u64>i64x2.extract_lane(y, 1));
  return mix((sum ^ <u64>i64x2.extract_lane(x, 1)) * P3 + <u64>i64x2.extract_lane(y, 0));
}

/** 64 bits of a run of bytes. */
export function hash64(at: u32, size: u32, seed: u64): u64 {
  hash128(at, size, seed);
  return hashLow ^ hashHigh;
}
