/**
 * What Weir watches of a stage. A series is identified by labels:
 * `signal`, `pipeline`, `stage` (the service), and where they apply `topic`, `group`, `dependency`.
 */
export const SIGNALS = [
  'throughput',
  'output',
  'error_ratio',
  'latency_p50',
  'latency_p95',
  'latency_p99',
  'dependency_p95',
  'lag',
  'lag_seconds',
  'loss_seconds',
  'freshness',
  'drop_ratio',
  'slo_burn',
  'dead_letters',
  'dead_letter_depth',
  'schema_violations',
  'duplicates',
  'late_events',
  'out_of_order',
  'relations',
  'group_state',
  'custom',
] as const;
export type Signal = (typeof SIGNALS)[number];

/** Records that went wrong, per second, 0 where none did. */
export const PROBLEM_SIGNALS = [
  'dead_letters',
  'schema_violations',
  'duplicates',
  'late_events',
  'out_of_order',
] as const satisfies readonly Signal[];

/** Whether values are shares, 0..1, which people read in percent. */
export function isShare(signal: string): boolean {
  return signal === 'error_ratio' || signal === 'drop_ratio';
}

/** Which deviation is bad news. */
export type Direction = 'up' | 'down' | 'both';

export interface SignalFacts {
  readonly title: string;
  /** UCUM unit, as OTLP spells it; empty where the metric's own is unknown. */
  readonly unit: string;
  readonly direction: Direction;
}

/**
 * `throughput`: messages (or requests) of entry spans (server, consumer) per second; `output`: messages of producer
 * spans per second; `error_ratio`: failed entry spans over all, 0..1; `latency_*`: seconds of entry spans;
 * `dependency_p95`: seconds of calls to one database or service; `lag`: records not yet committed;
 * `lag_seconds`: age of the oldest of them; `loss_seconds`: until retention takes the first of them unread at the rate of the group, 30 days
 * where that is not to be expected; `freshness`: seconds since the time up to which every event has been handled (of a
 * stage, or of a dataset, which then stands in the label `dataset`);
 * `drop_ratio`: the share of the expected records that went missing on their way to a topic or out of it, 0..1;
 * `slo_burn`: how near an SLO's burn-rate rules are to firing, 1 and above fires (labels `slo` and `window`: `fast` or `slow`);
 * `dead_letters`, `schema_violations`, `duplicates`, `late_events`, `out_of_order`: records per second a stage reports so;
 * `dead_letter_depth`: records that wait in a dead-letter topic (label `topic`);
 * `relations`: how rarely the signals of a stage are as far apart as they are, as -log10 of the chance, from all of them at once; it is worked
 * out by the detector and no series of the store;
 * `group_state`: the state of a consumer group on a topic as the pipeline model sees it, its place in `STAGE_STATES`;
 * `custom`: any metric whose points carry the attribute `weir.signal`.
 */
export const SIGNAL_FACTS: Readonly<Record<Signal, SignalFacts>> = {
  throughput: { title: 'Throughput', unit: '1/s', direction: 'both' },
  output: { title: 'Output', unit: '1/s', direction: 'both' },
  error_ratio: { title: 'Error ratio', unit: '1', direction: 'up' },
  latency_p50: { title: 'Latency p50', unit: 's', direction: 'up' },
  latency_p95: { title: 'Latency p95', unit: 's', direction: 'up' },
  latency_p99: { title: 'Latency p99', unit: 's', direction: 'up' },
  dependency_p95: { title: 'Dependency latency p95', unit: 's', direction: 'up' },
  lag: { title: 'Lag', unit: '{record}', direction: 'up' },
  lag_seconds: { title: 'Lag in time', unit: 's', direction: 'up' },
  loss_seconds: { title: 'Time until data loss', unit: 's', direction: 'down' },
  freshness: { title: 'Freshness', unit: 's', direction: 'up' },
  drop_ratio: { title: 'Missing records', unit: '1', direction: 'up' },
  slo_burn: { title: 'Error budget burn', unit: '1', direction: 'up' },
  dead_letters: { title: 'Dead letters', unit: '1/s', direction: 'up' },
  dead_letter_depth: { title: 'Dead letters waiting', unit: '{record}', direction: 'up' },
  schema_violations: { title: 'Schema violations', unit: '1/s', direction: 'up' },
  duplicates: { title: 'Duplicates', unit: '1/s', direction: 'up' },
  late_events: { title: 'Late events', unit: '1/s', direction: 'up' },
  out_of_order: { title: 'Events out of order', unit: '1/s', direction: 'up' },
  relations: { title: 'Signals together', unit: '', direction: 'up' },
  group_state: { title: 'State of the group', unit: '', direction: 'up' },
  custom: { title: 'Signal', unit: '', direction: 'both' },
};

/** The facts of the signal an alert or a series names, which may be one of another sender's; undefined where we know none so. */
export function factsOfSignal(name: string | undefined): SignalFacts | undefined {
  return name !== undefined && Object.hasOwn(SIGNAL_FACTS, name) ? SIGNAL_FACTS[name as Signal] : undefined;
}
