import { WeirError } from '../../core/errors.ts';

export type StateArray = Float64Array | Float32Array | Int16Array | Uint16Array | Uint8Array;

/** Arrays one behind the other, in their order, on this machine's own byte order. */
export interface Packing {
  /** Bytes of them all. */
  readonly size: number;
  /** Writes all there is in the arrays to `bytes`, which have `size`. */
  pack(bytes: Uint8Array): void;
  /** Puts back what `pack` wrote for arrays of the same kinds and lengths. Throws, and changes nothing, for another size. */
  unpack(bytes: Uint8Array): void;
}

export function createPacking(arrays: readonly StateArray[]): Packing {
  const parts = arrays.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength));
  const size = parts.reduce((sum, { length }) => sum + length, 0);

  return {
    size,
    pack(bytes) {
      let at = 0;
      for (const part of parts) {
        bytes.set(part, at);
        at += part.length;
      }
    },
    unpack(bytes) {
      if (bytes.length !== size) {
        throw new WeirError(
          'detector_rows_snapshot_invalid',
          `a snapshot of rows has ${bytes.length} bytes where ${size} are wanted: it is of another number of columns, or of another version`,
        );
      }
      let at = 0;
      for (const part of parts) {
        part.set(bytes.subarray(at, at + part.length));
        at += part.length;
      }
    },
  };
}
