import { describe, expect, it } from 'vitest';
import { inhibitedBy, inhibitRuleConfig } from '../../alerting/inhibit.ts';
import type { Labels } from '../../core/labels.ts';

const subject = (fingerprint: string, view: Labels) => ({ fingerprint, view });
const rules = (...written: object[]) => written.map((one) => inhibitRuleConfig.parse(one));

describe('inhibitedBy', () => {
  const rule = {
    source_matchers: ['severity="critical"'],
    target_matchers: ['severity="warning"'],
    equal: ['pipeline', 'stage'],
  };
  const source = subject('s', { severity: 'critical', pipeline: 'orders', stage: 'a' });

  it.each<[string, Labels, string[]]>([
    ['equal labels', { severity: 'warning', pipeline: 'orders', stage: 'a' }, ['s']],
    ['another stage', { severity: 'warning', pipeline: 'orders', stage: 'b' }, []],
    ['a label missing on one side', { severity: 'warning', pipeline: 'orders' }, []],
    ['no target', { severity: 'notice', pipeline: 'orders', stage: 'a' }, []],
  ])('%s', (_name, view, expected) => {
    expect(inhibitedBy(rules(rule), subject('t', view), [source])).toEqual(expected);
  });

  it('labels missing on both sides are equal', () => {
    const target = subject('t', { severity: 'warning' });
    expect(inhibitedBy(rules(rule), target, [subject('s', { severity: 'critical' })])).toEqual(['s']);
    const named = { ...rule, equal: ['constructor'] };
    expect(inhibitedBy(rules(named), target, [subject('s', { severity: 'critical', constructor: '' })])).toEqual(['s']);
  });

  it('an alert that matches both sides is not inhibited by another such, nor by itself', () => {
    const both = { source_matchers: ['a="1"'], target_matchers: ['a="1"'] };
    const one = subject('1', { a: '1' });
    const two = subject('2', { a: '1' });
    expect(inhibitedBy(rules(both), one, [one, two])).toEqual([]);
  });

  it('an alert on both sides is inhibited by one that is a source only', () => {
    const loose = { source_matchers: ['a="1"'], target_matchers: ['b="1"'] };
    const target = subject('t', { a: '1', b: '1' });
    expect(inhibitedBy(rules(loose), target, [target, subject('s', { a: '1' })])).toEqual(['s']);
  });

  it('is not transitive, and an inhibited source still inhibits', () => {
    const chain = rules(
      { source_matchers: ['n="1"'], target_matchers: ['n="2"'] },
      { source_matchers: ['n="2"'], target_matchers: ['n="3"'] },
    );
    const firing = ['1', '2', '3'].map((n) => subject(n, { n }));
    expect(firing.map((one) => inhibitedBy(chain, one, firing))).toEqual([[], ['1'], ['2']]);
  });

  it('without rules nothing is inhibited', () => {
    expect(inhibitedBy([], source, [source])).toEqual([]);
  });
});
