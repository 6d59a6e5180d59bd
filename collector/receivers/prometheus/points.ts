import { ATTR } from '../../../core/semconv.ts';
import type { Millis } from '../../../core/time.ts';
import type { Exemplar, KeyValue } from '../../otlp/model.ts';

/** The resource a point belongs to. Points of one scrape that share it hold the same object, as of the scope. */
export interface Origin {
  readonly attributes: readonly KeyValue[];
}

export interface ScopeOrigin {
  readonly name: string;
  readonly version: string;
}

export interface HistogramData {
  /** Upper bounds without the infinite one, ascending; `counts` has one more, each of its bucket alone. */
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly count: number;
  readonly sum: number | undefined;
}

export interface SummaryData {
  readonly quantiles: readonly { readonly quantile: number; readonly value: number }[];
  readonly count: number | undefined;
  readonly sum: number | undefined;
}

/** `level` is a gauge, `info` a sum that goes both ways, as OpenTelemetry takes infos and state sets. */
export type PointData =
  | { readonly kind: 'level' | 'counter' | 'info'; readonly value: number }
  | ({ readonly kind: 'histogram' } & HistogramData)
  | ({ readonly kind: 'summary' } & SummaryData);

/** One point of a series, on its way from a scrape to OTLP. */
export interface Point {
  /** Of its series. */
  readonly key: string;
  readonly origin: Origin;
  readonly scope: ScopeOrigin;
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly attributes: readonly KeyValue[];
  readonly time: Millis;
  /** Whether the target gave the time: such series end without a marker. */
  readonly isDated: boolean;
  /** When the target began to count, where it says so. */
  readonly created: Millis | undefined;
  readonly data: PointData;
  readonly exemplars: readonly Exemplar[];
  /** Of a fact that another target knows better: it is not stored, and its series goes on. */
  readonly isWithheld?: boolean;
}

export function textAttribute(key: string, value: string): KeyValue {
  return { key, value: { stringValue: value } };
}

/** Labels of a target that name the pipeline it belongs to, and the resource's attributes they become. */
export const PIPELINE_LABELS: readonly (readonly [label: string, attribute: string])[] = [
  [ATTR.pipeline, ATTR.pipeline],
  ['weir_pipeline', ATTR.pipeline],
  [ATTR.serviceNamespace, ATTR.serviceNamespace],
  ['service_namespace', ATTR.serviceNamespace],
];
