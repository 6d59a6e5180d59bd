import type { Millis } from '../../core/time.ts';
import type { RowJudge, RowJudgement } from '../backtest/judge.ts';
import { createIntervals } from '../engine/interval.ts';
import { PARAMETERS } from '../engine/tails.ts';
import { createColumns } from './columns.ts';
import { createEvidence } from './evidence.ts';
import { createIncident } from './incident.ts';
import { createRelations } from './relations.ts';
import { createPacking, type StateArray } from './snapshot.ts';
import { meanOfStrongest } from './strongest.ts';
import { createRowTail, createTrust, type RowBasis } from './trust.ts';

const WEEK = 7 * 24 * 3_600_000;
/** More than so many usual distances between two rows, and rows are missing. */
const GAP = 3.5;
/** Columns of the narrow and the wide means. */
const FEW = 3;
const PAIR = 2;
const SOME = 5;
const WIDE = 10;
/** From these odds on, what a column shows beyond the others names it even where it stays in its own range. */
const RARE = 3;
const PAIR_HANDICAP = 1;
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

export const ROWS_DEFAULTS: RowsOptions = { falseAlarmsPerWeek: 5 };

/** What was seen of a column in the row judged last. */
export interface ColumnEvidence {
  /** Its value, and what the other columns foretell of it; NaN while too little is known. */
  readonly value: number;
  readonly foretold: number;
  /** Distance from its level in its scales, cut to 4. */
  readonly standard: number;
  /** Deviation from the column's level and from its last minutes, in its own unit; NaN where there is no value. */
  readonly fromLevel: number;
  readonly fromRecent: number;
  /** What it shows beyond what the other columns foretell, in deviations of that; NaN while too little is known. */
  readonly apart: number;
  /** Share of the column's own range that it moved, 0 to 1. */
  readonly ofRange: number;
  readonly odds: { readonly level: number; readonly recent: number; readonly apart: number };
  readonly size: { readonly level: number; readonly recent: number; readonly apart: number };
  /** The tail that `odds.apart` was taken from: u, body, sigma, xi. */
  readonly apartTail: readonly [u: number, body: number, sigma: number, xi: number];
}

/** What the row judged last was judged by. */
export interface RowEvidence {
  /** g, and its held form with what lasts. */
  evidence: number;
  held: number;
  /** Odds of the two columns alone that are furthest apart from the others. */
  apartOdds: number;
  /** What `apartOdds` was computed from. */
  apartBasis: RowBasis;
  /** Odds of the row and the odds that open an alarm. */
  odds: number;
  limit: number;
  /** Trust with which it was learnt. */
  trust: number;
}

export interface RowsJudge extends RowJudge {
  columnOf(column: number): ColumnEvidence;
  /** Where a column is, in its own unit. */
  levelOf(column: number): number;
  /** Deviations of a column below `noise`, in its own unit, are nothing from the next row on. */
  setNoise(column: number, noise: number): void;
  /** The same object for every row. */
  readonly row: Readonly<RowEvidence>;
  /**
   * All that is kept from row to row, written to `into` where there is one. `restore` of it into a judge of as many columns goes
   * on exactly, whatever that one judged before.
   */
  snapshot(into?: Uint8Array): Uint8Array;
  restore(bytes: Uint8Array): void;
  /**
   * A judge of `columns` columns, more than this one has, that goes on from it: the first ones are those of this one, the
   * others have seen nothing and say nothing for 60 values. How columns move together is learnt anew.
   */
  widened(columns: number): RowsJudge;
}

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
 * columns are enough, for a fault of three of 38 columns must not be averaged away.
 *
 * Odds of the row: those of g in the tail of the rows so far; or, where they are higher by 1 at least, those of o2(apart)
 * alone, as two of many columns that move apart hardly show in g. The limit of an alarm follows from the false alarms
 * that are expected (incident.ts). Part of a column:
 *
 *   0.6 s(recent) + 0.2 o(recent) + 0.15 o(level) + 0.05 s(apart) + 0.3 max(0, o(apart) - 3) + 0.5 share of its range moved
 *
 * How the weights were found: docs/detection.md.
 */
