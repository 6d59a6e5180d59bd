import type { Series } from '../core/series.ts';
import type { StageState } from '../core/state.ts';
import type { Millis } from '../core/time.ts';
import { gaps } from '../store/queries/grid.ts';
import type { GroupLagRow } from '../store/queries/group-lags.ts';
import type { GroupProgress } from '../store/queries/lags.ts';
import type { StageStatus } from '../store/queries/states.ts';
import {
  byWorst,
  type Judgement,
  judgeLag,
  type LagLimits,
  type LagWindow,
  mean,
  type Settled,
  settle,
} from './lag-state.ts';

/** What a round knows when it judges the stages. */
export interface Evidence {
  /** throughput, output, error_ratio, lag and lag_seconds over the window, all on one grid. */
  readonly series: readonly Series[];
  readonly progress: readonly GroupProgress[];
  /** Groups on their topics as brokers' facts say of them at the end of the window. */
  readonly groups?: readonly GroupLagRow[];
  /** Whether nothing has come in from a pipeline for too long. */
  readonly late: (pipeline: string) => boolean;
  /** End of the window. */
  readonly at: Millis;
}

/** The remembered state of one group of one stage; `reason` belongs to the settled state. */
export interface Remembered extends Settled {
  readonly reason: string;
}

/** By stage, topic and group; a key that ends with the stage alone holds what was stored before a restart. */
export type Memory = ReadonlyMap<string, Remembered>;

function memoryKey(pipeline: string, stage: string, topic = '', group = ''): string {
  return JSON.stringify([pipeline, stage, topic, group]);
}

/** What a restart remembers: the states stored last. */
export function recall(statuses: readonly StageStatus[]): Memory {
  return new Map(
    statuses.map(({ pipeline, stage, state, reason }) => [
      memoryKey(pipeline, stage),
      { state, candidate: state, rounds: 0, reason },
    ]),
  );
}

/**
 * The state of every stage seen, and the memory for the next round. What the lag model knows of a group from its broker goes before what
 * can be told from spans and reported lags (`judgeLag`), unless its broker is away. A stage that reads several topics or groups is as well as the worst
 * of them; its lag is their sum, its time lag the largest.
 */
export function judgeStages(
  evidence: Evidence,
  limits: LagLimits & { readonly confirm: number },
  memory: Memory,
): { readonly statuses: StageStatus[]; readonly memory: Memory } {
  const next = new Map<string, Remembered>();
  const statuses: StageStatus[] = [];
  const stages = Map.groupBy(evidence.series, ({ labels }) =>
    memoryKey(labels['pipeline'] ?? '', labels['stage'] ?? ''),
  );
  const groups = Map.groupBy(evidence.groups ?? [], ({ topic, group }) => JSON.stringify([topic, group]));
  for (const [key, series] of stages) {
    const { pipeline = '', stage = '' } = (series[0] as Series).labels;
    const verdicts = windowsOf(series, evidence, pipeline).map(({ topic, group, window }) => {
      const own = memoryKey(pipeline, stage, topic, group);
      const told = groupOf(groups.get(JSON.stringify([topic, group])) ?? []);
      if (told !== undefined) {
        const { state, reason, lag, lagSeconds } = told;
        next.set(own, { state, candidate: state, rounds: 0, reason });
        const recent = window.throughput.subarray(-Math.max(1, Math.round(limits.stuckAfter / window.step)));
        return { judgement: { state, reason, lag, lagSeconds, throughput: mean(recent) }, state, reason };
      }
      const before = memory.get(own) ?? memory.get(key);
      const judgement = judgeLag(window, limits, before?.state);
      const settled = settle(before, judgement.state, limits.confirm);
      // While a change is not confirmed, the sentence of the state that stands is kept.
      const reason = settled.state === judgement.state ? judgement.reason : (before?.reason ?? judgement.reason);
      next.set(own, { ...settled, reason });
      return { judgement, state: settled.state, reason };
    });
    statuses.push(combine(verdicts, { pipeline, stage, time: evidence.at }));
  }
  return { statuses, memory: next };
}

