import type { ServerResponse } from 'node:http';
import { type AnswerBody, type acceptedEncoding, formatSummary, type Headers, openAnswer, sendBody } from './answer.ts';
import { contentType, isConcatenated } from './formats.ts';
import type { RequestOptions } from './options.ts';
import { parseEngineError } from './refusal.ts';
import type { Lease } from './sessions.ts';
import type { Statement } from './statements.ts';

type Encoding = ReturnType<typeof acceptedEncoding>;

export interface QueryAnswer {
  readonly response: ServerResponse;
  readonly headers: Headers;
  readonly encoding: Encoding;
}

const DEFAULT_FORMAT = 'TabSeparated';

/** Runs a statement without data and answers with its result. Engine errors come out as Refusals. */
export async function answerQuery(
  lease: Lease,
  statement: Statement,
  text: string,
  options: RequestOptions,
  answer: QueryAnswer,
): Promise<void> {
  const format = statement.format ?? options.defaultFormat ?? DEFAULT_FORMAT;
  const headers = { ...answer.headers, 'Content-Type': contentType(format), 'X-ClickHouse-Format': format };
  if (streams(statement, options, format)) {
    await streamQuery(lease, text, format, { ...answer, headers });
    return;
  }
  const result = await lease.query(text, format);
  const bytes = result.bytes();
  const summary =
    statement.kind === 'read'
      ? { resultRows: result.rowsRead, resultBytes: bytes.length, elapsed: result.elapsed }
      : { writtenRows: result.rowsRead, writtenBytes: result.bytesRead, elapsed: result.elapsed };
  await sendBody(
    answer.response,
    { ...headers, 'X-ClickHouse-Summary': formatSummary(summary) },
    bytes,
    answer.encoding,
  );
}

/**
 * The engine formats every chunk of a stream by itself, so only formats without head, foot and separators can be
 * streamed, and no query whose result has totals or extremes beside its rows.
 */
function streams(statement: Statement, options: RequestOptions, format: string): boolean {
  if (options.waitEndOfQuery || !isConcatenated(format)) return false;
  if (!['select', 'with', 'from'].includes(statement.verb)) return false;
  if (options.settings.has('extremes') || options.settings.has('output_format_json_array_of_rows')) return false;
  return !statement.tokens.some((token) =>
    ['totals', 'extremes', 'output_format_json_array_of_rows'].includes(token.value),
  );
}

async function streamQuery(lease: Lease, text: string, format: string, answer: QueryAnswer): Promise<void> {
  const started = performance.now();
  const open = () => {
    const summary = formatSummary({ elapsed: (performance.now() - started) / 1000 });
    return openAnswer(answer.response, { ...answer.headers, 'X-ClickHouse-Summary': summary }, answer.encoding);
  };
  let body: AnswerBody | undefined;
  try {
    // The head waits for the first chunk: an error before it gets its own status.
    for await (const chunk of lease.stream(text, format)) {
      body ??= open();
      await body.write(chunk);
    }
  } catch (error) {
    const refusal = parseEngineError(error);
    if (body === undefined) throw refusal;
    await body.fail(refusal).catch(() => undefined);
    return;
  }
  if (body === undefined) {
    const summary = formatSummary({ elapsed: (performance.now() - started) / 1000 });
    await sendBody(answer.response, { ...answer.headers, 'X-ClickHouse-Summary': summary }, Buffer.alloc(0), undefined);
    return;
  }
  await body.end();
}
