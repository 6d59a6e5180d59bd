import type { Millis } from '../../core/time.ts';
import type { RowJudge, RowJudgement } from '../backtest/judge.ts';
import { createColumns } from './columns.ts';
import { createEvidence } from './evidence.ts';
import { createIncident } from './incident.ts';
import { createInterval } from './interval.ts';
import { createRelations } from './relations.ts';
import { meanOfStrongest } from './strongest.ts';
import { createRowTail, createTrust } from './trust.ts';

const WEEK = 7 * 24 * 3_600_000;
/** Columns of the narrow and the wide means. */
const FEW = 3;
const SOME = 5;
const WIDE = 10;
const YOUNG_ROWS = 60;
const HOLD = 0.98;
const LASTING_ROWS = 60;
const LASTING_PART = 0.3;
/** Deviations from what the others foretell that mean nothing, in deviations. */
const APART_FLOOR = 0.05;

export interface RowsOptions {
  /** False alarms of rows that are expected in a week. */
  readonly falseAlarmsPerWeek: number;
}

export const ROWS_DEFAULTS: RowsOptions = { falseAlarmsPerWeek: 3 };

/**
 * Judges rows of several columns of one thing together. A column is strange by its distance from its level, by its
 * distance from its last minutes, and by what it shows beyond what the other columns foretell; of each, odds and size
 * (evidence.ts). The evidence of a row adds the means of the strongest columns:
 *
 *   g = 0.05 o3(level) + 0.15 o3(recent) + 0.03 o5(apart) + 0.1 s3(level) + 0.4 s3(recent) + 0.07 s3(apart) + 0.2 s10(apart)
 *   h <- max(g, 0.98 h)                          held: what was strange is not over with the row
 *   held evidence = h + 0.3 l,  l <- l + (h - l) / 60
 *
 * where ok and sk are the means of the k largest odds and sizes. The means, rather than the largest, want agreement; few
 * columns are enough, for a fault of three of 38 columns must not be averaged away. A row is as rare as its g is in the
 * tail of the rows so far, and the limit of an alarm follows from the false alarms expected. Part of a column:
 *
 *   0.6 s(recent) + 0.2 o(recent) + 0.15 o(level) + 0.05 s(apart)
 *
 * How the weights were found: docs/detection.md.
 */
export function createRowsJudge(columns: number, options: RowsOptions = ROWS_DEFAULTS): RowJudge {
  const interval = createInterval();
  const each = createColumns(columns);
  const relations = createRelations(columns);
  const level = createEvidence(columns);
  const recent = createEvidence(columns);
  const apart = createEvidence(columns);
  const trust = createTrust();
  const tail = createRowTail();
  const incident = createIncident();
  const room = new Float64Array(WIDE);
  const apartFloors = new Float64Array(columns).fill(APART_FLOOR);
  // Rows, held, lasting.
  const state = new Float64Array(3);
  const judgement: RowJudgement = { score: 0, alarm: false, contributions: new Float64Array(columns) };

  function evidenceOfRow(): number {
    return (
      0.05 * meanOfStrongest(level.odds, FEW, room) +
      0.15 * meanOfStrongest(recent.odds, FEW, room) +
      0.03 * meanOfStrongest(apart.odds, SOME, room) +
      0.1 * meanOfStrongest(level.size, FEW, room) +
      0.4 * meanOfStrongest(recent.size, FEW, room) +
      0.07 * meanOfStrongest(apart.size, FEW, room) +
      0.2 * meanOfStrongest(apart.size, WIDE, room)
    );
  }

  function judge(time: Millis, values: Float64Array): RowJudgement {
    const gap = interval.next(time);
    each.read(values, gap);
    relations.read(each.standard);
    level.read(each.fromLevel, each.floors);
    recent.read(each.fromRecent, each.floors);
    apart.read(relations.apart, apartFloors);

    const n = (state[0] as number) + 1;
    state[0] = n;
    const evidence = n > YOUNG_ROWS ? evidenceOfRow() : 0;
    const held = Math.max(evidence, (state[1] as number) * HOLD);
    const lasting = (state[2] as number) + (held - (state[2] as number)) / LASTING_ROWS;
    state[1] = held;
    state[2] = lasting;

    const odds = tail.odds(evidence);
    const limit = Math.log10(WEEK / interval.usual / options.falseAlarmsPerWeek);
    judgement.score = incident.judge(odds, held + LASTING_PART * lasting, limit);
    judgement.alarm = incident.open;
    for (let j = 0; j < columns; j++) judgement.contributions[j] = partOf(j);

    trust.weigh(held);
    level.learn(trust.share, trust.whole);
    recent.learn(trust.share, trust.whole);
    apart.learn(trust.share, trust.whole);
    if (trust.whole) {
      relations.learn(each.standard);
      if (n > YOUNG_ROWS) tail.learn(evidence, 4);
    }
    each.learn(trust.share);
    return judgement;
  }

  function partOf(j: number): number {
    return (
      0.6 * (recent.size[j] as number) +
      0.2 * (recent.odds[j] as number) +
      0.15 * (level.odds[j] as number) +
      0.05 * (apart.size[j] as number)
    );
  }

  return { judge };
}
