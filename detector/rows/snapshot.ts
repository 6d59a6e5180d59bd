import { WeirError } from '../../core/errors.ts';

export type StateArray = Float64Array | Float32Array | Int16Array | Uint16Array | Uint8Array;

/** Bytes of arrays one behind the other, in their order, on this machine's own byte order. */
export function packState(arrays: readonly StateArray[]): Uint8Array {
  const bytes = new Uint8Array(sizeOf(arrays));
  let at = 0;
  for (const array of arrays) {
    bytes.set(bytesOf(array), at);
    at += array.byteLength;
  }
  return bytes;
}

/** Puts back what `packState` gave for arrays of the same kinds and lengths. */
export function unpackState(bytes: Uint8Array, arrays: readonly StateArray[]): void {
  const size = sizeOf(arrays);
  if (bytes.byteLength !== size) {
    throw new WeirError(
      'detector_rows_snapshot_invalid',
      `a snapshot of rows has ${bytes.byteLength} bytes where ${size} are wanted: it is of another number of columns, or of another version`,
    );
  }
  let at = 0;
  for (const array of arrays) {
    bytesOf(array).set(bytes.subarray(at, at + array.byteLength));
    at += array.byteLength;
  }
}

function sizeOf(arrays: readonly StateArray[]): number {
  return arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

function bytesOf(array: StateArray): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
