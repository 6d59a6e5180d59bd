import type { Millis } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import { type Bracket, readBrackets, readSamples, SAMPLE_LEVELS } from '../store/queries/offset-samples.ts';
import type { LagBook, PartitionName } from './lag-book.ts';
import { isLossExpected, rateError, secondsToLoss } from './lag-forecast.ts';
import { readingAt } from './lag-positions.ts';
import { SLOW_MS } from './lag-rates.ts';
import { isCoarse, placeAt, remembersBracket } from './lag-seconds.ts';

const [FINE, COARSE] = SAMPLE_LEVELS;

/** Where samples are looked for, nearest first: how far back, and for how many positions in a round. */
const REACHES = [
  { level: FINE, back: 2 * 3_600_000, most: 10_000 },
  { level: COARSE, back: 8 * 86_400_000, most: 2000 },
  { level: COARSE, back: COARSE.keep, most: 300 },
] as const;
/**
 * A position older than all samples, or between some that lie far apart, is looked for again after this long, one that is new each round:
 * points dated into the past may have come.
 */
const AGAIN_MS = 60_000;
const NEW_MS = 120_000;

interface Question {
  readonly i: number;
  readonly offset: number;
  readonly partition: number;
  readonly lookedAt: number;
  /** The first sample behind the offset that was found so far. */
  readonly rightEnd: number;
  readonly rightAt: Millis;
}

/**
 * Finds for every position with lag the samples its record lies between: those remembered, else those in memory, else those of the store.
 * What is left over when a round has asked enough is asked in the next; answers how many that were.
 */
export async function placePositions(store: Store, book: LagBook, at: Millis): Promise<number> {
  const { positions, ends } = book;
  const asked: Question[] = [];
  for (let i = 0; i < positions.length; i++) {
    const row = positions.at(i);
    if (!(row.lag > 0)) continue;
    const end = ends.at(row.partition);
    const offset = readingAt(row, end);
    const again = row.measured < NEW_MS ? 0 : AGAIN_MS;
    const isOpen = row.atLeast === 1 || isCoarse(row);
    if (remembersBracket(row, offset) && !(isOpen && at - row.lookedAt >= again)) {
      placeAt(row, row as unknown as Bracket, offset);
      continue;
    }
    const recent = ends.bracket(row.partition, offset);
    if (recent !== undefined) placeAt(row, recent, offset);
    else {
      const unknown = Number.NaN;
      const lookedAt = row.lookedAt || 0;
      asked.push({ i, offset, partition: row.partition, lookedAt, rightEnd: unknown, rightAt: unknown });
    }
  }
  asked.sort((a, b) => a.lookedAt - b.lookedAt);
  let open = asked;
  for (const { level, back, most } of REACHES) {
    const now = open.slice(0, most);
    if (now.length === 0) break;
    const index = new Map<number, number>();
    const questions = now.map(({ partition, offset }) => {
      const known = index.get(partition) ?? index.size;
      index.set(partition, known);
      return { partition: known, offset };
    });
    const sampled = [...index.keys()].map((partition) => sampledOf(book, partition));
    const answers = await readBrackets(store, level, at - back, sampled, questions);
    const rest: Question[] = [];
    for (const [k, question] of now.entries()) {
      const row = positions.at(question.i);
      row.lookedAt = at;
      const found = answers[k] as Bracket;
      // A coarser level knows less of when the log passed the record.
      const { rightEnd, rightAt } = question;
      const answer = rightAt <= found.rightAt || Number.isNaN(found.rightAt) ? { ...found, rightEnd, rightAt } : found;
      placeAt(row, answer, question.offset);
      if (Number.isNaN(answer.leftAt)) rest.push({ ...question, rightEnd: answer.rightEnd, rightAt: answer.rightAt });
    }
    open = rest;
  }
  return Math.max(0, asked.length - REACHES[0].most);
}

function sampledOf(book: LagBook, partition: number) {
  const { series } = book.partitions[partition] as PartitionName;
  return { series: [...series], validSince: book.ends.at(partition).validSince };
}

/** A forecast is made anew after this long, or this share of a short retention, and counted down in between. */
const FORECAST_MS = 60_000;
const FORECAST_SHARE = 0.05;
/** Positions whose record has used up this share of its retention are looked at with all samples, so many in a round. */
const RISK = 0.2;
const MOST_FORECASTS = 300;
const POLL_MS = 10_000;

