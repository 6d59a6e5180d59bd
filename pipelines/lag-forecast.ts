import type { Millis } from '../core/time.ts';
import type { SampleColumns } from '../store/queries/offset-samples.ts';

/** What decides when retention reaches a reader. */
export interface LossQuestion {
  readonly now: Millis;
  /** Where the group reads, and records per second it commits. */
  readonly offset: number;
  readonly commitRate: number;
  /** Log end and records per second written. */
  readonly end: number;
  readonly endRate: number;
  /** First offset kept, and by how many records it moves when retention takes a segment; NaN where not seen yet. */
  readonly oldest: number;
  readonly jump: number;
  /** `retention.ms`, and `retention.bytes` of a partition with its size; NaN where unlimited or not known. */
  readonly retention: Millis;
  readonly retentionBytes: number;
  readonly size: number;
  /** Where the log ended when, oldest first, as far back as what is still kept was written. */
  readonly samples: SampleColumns;
}

const MOST_SEGMENTS = 5000;

/**
 * Seconds until retention takes a record the group has not read, infinite where it never does at these rates. Which record goes at a
 * time within the next `retention` is no guess: it is the one written `retention` before, which the samples tell. So only the reader's
 * rate is extrapolated: with D(T) the first offset kept at T, the answer is the first T with
 *
 *   offset + commitRate (T - now) < D(T)
 *
 * By time, D(T) is the log end at T - retention; by size, the end less the records that `retentionBytes` hold (at the mean size of those
 * kept). Kafka takes whole segments, once their last record is due, so D moves from one segment's end to the next, in the jumps that
 * were seen of it. Beyond the samples the log is taken to grow at `endRate`.
 */
export function secondsToLoss(question: LossQuestion): number {
  return Math.min(lossByTime(question), lossBySize(question));
}

function lossByTime(question: LossQuestion): number {
  const { now, offset, commitRate, end, endRate, retention, samples } = question;
  if (!(retention > 0)) return Number.POSITIVE_INFINITY;
  const readAt = (at: Millis) => offset + (commitRate * Math.max(0, at - now)) / 1000;
  const jumps = question.jump > 0 && (end - question.oldest) / question.jump <= MOST_SEGMENTS;
  if (jumps) {
    let i = 0;
    for (let segment = question.oldest + question.jump; segment <= end; segment += question.jump) {
      while (i < samples.end.length && (samples.end[i] as number) < segment) i++;
      if (i === samples.end.length) break;
      const due = writtenAt(samples, i, segment) + retention;
      if (readAt(due) < segment) return Math.max(0, due - now) / 1000;
    }
  } else {
    let earlier = now;
    for (let i = 0; i < samples.at.length; i++) {
      const due = Math.max(now, (samples.at[i] as number) + retention);
      const behind = (samples.end[i] as number) - readAt(due);
      if (behind > 0) {
        const before = i === 0 ? 0 : readAt(earlier) - (samples.end[i - 1] as number);
        const share = i === 0 || before + behind === 0 ? 1 : Math.max(0, before) / (before + behind);
        return (earlier + share * (due - earlier) - now) / 1000;
      }
      earlier = due;
    }
  }
  // All that is stored now will have been read. What comes later is caught up with if the log outgrows the reader.
  if (!(endRate > commitRate)) return Number.POSITIVE_INFINITY;
  return Math.max(0, (offset - end + (endRate * retention) / 1000) / (endRate - commitRate));
}

/** When the log reached `offset`, with sample `i` the first that lies at it or beyond. */
function writtenAt(samples: SampleColumns, i: number, offset: number): Millis {
  const at = samples.at[i] as number;
  if (i === 0) return at;
  const [left, right] = [samples.end[i - 1] as number, samples.end[i] as number];
  const from = samples.at[i - 1] as number;
  return from + ((offset - left) / (right - left)) * (at - from);
}

function lossBySize(question: LossQuestion): number {
  const { offset, commitRate, end, endRate, oldest, jump, size, retentionBytes } = question;
  const records = (retentionBytes * (end - oldest)) / size;
  if (!Number.isFinite(records) || records < 0 || !(endRate > commitRate)) return Number.POSITIVE_INFINITY;
  // A segment goes when what is left without it still fills the limit: half a segment more than the limit, on average.
  const kept = records + (jump > 0 ? jump / 2 : 0);
  return Math.max(0, (offset - end + kept) / (endRate - commitRate));
}

/** How far a rate may be off, in its own unit: 1.28 standard errors (80 %) of an average over `measured`, of polls `every` apart. */
export function rateError(variance: number, measured: Millis, every: Millis): number {
  return measured > 0 ? 1.28 * Math.sqrt(((variance || 0) * every) / Math.max(every, measured)) : 0;
}

const HORIZON_SECONDS = 3600;
const URGENT_SECONDS = 900;
/** What an alert takes on its way: a round, a step of the detector, half a minute in which it must hold, the wait of a group. */
const WARNING_SECONDS = 120;

/**
 * Whether a loss is to be expected, so that someone should be told. `slow` and `fast` are the seconds until a loss at the rate of the
 * last hour and of the last minute; at the slow one an hour is near, or half of the retention where that is shorter (a reader that
 * pauses does not run out of a short retention at once). The fast one counts when the loss is so near that waiting for the slow one would
 * be too long: a quarter of that, though not less than an alert takes to reach someone.
 */
export function isLossExpected(slow: number, fast: number, retention: Millis): boolean {
  const share = Number.isNaN(retention) ? 1 : Math.min(1, retention / 1000 / 2 / HORIZON_SECONDS);
  const near = HORIZON_SECONDS * share;
  return slow <= near || fast <= Math.max(URGENT_SECONDS * share, Math.min(WARNING_SECONDS, near));
}
