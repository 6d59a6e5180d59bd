import { METRIC } from '../../core/semconv.ts';
import type { Signal } from '../../core/signal.ts';

/** Signals that count records that went wrong, and the metrics that do: sums, which `gauge_10s` keeps (migration 0013). */
export const PROBLEM_METRICS = {
  dead_letters: [
    METRIC.deadLetters,
    'rabbitmq_global_messages_dead_lettered_rejected_total',
    'rabbitmq_global_messages_dead_lettered_expired_total',
    'rabbitmq_global_messages_dead_lettered_maxlen_total',
    'rabbitmq_global_messages_dead_lettered_delivery_limit_total',
  ],
  schema_violations: [METRIC.schemaViolations],
  duplicates: [METRIC.duplicates],
  late_events: [
    METRIC.lateEvents,
    'flink_taskmanager_job_task_operator_numLateRecordsDropped',
    'flink.taskmanager.job.task.operator.numLateRecordsDropped',
  ],
  out_of_order: [METRIC.outOfOrderEvents],
} as const satisfies Partial<Readonly<Record<Signal, readonly string[]>>>;

export type ProblemSignal = keyof typeof PROBLEM_METRICS;

export function isProblemSignal(signal: Signal): signal is ProblemSignal {
  return Object.hasOwn(PROBLEM_METRICS, signal);
}

/** Signals by the metrics that count them. */
export const PROBLEM_OF: ReadonlyMap<string, ProblemSignal> = new Map(
  (Object.keys(PROBLEM_METRICS) as ProblemSignal[]).flatMap((signal) =>
    PROBLEM_METRICS[signal].map((metric) => [metric, signal] as const),
  ),
);
