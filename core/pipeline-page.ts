import type { Indicator } from './definition.ts';
import type { Criticality, NodeKind } from './node.ts';
import type { Signal } from './signal.ts';
import type { Millis } from './time.ts';
import type { Known } from './view.ts';

/** What the page of a whole pipeline shows. As in core/view.ts an unknown number is `null`; seconds, records per second, ratios 0..1. */

export interface PercentilesView {
  readonly p50: Known;
  readonly p95: Known;
  readonly p99: Known;
}

/** A place on a pathway that records pass: a service that sends to (`out`) or receives from (`in`) a destination. */
export interface CheckpointView {
  readonly hash: string;
  readonly service: string;
  readonly direction: 'in' | 'out';
  readonly system: string;
  readonly destination: string;
  readonly group: string;
  readonly rate: Known;
  /** From the origin of the pathway, and from the checkpoint before. */
  readonly latency: PercentilesView;
  readonly edge: PercentilesView;
  /** How many of the records that left the checkpoint before arrived; null where that is not compared. */
  readonly arrival: ArrivalView | null;
}

/** A way that records take, from its origin to a checkpoint that nothing is known to follow. */
export interface PathwayView {
  /** The hash of its last checkpoint. */
  readonly id: string;
  readonly checkpoints: readonly CheckpointView[];
  /** The first checkpoint follows one that did not report. */
  readonly unseenUpstream: boolean;
  /** Made of sampled traces, and of which share of the records. */
  readonly sampled: boolean;
  readonly share: Known;
  /** Records per second that reach its end, and their way from the origin. */
  readonly rate: Known;
  readonly latency: PercentilesView;
  /** Of the records at the origin: how many reached the end. */
  readonly arrival: ArrivalView | null;
}

/** How many of the records that left one checkpoint arrived at another. */
export interface ArrivalView {
  /** learning, idle, waiting, conserved, surplus, dropping or stopped. */
  readonly state: string;
  /** Records at either checkpoint over `seconds`, and how many were expected to arrive of each that was sent. */
  readonly sent: Known;
  readonly reached: Known;
  readonly ratio: Known;
  readonly seconds: Known;
  /** Missing records as a share of the expected, and the smallest share that would be noticed. */
  readonly missing: Known;
  readonly detectable: Known;
  readonly reason: string;
}

/** Up to when a part is complete: every event before that has been handled by it and by all before it. */
export interface FreshView {
  readonly pipeline: string;
  readonly kind: NodeKind;
  readonly node: string;
  readonly completeTo: Known;
  readonly age: Known;
  /** What the age would be if everything upstream were complete. */
  readonly ownAge: Known;
  /** current, idle, behind, stalled or unknown. */
  readonly state: string;
  /** `kind:name` of the part that holds it back; itself where nothing upstream does. */
  readonly limitedBy: string;
  readonly reason: string;
  /** When it was judged. */
  readonly time: Millis;
}

/** What is left of an SLO's error budget, and how fast it goes. */
export interface BudgetView {
  readonly pipeline: string;
  readonly slo: string;
  readonly indicator: Indicator;
  readonly kind: NodeKind;
  readonly node: string;
  readonly objective: number;
  /** Seconds up to which one is good, and the length of the period; null where it is no longer declared. */
  readonly target: Known;
  readonly period: Known;
  /** Share of the error budget left: 1 untouched, below 0 overspent. */
  readonly budgetLeft: Known;
  /** Good and all events of the period. */
  readonly good: Known;
  readonly total: Known;
  /**
   * Times the rate that spends the budget in exactly the period: of the fast, the medium and the slow rule, of each the
   * long and the short window.
   */
  readonly burns: readonly Known[];
  /** How near the rules that page and those that do not are to firing: 1 and above fires. */
  readonly fast: Known;
  readonly slow: Known;
  /** met, slow_burn, fast_burn, exhausted or no_data. */
  readonly state: string;
  readonly reason: string;
  readonly time: Millis;
}

/** Records that a stage says went wrong over the last hour. */
export interface ProblemView {
  /** '' where several stages write the topic, or nobody knows which. */
  readonly stage: string;
  /** The dead-letter topic that tells of it; '' where the stage itself does. */
  readonly topic: string;
  readonly signal: Signal;
  readonly records: number;
  /** Per second over the last five minutes. */
  readonly rate: Known;
}

/** A topic that holds dead letters. */
export interface LettersView {
  readonly topic: string;
  readonly sourceTopic: string;
  readonly stage: string;
  readonly depth: Known;
  readonly rate: Known;
  readonly oldestAge: Known;
  readonly oldestIsBound: boolean;
}

export interface PipelinePage {
  readonly now: Millis;
  readonly pipeline: string;
  readonly description: string;
  readonly owner: string;
  readonly criticality: Criticality | '';
  /** Those that most records reach the end of first, over the last five minutes. */
  readonly pathways: readonly PathwayView[];
  /** There are more pathways than are told of. */
  readonly truncated: boolean;
  /** Datasets and databases first, the oldest first. */
  readonly freshness: readonly FreshView[];
  /** The least budget first. */
  readonly slos: readonly BudgetView[];
  readonly problems: readonly ProblemView[];
  readonly deadLetters: readonly LettersView[];
}

export interface PipelinePages {
  readonly now: Millis;
  readonly pipelines: readonly PipelinePage[];
}

/** Time between two checkpoints of a pathway, in columns; index `i` is the step that starts at `start + i * step`. */
export interface PathwayLatencyView {
  /** `exact` of every record, `estimated` as a sum of hops, `sampled` from a share of the traces. */
  readonly method: 'exact' | 'estimated' | 'sampled';
  readonly start: Millis;
  readonly step: Millis;
  readonly count: number;
  readonly p50: readonly Known[];
  readonly p95: readonly Known[];
  readonly p99: readonly Known[];
  readonly rate: readonly Known[];
  /** Over the whole range. */
  readonly overall: PercentilesView & { readonly records: number };
}
