import { z } from 'zod';
import { type Labels, labelOf } from '../core/labels.ts';
import { type Matcher, matchersConfig, matchesAll } from './matchers.ts';

export interface InhibitRule {
  readonly name?: string | undefined;
  readonly source_matchers: readonly Matcher[];
  readonly target_matchers: readonly Matcher[];
  readonly equal: readonly string[];
}

export const inhibitRuleConfig = z.strictObject({
  name: z.string().optional(),
  source_matchers: matchersConfig.default([]),
  target_matchers: matchersConfig.default([]),
  equal: z.array(z.string()).default([]),
});

/** What a rule looks at: the alert's labels with its context beneath them. */
export interface InhibitSubject {
  readonly fingerprint: string;
  readonly view: Labels;
}

/**
 * Fingerprints of the firing alerts that inhibit `target`: per rule, the target matches `target_matchers` and some
 * firing alert matches `source_matchers` with equal values of all `equal` labels (a missing one counts as empty).
 * An alert that matches both sides of a rule is not inhibited by another such alert, so none silences itself.
 */
export function inhibitedBy(
  rules: readonly InhibitRule[],
  target: InhibitSubject,
  firing: readonly InhibitSubject[],
): string[] {
  const found = new Set<string>();
  for (const rule of rules) {
    if (!matchesAll(rule.target_matchers, target.view)) continue;
    const bothSides = matchesAll(rule.source_matchers, target.view);
    for (const source of firing) {
      if (source.fingerprint === target.fingerprint || !matchesAll(rule.source_matchers, source.view)) continue;
      if (bothSides && matchesAll(rule.target_matchers, source.view)) continue;
      if (rule.equal.every((name) => labelOf(source.view, name) === labelOf(target.view, name)))
        found.add(source.fingerprint);
    }
  }
  return [...found];
}
