import type { Millis } from '../../../core/time.ts';
import type { Commits } from './commits.ts';
import { PartitionPast, type PastPoint, pointsOfAnswer } from './past.ts';
import type { Topics } from './topics.ts';

/** What is kept of a topic from round to round. */
interface TopicStart {
  readonly identity: number | undefined;
  /** Of each partition: log end at the first poll and its time; NaN before there was one. */
  readonly offsets: Float64Array;
  readonly times: Float64Array;
  readonly pasts: (PartitionPast | undefined)[];
}

export interface BackdatedPoint extends PastPoint {
  readonly row: number;
}

export interface BackdatingRound {
  readonly topics: Topics;
  readonly commits: Commits;
  /** Log start and end of each row, NaN where unknown, and when they were read. */
  readonly earliest: Float64Array;
  readonly ends: Float64Array;
  readonly time: Millis;
}

interface Want {
  readonly row: number;
  readonly past: PartitionPast;
  /** Offsets to date, in ascending order. */
  readonly offsets: number[];
}

/** Offsets of one partition that are dated in one round; groups that stand elsewhere wait for the next ones. */
const OFFSETS_PER_PARTITION = 8;

/**
 * Dates records that were appended before the first poll of their partition, for groups that have not read them yet,
 * by asking for offsets by time. Nothing is kept over a restart: the same questions are asked again, as many in a
 * round as before.
 */
export class Backdating {
  readonly #resolution: Millis;
  readonly #limit: number;
  readonly #starts = new Map<string, TopicStart>();
  readonly #told = new WeakSet<PastPoint>();
  #round: BackdatingRound | undefined;
  #wants = new Map<number, Want>();

  /** `resolution`: how exactly a time need be known at least. `limit`: partitions worked on in one round. */
  constructor(resolution: Millis, limit: number) {
    this.#resolution = resolution;
    this.#limit = limit;
  }

  /** Partitions that are worked on in this round. */
  get working(): number {
    return this.#wants.size;
  }

