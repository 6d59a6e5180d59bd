import { describe, expect, it } from 'vitest';
import { relabel, relabelConfig } from '../../../../collector/receivers/prometheus/relabel.ts';

type Rule = Parameters<typeof relabelConfig.parse>[0];

/** The labels after the rules; undefined when they are dropped. */
function relabelled(labels: Record<string, string>, ...rules: Rule[]): Record<string, string> | undefined {
  const map = new Map(Object.entries(labels));
  const kept = relabel(
    map,
    rules.map((rule) => relabelConfig.parse(rule)),
  );
  return kept ? Object.fromEntries(map) : undefined;
}

const ABC = { a: 'foo', b: 'bar', c: 'baz' };

describe('relabel', () => {
  it.each<[string, Rule, Record<string, string> | undefined]>([
    [
      'replaces by groups of the match',
      { source_labels: ['a'], regex: 'f(.*)', target_label: 'd', replacement: 'ch${1}-ch$1' },
      { ...ABC, d: 'choo-choo' },
    ],
    [
      'joins its sources',
      { source_labels: ['a', 'b', 'none'], regex: '(.*);(.*);', target_label: 'a', replacement: '$2/$1' },
      { ...ABC, a: 'bar/foo' },
    ],
    ['matches whole texts only', { source_labels: ['a'], regex: 'o', target_label: 'd' }, ABC],
    [
      'changes nothing without a match',
      { source_labels: ['a'], regex: 'x.*', target_label: 'a', replacement: 'y' },
      ABC,
    ],
    [
      'takes a label away with an empty value',
      { source_labels: ['a'], regex: 'foo', target_label: 'b', replacement: '' },
      { a: 'foo', c: 'baz' },
    ],
    ['has a fixed value where no source is named', { target_label: 'd', replacement: 'fixed' }, { ...ABC, d: 'fixed' }],
    [
      'can make up the name of a label',
      { source_labels: ['a'], regex: '(f)(.*)', target_label: 'x_${1}', replacement: '$2' },
      { ...ABC, x_f: 'oo' },
    ],
    [
      'knows named groups as Go writes them',
      { source_labels: ['a'], regex: '(?P<first>.).*', target_label: 'd', replacement: '${first}$$' },
      { ...ABC, d: 'f$' },
    ],
    [
      'takes flags at the start',
      { source_labels: ['a'], regex: '(?i)FOO', target_label: 'd', replacement: 'yes' },
      { ...ABC, d: 'yes' },
    ],
    [
      'takes escapes that only Go allows',
      { source_labels: ['a'], regex: 'f\\o\\_?o', target_label: 'd', replacement: 'yes' },
      { ...ABC, d: 'yes' },
    ],
    ['keeps', { source_labels: ['a'], regex: 'foo|x', action: 'keep' }, ABC],
    ['keeps not', { source_labels: ['a'], regex: 'fo', action: 'keep' }, undefined],
    ['drops', { source_labels: ['a', 'b'], regex: 'foo;bar', action: 'drop' }, undefined],
    ['drops not', { source_labels: ['a'], regex: '.*x.*', action: 'drop' }, ABC],
    ['keeps equals', { source_labels: ['a'], target_label: 'b', action: 'keepequal' }, undefined],
    ['drops equals', { source_labels: ['a'], target_label: 'b', action: 'dropequal' }, ABC],
    [
      'maps names',
      { regex: '(b|c)', replacement: 'is_${1}', action: 'labelmap' },
      { ...ABC, is_b: 'bar', is_c: 'baz' },
    ],
    ['drops labels', { regex: 'a|b', action: 'labeldrop' }, { c: 'baz' }],
    ['keeps labels', { regex: 'a|b', action: 'labelkeep' }, { a: 'foo', b: 'bar' }],
    ['makes upper case', { source_labels: ['a'], target_label: 'd', action: 'uppercase' }, { ...ABC, d: 'FOO' }],
    // 976 is the shard that Prometheus' own test of relabelling expects.
    [
      'chooses the shard that Prometheus chooses',
      { source_labels: ['c'], target_label: 'd', modulus: 1000, action: 'hashmod' },
      { ...ABC, d: '976' },
    ],
  ])('%s', (_what, rule, labels) => {
    expect(relabelled(ABC, rule)).toEqual(labels);
  });

  it('goes through the rules in their order, and ends at the one that drops', () => {
    expect(
      relabelled(
        { ...ABC, d: 'Loud' },
        { source_labels: ['d'], target_label: 'e', action: 'lowercase' },
        { source_labels: ['e'], regex: 'loud', action: 'keep' },
        { source_labels: ['e'], target_label: 'a', replacement: 'very $1' },
      ),
    ).toEqual({ ...ABC, a: 'very loud', d: 'Loud', e: 'loud' });
    expect(
      relabelled(ABC, { regex: 'a', action: 'labeldrop' }, { source_labels: ['a'], regex: 'foo', action: 'keep' }),
    ).toBe(undefined);
  });
});

describe('a rule', () => {
  it.each<[string, Rule, string]>([
    ['without what it writes to', { source_labels: ['a'] }, 'is required for the action replace'],
    ['of an unknown action', { action: 'replaceall' }, 'Invalid option'],
    ['with a broken pattern', { source_labels: ['a'], regex: '(', action: 'keep' }, 'is not a regular expression'],
    [
      'of shards without their number',
      { source_labels: ['a'], target_label: 'b', action: 'hashmod' },
      'is required for the action hashmod',
    ],
    ['with a key nobody knows', { source_label: ['a'] }, 'Unrecognized key'],
  ])('%s is refused', (_what, rule, reason) => {
    const result = relabelConfig.safeParse(rule);
    expect(result.success).toBe(false);
    expect(result.error?.issues.map(({ message }) => message).join()).toContain(reason);
  });
});
