import { denied } from './refusal.ts';

/** Table functions that read nothing but the database itself or make rows up; every other one is refused. */
export const ALLOWED_TABLE_FUNCTIONS: ReadonlySet<string> = new Set([
  ...['numbers', 'numbers_mt', 'zeros', 'zeros_mt', 'primes', 'generateseries', 'generate_series', 'generaterandom'],
  ...['values', 'sqlstandardvalues', 'null', 'format', 'view', 'viewifpermitted', 'viewexplain', 'merge', 'dictionary'],
  ...['mergetreeindex', 'mergetreeprojection', 'mergetreetextindex', 'mergetreeanalyzeindexes'],
  ...['timeseriesdata', 'timeseriestags', 'timeseriesmetrics', 'timeseriessamples', 'timeseriesselector'],
  ...['prometheusquery', 'prometheusqueryrange'],
]);

/** Refused wherever they are called, whether or not this engine knows them. */
export const REFUSED_FUNCTIONS: ReadonlySet<string> = new Set([
  ...['file', 'filecluster', 'filesystem', 'url', 'urlcluster', 's3', 's3cluster', 'gcs', 'oss', 'cosn', 'hdfs'],
  ...['hdfscluster', 'azureblobstorage', 'azureblobstoragecluster', 'remote', 'remotesecure', 'cluster'],
  ...['clusterallreplicas', 'executable', 'mysql', 'postgresql', 'mongodb', 'redis', 'sqlite', 'jdbc', 'odbc'],
  ...['ytsaurus', 'arrowflight', 'arrowstream', 'hive', 'hudi', 'hudicluster', 'eval', 'loop', 'fuzzquery', 'disk'],
  ...['deltalake', 'iceberg', 'paimon'],
]);
export const REFUSED_FAMILIES = /^(?:deltalake|iceberg|paimon|hudi|s3|azure|hdfs)/;

/**
 * Scalar functions that read files or call out. A function's name is a value in this engine
 * (`arrayMap(file, ...)`, `APPLY(file)`), so these are refused as bare names too.
 */
export const REFUSED_SCALARS = /^(?:file|catboostevaluate|ai(?:generate|classify|embed|extract|translate)\w*)$/;

/** Table and database engines that keep their data in the engine's own folder, or keep none. */
export const ALLOWED_ENGINES: ReadonlySet<string> = new Set([
  ...['memory', 'log', 'tinylog', 'stripelog', 'null', 'set', 'join', 'buffer', 'merge', 'view', 'materializedview'],
  ...['windowview', 'dictionary', 'generaterandom', 'timeseries', 'atomic', 'ordinary'],
  ...['', 'replacing', 'summing', 'aggregating', 'collapsing', 'versionedcollapsing', 'coalescing', 'graphite'].map(
    (family) => `${family}mergetree`,
  ),
]);

/** Settings that read or write files, reach the network, change the grammar, or are ours to set. */
const REFUSED_SETTINGS: ReadonlySet<string> = new Set([
  ...['format_schema', 'format_schema_source', 'format_template_row', 'format_template_resultset'],
  ...['output_format_schema', 'rename_files_after_processing', 'url_base', 'readonly', 'profile', 'implicit_select'],
]);
const REFUSED_SETTING_FAMILIES = /dialect|_registry_url$|_file_path$|_zookeeper_path$|\\/;

/** Throws a Refusal when a setting of this name may not come from outside. */
export function checkSetting(name: string): void {
  const spelled = name.toLowerCase();
  if (REFUSED_SETTINGS.has(spelled) || REFUSED_SETTING_FAMILIES.test(spelled)) throw denied(`setting ${name}`);
}

/** What may follow SYSTEM: things that act on the engine's own tables and caches. */
export const ALLOWED_SYSTEM = /^(?:stop|start|flush|drop|clear|sync|wait|refresh|cancel|unload|load)$/;
/** What may follow CREATE, ALTER, DROP and ATTACH: not users, roles, quotas, policies, named collections. */
export const ALLOWED_OBJECTS: ReadonlySet<string> = new Set([
  ...['table', 'view', 'materialized', 'window', 'live', 'database', 'dictionary', 'index', 'function'],
]);
