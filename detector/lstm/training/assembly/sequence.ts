// One LSTM layer over whole segments, forward and backward through time, for training. The host has laid out the memory
// (sequence.ts); addresses are bytes, numbers f32, arrays row-major, time first. Gates stand in the order of Keras: input, forget,
// candidate, output. Nothing is fused, so that the same seed trains the same network on every machine.

/** C[m, n] += A[m, k] B[k, n]. A is read with any strides (so also transposed), n is a multiple of 4. Strides in bytes. */
export function gemm(
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  aRow: usize,
  aColumn: usize,
  b: usize,
  bRow: usize,
  c: usize,
  cRow: usize,
): void {
  let row = 0;
  for (; row + 2 <= m; row += 2) {
    const a0 = a + <usize>row * aRow;
    const c0 = c + <usize>row * cRow;
    const c1 = c0 + cRow;
    let column = 0;
    for (; column + 16 <= n; column += 16) {
      const at = <usize>column << 2;
      let p0 = v128.load(c0 + at, 0), p1 = v128.load(c0 + at, 16), p2 = v128.load(c0 + at, 32), p3 = v128.load(c0 + at, 48);
      let q0 = v128.load(c1 + at, 0), q1 = v128.load(c1 + at, 16), q2 = v128.load(c1 + at, 32), q3 = v128.load(c1 + at, 48);
      let left = a0;
      let w = b + at;
      for (let i = 0; i < k; i++, left += aColumn, w += bRow) {
        const w0 = v128.load(w, 0), w1 = v128.load(w, 16), w2 = v128.load(w, 32), w3 = v128.load(w, 48);
        const x = v128.load32_splat(left);
        p0 = f32x4.add(f32x4.mul(x, w0), p0);
        p1 = f32x4.add(f32x4.mul(x, w1), p1);
        p2 = f32x4.add(f32x4.mul(x, w2), p2);
        p3 = f32x4.add(f32x4.mul(x, w3), p3);
        const y = v128.load32_splat(left + aRow);
        q0 = f32x4.add(f32x4.mul(y, w0), q0);
        q1 = f32x4.add(f32x4.mul(y, w1), q1);
        q2 = f32x4.add(f32x4.mul(y, w2), q2);
        q3 = f32x4.add(f32x4.mul(y, w3), q3);
      }
      v128.store(c0 + at, p0, 0);
      v128.store(c0 + at, p1, 16);
      v128.store(c0 + at, p2, 32);
      v128.store(c0 + at, p3, 48);
      v128.store(c1 + at, q0, 0);
      v128.store(c1 + at, q1, 16);
      v128.store(c1 + at, q2, 32);
      v128.store(c1 + at, q3, 48);
    }
    for (; column < n; column += 4) {
      narrow(k, a0, aColumn, b + (<usize>column << 2), bRow, c0 + (<usize>column << 2));
      narrow(k, a0 + aRow, aColumn, b + (<usize>column << 2), bRow, c1 + (<usize>column << 2));
    }
  }
  for (; row < m; row++) {
    for (let column = 0; column < n; column += 4) {
      const at = <usize>column << 2;
      narrow(k, a + <usize>row * aRow, aColumn, b + at, bRow, c + <usize>row * cRow + at);
    }
  }
}

/** Four columns of one row. */
function narrow(k: i32, a: usize, aColumn: usize, b: usize, bRow: usize, c: usize): void {
  let sum = v128.load(c);
  for (let i = 0; i < k; i++, a += aColumn, b += bRow) {
    sum = f32x4.add(f32x4.mul(v128.load32_splat(a), v128.load(b)), sum);
  }
  v128.store(c, sum);
}

// tanh(z) = z P(z^2) / Q(z^2), |z| <= 8: the quotient of the streaming kernel (kernel/weights.ts says its error).
function tanh4(z: v128): v128 {
  const x = f32x4.min(f32x4.max(z, f32x4.splat(-8)), f32x4.splat(8));
  const s = f32x4.mul(x, x);
  let p = f32x4.add(f32x4.mul(f32x4.splat(1.1310269287280365e-5), s), f32x4.splat(0.0029388323184263944));
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(0.12913645743283872));
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(0.9999993621356811));
  let q = f32x4.add(f32x4.mul(f32x4.splat(2.423855017200145e-7), s), f32x4.splat(0.00023702909696454478));
  q = f32x4.add(f32x4.mul(q, s), f32x4.splat(0.023763846468265012));
  q = f32x4.add(f32x4.mul(q, s), f32x4.splat(0.4624674451066472));
  q = f32x4.add(f32x4.mul(q, s), f32x4.splat(1));
  return f32x4.div(f32x4.mul(x, p), q);
}

