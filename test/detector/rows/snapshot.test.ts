import { expect, test } from 'vitest';
import { createPacking } from '../../../detector/rows/snapshot.ts';

test('arrays of every kind come back, from a buffer that is not aligned too', () => {
  const arrays = [
    Uint16Array.of(1, 2, 65_535),
    Float64Array.of(Math.PI, Number.NaN),
    Int16Array.of(-4),
    Float32Array.of(0.5),
    Uint8Array.of(7, 255, 0),
  ];
  const { size, pack } = createPacking(arrays);
  expect(size).toBe(6 + 16 + 2 + 4 + 3);
  const shifted = new Uint8Array(size + 1);
  pack(shifted.subarray(1));
  const empty = [new Uint16Array(3), new Float64Array(2), new Int16Array(1), new Float32Array(1), new Uint8Array(3)];
  createPacking(empty).unpack(shifted.subarray(1));
  expect(empty).toEqual(arrays);
});

test('bytes of another length are refused and change nothing', () => {
  const array = Float64Array.of(7);
  expect(() => createPacking([array]).unpack(new Uint8Array(7))).toThrow(/7 bytes where 8 are wanted/);
  expect(array[0]).toBe(7);
});
