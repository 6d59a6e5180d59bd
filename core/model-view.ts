import type { PipelineDefinition } from './definition.ts';
import type { Criticality, EdgeKind, NodeKind } from './node.ts';
import type { BudgetView, FreshView } from './pipeline-page.ts';
import type { Millis } from './time.ts';
import type { Known } from './view.ts';

/** What the API says of the pipeline model. As in core/view.ts an unknown number is `null`; seconds, ratios 0..1, unix milliseconds. */

/** A part or an edge of the graph: when it was seen (0 where only the definition knows it) and whether it was declared. */
export interface SightView {
  readonly firstSeen: Millis;
  /** Since when it has not been silent for long. */
  readonly since: Millis;
  readonly lastSeen: Millis;
  readonly standing: 'declared' | 'discovered' | '';
  readonly seen: boolean;
  readonly gone: boolean;
}

export interface PartView extends SightView {
  /** `<kind>:<name>`. */
  readonly id: string;
  readonly pipeline: string;
  readonly kind: NodeKind;
  readonly name: string;
  readonly system: string;
  readonly owner: string;
  readonly criticality: Criticality | '';
  readonly description: string;
}

export interface LinkView extends SightView {
  readonly pipeline: string;
  readonly from: string;
  readonly to: string;
  readonly kind: EdgeKind;
  readonly group: string;
  readonly rate: Known;
  readonly p95: Known;
  readonly errorRatio: Known;
  readonly lag: Known;
  readonly lagSeconds: Known;
}

/** `/api/topology`: the graph as it was known at a time, with the traffic of then. */
export interface TopologyView {
  readonly at: Millis;
  readonly parts: readonly PartView[];
  readonly links: readonly LinkView[];
}

/** `/api/definitions`: what was declared at a time. */
export interface DefinitionsView {
  readonly at: Millis;
  readonly definitions: readonly PipelineDefinition[];
}

/** `/api/freshness`: the parts, the oldest first. */
export interface FreshnessView {
  readonly now: Millis;
  readonly parts: readonly FreshView[];
}

/** `/api/slos`: those in need first. */
export interface SlosView {
  readonly now: Millis;
  readonly slos: readonly BudgetView[];
}

/** `/api/slos/:pipeline/:slo`: one SLO in columns; index `i` is the step that starts at `start + i * step`. */
export interface SloHistoryView {
  readonly start: Millis;
  readonly step: Millis;
  readonly count: number;
  readonly budgetLeft: readonly Known[];
  readonly burn: readonly Known[];
  readonly fast: readonly Known[];
  readonly slow: readonly Known[];
}

export interface DeadLetterView {
  readonly pipeline: string;
  readonly topic: string;
  readonly sourceTopic: string;
  readonly stage: string;
  readonly depth: Known;
  readonly rate: Known;
  readonly oldestAge: Known;
  /** True when the oldest record may be older. */
  readonly oldestIsBound: boolean;
  readonly newestAge: Known;
  readonly time: Millis;
}

/** `/api/dead-letters`: the fullest first. */
export interface DeadLettersView {
  readonly now: Millis;
  readonly topics: readonly DeadLetterView[];
}