function sigmoid4(z: v128): v128 {
  const half = f32x4.splat(0.5);
  return f32x4.add(half, f32x4.mul(half, tanh4(f32x4.mul(half, z))));
}

/**
 * All steps forward from empty states. `gates` [time, batch, 4 units] holds the sums W x + b and takes the activations;
 * `cells` and `hidden` [time, batch, units] are written.
 */
export function forward(
  time: i32,
  batch: i32,
  units: i32,
  recurrent: usize,
  gates: usize,
  cells: usize,
  hidden: usize,
): void {
  const width = <usize>units << 2;
  const rows = <usize>batch * width;
  for (let t = 0; t < time; t++) {
    const z = gates + <usize>t * rows * 4;
    const c = cells + <usize>t * rows;
    const h = hidden + <usize>t * rows;
    if (t > 0) gemm(batch, 4 * units, units, h - rows, width, 4, recurrent, width * 4, z, width * 4);
    for (let row: usize = 0; row < rows; row += width) {
      for (let u: usize = 0; u < width; u += 16) {
        const at = z + row * 4 + u;
        const i = sigmoid4(v128.load(at));
        const f = sigmoid4(v128.load(at + width));
        const g = tanh4(v128.load(at + width * 2));
        const o = sigmoid4(v128.load(at + width * 3));
        v128.store(at, i);
        v128.store(at + width, f);
        v128.store(at + width * 2, g);
        v128.store(at + width * 3, o);
        let cell = f32x4.mul(i, g);
        if (t > 0) cell = f32x4.add(f32x4.mul(f, v128.load(c - rows + row + u)), cell);
        v128.store(c + row + u, cell);
        v128.store(h + row + u, f32x4.mul(o, tanh4(cell)));
      }
    }
  }
}

/**
 * Backward through time. `gates` and `cells` come from `forward`; `pull` [time, batch, units] is the loss's gradient by `hidden`
 * and is added to; `turned` [4 units, units] is the recurrent matrix transposed; `carry` [batch, units] is scratch.
 * `gates` is overwritten by the gradient of the sums.
 */
export function backward(
  time: i32,
  batch: i32,
  units: i32,
  turned: usize,
  gates: usize,
  cells: usize,
  pull: usize,
  carry: usize,
): void {
  const width = <usize>units << 2;
  const rows = <usize>batch * width;
  const one = f32x4.splat(1);
  memory.fill(carry, 0, rows);
  for (let t = time - 1; t >= 0; t--) {
    const z = gates + <usize>t * rows * 4;
    const c = cells + <usize>t * rows;
    const dh = pull + <usize>t * rows;
    for (let row: usize = 0; row < rows; row += width) {
      for (let u: usize = 0; u < width; u += 16) {
        const at = z + row * 4 + u;
        const i = v128.load(at);
        const f = v128.load(at + width);
        const g = v128.load(at + width * 2);
        const o = v128.load(at + width * 3);
        const squashed = tanh4(v128.load(c + row + u));
        const h = v128.load(dh + row + u);
        const ho = f32x4.mul(h, o);
        const dc = f32x4.add(
          v128.load(carry + row + u),
          f32x4.mul(ho, f32x4.sub(one, f32x4.mul(squashed, squashed))),
        );
        const before = t > 0 ? v128.load(c - rows + row + u) : f32x4.splat(0);
        v128.store(at, f32x4.mul(f32x4.mul(dc, g), f32x4.mul(i, f32x4.sub(one, i))));
        v128.store(at + width, f32x4.mul(f32x4.mul(dc, before), f32x4.mul(f, f32x4.sub(one, f))));
        v128.store(at + width * 2, f32x4.mul(f32x4.mul(dc, i), f32x4.sub(one, f32x4.mul(g, g))));
        v128.store(at + width * 3, f32x4.mul(f32x4.mul(ho, squashed), f32x4.sub(one, o)));
        v128.store(carry + row + u, f32x4.mul(dc, f));
      }
    }
    if (t > 0) gemm(batch, units, 4 * units, z, width * 4, 4, turned, width, dh - rows, width);
  }
}
