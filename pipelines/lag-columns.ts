/**
 * Rows of numbers in one typed array, read and written through a cursor: a row costs eight bytes a field, where an object of as many
 * numbers costs several times that, and a cluster has hundreds of thousands of them.
 */
export interface NumberRows<F extends string> {
  readonly length: number;
  /** Adds a row of NaN and answers its number. */
  add(): number;
  /** The cursor on row `i`; there is one for all rows, so it must not be kept. */
  at(i: number): Record<F, number>;
}

const FIRST_ROOM = 64;

export function createNumberRows<const F extends string>(fields: readonly F[]): NumberRows<F> {
  const width = fields.length;
  let data = new Float64Array(FIRST_ROOM * width);
  let length = 0;
  let offset = 0;
  const cursor = {} as Record<F, number>;
  for (const [i, field] of fields.entries()) {
    Object.defineProperty(cursor, field, {
      enumerable: true,
      get: () => data[offset + i],
      set: (value: number) => {
        data[offset + i] = value;
      },
    });
  }
  return {
    get length() {
      return length;
    },
    add() {
      if ((length + 1) * width > data.length) {
        const larger = new Float64Array(data.length * 2);
        larger.set(data);
        data = larger;
      }
      data.fill(Number.NaN, length * width, (length + 1) * width);
      return length++;
    },
    at(i) {
      offset = i * width;
      return cursor;
    },
  };
}
