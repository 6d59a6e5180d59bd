/**
 * State of many series as bytes and back: the arrays as they lie in memory behind a header of their sizes, so that
 * 100,000 series are one sequential write. Little-endian, as every machine that Node runs on.
 *
 *   4 bytes version, 4 bytes number of arrays, 8 bytes length of each in bytes, the arrays
 */
export type StateArray = Float64Array | Float32Array | Uint16Array | Int16Array | Uint8Array | Int8Array;

/** Grows when what the arrays mean changes: older bytes are refused then. */
const VERSION = 1;
const HEADER = 8;
const LENGTH = 8;

const bytesOf = (array: StateArray) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

export function snapshotOf(state: readonly StateArray[]): Uint8Array {
  const start = HEADER + LENGTH * state.length;
  const bytes = new Uint8Array(state.reduce((sum, { byteLength }) => sum + byteLength, start));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, VERSION, true);
  view.setUint32(4, state.length, true);
  let at = start;
  for (const [i, array] of state.entries()) {
    view.setBigUint64(HEADER + LENGTH * i, BigInt(array.byteLength), true);
    bytes.set(bytesOf(array), at);
    at += array.byteLength;
  }
  return bytes;
}

/** Puts a snapshot of the same layout back into `state`. Throws, and changes nothing, where it is another. */
export function restoreState(state: readonly StateArray[], bytes: Uint8Array): void {
  const start = HEADER + LENGTH * state.length;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes.byteLength < HEADER ? -1 : view.getUint32(0, true);
  if (version !== VERSION) throw new Error(`a snapshot of detection of version ${version}, where ${VERSION} is read`);
  if (view.getUint32(4, true) !== state.length || bytes.byteLength < start)
    throw new Error('a snapshot of other arrays');
  const total = state.reduce((sum, { byteLength }) => sum + byteLength, start);
  for (const [i, array] of state.entries()) {
    const length = Number(view.getBigUint64(HEADER + LENGTH * i, true));
    if (length !== array.byteLength) {
      throw new Error(
        `array ${i} of the snapshot has ${length} bytes, and ${array.byteLength} are wanted: other series`,
      );
    }
  }
  if (bytes.byteLength !== total) throw new Error(`a snapshot of ${bytes.byteLength} bytes, where ${total} are wanted`);
  let at = start;
  for (const array of state) {
    bytesOf(array).set(bytes.subarray(at, at + array.byteLength));
    at += array.byteLength;
  }
}
