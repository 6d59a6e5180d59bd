// One step of one LSTM layer and its dense head for a batch of series, two series at a time.
//
//   z = W x + U h + b                       for the gates input, forget, candidate, output
//   c <- sigmoid(z_f) c + sigmoid(z_i) tanh(z_g)
//   h <- sigmoid(z_o) tanh(c)               y = V h + d
//
// The module has no memory of its own, no globals and no allocator: several instances may work on one shared memory, each on its
// own rows. Addresses are bytes; all numbers are f32. What the host packs (packing.ts):
//   weights   for each block of 4 units: 4 gates x 4 biases, then for each input and each unit 4 gates x 4 weights
//   head      for each block of 16 outputs: 16 biases, then for each unit 16 weights
// The biases and weights of the three sigmoid gates come halved, because sigmoid(2 z) = (1 + tanh(z)) / 2.

/** a b + c, in one rounding where the machine has it. */
// @ts-ignore: decorator
@inline
function madd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}

/** The constant at place `k` of the table that the host writes: constants in code are put together anew at each use. */
// @ts-ignore: decorator
@inline
function constant(table: usize, k: i32): v128 {
  return v128.load(table + (<usize>k << 4));
}

// Places in the table of constants (packing.ts has the values).
const LIMIT = 0;
const NEGATIVE_LIMIT = 1;
const ODD = 2; // 4 numbers
const EVEN = 6; // 5 numbers
const HALF = 11;

// tanh(z) = z P(z^2) / Q(z^2), |z| <= 8; a quotient of our own fit, 1.3e-7 from tanh in exact arithmetic.
// @ts-ignore: decorator
@inline
function clamped(table: usize, z: v128): v128 {
  return f32x4.pmin(f32x4.pmax(z, constant(table, NEGATIVE_LIMIT)), constant(table, LIMIT));
}

// @ts-ignore: decorator
@inline
function above(table: usize, z: v128, square: v128): v128 {
  let p = madd(constant(table, ODD + 3), square, constant(table, ODD + 2));
  p = madd(p, square, constant(table, ODD + 1));
  p = madd(p, square, constant(table, ODD));
  return f32x4.mul(p, z);
}

// @ts-ignore: decorator
@inline
function below(table: usize, square: v128): v128 {
  let q = madd(constant(table, EVEN + 4), square, constant(table, EVEN + 3));
  q = madd(q, square, constant(table, EVEN + 2));
  q = madd(q, square, constant(table, EVEN + 1));
  return madd(q, square, constant(table, EVEN));
}

/** New cell (stored at `cell`) and new output of four units, from the sums of their gates; two divisions for five activations. */
// @ts-ignore: decorator
@inline
function activate(table: usize, cell: usize, input: v128, forget: v128, candidate: v128, output: v128): v128 {
  const zi = clamped(table, input);
  const si = f32x4.mul(zi, zi);
  const qi = below(table, si);
  const zg = clamped(table, candidate);
  const sg = f32x4.mul(zg, zg);
  const qig = f32x4.mul(qi, below(table, sg));
  const write = f32x4.mul(f32x4.add(qi, above(table, zi, si)), above(table, zg, sg));
  const zf = clamped(table, forget);
  const sf = f32x4.mul(zf, zf);
  const qf = below(table, sf);
  const kept = f32x4.mul(f32x4.mul(f32x4.add(qf, above(table, zf, sf)), v128.load(cell)), qig);
  const c = f32x4.div(
    f32x4.mul(constant(table, HALF), madd(write, qf, kept)),
    f32x4.mul(qf, qig),
  );
  v128.store(cell, c);
  const zo = clamped(table, output);
  const so = f32x4.mul(zo, zo);
  const qo = below(table, so);
  const zc = clamped(table, c);
  const sc = f32x4.mul(zc, zc);
  const open = f32x4.mul(constant(table, HALF), f32x4.add(qo, above(table, zo, so)));
  return f32x4.div(f32x4.mul(open, above(table, zc, sc)), f32x4.mul(qo, below(table, sc)));
}

/**
 * Rows `from` to `to` of the batch. `index` has the series of each row (u32), `x` its inputs, `state` per series h then c,
 * `out` takes the outputs, padded to a multiple of 16. No series stands twice in a batch. `spare` is room for one series and
 * one row more, which no other instance uses: it takes the place of a partner in an odd last tile.
 */
