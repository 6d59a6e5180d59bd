import type { Severity } from './alert.ts';
import type { Vote } from './anomaly.ts';
import type { FeedbackView } from './feedback-view.ts';
import type { StagePartition } from './group-view.ts';
import type { IncidentAlert, IncidentState, TimelineEntry } from './incident.ts';
import type { Labels } from './labels.ts';
import type { Criticality, EdgeKind, NodeKind } from './node.ts';
import type { Signal } from './signal.ts';
import type { StageState } from './state.ts';
import type { Millis } from './time.ts';

/**
 * What the API answers and the browser shows. JSON carries no NaN, so an unknown number is `null`, never 0.
 * Rates are per second, durations are seconds, times are unix milliseconds, ratios are 0..1.
 */
export type Known = number | null;

export interface NodeView {
  /** `<kind>:<name>`: a topic and a service may share a name. */
  readonly id: string;
  readonly name: string;
  readonly kind: NodeKind;
  readonly system: string;
  /** Address of the node's own console; empty unless it is http or https. */
  readonly consoleUrl: string;
  readonly state: StageState;
  readonly reason: string;
  readonly rate: Known;
  readonly output: Known;
  readonly p95: Known;
  readonly errorRatio: Known;
  readonly lag: Known;
  readonly lagSeconds: Known;
  /** Seconds of lag gained per second over the last five minutes; negative while it shrinks. */
  readonly lagGrowth: Known;
  readonly freshness: Known;
  /** Upper edge of what is expected of `lagSeconds`, the notch of the level bar. */
  readonly lagLimit: Known;
  /** `rate` against what is expected now: -0.67 is 67 % less. Null inside the band or without a band. */
  readonly rateChange: Known;
  /** Id of the open incident that names this node as culprit, else empty. */
  readonly culpritOf: string;
  /** Whether it stands in the pipeline's definition (`declared`), was found beside it (`discovered`), or there is none (empty). */
  readonly standing: 'declared' | 'discovered' | '';
  /** False where only the definition knows it, and whether it was silent for so long that it counts as gone. */
  readonly seen: boolean;
  readonly gone: boolean;
  /** Who answers for it and how much hangs on it; empty where nobody said. */
  readonly owner: string;
  readonly criticality: Criticality | '';
  /** True when it lies downstream of a culprit. */
  readonly affected: boolean;
}

export interface EdgeView {
  readonly from: string;
  readonly to: string;
  readonly kind: EdgeKind;
  readonly group: string;
  readonly rate: Known;
  readonly p95: Known;
  readonly errorRatio: Known;
  readonly lag: Known;
  readonly lagSeconds: Known;
  /** Of consuming edges: 95 of 100 records took at most so many seconds from the writer to the reader; null where pathways do not tell. */
  readonly hopP95: Known;
}

export interface PipelineView {
  readonly name: string;
  readonly nodes: readonly NodeView[];
  readonly edges: readonly EdgeView[];
}

/** A span of time whose data was not live: `generated` or `replayed`. */
export interface OriginView {
  readonly origin: string;
  readonly pipeline: string;
  readonly service: string;
  readonly from: Millis;
  readonly to: Millis;
}

export interface IncidentSummary {
  readonly id: string;
  readonly title: string;
  readonly pipeline: string;
  readonly state: IncidentState;
  readonly severity: Severity;
  /** When its first alert began; `openedAt` is when that was noticed. */
  readonly startedAt: Millis;
  readonly openedAt: Millis;
  readonly updatedAt: Millis;
  readonly resolvedAt: Millis;
  readonly acknowledgedBy: string;
  readonly culprit: string;
  readonly reason: string;
  readonly alerts: number;
  readonly firing: number;
}

export interface OverviewView {
  readonly now: Millis;
  /** Arrival of the newest telemetry, 0 when nothing has ever been received. */
  readonly newest: Millis;
  readonly pipelines: readonly PipelineView[];
  /** Incidents that are not resolved, newest first. */
  readonly incidents: readonly IncidentSummary[];
  /** When the last incident was resolved, 0 when there was none. */
  readonly lastResolvedAt: Millis;
  readonly origins: readonly OriginView[];
  /** Why a part of this answer is missing, in sentences for people. */
  readonly problems: readonly string[];
}

/** One listener or part, for the first-run page. */
export interface ReceiverView {
  readonly name: string;
  readonly address: string;
  readonly ready: boolean;
  readonly detail: string;
}

export interface SetupView {
  readonly now: Millis;
  readonly receivers: readonly ReceiverView[];
}

export interface AnomalyView {
  readonly id: string;
  readonly detector: string;
  readonly labels: Labels;
  /** First strange step, the step that was judged last before it fired, and when it fired and resolved (0: not). */
  readonly onset: Millis;
  readonly time: Millis;
  readonly firedAt: Millis;
  readonly resolvedAt: Millis;
  readonly value: Known;
  readonly expected: Known;
  readonly lower: Known;
  readonly upper: Known;
  /** Ensemble score; null where a fixed limit decided alone. */
  readonly score: Known;
  readonly threshold: number;
  readonly severity: Severity;
  readonly votes: readonly Vote[];
  readonly decision: Readonly<Record<string, number | string>>;
  readonly feedback: FeedbackView;
}

