import { describe, expect, test } from 'vitest';
import { createRowTail, createTrust } from '../../../detector/rows/trust.ts';
import { seededNormal } from './made-rows.ts';

describe('trust', () => {
  function experienced(rows: number) {
    const normal = seededNormal(1);
    const trust = createTrust();
    for (let row = 0; row < rows; row++) trust.weigh(1 + 0.1 * normal());
    return trust;
  }

  test('is whole for ordinary rows and small for strange ones', () => {
    const trust = experienced(2000);
    trust.weigh(1);
    expect(trust.share).toBe(1);
    trust.weigh(9);
    expect(trust.share).toBe(0.03);
  });

  test('of strange rows on end one in 33 counts whole', () => {
    const trust = experienced(4000);
    let whole = 0;
    for (let row = 0; row < 330; row++) {
      trust.weigh(9);
      if (trust.whole) whole++;
    }
    expect(whole).toBeGreaterThanOrEqual(9);
    expect(whole).toBeLessThanOrEqual(10);
  });

  test('what stays strange for a quarter of a short history is learnt', () => {
    const trust = experienced(2000);
    let refused = 0;
    for (let row = 0; row < 1500; row++) {
      trust.weigh(9);
      if (trust.share < 1) refused++;
    }
    expect(refused).toBeGreaterThan(100);
    expect(refused).toBeLessThan(900);
    trust.weigh(9);
    expect(trust.share).toBe(1);
  });

  test('nothing is strange before a hundred rows', () => {
    const trust = createTrust();
    for (let row = 0; row < 99; row++) {
      trust.weigh(row === 50 ? 1e6 : 1);
      expect(trust.share).toBe(1);
    }
  });
});

describe('tail of rows', () => {
  test('says how rare a value is among those learnt', () => {
    const normal = seededNormal(2);
    const tail = createRowTail();
    for (let row = 0; row < 20_000; row++) tail.learn(Math.exp(0.5 * normal()), 4);
    // One in a thousand is 3.09 deviations.
    expect(tail.odds(Math.exp(0.5 * 3.09))).toBeGreaterThan(2.6);
    expect(tail.odds(Math.exp(0.5 * 3.09))).toBeLessThan(3.4);
    expect(tail.odds(100)).toBeGreaterThan(5);
  });

  test('says nothing while too little is known', () => {
    const tail = createRowTail();
    for (let row = 0; row < 99; row++) tail.learn(1, 4);
    expect(tail.odds(1e9)).toBe(0);
  });
});