export function createRowsJudge(columns: number, options: RowsOptions = ROWS_DEFAULTS): RowsJudge {
  const intervals = createIntervals(1);
  const each = createColumns(columns);
  const relations = createRelations(columns);
  const level = createEvidence(columns);
  const recent = createEvidence(columns);
  const apart = createEvidence(columns);
  const trust = createTrust();
  const tail = createRowTail();
  const pairTail = createRowTail();
  const incident = createIncident();
  const room = new Float64Array(WIDE);
  const apartFloors = new Float64Array(columns).fill(APART_FLOOR);
  // Rows, held, lasting.
  const state = new Float64Array(3);
  const judgement: RowJudgement = { score: 0, alarm: false, contributions: new Float64Array(columns) };

  const apartBasis = pairTail.basis();
  const last: RowEvidence = { evidence: 0, held: 0, apartOdds: 0, apartBasis, odds: 0, limit: 0, trust: 1 };

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
    const gap = intervals.tell(0, time) > GAP * intervals.of(0);
    each.read(values, gap);
    relations.read(each.standard, each.fromLevel);
    level.read(each.fromLevel, each.floors);
    recent.read(each.fromRecent, each.floors);
    apart.read(relations.apart, apartFloors);

    const n = (state[0] as number) + 1;
    state[0] = n;
    if (n > YOUNG_ROWS) hushYoung();
    const evidence = n > YOUNG_ROWS ? evidenceOfRow() : 0;
    const held = Math.max(evidence, (state[1] as number) * HOLD);
    const lasting = (state[2] as number) + (held - (state[2] as number)) / LASTING_ROWS;
    state[1] = held;
    state[2] = lasting;

    const pair = n > YOUNG_ROWS ? meanOfStrongest(apart.odds, PAIR, room) : 0;
    last.apartOdds = pairTail.odds(pair);
    last.apartBasis = pairTail.basis();
    const odds = Math.max(tail.odds(evidence), last.apartOdds - PAIR_HANDICAP);
    const limit = Math.log10(WEEK / intervals.of(0) / options.falseAlarmsPerWeek);
    last.evidence = evidence;
    last.held = held + LASTING_PART * lasting;
    last.odds = odds;
    last.limit = limit;
    judgement.score = incident.judge(odds, last.held, limit);
    judgement.alarm = incident.open;
    for (let j = 0; j < columns; j++) judgement.contributions[j] = partOf(j);

    trust.weigh(held);
    last.trust = trust.share;
    level.learn(trust.share, trust.whole);
    recent.learn(trust.share, trust.whole);
    apart.learn(trust.share, trust.whole);
    if (trust.whole) {
      relations.learn(each.standard);
      if (n > YOUNG_ROWS) {
        tail.learn(evidence, 4);
        pairTail.learn(pair, 4);
      }
    }
    each.learn(trust.share);
    return judgement;
  }

  /** Of a column that came later than the others nothing is known yet. */
  function hushYoung(): void {
    for (let j = 0; j < columns; j++) {
      if ((each.seen[j] as number) >= YOUNG_ROWS) continue;
      level.hush(j);
      recent.hush(j);
      apart.hush(j);
    }
  }

  function partOf(j: number): number {
    return (
      0.6 * (recent.size[j] as number) +
      0.2 * (recent.odds[j] as number) +
      0.15 * (level.odds[j] as number) +
      0.05 * (apart.size[j] as number) +
      0.3 * Math.max(0, (apart.odds[j] as number) - RARE) +
      0.5 * (each.ofRange[j] as number)
    );
  }

  /** Of a value far out only what lies within the cut is known to the others. */
  function foretold(j: number): number {
    const level = (each.current[j] as number) - (each.fromLevel[j] as number);
    return level + (each.units[j] as number) * ((each.standard[j] as number) - (relations.residual[j] as number));
  }

  function columnOf(j: number): ColumnEvidence {
    const value = each.current[j] as number;
    const known = !Number.isNaN(relations.apart[j] as number);
    return {
      value,
      foretold: known ? foretold(j) : Number.NaN,
      standard: each.standard[j] as number,
      fromLevel: each.fromLevel[j] as number,
      fromRecent: each.fromRecent[j] as number,
      apart: relations.apart[j] as number,
      ofRange: each.ofRange[j] as number,
      odds: { level: level.odds[j] as number, recent: recent.odds[j] as number, apart: apart.odds[j] as number },
      size: { level: level.size[j] as number, recent: recent.size[j] as number, apart: apart.size[j] as number },
      apartTail: [...apart.tails.subarray(PARAMETERS * j, PARAMETERS * (j + 1))] as [number, number, number, number],
    };
  }

  const ofColumns = [each, level, recent, apart].flatMap((part): readonly StateArray[] => part.state);
  const ofRows = [intervals, trust, tail, pairTail, incident]
    .flatMap((part): readonly StateArray[] => part.state)
    .concat(state);
  const packing = createPacking([...ofColumns, ...relations.state, ...ofRows]);
  const judgeOfRows: Internals = {
    judge,
    columnOf,
    levelOf: (j) => each.levels[j] as number,
    setNoise(j, noise) {
      each.noise[j] = noise;
    },
    row: last,
    snapshot(into = new Uint8Array(packing.size)) {
      packing.pack(into);
      return into;
    },
    restore: packing.unpack,
    parts: [...ofColumns, ...ofRows],
    widened(wider) {
      if (wider <= columns) throw new Error(`${wider} columns are not more than ${columns}`);
      const next = createRowsJudge(wider, options) as Internals;
      // What is kept of columns lies column by column, so that the first ones stand in front.
      for (const [i, part] of next.parts.entries()) part.set(judgeOfRows.parts[i] as never);
      return next;
    },
  };
  return judgeOfRows;
}

/** With the arrays of columns and of rows, in one order for every number of columns. */
interface Internals extends RowsJudge {
  readonly parts: readonly StateArray[];
}
