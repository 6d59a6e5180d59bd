import { createHash } from 'node:crypto';
import { z } from 'zod';

export const RELABEL_ACTIONS = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
] as const;

/**
 * A pattern must match the whole text, and `.` any character, as in Prometheus, whose dialect writes named groups and
 * flags at the start in its own way and lets any punctuation be escaped. Throws `SyntaxError`.
 */
function compile(pattern: string): RegExp {
  const [, flags = '', rest = pattern] = /^\(\?([is]+)\)([\s\S]*)$/.exec(pattern) ?? [];
  const source = `^(?:${rest.replaceAll('(?P<', '(?<')})$`;
  const ignoreCase = flags.includes('i') ? 'i' : '';
  try {
    return new RegExp(source, `us${ignoreCase}`);
  } catch {
    return new RegExp(source, `s${ignoreCase}`);
  }
}

/** One rule, spelled as in Prometheus. */
export const relabelConfig = z
  .strictObject({
    source_labels: z.array(z.string().min(1)).default([]),
    separator: z.string().default(';'),
    regex: z.string().default('(.*)'),
    modulus: z.int().min(1).optional(),
    target_label: z.string().min(1).optional(),
    replacement: z.string().default('$1'),
    action: z.enum(RELABEL_ACTIONS).default('replace'),
  })
  .superRefine((rule, context) => {
    const fail = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    try {
      compile(rule.regex);
    } catch {
      fail('regex', 'is not a regular expression');
    }
    const writes = ['replace', 'hashmod', 'lowercase', 'uppercase', 'keepequal', 'dropequal'].includes(rule.action);
    if (writes && rule.target_label === undefined) fail('target_label', `is required for the action ${rule.action}`);
    if (rule.action === 'hashmod' && rule.modulus === undefined) fail('modulus', 'is required for the action hashmod');
  })
  .transform((rule) => ({ ...rule, pattern: safeCompile(rule.regex) }));
export type RelabelConfig = z.infer<typeof relabelConfig>;

/** What did not compile has been reported by the check before. */
function safeCompile(pattern: string): RegExp {
  try {
    return compile(pattern);
  } catch {
    return compile('');
  }
}

/** Applies the rules in their order to `labels`, in place. False when one of them drops what the labels are of. */
export function relabel(labels: Map<string, string>, rules: readonly RelabelConfig[]): boolean {
  for (const rule of rules) if (!apply(labels, rule)) return false;
  return true;
}

function apply(labels: Map<string, string>, rule: RelabelConfig): boolean {
  const { action, pattern, replacement, target_label: target = '' } = rule;
  switch (action) {
    case 'keep':
      return pattern.test(source(labels, rule));
    case 'drop':
      return !pattern.test(source(labels, rule));
    case 'keepequal':
      return source(labels, rule) === (labels.get(target) ?? '');
    case 'dropequal':
      return source(labels, rule) !== (labels.get(target) ?? '');
    case 'replace': {
      const match = pattern.exec(source(labels, rule));
      if (match !== null) set(labels, expand(target, match), expand(replacement, match));
      return true;
    }
    case 'lowercase':
      set(labels, target, source(labels, rule).toLowerCase());
      return true;
    case 'uppercase':
      set(labels, target, source(labels, rule).toUpperCase());
      return true;
    case 'hashmod':
      set(labels, target, String(hashModulo(source(labels, rule), rule.modulus ?? 1)));
      return true;
    case 'labelmap':
      for (const [name, value] of [...labels]) {
        const match = pattern.exec(name);
        if (match !== null) set(labels, expand(replacement, match), value);
      }
      return true;
    case 'labeldrop':
      for (const name of [...labels.keys()]) if (pattern.test(name)) labels.delete(name);
      return true;
    case 'labelkeep':
      for (const name of [...labels.keys()]) if (!pattern.test(name)) labels.delete(name);
      return true;
  }
}

function source(labels: ReadonlyMap<string, string>, { source_labels, separator }: RelabelConfig): string {
  if (source_labels.length === 1) return labels.get(source_labels[0] as string) ?? '';
  return source_labels.map((name) => labels.get(name) ?? '').join(separator);
}

function set(labels: Map<string, string>, name: string, value: string): void {
  if (name === '') return;
  if (value === '') labels.delete(name);
  else labels.set(name, value);
}

/** `$1`, `${1}`, `$name`, `${name}` stand for groups of the match, `$$` for a dollar; groups there are none of, for nothing. */
function expand(template: string, match: RegExpExecArray): string {
  if (!template.includes('$')) return template;
  return template.replace(/\$(?:\$|(\w+)|\{(\w+)\})/g, (whole, bare?: string, braced?: string) => {
    if (whole === '$$') return '$';
    const name = (bare ?? braced) as string;
    return (/^\d+$/.test(name) ? match[Number(name)] : match.groups?.[name]) ?? '';
  });
}

/** The last eight bytes of the text's MD5 as one number, modulo: the shard Prometheus would choose. */
function hashModulo(text: string, modulus: number): bigint {
  return createHash('md5').update(text).digest().readBigUInt64BE(8) % BigInt(modulus);
}