/** One series in columns: index `i` is the step that starts at `start + i * step` of the answer around it. */
export interface SeriesView {
  readonly key: string;
  readonly signal: Signal;
  readonly labels: Labels;
  readonly values: readonly Known[];
  readonly expected: readonly Known[] | null;
  readonly lower: readonly Known[] | null;
  readonly upper: readonly Known[] | null;
  /** True where an anomaly was open on this series. */
  readonly anomalous: readonly boolean[] | null;
}

export interface SeriesAnswer {
  readonly start: Millis;
  readonly step: Millis;
  readonly count: number;
  readonly series: readonly SeriesView[];
  readonly incidents: readonly IncidentSummary[];
}

export interface SignalView {
  readonly key: string;
  readonly signal: Signal;
  readonly labels: Labels;
  readonly value: Known;
  readonly expected: Known;
  readonly lower: Known;
  readonly upper: Known;
  /** True while an anomaly is open on it. */
  readonly strange: boolean;
  /** True when the value lies outside its band on the side that is bad news, anomaly or not. */
  readonly outside: boolean;
}

export interface StageView {
  readonly now: Millis;
  readonly pipeline: string;
  readonly node: NodeView;
  readonly reads: readonly { readonly topic: string; readonly group: string }[];
  readonly writes: readonly string[];
  readonly calls: readonly EdgeView[];
  readonly callers: readonly EdgeView[];
  readonly signals: readonly SignalView[];
  readonly partitions: readonly StagePartition[];
  readonly anomalies: readonly AnomalyView[];
  readonly incidents: readonly IncidentSummary[];
  readonly origins: readonly OriginView[];
}

export interface NotificationView {
  readonly time: Millis;
  readonly receiver: string;
  readonly integration: string;
  readonly status: string;
  readonly reason: string;
  readonly attempts: number;
  readonly error: string;
  readonly alerts: number;
}

/** A series of the incident, strangest hop first: what was observed against what was expected. */
export interface HopView {
  readonly stage: string;
  readonly signal: Signal;
  readonly labels: Labels;
  /** First step outside its band, and when its last anomaly resolved: 0 while one is open. */
  readonly onset: Millis;
  readonly until: Millis;
  readonly sentence: string;
  readonly culprit: boolean;
  readonly start: Millis;
  readonly step: Millis;
  readonly values: readonly Known[];
  readonly expected: readonly Known[];
  readonly lower: readonly Known[];
  readonly upper: readonly Known[];
}

export interface IncidentView {
  readonly now: Millis;
  readonly summary: IncidentSummary;
  readonly alerts: readonly IncidentAlert[];
  readonly timeline: readonly TimelineEntry[];
  readonly notifications: readonly NotificationView[];
  readonly anomalies: readonly AnomalyView[];
  readonly hops: readonly HopView[];
  readonly affected: readonly NodeView[];
}

export interface SpanView {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly service: string;
  readonly name: string;
  readonly kind: string;
  /** Fractional unix milliseconds. */
  readonly start: number;
  readonly durationMs: number;
  readonly error: boolean;
  readonly message: string;
  readonly attributes: Labels;
  readonly resource: Labels;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly events: readonly { readonly time: number; readonly name: string; readonly attributes: Labels }[];
}

export interface TraceView {
  readonly traceId: string;
  readonly spans: readonly SpanView[];
}

/** A trace in a list, known by the span that started first. */
export interface TraceHit {
  readonly traceId: string;
  readonly start: number;
  readonly durationMs: number;
  readonly spans: number;
  readonly errors: number;
  readonly services: readonly string[];
  readonly rootService: string;
  readonly rootName: string;
}

export interface TraceSearchView {
  readonly services: readonly string[];
  readonly hits: readonly TraceHit[];
  readonly from: Millis;
  readonly to: Millis;
  /** The range was searched from its end back to here. */
  readonly searchedTo: Millis;
  /** To be given as `before` for the traces that follow; null when the range was searched through. */
  readonly next: string | null;
}

/** A span in a list. */
export interface SpanHit {
  readonly traceId: string;
  readonly spanId: string;
  readonly service: string;
  readonly name: string;
  readonly kind: string;
  readonly status: string;
  readonly start: number;
  readonly durationMs: number;
}

export interface SlowSpansView {
  readonly spans: readonly SpanHit[];
  readonly from: Millis;
  readonly to: Millis;
}

/** Keys of attributes, or values of one, and in how many spans of a sample they stand. */
export interface AttributeListView {
  readonly found: readonly { readonly text: string; readonly spans: number }[];
}

/** Messages of `/api/live`, by event name. */
export interface LiveMessages {
  readonly overview: OverviewView;
  /** Ids of incidents that are new or changed since the last message. */
  readonly incidents: { readonly changed: readonly string[] };
}

/** Error answer of every route: what is wrong, and where in the request. */
export interface ErrorView {
  readonly error: { readonly code: string; readonly message: string; readonly path?: string };
}
