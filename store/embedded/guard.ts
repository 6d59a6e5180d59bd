import { denied, Refusal, unsupported } from './refusal.ts';
import { REFUSED_VERBS, type Statement } from './statements.ts';
import type { Token } from './tokens.ts';

/** Table functions that read nothing but the database itself or make rows up; every other one is refused. */
export const ALLOWED_TABLE_FUNCTIONS: ReadonlySet<string> = new Set([
  ...['numbers', 'numbers_mt', 'zeros', 'zeros_mt', 'primes', 'generateseries', 'generate_series', 'generaterandom'],
  ...['values', 'sqlstandardvalues', 'null', 'format', 'view', 'viewifpermitted', 'viewexplain', 'merge', 'dictionary'],
  ...['mergetreeindex', 'mergetreeprojection', 'mergetreetextindex', 'mergetreeanalyzeindexes'],
  ...['timeseriesdata', 'timeseriestags', 'timeseriesmetrics', 'timeseriessamples', 'timeseriesselector'],
  ...['prometheusquery', 'prometheusqueryrange'],
]);

/** Refused by name wherever they are called, whether or not this engine knows them. */
const REFUSED_FUNCTIONS: ReadonlySet<string> = new Set([
  ...['file', 'filecluster', 'filesystem', 'url', 'urlcluster', 's3', 's3cluster', 'gcs', 'oss', 'cosn', 'hdfs'],
  ...['hdfscluster', 'azureblobstorage', 'azureblobstoragecluster', 'remote', 'remotesecure', 'cluster'],
  ...['clusterallreplicas', 'executable', 'mysql', 'postgresql', 'mongodb', 'redis', 'sqlite', 'jdbc', 'odbc'],
  ...['ytsaurus', 'arrowflight', 'arrowstream', 'hive', 'hudi', 'hudicluster', 'eval', 'loop', 'fuzzquery', 'disk'],
  ...['catboostevaluate', 'deltalake', 'iceberg', 'paimon', 'input'],
]);
const REFUSED_FAMILIES =
  /^(?:ai(?:generate|classify|embed|extract|translate)|deltalake|iceberg|paimon|hudi|s3|azure|hdfs)/;

const ALLOWED_ENGINES: ReadonlySet<string> = new Set([
  ...['memory', 'log', 'tinylog', 'stripelog', 'null', 'set', 'join', 'buffer', 'merge', 'view', 'materializedview'],
  ...['windowview', 'dictionary', 'generaterandom', 'timeseries', 'atomic', 'ordinary'],
]);
const MERGE_TREE = /^(?:replacing|summing|aggregating|collapsing|versionedcollapsing|coalescing|graphite)?mergetree$/;

/** Settings that read or write files, reach the network, change the grammar, or are ours to set. */
const REFUSED_SETTING =
  /^(?:format_schema|format_schema_source|format_template_row|format_template_resultset|output_format_schema|rename_files_after_processing|input_format_record_errors_file_path|format_avro_schema_registry_url|url_base|readonly|profile|implicit_select)$|dialect|_registry_url$|_file_path$|_zookeeper_path$/;

/** Throws a Refusal when a setting of this name may not come from outside. */
export function checkSetting(name: string): void {
  const spelled = name.toLowerCase();
  if (REFUSED_SETTING.test(spelled) || spelled.includes('\\')) throw denied(`setting ${name}`);
}

const SYSTEM_ALLOWED = /^(?:stop|start|flush|drop|clear|sync|wait|refresh|cancel|unload|load)$/;
const DDL = new Set([
  'create',
  'attach',
  'alter',
  'drop',
  'detach',
  'rename',
  'exchange',
  'undrop',
  'truncate',
  'optimize',
]);
const CREATABLE = new Set([
  'table',
  'view',
  'materialized',
  'window',
  'live',
  'database',
  'dictionary',
  'index',
  'function',
]);

export interface Guard {
  /** Throws a Refusal (497, or 48 for what is only missing) that names what is refused. */
  check(statement: Statement, params: ReadonlyMap<string, string>): void;
}

/** The names this engine knows: its table functions (those not allowed are refused), its table and database engines. */
export interface EngineNames {
  readonly tableFunctions: readonly string[];
  readonly engines: readonly string[];
}

export function createGuard(names: EngineNames): Guard {
  const known = new Set(names.engines.map((name) => name.toLowerCase()));
  const refused = new Set(REFUSED_FUNCTIONS);
  for (const name of names.tableFunctions) {
    if (!ALLOWED_TABLE_FUNCTIONS.has(name.toLowerCase())) refused.add(name.toLowerCase());
  }
  const checkFunction = (name: string) => {
    if (name === 'input') throw unsupported('the table function input()');
    if (refused.has(name) || REFUSED_FAMILIES.test(name)) throw denied(`${name}()`);
    if (name.includes('\\')) throw denied('an escape inside a quoted function name');
  };
  return {
    check(statement, params) {
      const { verb, tokens } = statement;
      if (REFUSED_VERBS.has(verb)) throw denied(`${verb.toUpperCase()}`);
      checkVerb(verb, tokens);
      for (let i = 0; i < tokens.length; i++) {
        const token = tokens[i] as Token;
        const next = tokens[i + 1];
        if (next?.kind === 'mark' && next.value === '(') {
          if (token.kind === 'word' || token.kind === 'quoted') checkFunction(token.value);
          if (token.kind === 'mark' && token.value === '}') checkFunction(placeholderValue(tokens, i, params));
          if (token.kind === 'word' && /^\d/.test(token.value)) throw notCallable(token);
        }
        if (token.kind === 'word') checkWord(tokens, i, DDL.has(verb), known);
      }
    },
  };
}

