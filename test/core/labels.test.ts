import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprint, formatLabels, labelNames, normalizeLabels } from '../../core/labels.ts';

const labelSet = fc.dictionary(fc.string({ minLength: 1 }), fc.string());

describe('fingerprint', () => {
  it('is the FNV-1a 64 offset basis for the empty set', () => {
    expect(fingerprint({})).toBe('cbf29ce484222325');
  });

  it('hashes name, 0xff, value, 0xff of each label in name order', () => {
    let hash = 0xcbf29ce484222325n;
    for (const byte of [0x61, 0xff, 0x62, 0xff]) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
    expect(fingerprint({ a: 'b' })).toBe(hash.toString(16).padStart(16, '0'));
  });

  it('does not depend on insertion order or on empty values', () => {
    fc.assert(
      fc.property(labelSet, (labels) => {
        const reversed = Object.fromEntries(Object.entries(labels).reverse());
        expect(fingerprint(reversed)).toBe(fingerprint(labels));
        if (!Object.hasOwn(labels, 'absent')) {
          expect(fingerprint({ ...labels, absent: '' })).toBe(fingerprint(labels));
        }
        expect(fingerprint(normalizeLabels(labels))).toBe(fingerprint(labels));
      }),
    );
  });

  it('tells label boundaries apart', () => {
    expect(fingerprint({ ab: 'c' })).not.toBe(fingerprint({ a: 'bc' }));
    expect(fingerprint({ a: '1', b: '2' })).not.toBe(fingerprint({ a: '1b2' }));
  });

  it('is what the definition in whole numbers of 64 bits gives, for any text', () => {
    const plain = (labels: Record<string, string>) => {
      let hash = 0xcbf29ce484222325n;
      for (const name of labelNames(labels)) {
        for (const text of [name, labels[name] as string]) {
          for (const byte of [...Buffer.from(text), 0xff])
            hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
        }
      }
      return hash.toString(16).padStart(16, '0');
    };
    const anyText = fc.dictionary(fc.string({ unit: 'binary', minLength: 1 }), fc.string({ unit: 'binary' }));
    fc.assert(fc.property(fc.oneof(labelSet, anyText), (labels) => fingerprint(labels) === plain(labels)));
    expect(fingerprint({ stage: 'a\ud800b' })).toBe(plain({ stage: 'a\ufffdb' }));
  });

  it('uses UTF-8 bytes', () => {
    expect(fingerprint({ stage: 'żółw' })).toMatch(/^[0-9a-f]{16}$/);
    expect(fingerprint({ stage: 'żółw' })).not.toBe(fingerprint({ stage: 'zolw' }));
  });
});

describe('label sets', () => {
  it('drops empty values and sorts names', () => {
    expect(labelNames({ b: '1', a: '2', c: '' })).toEqual(['a', 'b']);
    expect(Object.keys(normalizeLabels({ b: '1', a: '2', c: '' }))).toEqual(['a', 'b']);
  });

  it('prints in Prometheus notation with quotes escaped', () => {
    expect(formatLabels({ stage: 'a"b', alertname: 'X' })).toBe('{alertname="X", stage="a\\"b"}');
  });
});
