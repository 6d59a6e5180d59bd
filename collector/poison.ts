import { ClickHouseError } from '@clickhouse/client';

/**
 * ClickHouse error codes that speak of the rows themselves: the same rows will be refused for ever, other rows of the
 * table may pass. Anything else (a missing table, no memory, no connection) is trouble of the store and is retried.
 */
const DATA_ERRORS: ReadonlySet<string> = new Set([
  '6', // CANNOT_PARSE_TEXT
  '25', // CANNOT_PARSE_ESCAPE_SEQUENCE
  '26', // CANNOT_PARSE_QUOTED_STRING
  '27', // CANNOT_PARSE_INPUT_ASSERTION_FAILED
  '32', // ATTEMPT_TO_READ_AFTER_EOF
  '33', // CANNOT_READ_ALL_DATA
  '38', // CANNOT_PARSE_DATE
  '41', // CANNOT_PARSE_DATETIME
  '43', // ILLEGAL_TYPE_OF_ARGUMENT
  '50', // UNKNOWN_TYPE
  '53', // TYPE_MISMATCH
  '69', // ARGUMENT_OUT_OF_BOUND
  '70', // CANNOT_CONVERT_TYPE
  '72', // CANNOT_PARSE_NUMBER
  '117', // INCORRECT_DATA
  '128', // TOO_LARGE_ARRAY_SIZE
  '130', // CANNOT_READ_ARRAY_FROM_TEXT
  '131', // TOO_LARGE_STRING_SIZE
  '190', // SIZES_OF_ARRAYS_DONT_MATCH
  '321', // VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
  '349', // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
  '407', // DECIMAL_OVERFLOW
  '467', // CANNOT_PARSE_BOOL
  '675', // CANNOT_PARSE_IPV4
]);

/** What the reader of Native says under any code, as of a column whose type is no type. */
const NATIVE_ERROR = /While executing Native|Syntax error \(data type\)/;
/** No memory: perhaps for a length that is none, perhaps because there is none now. */
const MEMORY_ERRORS: ReadonlySet<string> = new Set(['173', '241']);

/** Whether the store refused rows for what they hold. */
export function isDataError(error: unknown): boolean {
  if (!(error instanceof ClickHouseError) || MEMORY_ERRORS.has(error.code) || isViewError(error)) return false;
  return DATA_ERRORS.has(error.code) || NATIVE_ERROR.test(error.message);
}

/** Whether a materialized view failed. The rows are in their table then, and must not come under another token. */
export function isViewError(error: unknown): boolean {
  return error instanceof ClickHouseError && error.message.includes('while pushing to view');
}

/** A consecutive part of a segment's blocks: `from` and `to` are places in the list of its entries. */
export interface BlockSpan {
  readonly from: number;
  readonly to: number;
}

/** Inserts that may fail in the search for bad blocks of one segment before the rest is given up as a whole. */
const MAX_FAILURES = 64;

/**
 * Halves the blocks of a refused segment until the bad ones stand alone. Good halves are inserted on the way, each
 * with a token made of the segment's id and their place, so that a search that is cut short and begun again stores
 * nothing twice. Returns the spans the store refuses with its words. An error that is not about the data is thrown.
 */
export async function isolate(
  blocks: number,
  insert: (span: BlockSpan) => Promise<void>,
): Promise<readonly (BlockSpan & { readonly reason: string })[]> {
  const refused: (BlockSpan & { reason: string })[] = [];
  let failures = 0;
  const search = async (span: BlockSpan): Promise<void> => {
    try {
      await insert(span);
    } catch (error) {
      if (!isDataError(error)) throw error;
      failures++;
      if (span.to - span.from === 1 || failures > MAX_FAILURES) {
        refused.push({ ...span, reason: (error as Error).message });
        return;
      }
      const middle = (span.from + span.to) >>> 1;
      await search({ from: span.from, to: middle });
      await search({ from: middle, to: span.to });
    }
  };
  const middle = blocks >>> 1;
  if (middle > 0) await search({ from: 0, to: middle });
  if (middle < blocks) await search({ from: middle, to: blocks });
  return refused;
}
