import { encodingOf, type RequestHead, signalOf } from './exchange.ts';

/** More than this is no usual head. */
export const LONGEST_HEAD = 8192;
const LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e]*)$/;
const REQUEST = /^POST (\/v1\/[a-z]+) HTTP\/1\.1$/;
/** Headers that change how a request is read or answered; one who sends them is not the usual exporter. */
const UNUSUAL: ReadonlySet<string> = new Set(['transfer-encoding', 'expect', 'upgrade', 'origin', 'te', 'trailer']);
const ONCE: ReadonlySet<string> = new Set([
  ...['host', 'content-length', 'content-type', 'content-encoding', 'authorization', 'connection'],
]);

/**
 * Understands the head of what OpenTelemetry's exporters send: a POST of a body whose length is known, on a connection
 * that stays. `text` is everything before the empty line. Undefined for all else, valid or not, which is left to
 * Node's own HTTP server and its answers.
 */
export function parseHead(text: string): RequestHead | undefined {
  const [first = '', ...lines] = text.split('\r\n');
  const signal = signalOf(REQUEST.exec(first)?.[1] ?? '');
  if (signal === undefined) return undefined;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = LINE.exec(line) ?? [];
    if (name === undefined || value === undefined) return undefined;
    const key = name.toLowerCase();
    if (UNUSUAL.has(key) || (ONCE.has(key) && headers.has(key))) return undefined;
    headers.set(key, value.trimEnd());
  }
  const length = headers.get('content-length') ?? '';
  const connection = headers.get('connection')?.toLowerCase() ?? 'keep-alive';
  const encoding = encodingOf(headers.get('content-type') ?? '');
  if (!headers.has('host') || connection !== 'keep-alive' || encoding === undefined) return undefined;
  if (!/^[0-9]{1,12}$/.test(length)) return undefined;
  return {
    signal,
    encoding,
    authorization: headers.get('authorization'),
    contentEncoding: headers.get('content-encoding'),
    length: Number(length),
  };
}
