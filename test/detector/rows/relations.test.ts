import { describe, expect, test } from 'vitest';
import { createRelations, invert } from '../../../detector/rows/relations.ts';
import { seededNormal } from './made-rows.ts';

describe('inverse', () => {
  test('times the matrix is one', () => {
    const normal = seededNormal(1);
    const count = 12;
    const half = Float64Array.from({ length: count * count }, normal);
    const matrix = new Float64Array(count * count);
    for (let j = 0; j < count; j++) {
      for (let k = 0; k < count; k++) {
        for (let i = 0; i < count; i++) {
          matrix[j * count + k] =
            (matrix[j * count + k] as number) + (half[j * count + i] as number) * (half[k * count + i] as number);
        }
      }
      matrix[j * count + j] = (matrix[j * count + j] as number) + 0.1;
    }
    const inverse = new Float64Array(count * count);
    invert(matrix.slice(), inverse, count);
    for (let j = 0; j < count; j++) {
      for (let k = 0; k < count; k++) {
        let sum = 0;
        for (let i = 0; i < count; i++) sum += (matrix[j * count + i] as number) * (inverse[i * count + k] as number);
        expect(sum).toBeCloseTo(j === k ? 1 : 0, 8);
      }
    }
  });

  test('of one number', () => {
    const inverse = new Float64Array(1);
    invert(Float64Array.of(4), inverse, 1);
    expect(inverse[0]).toBe(0.25);
  });
});

/** Two columns that are the same but for a little noise, and one of its own. */
function rows(seed: number) {
  const normal = seededNormal(seed);
  return () => {
    const shared = normal();
    return Float64Array.of(shared + 0.1 * normal(), shared + 0.1 * normal(), normal());
  };
}

const ALL = new Float64Array(3);

describe('what a column shows beyond the others', () => {
  test('nothing before there are a hundred rows', () => {
    const relations = createRelations(3);
    const next = rows(2);
    for (let i = 0; i < 99; i++) relations.learn(next());
    relations.read(next(), ALL);
    expect([...relations.apart]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    relations.learn(next());
    relations.read(next(), ALL);
    expect(relations.apart.every(Number.isFinite)).toBe(true);
  });

  test('is small while they move together, whatever their distance, and large when they part', () => {
    const relations = createRelations(3);
    const next = rows(3);
    for (let i = 0; i < 2000; i++) relations.learn(next());
    relations.read(Float64Array.of(3, 3, 0), ALL);
    expect(Math.abs(relations.apart[0] as number)).toBeLessThan(2);
    relations.read(Float64Array.of(1, -1, 0), ALL);
    expect(relations.apart[0]).toBeGreaterThan(8);
    expect(relations.apart[1]).toBeLessThan(-8);
    expect(Math.abs(relations.apart[2] as number)).toBeLessThan(2);
  });

  test('has a deviation near one for ordinary rows', () => {
    const relations = createRelations(3);
    const next = rows(4);
    for (let i = 0; i < 4000; i++) relations.learn(next());
    let squares = 0;
    for (let i = 0; i < 2000; i++) {
      relations.read(next(), ALL);
      squares += (relations.apart[2] as number) ** 2;
    }
    expect(Math.sqrt(squares / 2000)).toBeGreaterThan(0.9);
    expect(Math.sqrt(squares / 2000)).toBeLessThan(1.1);
  });

  test('is said of no column without a value', () => {
    const relations = createRelations(3);
    const next = rows(5);
    for (let i = 0; i < 500; i++) relations.learn(next());
    relations.read(next(), Float64Array.of(1, Number.NaN, 1));
    expect(relations.apart[1]).toBeNaN();
    expect(relations.apart[0]).not.toBeNaN();
  });

  test('columns that are copies of each other or never move do not break it', () => {
    const relations = createRelations(3);
    const normal = seededNormal(6);
    for (let i = 0; i < 1000; i++) {
      const x = normal();
      relations.learn(Float64Array.of(x, x, 0));
    }
    relations.read(Float64Array.of(1, 1, 0), ALL);
    expect(relations.apart.every(Number.isFinite)).toBe(true);
    expect(relations.apart[2]).toBe(0);
  });
});
