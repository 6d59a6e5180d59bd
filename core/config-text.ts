import { WeirError } from './errors.ts';

/** Where secrets come from, as parameters: the environment and a file reader. */
export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => string;
}

/** Keys that end in `_file` and name a file on purpose, not a secret's place. */
const PATH_KEYS = new Set(['cert_file', 'key_file', 'ca_file', 'client_ca_file']);

const REFERENCE = /\$\{env:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/**
 * Resolves `${env:NAME}` (with an optional default, `${env:NAME:-fallback}`) in every string, and replaces each
 * `x_file: path` by `x: <the file's text, trimmed>`. Returns a new tree.
 * Throws `config_env_missing`, `config_file_unreadable`, `config_file_twice` or `config_alias_cycle` with the path of the key.
 */
export function resolveSecrets(value: unknown, sources: SecretSources): unknown {
  return resolve(value, sources, '', []);
}

function resolve(value: unknown, sources: SecretSources, path: string, above: readonly object[]): unknown {
  if (typeof value === 'string') return resolveText(value, sources, path);
  if (value === null || typeof value !== 'object') return value;
  if (above.includes(value)) {
    throw new WeirError('config_alias_cycle', `${path}: a YAML alias stands inside its own anchor; name it elsewhere`);
  }
  const chain = [...above, value];
  if (Array.isArray(value)) return value.map((item, i) => resolve(item, sources, `${path}[${i}]`, chain));
  const out: [string, unknown][] = [];
  for (const [key, item] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`;
    const resolved = resolve(item, sources, at, chain);
    if (key.endsWith('_file') && !PATH_KEYS.has(key) && typeof resolved === 'string') {
      const target = key.slice(0, -'_file'.length);
      if (Object.hasOwn(value, target)) {
        throw new WeirError('config_file_twice', `${at}: ${target} and ${key} are both given; keep one of them`);
      }
      out.push([target, readSecret(resolved, sources, at)]);
    } else {
      out.push([key, resolved]);
    }
  }
  return Object.fromEntries(out);
}

function resolveText(text: string, sources: SecretSources, path: string): string {
  return text.replace(REFERENCE, (_, name: string, fallback: string | undefined) => {
    const found = (Object.hasOwn(sources.env, name) ? sources.env[name] : undefined) ?? fallback;
    if (found === undefined) {
      throw new WeirError(
        'config_env_missing',
        `${path}: the environment has no ${name}; set it, or give a default with \${env:${name}:-value}`,
      );
    }
    return found;
  });
}

function readSecret(file: string, sources: SecretSources, path: string): string {
  try {
    return sources.readFile(file).trim();
  } catch (cause) {
    throw new WeirError('config_file_unreadable', `${path}: cannot read ${file}`, { cause });
  }
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, (row[j - 1] as number) + cost));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** The known key a mistyped one most likely means, or undefined when none is near. */
export function nearestKey(key: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, d: distance(key.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.d - b.d);
  const best = ranked[0];
  return best && best.d <= Math.max(2, Math.floor(key.length / 2)) ? best.candidate : undefined;
}
