import { createHmac } from 'node:crypto';
import { createGlobs, type Matches } from '../../core/glob.ts';
import type { AttributePlace } from '../reader/hooks.ts';
import type { AttributeRule } from './config.ts';
import { personalDataMask } from './personal-data.ts';
import { isReserved } from './reserved.ts';

type Change = (value: string) => string;

/** 128 bits as hex digits: equal values stay equal, and a million millions of others still differ. */
const HASH_DIGITS = 32;
/** Values whose result is remembered, and keys whose changes are; then both start again. */
const REMEMBERED = 4096;
const REMEMBERED_LENGTH = 256;

const KEEP = 0;
const DELETE = 1;
const TRANSFORM = 2;

interface Rule {
  readonly matches: Matches;
  readonly places: readonly AttributePlace[];
  /** Undefined: the attribute is deleted. */
  readonly change: Change | undefined;
}

/** The rules on attributes, in the order of the configuration. */
export class AttributeRules {
  readonly #rules: readonly Rule[];
  readonly #changes = new Map<string, Change>();

  constructor(rules: readonly AttributeRule[]) {
    this.#rules = rules.map((rule) => ({
      matches: createGlobs(rule.keys),
      places: rule.places,
      change: rule.action === 'delete' ? undefined : remembering(createChange(rule)),
    }));
  }

  action(key: string, place: AttributePlace): 0 | 1 | 2 {
    const rules = this.#matching(key, place);
    if (rules.length === 0) return KEEP;
    return rules.some((rule) => rule.change === undefined) ? DELETE : TRANSFORM;
  }

  /** The value after all rules of its key. Without a place, of all places: rather too much hidden than too little. */
  transform(key: string, value: string, place?: AttributePlace): string {
    const id = `${place ?? ''} ${key}`;
    let change = this.#changes.get(id);
    if (change === undefined) {
      const changes = this.#matching(key, place).flatMap((rule) => rule.change ?? []);
      change = (text) => changes.reduce((changed, next) => next(changed), text);
      if (this.#changes.size >= REMEMBERED) this.#changes.clear();
      this.#changes.set(id, change);
    }
    return change(value);
  }

  #matching(key: string, place: AttributePlace | undefined): readonly Rule[] {
    return this.#rules.filter((rule) => {
      const places = place === undefined ? rule.places : rule.places.filter((one) => one === place);
      return places.some((one) => !isReserved(key, one)) && rule.matches(key);
    });
  }
}

function createChange(rule: AttributeRule): Change {
  const { action, replacement, salt } = rule;
  if (action === 'redact') return () => replacement;
  if (action === 'hash') {
    return (value) =>
      createHmac('sha256', salt as string)
        .update(value)
        .digest('hex')
        .slice(0, HASH_DIGITS);
  }
  const masks = rule.pii.map(personalDataMask);
  const patterns = rule.blocked_values.map((source) => new RegExp(source, 'gu'));
  return (value) => {
    if (patterns.length > 0 && value.length > rule.max_value_length) return replacement;
    let masked = value;
    for (const mask of masks) masked = mask(masked, replacement);
    for (const pattern of patterns) masked = masked.replace(pattern, () => replacement);
    return masked;
  };
}

/** Attributes repeat their values from item to item. */
function remembering(change: Change): Change {
  const results = new Map<string, string>();
  return (value) => {
    if (value.length > REMEMBERED_LENGTH) return change(value);
    let result = results.get(value);
    if (result === undefined) {
      result = change(value);
      if (results.size >= REMEMBERED) results.clear();
      results.set(value, result);
    }
    return result;
  };
}
