/**
 * How columns move together: each is predicted from all the others by ridge regression, all of them from one matrix.
 *
 *   C <- C + a (z z' - C)      covariance of the standard deviations z of the columns, a = 1 / 10,000 rows
 *   P = (C + r I)^-1           precision, fitted anew every 500 rows; r = 0.02 keeps it sound
 *   u_j = (P z)_j / sqrt P_jj  what column j shows beyond what the others foretell, in deviations of that
 *
 * The regression of z_j on the rest has the residual (P z)_j / P_jj and the variance 1 / P_jj (Lauritzen, Graphical
 * Models, 1996, 5.1.3). Both matrices are symmetric: their lower triangles are kept, row by row.
 */
export interface Relations {
  /** u of the row that was read; NaN while too little is known. */
  readonly apart: Float64Array;
  /** What is left of each column after what the others foretell of it, in standard deviations of the column. */
  readonly residual: Float64Array;
  /** `there`: NaN for columns without a value, of which nothing is said. */
  read(standard: Float64Array, there: Float64Array): void;
  learn(standard: Float64Array): void;
  readonly state: readonly Float64Array[];
}

const MEMORY_ROWS = 10_000;
const RIDGE = 0.02;
const FIT_ROWS = 500;
/** The first fit, which is done again after twice and four times as many rows. */
const FIRST_FIT = 100;

export function createRelations(count: number): Relations {
  const covariance = new Float64Array(triangle(count));
  const precision = new Float64Array(triangle(count));
  const draft = new Float64Array(count * count);
  const inverse = new Float64Array(count * count);
  const apart = new Float64Array(count).fill(Number.NaN);
  const residual = new Float64Array(count).fill(Number.NaN);
  /** Rows learnt; rows at the last fit. */
  const rows = new Float64Array(2);

  function read(standard: Float64Array, there: Float64Array): void {
    if (rows[1] === 0) {
      apart.fill(Number.NaN);
      return;
    }
    for (let j = 0; j < count; j++) {
      if (Number.isNaN(there[j] as number)) {
        apart[j] = Number.NaN;
        continue;
      }
      let sum = 0;
      const at = triangle(j);
      for (let k = 0; k <= j; k++) sum += (precision[at + k] as number) * (standard[k] as number);
      for (let k = j + 1; k < count; k++) sum += (precision[triangle(k) + j] as number) * (standard[k] as number);
      apart[j] = sum / Math.sqrt(precision[at + j] as number);
      residual[j] = sum / (precision[at + j] as number);
    }
  }

  function learn(standard: Float64Array): void {
    const n = (rows[0] as number) + 1;
    rows[0] = n;
    const rate = Math.max(1 / n, 1 / MEMORY_ROWS);
    for (let j = 0; j < count; j++) {
      const at = triangle(j);
      const own = rate * (standard[j] as number);
      for (let k = 0; k <= j; k++) {
        const c = covariance[at + k] as number;
        covariance[at + k] = c + own * (standard[k] as number) - rate * c;
      }
    }
    const fitted = rows[1] as number;
    if (
      n - fitted >= FIT_ROWS ||
      (n >= FIRST_FIT && fitted < 4 * FIRST_FIT && n >= 2 * Math.max(fitted, FIRST_FIT / 2))
    ) {
      solve();
      rows[1] = n;
    }
  }

  function solve(): void {
    for (let j = 0; j < count; j++) {
      for (let k = 0; k <= j; k++) {
        const c = covariance[triangle(j) + k] as number;
        draft[j * count + k] = c;
        draft[k * count + j] = c;
      }
      draft[j * count + j] = (draft[j * count + j] as number) + RIDGE;
    }
    invert(draft, inverse, count);
    for (let j = 0; j < count; j++) precision.set(inverse.subarray(j * count, j * count + j + 1), triangle(j));
  }

  return { apart, residual, read, learn, state: [covariance, precision, rows] };
}

/** Numbers in a lower triangle of so many rows, which is where the row of that number begins. */
const triangle = (rows: number) => (rows * (rows + 1)) / 2;

/** Inverse of a symmetric positive definite matrix by way of its Cholesky factor, which takes the place of `matrix`. */
export function invert(matrix: Float64Array, inverse: Float64Array, count: number): void {
  // Lower factor L, row by row.
  for (let j = 0; j < count; j++) {
    for (let k = 0; k <= j; k++) {
      let sum = matrix[j * count + k] as number;
      for (let i = 0; i < k; i++) sum -= (matrix[j * count + i] as number) * (matrix[k * count + i] as number);
      matrix[j * count + k] = j === k ? Math.sqrt(sum) : sum / (matrix[k * count + k] as number);
    }
  }
  // L^-1 in its place.
  for (let j = 0; j < count; j++) {
    const own = 1 / (matrix[j * count + j] as number);
    for (let k = 0; k < j; k++) {
      let sum = 0;
      for (let i = k; i < j; i++) sum -= (matrix[j * count + i] as number) * (matrix[i * count + k] as number);
      matrix[j * count + k] = sum * own;
    }
    matrix[j * count + j] = own;
  }
  for (let j = 0; j < count; j++) {
    for (let k = 0; k <= j; k++) {
      let sum = 0;
      for (let i = j; i < count; i++) sum += (matrix[i * count + j] as number) * (matrix[i * count + k] as number);
      inverse[j * count + k] = sum;
      inverse[k * count + j] = sum;
    }
  }
}
