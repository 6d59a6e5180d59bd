/** Formats whose output is a plain concatenation of rows, so that chunks of a stream can be sent one after another. */
const CONCATENATED: ReadonlySet<string> = new Set([
  ...['jsoneachrow', 'jsonlines', 'jsonl', 'ndjson', 'jsonstringseachrow', 'jsoncompacteachrow'],
  ...['jsoncompactstringseachrow', 'csv', 'tsv', 'tabseparated', 'tsvraw', 'tabseparatedraw', 'raw', 'tskv'],
  ...['rowbinary', 'lineasstring'],
]);

export function isConcatenated(format: string): boolean {
  return CONCATENATED.has(format.toLowerCase());
}

const LINES = new Set(['jsonlines', 'jsonl', 'ndjson']);
const BINARY = /^(?:native|rowbinary|parquet|arrow|orc|avro|protobuf|msgpack|bsoneachrow|npy|png|capnproto)/;

/** The Content-Type ClickHouse gives a format. */
export function contentType(format: string): string {
  const name = format.toLowerCase();
  if ((name.startsWith('json') && name.includes('eachrow')) || LINES.has(name))
    return 'application/x-ndjson; charset=UTF-8';
  if (name.startsWith('json')) return 'application/json; charset=UTF-8';
  if (name.startsWith('csv')) return `text/csv; charset=UTF-8; header=${name.includes('names') ? 'present' : 'absent'}`;
  if (name.startsWith('tsv') || name.startsWith('tabseparated')) return 'text/tab-separated-values; charset=UTF-8';
  if (name === 'xml') return 'application/xml; charset=UTF-8';
  if (BINARY.test(name)) return 'application/octet-stream';
  return 'text/plain; charset=UTF-8';
}
