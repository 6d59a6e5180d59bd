import { describe, expect, it } from 'vitest';
import { counters } from '../../sdk/src/counters.ts';
import { deadLetter, duplicates, validate } from '../../sdk/src/sdk.ts';

const source = { destination: 'orders', group: 'g' };
const taken = () => [...counters.take()].map(({ metric, attributes, value }) => ({ metric, ...attributes, value }));
const about = { 'messaging.destination.name': 'orders', 'messaging.consumer.group.name': 'g' };

class PoisonError extends Error {}

describe('dead letters', () => {
  it('are counted by reason, and carry where they came from and why', () => {
    taken();
    const headers = { own: Buffer.from('kept'), '__connect.errors.topic': 'older' };
    const given = deadLetter({
      ...source,
      error: new PoisonError('x'.repeat(5000)),
      headers,
      partition: 3,
      offset: 17n,
    });
    expect(given).toMatchObject({
      own: Buffer.from('kept'),
      '__connect.errors.topic': 'orders',
      '__connect.errors.partition': '3',
      '__connect.errors.offset': '17',
      '__connect.errors.exception.class.name': 'PoisonError',
    });
    expect(given['__connect.errors.exception.message']).toHaveLength(1024);
    expect(headers).toEqual({ own: Buffer.from('kept'), '__connect.errors.topic': 'older' });
    deadLetter({ ...source, error: Object.assign(new Error('a'), { code: 'E_FULL' }) });
    deadLetter({ ...source, error: 'just text', reason: 'too_old' });
    deadLetter({ destination: 'orders', error: null });
    const metric = 'weir.records.dead_lettered';
    expect(taken()).toEqual([
      { metric, ...about, reason: 'PoisonError', value: 1 },
      { metric, ...about, reason: 'E_FULL', value: 1 },
      { metric, ...about, reason: 'too_old', value: 1 },
      { metric, 'messaging.destination.name': 'orders', reason: '_OTHER', value: 1 },
    ]);
  });
});

describe('validation', () => {
  const ajv = Object.assign((value: unknown) => typeof value === 'number', {
    errors: [{ keyword: 'type', message: 'must be number' }],
  });
  const zod = (value: unknown) =>
    typeof value === 'number' ? { success: true } : { success: false, error: { issues: [{ code: 'invalid_type' }] } };
  const throwing = (value: unknown) => {
    if (typeof value !== 'number') throw new PoisonError('no number');
  };

  it.each([
    ['ajv', ajv, 'type'],
    ['zod', zod, 'invalid_type'],
    ['a function that throws', throwing, 'PoisonError'],
    ['a plain predicate', (value: unknown) => value === 7, 'invalid'],
  ] as [string, (value: unknown) => unknown, string][])(
    'by %s: valid passes, a violation is counted with its kind',
    (_, check, reason) => {
      taken();
      expect(validate(source, 7, check)).toEqual({ valid: true });
      expect(taken()).toEqual([]);
      expect(validate(source, 'seven', check)).toMatchObject({ valid: false, reason });
      expect(taken()).toEqual([{ metric: 'weir.records.schema_violations', ...about, reason, value: 1 }]);
    },
  );
});

describe('duplicates', () => {
  it('are found and counted', () => {
    taken();
    const detector = duplicates(source);
    expect([1, 2, 1, '1', 1n, 2, 3].map((id) => detector.seen(id))).toEqual([
      false,
      false,
      true,
      false,
      false,
      true,
      false,
    ]);
    expect(taken()).toEqual([{ metric: 'weir.records.duplicates', ...about, value: 2 }]);
  });

  it('are remembered for at least the capacity, and not for ever', () => {
    const detector = duplicates(source, { capacity: 100 });
    for (let i = 0; i < 100; i++) detector.seen(i);
    for (let i = 0; i < 100; i++) expect(detector.seen(i)).toBe(true);
    for (let i = 1000; i < 1300; i++) detector.seen(i);
    expect(detector.seen(0)).toBe(false);
    expect(detector.seen(1299)).toBe(true);
  });
});