export function step(
  table: usize,
  weights: usize,
  head: usize,
  features: i32,
  units: i32,
  outputs: i32,
  index: usize,
  x: usize,
  state: usize,
  out: usize,
  spare: usize,
  from: i32,
  to: i32,
): void {
  const width = <usize>units << 2;
  const row = <usize>features << 2;
  const answers = <usize>outputs << 2;
  const scratch = spare; // new h of two series, then a state, inputs and outputs nobody reads
  const nobody = spare + (width << 1);
  for (let at = from; at < to; at += 2) {
    const alone = at + 1 == to;
    const x0 = x + <usize>at * row;
    const x1 = alone ? x0 : x0 + row;
    const h0 = state + <usize>load<u32>(index + (<usize>at << 2)) * (width << 1);
    const h1 = alone ? nobody : state + <usize>load<u32>(index + (<usize>at << 2), 4) * (width << 1);
    let w = weights;
    for (let unit: usize = 0; unit < width; unit += 16) {
      let a0 = v128.load(w, 0), a1 = v128.load(w, 16), a2 = v128.load(w, 32), a3 = v128.load(w, 48);
      let b0 = a0, b1 = a1, b2 = a2, b3 = a3;
      w += 64;
      let left = x0;
      let right = x1;
      for (let end = x0 + row; left < end; left += 4, right += 4, w += 64) {
        const w0 = v128.load(w, 0), w1 = v128.load(w, 16), w2 = v128.load(w, 32), w3 = v128.load(w, 48);
        const p = v128.load32_splat(left);
        a0 = madd(p, w0, a0);
        a1 = madd(p, w1, a1);
        a2 = madd(p, w2, a2);
        a3 = madd(p, w3, a3);
        const q = v128.load32_splat(right);
        b0 = madd(q, w0, b0);
        b1 = madd(q, w1, b1);
        b2 = madd(q, w2, b2);
        b3 = madd(q, w3, b3);
      }
      left = h0;
      right = h1;
      for (let end = h0 + width; left < end; left += 4, right += 4, w += 64) {
        const w0 = v128.load(w, 0), w1 = v128.load(w, 16), w2 = v128.load(w, 32), w3 = v128.load(w, 48);
        const p = v128.load32_splat(left);
        a0 = madd(p, w0, a0);
        a1 = madd(p, w1, a1);
        a2 = madd(p, w2, a2);
        a3 = madd(p, w3, a3);
        const q = v128.load32_splat(right);
        b0 = madd(q, w0, b0);
        b1 = madd(q, w1, b1);
        b2 = madd(q, w2, b2);
        b3 = madd(q, w3, b3);
      }
      v128.store(scratch + unit, activate(table, h0 + width + unit, a0, a1, a2, a3));
      v128.store(scratch + width + unit, activate(table, h1 + width + unit, b0, b1, b2, b3));
    }
    for (let unit: usize = 0; unit < width; unit += 16) {
      v128.store(h0 + unit, v128.load(scratch + unit));
      v128.store(h1 + unit, v128.load(scratch + width + unit));
    }
    const y0 = out + <usize>at * answers;
    const y1 = alone ? nobody + (width << 1) : y0 + answers;
    let v = head;
    for (let o: usize = 0; o < answers; o += 64) {
      let a0 = v128.load(v, 0), a1 = v128.load(v, 16), a2 = v128.load(v, 32), a3 = v128.load(v, 48);
      let b0 = a0, b1 = a1, b2 = a2, b3 = a3;
      v += 64;
      for (let left = h0, right = h1, end = h0 + width; left < end; left += 4, right += 4, v += 64) {
        const w0 = v128.load(v, 0), w1 = v128.load(v, 16), w2 = v128.load(v, 32), w3 = v128.load(v, 48);
        const p = v128.load32_splat(left);
        a0 = madd(p, w0, a0);
        a1 = madd(p, w1, a1);
        a2 = madd(p, w2, a2);
        a3 = madd(p, w3, a3);
        const q = v128.load32_splat(right);
        b0 = madd(q, w0, b0);
        b1 = madd(q, w1, b1);
        b2 = madd(q, w2, b2);
        b3 = madd(q, w3, b3);
      }
      v128.store(y0 + o, a0, 0);
      v128.store(y0 + o, a1, 16);
      v128.store(y0 + o, a2, 32);
      v128.store(y0 + o, a3, 48);
      v128.store(y1 + o, b0, 0);
      v128.store(y1 + o, b1, 16);
      v128.store(y1 + o, b2, 32);
      v128.store(y1 + o, b3, 48);
    }
  }
}