/** Forecasts for positions with lag when retention will reach them, those nearest to it first. */
export async function forecastLosses(store: Store, book: LagBook, at: Millis): Promise<void> {
  const { positions, ends } = book;
  const due: { readonly i: number; readonly used: number }[] = [];
  for (let i = 0; i < positions.length; i++) {
    const row = positions.at(i);
    const { topic } = book.partitions[row.partition] as PartitionName;
    const limited = topic.retention > 0 || topic.retentionBytes > 0;
    if (!limited || !(row.lag > 0)) {
      row.loss = row.lossLower = row.lossUpper = row.lossFast = limited ? Number.POSITIVE_INFINITY : Number.NaN;
      row.forecastAt = Number.NaN;
      continue;
    }
    if (at - row.forecastAt < Math.min(FORECAST_MS, topic.retention * FORECAST_SHARE || FORECAST_MS)) continue;
    const age = (row.committedAt - row.written) / topic.retention;
    const bytes = ends.at(row.partition).size / topic.retentionBytes;
    due.push({ i, used: row.lost > 0 ? 2 : Math.max(age || 0, bytes > 0.5 ? bytes : 0) });
  }
  due.sort((a, b) => b.used - a.used);
  const close = due.filter(({ used }) => used >= RISK).slice(0, MOST_FORECASTS);
  const partitions = [...new Set(close.map(({ i }) => positions.at(i).partition))];
  const samples = new Map<number, Awaited<ReturnType<typeof readSamples>>[number]>();
  for (const level of [FINE, COARSE]) {
    const wanted = partitions.filter((partition) => retentionOf(book, partition) <= 2 * 3_600_000 === (level === FINE));
    const longest = Math.max(0, ...wanted.map((partition) => retentionOf(book, partition)));
    const since = at - Math.min(level.keep, longest * 1.5 + level.step);
    const read = await readSamples(
      store,
      level,
      since,
      wanted.map((partition) => sampledOf(book, partition)),
    );
    for (const [k, partition] of wanted.entries())
      samples.set(partition, read[k] as NonNullable<(typeof read)[number]>);
  }
  const none = { at: new Float64Array(), end: new Float64Array() };
  for (const { i } of due) {
    const row = positions.at(i);
    const end = ends.at(row.partition);
    const { topic } = book.partitions[row.partition] as PartitionName;
    const ask = (commitRate: number) =>
      secondsToLoss({
        ...{ now: at, offset: readingAt(row, end), commitRate, end: end.end, endRate: end.slowRate },
        ...{ oldest: end.oldest, jump: end.jump, size: end.size },
        ...{ retention: topic.retention, retentionBytes: topic.retentionBytes },
        samples: samples.get(row.partition) ?? none,
      });
    const error = rateError(row.variance, Math.min(row.measured, SLOW_MS), POLL_MS);
    row.loss = ask(row.slowRate || 0);
    row.lossLower = ask(Math.max(0, (row.slowRate || 0) - error));
    row.lossUpper = ask((row.slowRate || 0) + error);
    row.lossFast = ask(row.rate || 0);
    row.forecastAt = at;
  }
}

function retentionOf(book: LagBook, partition: number): Millis {
  return (book.partitions[partition] as PartitionName).topic.retention || 0;
}

/** The forecast of a position counted down to `at`, in seconds, and whether someone should know of it. */
export function lossOf(book: LagBook, i: number, at: Millis) {
  const row = book.positions.at(i);
  const { topic } = book.partitions[row.partition] as PartitionName;
  const passed = Number.isNaN(row.forecastAt) ? 0 : (at - row.forecastAt) / 1000;
  const left = (seconds: number) => Math.max(0, seconds - passed);
  const expected = row.lag > 0 && isLossExpected(left(row.loss), left(row.lossFast), topic.retention);
  const urgent = expected && !(row.loss <= row.lossFast);
  return {
    lossSeconds: left(urgent ? row.lossFast : row.loss),
    lossLower: left(Math.min(row.lossLower, urgent ? row.lossFast : row.lossLower)),
    lossUpper: left(row.lossUpper),
    lossExpected: expected,
  };
}