/** What the broker says of a group on a topic: of several clusters with topics of one name, the worst. */
function groupOf(rows: readonly GroupLagRow[]): GroupLagRow | undefined {
  return rows
    .filter(({ topic, state }) => topic !== '' && state !== 'unknown')
    .sort((a, b) => byWorst(a.state, b.state))[0];
}

interface Verdict {
  readonly judgement: Judgement;
  readonly state: StageState;
  readonly reason: string;
}

function combine(verdicts: readonly Verdict[], place: Pick<StageStatus, 'pipeline' | 'stage' | 'time'>): StageStatus {
  const [worst] = [...verdicts].sort((a, b) => byWorst(a.state, b.state)) as [Verdict, ...Verdict[]];
  const known = (read: (judgement: Judgement) => number) =>
    verdicts.map(({ judgement }) => read(judgement)).filter((value) => !Number.isNaN(value));
  const lags = known((judgement) => judgement.lag);
  const ages = known((judgement) => judgement.lagSeconds);
  return {
    ...place,
    state: worst.state,
    reason: worst.reason,
    lag: lags.length === 0 ? Number.NaN : lags.reduce((sum, lag) => sum + lag, 0),
    lagSeconds: ages.length === 0 ? Number.NaN : Math.max(...ages),
    throughput: worst.judgement.throughput,
  };
}

interface GroupWindow {
  readonly topic: string;
  readonly group: string;
  readonly window: LagWindow;
}

/** One window per group and topic the stage reads, or a single one without lag. */
function windowsOf(series: readonly Series[], evidence: Evidence, pipeline: string): GroupWindow[] {
  const { step, values } = series[0] as Series;
  const find = (signal: string, topic?: string, group?: string): Float64Array | undefined =>
    series.find(({ labels }) => {
      if (labels['signal'] !== signal) return false;
      return signal.startsWith('lag') ? (labels['topic'] ?? '') === topic && (labels['group'] ?? '') === group : true;
    })?.values;
  const throughput = find('throughput') ?? find('output') ?? gaps(values.length);
  const errors = find('error_ratio') ?? gaps(values.length);
  const succeeded = throughput.map((value, i) => value * (1 - (errors[i] || 0)));
  const base = { step, throughput, succeeded, late: evidence.late(pipeline) };
  const none = gaps(values.length);
  const places = new Map(
    series
      .filter(({ labels }) => labels['signal'] === 'lag' || labels['signal'] === 'lag_seconds')
      .map(({ labels: { topic = '', group = '' } }) => [JSON.stringify([topic, group]), { topic, group }]),
  );
  if (places.size === 0) {
    const window = { ...base, lag: none, lagSeconds: none, members: Number.NaN, committed: Number.NaN };
    return [{ topic: '', group: '', window }];
  }
  return [...places.values()].map(({ topic, group }) => ({
    topic,
    group,
    window: {
      ...base,
      lag: find('lag', topic, group) ?? none,
      lagSeconds: find('lag_seconds', topic, group) ?? none,
      members: progressOf(evidence.progress, { pipeline, topic: '', group }, (entry) => entry.members),
      committed: progressOf(evidence.progress, { pipeline, topic, group }, (entry) => entry.committed),
    },
  }));
}

/** A number the broker reports of a group: as measured in the pipeline itself, else in any. */
function progressOf(
  progress: readonly GroupProgress[],
  place: { readonly pipeline: string; readonly topic: string; readonly group: string },
  read: (entry: GroupProgress) => number,
): number {
  const known = progress.filter(
    (entry) => entry.group === place.group && entry.topic === place.topic && !Number.isNaN(read(entry)),
  );
  const entry = known.find(({ pipeline }) => pipeline === place.pipeline) ?? known[0];
  return entry === undefined ? Number.NaN : read(entry);
}
