import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AttributeRules } from '../../../collector/processors/attributes.ts';
import { processorsConfig } from '../../../collector/processors/config.ts';

const SALT = 'a-salt-of-enough-length';

function rulesOf(...rules: object[]): AttributeRules {
  return new AttributeRules(processorsConfig.parse({ attributes: rules }).attributes);
}

describe('AttributeRules', () => {
  it('keeps, deletes and transforms by key and place', () => {
    const rules = rulesOf(
      { keys: ['http.request.header.*'], action: 'delete' },
      { keys: ['user.*'], places: ['item'], action: 'redact' },
    );
    expect(rules.action('http.route', 'item')).toBe(0);
    expect(rules.action('http.request.header.cookie', 'item')).toBe(1);
    expect(rules.action('http.request.header.cookie', 'resource')).toBe(1);
    expect(rules.action('user.id', 'item')).toBe(2);
    expect(rules.action('user.id', 'resource')).toBe(0);
  });

  it('lets a delete win over every other rule of the key', () => {
    const rules = rulesOf({ keys: ['a'], action: 'redact' }, { keys: ['*'], action: 'delete' });
    expect(rules.action('a', 'item')).toBe(1);
  });

  it('passes by what the pipeline model needs, however wide the rule', () => {
    const rules = rulesOf({ keys: ['*'], action: 'delete' });
    for (const key of ['service.name', 'service.namespace', 'weir.pipeline', 'weir.origin']) {
      expect(rules.action(key, 'resource')).toBe(0);
    }
    expect(rules.action('weir.event.time', 'item')).toBe(0);
    expect(rules.action('service.version', 'resource')).toBe(1);
    expect(rules.action('service.name', 'item')).toBe(1);
  });

  it('applies rules one after the other, each place its own', () => {
    const rules = rulesOf(
      { keys: ['note'], action: 'mask', pii: ['email'], replacement: '<mail>' },
      { keys: ['note'], places: ['item'], action: 'mask', blocked_values: ['<mail>'], replacement: '#' },
    );
    expect(rules.transform('note', 'a@b.org!', 'resource')).toBe('<mail>!');
    expect(rules.transform('note', 'a@b.org!', 'item')).toBe('#!');
    expect(rules.transform('note', 'a@b.org!')).toBe('#!');
  });

  it('writes the replacement as it is, without the marks of a regular expression', () => {
    const rules = rulesOf({ keys: ['a'], action: 'mask', blocked_values: ['b+'], replacement: '$&$1' });
    expect(rules.transform('a', 'abbc', 'item')).toBe('a$&$1c');
  });

  it('replaces values too long to be searched as a whole', () => {
    const rules = rulesOf({ keys: ['a'], action: 'mask', blocked_values: ['secret'], max_value_length: 64 });
    expect(rules.transform('a', `${'x'.repeat(58)}secret`, 'item')).toBe(`${'x'.repeat(58)}****`);
    expect(rules.transform('a', `${'x'.repeat(59)}secret`, 'item')).toBe('****');
  });

  it('hashes with HMAC-SHA-256, cut to 32 hex digits: equal values stay equal', () => {
    const rules = rulesOf({ keys: ['user.id'], action: 'hash', salt: SALT });
    const others = rulesOf({ keys: ['user.id'], action: 'hash', salt: `${SALT}!` });
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ maxLength: 2000 }));
    fc.assert(
      fc.property(text, text, (a, b) => {
        const hash = rules.transform('user.id', a, 'item');
        expect(hash).toBe(createHmac('sha256', SALT).update(a).digest('hex').slice(0, 32));
        expect(rules.transform('user.id', a, 'resource')).toBe(hash);
        expect(rules.transform('user.id', b, 'item') === hash).toBe(a === b);
        expect(others.transform('user.id', a, 'item')).not.toBe(hash);
      }),
      { numRuns: 300 },
    );
  });

  it('gives equal results however many values it has seen', () => {
    const rules = rulesOf({ keys: ['user.id'], action: 'hash', salt: SALT });
    const first = rules.transform('user.id', 'someone', 'item');
    for (let i = 0; i < 10_000; i++) rules.transform('user.id', `user ${i}`, 'item');
    expect(rules.transform('user.id', 'someone', 'item')).toBe(first);
  });

  it('never leaks what an expression matches', () => {
    const rules = rulesOf({ keys: ['a'], action: 'mask', blocked_values: ['key-[0-9a-f]{4,}'], replacement: '-' });
    const piece = fc.constantFrom('key-', 'k', '0', '9af1', 'x', '-', ' ');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const value = pieces.join('');
        const masked = rules.transform('a', value, 'item');
        for (const [found] of value.matchAll(/key-[0-9a-f]{4,}/g)) expect(masked).not.toContain(found);
        expect(masked).not.toMatch(/key-[0-9a-f]{4,}/);
      }),
      { numRuns: 2000 },
    );
  });
});
