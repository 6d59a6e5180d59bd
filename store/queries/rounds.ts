import type { Millis } from '../../core/time.ts';
import { secondsCell } from './cells.ts';

/** What rounds of the pipeline model wrote in (from, to], unix milliseconds; of all pipelines where none is named. */
export interface RoundsQuery {
  readonly from: Millis;
  readonly to: Millis;
  readonly pipeline?: string;
}

/** As parameters `from`, `to`, `any` and `pipeline` of a query. */
export function roundsParams({ from, to, pipeline }: RoundsQuery) {
  return { from: secondsCell(from), to: secondsCell(to), any: pipeline === undefined, pipeline: pipeline ?? '' };
}

/** The step of a grid (`gridParams`) that a row of a round belongs to: a round's end belongs to the step that ends there. */
export const ROUND_STEP = 'toInt32(floor((toInt64(toUnixTimestamp(Time)) - 1 - {start:UInt32}) / {step:UInt32}))';
