import { describe, expect, test } from 'vitest';
import { createColumns } from '../../../detector/rows/columns.ts';
import { seededNormal } from './made-rows.ts';

function learnt(rows: number, value: (row: number) => number, trust = 1) {
  const columns = createColumns(1);
  for (let row = 0; row < rows; row++) {
    columns.read(Float64Array.of(value(row)), false);
    columns.learn(trust);
  }
  return columns;
}

describe('columns', () => {
  test('the level and the scale of noise, in the units of the column', () => {
    const normal = seededNormal(1);
    const columns = learnt(5000, () => 700 + 20 * normal());
    columns.read(Float64Array.of(740), false);
    expect(columns.fromLevel[0]).toBeGreaterThan(36);
    expect(columns.fromLevel[0]).toBeLessThan(44);
    expect(columns.standard[0]).toBeGreaterThan(1.7);
    expect(columns.standard[0]).toBeLessThan(2.3);
  });

  test('one wild value hardly moves the level', () => {
    const normal = seededNormal(2);
    const columns = learnt(2000, () => 10 + normal());
    columns.read(Float64Array.of(1e9), false);
    expect(columns.standard[0]).toBe(4);
    columns.learn(1);
    columns.read(Float64Array.of(10), false);
    expect(Math.abs(columns.fromLevel[0] as number)).toBeLessThan(0.2);
  });

  test('how much of its own range a column moved: the mean of both deviations, none without a value', () => {
    const columns = learnt(1000, (row) => (row === 500 ? 40 : 0));
    const far = 40 * (1 - 1 / 20_000) ** 499;
    columns.read(Float64Array.of(10), false);
    expect(columns.ofRange[0]).toBeCloseTo(10 / far, 2);
    columns.read(Float64Array.of(-90), false);
    expect(columns.ofRange[0]).toBe(1);
    columns.read(Float64Array.of(Number.NaN), false);
    expect(columns.ofRange[0]).toBe(0);
  });

  test('a column that has never moved and moves does so over all of its range', () => {
    const columns = learnt(300, () => 7);
    expect(columns.ofRange[0]).toBe(0);
    columns.read(Float64Array.of(7.001), false);
    expect(columns.ofRange[0]).toBe(1);
  });

  test('rows without trust leave the level, and the last minutes follow all the same', () => {
    const columns = learnt(1000, (row) => row % 2);
    for (let row = 0; row < 100; row++) {
      columns.read(Float64Array.of(50), false);
      columns.learn(0);
    }
    columns.read(Float64Array.of(50), false);
    expect(columns.fromLevel[0]).toBeGreaterThan(49);
    expect(columns.fromRecent[0]).toBeLessThan(0.1);
  });

  test('steps under a 250th of the largest distance from the level mean nothing', () => {
    const columns = learnt(200, (row) => (row % 100 === 50 ? 10 : 0));
    expect(columns.floors[0]).toBeGreaterThan(0.038);
    expect(columns.floors[0]).toBeLessThan(0.041);
  });

  test('one wild value does not make a column blind', () => {
    const normal = seededNormal(4);
    const columns = learnt(2000, (row) => (row === 1500 ? 1e12 : normal()));
    expect(columns.floors[0]).toBeLessThan(0.1);
  });

  test('what is too large to be squared is no value', () => {
    const columns = learnt(2000, (row) => (row === 10 ? 1e300 : row % 7));
    columns.read(Float64Array.of(3), false);
    expect(Math.abs(columns.fromLevel[0] as number)).toBeLessThan(1);
  });

  test('a missing value has no deviation, and the last one stands in, fading', () => {
    const normal = seededNormal(3);
    const columns = learnt(1000, normal);
    columns.read(Float64Array.of(2), false);
    columns.learn(1);
    const before = columns.standard[0] as number;
    columns.read(Float64Array.of(Number.NaN), false);
    columns.learn(1);
    expect(columns.fromLevel[0]).toBeNaN();
    expect(columns.fromRecent[0]).toBeNaN();
    expect(columns.standard[0]).toBeCloseTo(before * 0.98, 12);
  });

  test('after a gap the last minutes start at the row', () => {
    const columns = learnt(100, (row) => row);
    columns.read(Float64Array.of(5000), true);
    expect(columns.fromRecent[0]).toBe(0);
    expect(columns.fromLevel[0]).toBeGreaterThan(4000);
  });
});
