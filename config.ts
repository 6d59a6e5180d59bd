import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse as parseYaml, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { alertingConfig } from './alerting/config.ts';
import { apiConfig } from './api/config.ts';
import { collectorConfig } from './collector/config.ts';
import { nearestKey, resolveSecrets } from './core/config-text.ts';
import { errorMessage, WeirError } from './core/errors.ts';
import { listenConfig } from './core/listen.ts';
import { detectorConfig } from './detector/config.ts';
import { pipelinesConfig } from './pipelines/config.ts';
import { storeConfig } from './store/config.ts';

/** The whole file. An empty one works: every key has a default. */
export const weirConfig = z.strictObject({
  data: z.string().default('./data'),
  telemetry: z
    .strictObject({
      log_level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
      listen: listenConfig(8888).prefault({}),
    })
    .prefault({}),
  store: storeConfig.prefault({}),
  collector: collectorConfig.prefault({}),
  pipelines: pipelinesConfig.prefault({}),
  detector: detectorConfig.prefault({}),
  alerting: alertingConfig.prefault({}),
  alertmanager: z
    .strictObject({
      /** Where the detector posts and the API reads; absent = this process's own alerting. */
      url: z.url({ protocol: /^https?$/ }).optional(),
      token: z.string().min(16).optional(),
    })
    .prefault({}),
  api: apiConfig.prefault({}),
});
export type WeirConfig = z.infer<typeof weirConfig>;

export interface LoadOptions {
  /** The YAML file; without one every default holds. */
  readonly file?: string | undefined;
  /** `path=value` pairs that win over the file; the value is read as YAML. */
  readonly set?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads, resolves and checks the configuration. Throws one `config_invalid` whose message has a line per mistake,
 * each with its path and, for an unknown key, the nearest known one.
 */
export function loadConfig(options: LoadOptions = {}): WeirConfig {
  const tree = options.file === undefined ? {} : readTree(options.file);
  for (const pair of options.set ?? []) assign(tree, pair);
  const base = options.file === undefined ? process.cwd() : dirname(resolve(options.file));
  const resolved = resolveSecrets(tree, {
    env: options.env ?? process.env,
    readFile: (path) => readFileSync(resolve(base, path), 'utf8'),
  });
  return checkConfig(resolved);
}

/** The schema's verdict on a resolved tree. */
export function checkConfig(tree: unknown): WeirConfig {
  const result = weirConfig.safeParse(tree);
  if (result.success) return result.data;
  const lines = result.error.issues.flatMap((issue) => describe(issue, []));
  throw new WeirError('config_invalid', lines.join('\n'));
}

function readTree(file: string): Record<string, unknown> {
  if (!existsSync(file)) {
    throw new WeirError('config_file_missing', `there is no ${file}; give the path of a YAML file, or none at all`);
  }
  let tree: unknown;
  try {
    tree = parseYaml(readFileSync(file, 'utf8'));
  } catch (cause) {
    const where = cause instanceof YAMLParseError ? `:${cause.linePos?.[0].line ?? 1}` : '';
    throw new WeirError('config_yaml_invalid', `${file}${where}: ${errorMessage(cause).split('\n')[0]}`, { cause });
  }
  if (tree === null || tree === undefined) return {};
  if (typeof tree !== 'object' || Array.isArray(tree)) {
    throw new WeirError('config_yaml_invalid', `${file}: the file must be a mapping of keys, such as "collector:"`);
  }
  return tree as Record<string, unknown>;
}

function assign(tree: Record<string, unknown>, pair: string): void {
  const at = pair.indexOf('=');
  if (at <= 0) throw new WeirError('config_set_invalid', `--set ${pair}: write it as path=value`);
  const keys = pair.slice(0, at).split('.');
  if (keys.includes('__proto__')) throw new WeirError('config_set_invalid', `--set ${pair}: __proto__ is no key`);
  let node = tree;
  for (const key of keys.slice(0, -1)) {
    const next = Object.hasOwn(node, key) ? node[key] : undefined;
    if (next === undefined || next === null) node[key] = {};
    else if (typeof next !== 'object' || Array.isArray(next)) {
      throw new WeirError('config_set_invalid', `--set ${pair}: ${key} is not a mapping`);
    }
    node = node[key] as Record<string, unknown>;
  }
  node[keys.at(-1) as string] = parseYaml(pair.slice(at + 1));
}

function describe(issue: z.core.$ZodIssue, prefix: readonly PropertyKey[]): string[] {
  const path = [...prefix, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(weirConfig, path);
    return issue.keys.map((key) => {
      const near = nearestKey(key, known);
      const hint = near === undefined ? `known keys: ${known.join(', ')}` : `did you mean "${near}"?`;
      return `${formatPath([...path, key])}: unknown key; ${hint}`;
    });
  }
  if (issue.code === 'invalid_union') {
    const branches = issue.errors.filter((branch) => branch.length > 0);
    const shortest = branches.sort((a, b) => a.length - b.length)[0];
    if (shortest) return shortest.flatMap((inner) => describe(inner, path));
  }
  return [`${formatPath(path)}: ${issue.message}`];
}

function formatPath(path: readonly PropertyKey[]): string {
  const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return text.replace(/^\./, '') || '(top level)';
}

/** The keys the schema knows at a path, through defaults, optionals, arrays, records and unions. */
function knownKeys(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  const def = (schema as unknown as { def: Record<string, unknown> }).def;
  // A pipe knows its keys on one side; a default, an optional or a lazy schema through what it wraps.
  const inner = [def['innerType'], def['in'], def['out'], (def['getter'] as (() => unknown) | undefined)?.()];
  for (const wrapped of inner.filter((one) => one !== undefined)) {
    const keys = knownKeys(wrapped as z.core.$ZodType, path);
    if (keys.length > 0) return keys;
  }
  const options = def['options'] as z.core.$ZodType[] | undefined;
  if (options) return options.flatMap((option) => knownKeys(option, path));
  const [key, ...rest] = path;
  const shape = def['shape'] as Record<string, z.core.$ZodType> | undefined;
  if (shape) {
    if (key === undefined) return Object.keys(shape);
    const next = shape[String(key)];
    return next ? knownKeys(next, rest) : [];
  }
  const element = (def['element'] ?? def['valueType']) as z.core.$ZodType | undefined;
  return element && key !== undefined ? knownKeys(element, rest) : [];
}