function notCallable(token: Token): Refusal {
  return new Refusal(62, 'SYNTAX_ERROR', `Syntax error: failed at position ${token.start + 1} (${token.value})`);
}

/** The value of `{name:Identifier}` whose closing brace stands at `close`, or nothing for other placeholders. */
function placeholderValue(tokens: readonly Token[], close: number, params: ReadonlyMap<string, string>): string {
  let open = close;
  while (open > 0 && !(tokens[open]?.kind === 'mark' && tokens[open]?.value === '{')) open -= 1;
  const name = tokens[open + 1]?.value ?? '';
  for (const [key, value] of params) {
    if (key.toLowerCase() === name) return (value.split('.').at(-1) ?? '').replace(/[`"\s]/g, '').toLowerCase();
  }
  return '';
}

function wordAt(tokens: readonly Token[], i: number): string {
  const token = tokens[i];
  return token?.kind === 'word' ? token.value : '';
}

function checkVerb(verb: string, tokens: readonly Token[]): void {
  if (verb === 'system') {
    if (SYSTEM_ALLOWED.test(wordAt(tokens, 1))) return;
    throw denied(`SYSTEM ${wordAt(tokens, 1).toUpperCase()}`);
  }
  if (verb === 'kill' && !['query', 'mutation'].includes(wordAt(tokens, 1))) {
    throw denied(`KILL ${wordAt(tokens, 1).toUpperCase()}`);
  }
  if (verb === 'create' || verb === 'attach' || verb === 'alter' || verb === 'drop') checkObject(verb, tokens);
  if (verb === 'attach' && tokens.some((t, i) => wordAt(tokens, i) === 'from' && tokens[i + 1]?.kind === 'string')) {
    throw denied('ATTACH ... FROM a path');
  }
}

/** What a DDL statement is about: tables, views, databases, dictionaries; not users, roles, quotas, collections. */
function checkObject(verb: string, tokens: readonly Token[]): void {
  let i = 1;
  while (['or', 'replace', 'if', 'not', 'exists', 'unique'].includes(wordAt(tokens, i))) i += 1;
  const object = wordAt(tokens, i);
  if (object === 'temporary') throw unsupported('a temporary table (it needs a session)');
  if (verb === 'alter' && object === 'update') return;
  if (!CREATABLE.has(object)) throw denied(`${verb.toUpperCase()} ${object.toUpperCase()}`);
  if (verb === 'create' && object === 'function' && !tokens.some((t, at) => at > i && t.value === '>')) {
    throw denied('CREATE FUNCTION of anything but a lambda');
  }
  if (object === 'dictionary') checkDictionary(tokens);
}

function checkDictionary(tokens: readonly Token[]): void {
  const source = tokens.findIndex((t, i) => t.value === 'source' && tokens[i + 1]?.value === '(');
  if (source < 0) return;
  const kind = wordAt(tokens, source + 2);
  const remote = tokens.some((_, i) => i > source && ['host', 'port', 'name', 'secure'].includes(wordAt(tokens, i)));
  if (kind === 'null' || (kind === 'clickhouse' && !remote)) return;
  throw denied(`dictionary source ${kind.toUpperCase()}`);
}

function checkWord(tokens: readonly Token[], i: number, ddl: boolean, known: ReadonlySet<string>): void {
  const token = tokens[i] as Token;
  const next = wordAt(tokens, i + 1);
  if (token.value === 'into' && next === 'outfile') throw denied('INTO OUTFILE');
  if (token.value === 'from' && next === 'infile') throw denied('FROM INFILE');
  if (ddl && token.value === 'engine') checkEngine(tokens, i + 1, known);
  if (ddl && token.value === 'to' && (next === 'disk' || next === 'volume'))
    throw denied(`MOVE TO ${next.toUpperCase()}`);
  if (token.value === 'settings' || token.value === 'setting') checkSettings(tokens, i + 1);
}

/** After `ENGINE =` stands an allowed name; without `=` the word may be a column, so only known engines count. */
function checkEngine(tokens: readonly Token[], at: number, known: ReadonlySet<string>): void {
  const equals = tokens[at]?.kind === 'mark' && tokens[at]?.value === '=';
  const name = tokens[equals ? at + 1 : at];
  if (name === undefined || name.kind === 'string') return;
  if (!equals && !known.has(name.value)) return;
  if (ALLOWED_ENGINES.has(name.value) || MERGE_TREE.test(name.value)) return;
  throw denied(`ENGINE ${name.value}`);
}

/** `SETTINGS a = 1, b = 'x'`: every name before an equals sign, until the clause ends. */
function checkSettings(tokens: readonly Token[], from: number): void {
  let depth = 0;
  for (let i = from; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    if (token.kind === 'mark' && '([{'.includes(token.value)) depth += 1;
    if (token.kind === 'mark' && ')]}'.includes(token.value)) depth -= 1;
    if (depth < 0) return;
    const before = tokens[i - 1] as Token;
    const opens = i === from || (before.kind === 'mark' && (before.value === ',' || before.value === '('));
    const named = token.kind === 'word' || token.kind === 'quoted';
    const assigned = tokens[i + 1]?.kind === 'mark' && tokens[i + 1]?.value === '=';
    if (named && opens && assigned) checkSetting(token.value);
  }
}
