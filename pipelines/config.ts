import { z } from 'zod';
import { duration } from '../core/config-values.ts';
import { definitionsConfig } from './definitions.ts';

/** Rounds without a pause between them would keep the store busy for nothing. */
const SHORTEST_INTERVAL_MS = 10;

/** `pipelines`: how the graph is kept and when a stage counts as behind. */
export const pipelinesConfig = z.strictObject({
  /** Time between two rounds. */
  interval: duration('10s').refine((ms) => ms >= SHORTEST_INTERVAL_MS, 'must be at least 10ms'),
  /** How long telemetry may take to arrive: a round looks at the steps that closed before. */
  delay: duration('10s'),
  /** The stretch of time a state is judged from. */
  window: duration('5m'),
  /** A stage is behind when the oldest record it has not read is older than this. */
  behind_after: duration('10s'),
  /** A stage that reads nothing for this long while records wait is stuck, or dead. */
  stuck_after: duration('1m'),
  /** Without telemetry of a pipeline for this long we are blind, and its states are unknown. */
  late_after: duration('90s'),
  /** Records that may lie there for good (transaction markers count as lag). */
  allowed_lag: z.number().min(0).default(1),
  /** Rounds in a row that must agree before a state changes. */
  confirm: z.int().min(1).default(2),
  /** A part that was silent for this long is no more part of the picture; when it speaks again, a new spell begins. */
  disappear_after: duration('1h'),
  /** A stage, a partition or an instance that had nothing to do for this long holds nobody back. */
  idle_after: duration('1m'),
  /** What is known of pipelines beside what is discovered. */
  definitions: definitionsConfig,
});
export type PipelinesConfig = z.infer<typeof pipelinesConfig>;
