/**
 * The three OTLP requests as plain objects, the same whether they came as protobuf, as JSON or from a receiver of ours.
 *
 * Names are OTLP's JSON names. An absent property means the protobuf default (empty, zero, unset). 64-bit integers are
 * `bigint`; times are unix nanoseconds; trace and span ids are lower-case hex (32 and 16 digits, '' or absent when
 * unset); enums are their numbers; `bytesValue` is bytes.
 */
export interface AnyValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: bigint;
  readonly doubleValue?: number;
  readonly arrayValue?: { readonly values?: readonly AnyValue[] };
  readonly kvlistValue?: { readonly values?: readonly KeyValue[] };
  readonly bytesValue?: Uint8Array;
}

export interface KeyValue {
  readonly key?: string;
  readonly value?: AnyValue;
}

export interface Resource {
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
  readonly entityRefs?: readonly EntityRef[];
}

/** An entity the resource stands for; the keys are keys of the resource's attributes. */
export interface EntityRef {
  readonly schemaUrl?: string;
  readonly type?: string;
  readonly idKeys?: readonly string[];
  readonly descriptionKeys?: readonly string[];
}

export interface InstrumentationScope {
  readonly name?: string;
  readonly version?: string;
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
}

export interface TracesRequest {
  readonly resourceSpans?: readonly ResourceSpans[];
}

export interface ResourceSpans {
  readonly resource?: Resource;
  readonly scopeSpans?: readonly ScopeSpans[];
  readonly schemaUrl?: string;
}

export interface ScopeSpans {
  readonly scope?: InstrumentationScope;
  readonly spans?: readonly Span[];
  readonly schemaUrl?: string;
}

export interface Span {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly traceState?: string;
  readonly parentSpanId?: string;
  readonly name?: string;
  /** 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind?: number;
  readonly startTimeUnixNano?: bigint;
  readonly endTimeUnixNano?: bigint;
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
  readonly events?: readonly SpanEvent[];
  readonly droppedEventsCount?: number;
  readonly links?: readonly SpanLink[];
  readonly droppedLinksCount?: number;
  readonly status?: SpanStatus;
  readonly flags?: number;
}

export interface SpanEvent {
  readonly timeUnixNano?: bigint;
  readonly name?: string;
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
}

export interface SpanLink {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly traceState?: string;
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
  readonly flags?: number;
}

export interface SpanStatus {
  readonly message?: string;
  /** 0 unset, 1 ok, 2 error. */
  readonly code?: number;
}

export interface LogsRequest {
  readonly resourceLogs?: readonly ResourceLogs[];
}

export interface ResourceLogs {
  readonly resource?: Resource;
  readonly scopeLogs?: readonly ScopeLogs[];
  readonly schemaUrl?: string;
}

export interface ScopeLogs {
  readonly scope?: InstrumentationScope;
  readonly logRecords?: readonly LogRecord[];
  readonly schemaUrl?: string;
}

export interface LogRecord {
  readonly timeUnixNano?: bigint;
  readonly observedTimeUnixNano?: bigint;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly body?: AnyValue;
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
  readonly flags?: number;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly eventName?: string;
}

export interface MetricsRequest {
  readonly resourceMetrics?: readonly ResourceMetrics[];
}

export interface ResourceMetrics {
  readonly resource?: Resource;
  readonly scopeMetrics?: readonly ScopeMetrics[];
  readonly schemaUrl?: string;
}

export interface ScopeMetrics {
  readonly scope?: InstrumentationScope;
  readonly metrics?: readonly Metric[];
  readonly schemaUrl?: string;
}

/** Exactly one of the five data kinds is set. */
export interface Metric {
  readonly name?: string;
  readonly description?: string;
  /** UCUM. */
  readonly unit?: string;
  readonly gauge?: { readonly dataPoints?: readonly NumberDataPoint[] };
  readonly sum?: {
    readonly dataPoints?: readonly NumberDataPoint[];
    readonly aggregationTemporality?: number;
    readonly isMonotonic?: boolean;
  };
  readonly histogram?: {
    readonly dataPoints?: readonly HistogramDataPoint[];
    readonly aggregationTemporality?: number;
  };
  readonly exponentialHistogram?: {
    readonly dataPoints?: readonly ExponentialHistogramDataPoint[];
    readonly aggregationTemporality?: number;
  };
  readonly summary?: { readonly dataPoints?: readonly SummaryDataPoint[] };
  readonly metadata?: readonly KeyValue[];
}

/** `aggregationTemporality`: 0 unspecified, 1 delta, 2 cumulative. */
interface DataPoint {
  readonly attributes?: readonly KeyValue[];
  readonly startTimeUnixNano?: bigint;
  readonly timeUnixNano?: bigint;
  /** Bit 0: no recorded value (a staleness marker). */
  readonly flags?: number;
}

/** One of `asDouble` and `asInt` is set unless the point is a staleness marker. */
export interface NumberDataPoint extends DataPoint {
  readonly asDouble?: number;
  readonly asInt?: bigint;
  readonly exemplars?: readonly Exemplar[];
}

export interface HistogramDataPoint extends DataPoint {
  readonly count?: bigint;
  readonly sum?: number;
  /** One more than `explicitBounds`, or both empty. */
  readonly bucketCounts?: readonly bigint[];
  readonly explicitBounds?: readonly number[];
  readonly exemplars?: readonly Exemplar[];
  readonly min?: number;
  readonly max?: number;
}

export interface ExponentialHistogramDataPoint extends DataPoint {
  readonly count?: bigint;
  readonly sum?: number;
  readonly scale?: number;
  readonly zeroCount?: bigint;
  readonly positive?: ExponentialBuckets;
  readonly negative?: ExponentialBuckets;
  readonly exemplars?: readonly Exemplar[];
  readonly min?: number;
  readonly max?: number;
  readonly zeroThreshold?: number;
}

export interface ExponentialBuckets {
  readonly offset?: number;
  readonly bucketCounts?: readonly bigint[];
}

export interface SummaryDataPoint extends DataPoint {
  readonly count?: bigint;
  readonly sum?: number;
  readonly quantileValues?: readonly { readonly quantile?: number; readonly value?: number }[];
}

export interface Exemplar {
  readonly timeUnixNano?: bigint;
  readonly asDouble?: number;
  readonly asInt?: bigint;
  readonly spanId?: string;
  readonly traceId?: string;
  readonly filteredAttributes?: readonly KeyValue[];
}

/** The three signals of OTLP, by the words of its paths. */
export const OTLP_SIGNALS = ['traces', 'metrics', 'logs'] as const;
export type OtlpSignal = (typeof OTLP_SIGNALS)[number];

export interface OtlpRequests {
  readonly traces: TracesRequest;
  readonly metrics: MetricsRequest;
  readonly logs: LogsRequest;
}
