import { isLeadershipError, NONE, reasonOf } from './errors.ts';
import { type IsolationLevel, listOffsets, type TimesOfTopic } from './protocol/offsets.ts';
import type { Reading } from './reading.ts';
import type { Topics } from './topics.ts';

/** Partitions in one request: bounds the answer to about a megabyte. */
const PARTITIONS_PER_REQUEST = 20_000;

/** Told for each partition that was answered: its row, the record's timestamp (-1 for none) and the offset. */
export type RowSink = (row: number, timestamp: number, offset: number) => void;

export interface LogOffsetsQuestion {
  readonly reading: Reading;
  readonly topics: Topics;
  readonly isolation: IsolationLevel;
  /** In ascending order. */
  readonly rows: Int32Array;
  /** A time for each row, or one for all. */
  readonly timestamps: Float64Array | number;
  /** Reads metadata again, once a round, and tells whether leaders may have changed. */
  readonly refresh: () => Promise<boolean>;
}

/**
 * ListOffsets over all leaders at once. Rows whose leader moved are asked for again after the metadata was; a row that
 * stays without an answer is not told, and why is counted.
 */
export async function readLogOffsets(question: LogOffsetsQuestion, sink: RowSink): Promise<void> {
  const { reading, refresh } = question;
  const first = await askLeaders(question, everyPosition(question.rows.length), sink);
  if (first.moved.length === 0) return;
  const isFresh = await refresh();
  if (!isFresh) {
    for (const [reason, times] of first.reasons) reading.failed(reason, times);
    return;
  }
  const second = await askLeaders(question, Int32Array.from(first.moved), sink);
  for (const [reason, times] of second.reasons) reading.failed(reason, times);
}

interface Unanswered {
  /** Positions in the question's rows. */
  readonly moved: number[];
  readonly reasons: Map<string, number>;
}

async function askLeaders(
  { reading, topics, isolation, rows, timestamps }: LogOffsetsQuestion,
  positions: Int32Array,
  sink: RowSink,
): Promise<Unanswered> {
  const unanswered: Unanswered = { moved: [], reasons: new Map() };
  const blame = (reason: string, positionsOf: readonly number[]) => {
    unanswered.reasons.set(reason, (unanswered.reasons.get(reason) ?? 0) + positionsOf.length);
    for (const position of positionsOf) unanswered.moved.push(position);
  };
  const ofLeader = new Map<number, number[]>();
  for (const position of positions) {
    const leader = topics.leaders[rows[position] as number] as number;
    const listed = ofLeader.get(leader);
    if (listed === undefined) ofLeader.set(leader, [position]);
    else listed.push(position);
  }
  await Promise.all(
    [...ofLeader].map(async ([leader, listed]) => {
      const address = topics.brokers.get(leader);
      if (address === undefined) {
        blame(reasonOf(5), listed);
        return;
      }
      for (let from = 0; from < listed.length; from += PARTITIONS_PER_REQUEST) {
        const part = listed.slice(from, from + PARTITIONS_PER_REQUEST);
        const positionOf = new Map(part.map((position) => [rows[position] as number, position]));
        const call = listOffsets(
          isolation,
          byTopic(topics, rows, timestamps, part),
          (name, index, error, time, offset) => {
            const row = topics.row(name, index);
            const position = positionOf.get(row);
            if (position === undefined) return;
            positionOf.delete(row);
            if (error === NONE && Number.isSafeInteger(offset)) sink(row, time, offset);
            else if (isLeadershipError(error)) blame(reasonOf(error), [position]);
            else reading.failed(error === NONE ? 'offset_out_of_bounds' : reasonOf(error));
          },
        );
        await reading.ask(address, call);
        if (positionOf.size > 0) blame('unanswered', [...positionOf.values()]);
      }
    }),
  );
  return unanswered;
}

function byTopic(
  topics: Topics,
  rows: Int32Array,
  timestamps: Float64Array | number,
  positions: readonly number[],
): TimesOfTopic[] {
  const listed: { topic: string; partitions: number[]; timestamps: number[] }[] = [];
  let topic = topics.list[0];
  for (const position of positions) {
    const row = rows[position] as number;
    if (topic === undefined || row < topic.first || row >= topic.first + topic.partitions) topic = topics.topicOf(row);
    let last = listed.at(-1);
    if (last?.topic !== topic.name) {
      last = { topic: topic.name, partitions: [], timestamps: [] };
      listed.push(last);
    }
    last.partitions.push(row - topic.first);
    last.timestamps.push(typeof timestamps === 'number' ? timestamps : (timestamps[position] as number));
  }
  return listed;
}

export function everyPosition(count: number): Int32Array<ArrayBuffer> {
  return Int32Array.from({ length: count }, (_, index) => index);
}