  /** Takes over a round's offsets and chooses what to look up: where most records wait first. */
  begin(round: BackdatingRound): void {
    this.#round = round;
    const { topics, commits, earliest, ends, time } = round;
    const firsts = new Float64Array(topics.size).fill(Number.NaN);
    const pasts: (PartitionPast | undefined)[] = [];
    for (const name of this.#starts.keys()) if (!topics.byName.has(name)) this.#starts.delete(name);
    for (const topic of topics.list) {
      const start = this.#start(topic.name, topic.identity, topic.partitions);
      for (let p = 0; p < topic.partitions; p++) {
        const row = topic.first + p;
        const end = ends[row] as number;
        if (Number.isNaN(end)) continue;
        // A log that ends before it did is another log: what was known of the old one is void.
        if (!(end >= (start.offsets[p] as number))) {
          start.offsets[p] = end;
          start.times[p] = time;
          start.pasts[p] = undefined;
        }
        firsts[row] = start.offsets[p] as number;
        pasts[row] = start.pasts[p];
      }
    }
    const candidates = new Map<number, number[]>();
    for (let i = 0; i < commits.length; i++) {
      const row = commits.rows[i] as number;
      const first = firsts[row] as number;
      const oldest = Math.max(commits.offsets[i] as number, earliest[row] as number);
      // Also false where one of them is not known.
      if (!(oldest < first)) continue;
      const listed = candidates.get(row);
      if (listed === undefined) candidates.set(row, [oldest]);
      else if (!listed.includes(oldest) && listed.length < OFFSETS_PER_PARTITION) listed.push(oldest);
    }
    this.#wants = this.#choose(candidates, pasts);
    this.#forgetOthers(candidates);
  }

  /** The next question for each partition that needs one, in ascending order of rows. */
  questions(): { readonly rows: Int32Array<ArrayBuffer>; readonly timestamps: Float64Array<ArrayBuffer> } {
    const time = this.#round?.time ?? 0;
    const rows: number[] = [];
    const timestamps: number[] = [];
    for (const { row, past, offsets } of this.#wants.values()) {
      for (const offset of offsets) {
        const asked = past.nextTime(offset, time, this.#resolution);
        if (asked === undefined) continue;
        rows.push(row);
        timestamps.push(asked);
        break;
      }
    }
    return { rows: Int32Array.from(rows), timestamps: Float64Array.from(timestamps) };
  }

  /** An answer to the question for `row`: the first record at or after `asked`, offset -1 for none. */
  answer(row: number, asked: Millis, timestamp: number, offset: number): void {
    const want = this.#wants.get(row);
    const round = this.#round;
    if (want === undefined || round === undefined) return;
    const { past, offsets } = want;
    const latest = past.points.at(-1)?.time ?? round.time;
    const isDated = offset >= 0 && timestamp > 0 && timestamp <= latest;
    if (isDated) {
      const points = pointsOfAnswer(asked, timestamp, offset, round.time);
      // The time asked for the oldest record is none. Where the log begins beyond an offset, it is that record's turn.
      const known = asked > 0 ? points : [oldestPoint(points, Math.min(offset, offsets[0] as number))];
      for (const point of known) past.add(point);
    } else if (asked > 0) {
      past.add({ time: asked, offset: offset < 0 ? (round.ends[row] as number) : offset, isRecord: false });
    } else past.isUndatable = true;
  }

  /** Points around the offsets in question that were not told before. Ends the round. */
  take(): BackdatedPoint[] {
    const points: BackdatedPoint[] = [];
    const tell = (row: number, point: PastPoint | undefined) => {
      if (point === undefined || this.#told.has(point)) return;
      this.#told.add(point);
      points.push({ row, ...point });
    };
    for (const { row, past, offsets } of this.#wants.values()) {
      for (const offset of offsets) {
        const { left, right } = past.bracket(offset);
        tell(row, left);
        tell(row, right);
      }
      past.trim(offsets);
    }
    return points;
  }

  #start(name: string, identity: number | undefined, partitions: number): TopicStart {
    const known = this.#starts.get(name);
    const isSame = known !== undefined && known.identity === identity;
    if (isSame && known.offsets.length === partitions) return known;
    const start: TopicStart = {
      identity,
      offsets: new Float64Array(partitions).fill(Number.NaN),
      times: new Float64Array(partitions).fill(Number.NaN),
      pasts: isSame ? known.pasts.slice(0, partitions) : [],
    };
    if (isSame) {
      start.offsets.set(known.offsets.subarray(0, partitions));
      start.times.set(known.times.subarray(0, partitions));
    }
    this.#starts.set(name, start);
    return start;
  }

  #choose(candidates: ReadonlyMap<number, number[]>, pasts: readonly (PartitionPast | undefined)[]): Map<number, Want> {
    const { ends, time } = this.#round as BackdatingRound;
    const open: { row: number; offsets: number[]; waiting: number }[] = [];
    for (const [row, offsets] of candidates) {
      const past = pasts[row];
      const isOpen =
        past === undefined || offsets.some((offset) => past.nextTime(offset, time, this.#resolution) !== undefined);
      if (isOpen) open.push({ row, offsets, waiting: (ends[row] as number) - Math.min(...offsets) });
    }
    if (open.length > this.#limit) open.sort((a, b) => b.waiting - a.waiting);
    const chosen = open.slice(0, this.#limit).sort((a, b) => a.row - b.row);
    return new Map(
      chosen.map(({ row, offsets }) => {
        const past = pasts[row] ?? this.#open(row);
        return [row, { row, past, offsets: offsets.sort((a, b) => a - b) }];
      }),
    );
  }

  /** A partition's past begins with its first poll, which was told when it was made. */
  #open(row: number): PartitionPast {
    const { topics } = this.#round as BackdatingRound;
    const topic = topics.topicOf(row);
    const start = this.#starts.get(topic.name) as TopicStart;
    const p = row - topic.first;
    const past = new PartitionPast();
    const point = { time: start.times[p] as number, offset: start.offsets[p] as number, isRecord: false };
    past.add(point);
    this.#told.add(point);
    start.pasts[p] = past;
    return past;
  }

  /** Drops what is known of partitions whose groups have all read on. */
  #forgetOthers(candidates: ReadonlyMap<number, unknown>): void {
    const { topics } = this.#round as BackdatingRound;
    for (const topic of topics.list) {
      const pasts = this.#starts.get(topic.name)?.pasts;
      if (pasts === undefined || pasts.length === 0) continue;
      for (let p = 0; p < pasts.length; p++) if (!candidates.has(topic.first + p)) pasts[p] = undefined;
    }
  }
}

function oldestPoint(points: readonly PastPoint[], offset: number): PastPoint {
  return { ...(points.at(-1) as PastPoint), offset };
}
