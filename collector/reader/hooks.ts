import type { OtlpSignal } from '../otlp/model.ts';

/** Where an attribute stands: `item` is a span, an event, a link, a log record, a data point or an exemplar. */
export type AttributePlace = 'resource' | 'scope' | 'item';

export type MetricType = 'gauge' | 'sum' | 'histogram' | 'exponential_histogram' | 'summary';

/** A series the reader meets for the first time. Attributes are as they would be stored: as text, redacted. */
export interface NewSeries {
  /** The series' id, so that series of two resources of a service count as two; without it they count as one. */
  readonly id?: bigint;
  readonly service: string;
  readonly metric: string;
  readonly attributes: ReadonlyMap<string, string>;
}

/**
 * A data point of a series that `admitSeries` diverted, whole enough to be aggregated and sent again as a point of
 * another series. The byte arrays are copies. A point is only diverted after it passed the checks of its kind.
 */
export interface DivertedPoint {
  readonly service: string;
  readonly metric: string;
  readonly description: string;
  readonly unit: string;
  readonly type: MetricType;
  /** 0 unspecified (gauges and summaries too), 1 delta, 2 cumulative. */
  readonly temporality: number;
  readonly isMonotonic: boolean;
  /** As they would be stored: as text, redacted, sorted by key. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Unix nanoseconds; 0 when unknown. */
  readonly startTime: bigint;
  /** Unix nanoseconds. */
  readonly time: bigint;
  /** Of a gauge or a sum; NaN for a point without a value and for the other types. */
  readonly value: number;
  readonly flags: number;
  /** The protobuf message of the data point. */
  readonly point: Uint8Array;
  /** The protobuf message `Resource` it belongs to, as it came (not redacted); empty when there was none. */
  readonly resource: Uint8Array;
  /** The protobuf message `InstrumentationScope` it belongs to, as it came; empty when there was none. */
  readonly scope: Uint8Array;
  /** As they came; absent or '' = none. */
  readonly resourceSchemaUrl?: string;
  readonly scopeSchemaUrl?: string;
}

/** Decisions of the processors, asked by the reader only where they are configured. They must not throw. */
export interface ReaderHooks {
  /** For an attribute key, asked once per distinct key and remembered: 0 keep, 1 delete, 2 transform each value. */
  attributeAction?(key: string, place: AttributePlace): 0 | 1 | 2;
  /** The new text of a value whose key has action 2. Without a place, the rules of all places apply. */
  transform?(key: string, value: string, place?: AttributePlace): string;
  /** For each scope of a request: 0 keep all of its items, 1 ask `dropItem` for each. */
  filterScope?(signal: OtlpSignal, serviceName: string): 0 | 1;
  /**
   * Whether to drop an item (counted by the reason `filtered`). `message` holds the protobuf bytes of the span or log
   * record, or of the data point with the metric's name in `name`.
   */
  dropItem?(signal: OtlpSignal, serviceName: string, name: string, message: Uint8Array): boolean;
  /**
   * For each series not known yet, and again whenever it is told again (points an hour later): take it, refuse its points
   * (reason `cardinality`), or hand them to `divertPoint`. A diverted series is asked about with each of its points.
   */
  admitSeries?(series: NewSeries): 'admit' | 'reject' | 'divert';
  /** Takes a point of a diverted series; it counts as accepted and gives no row of its own. */
  divertPoint?(point: DivertedPoint): void;
}
