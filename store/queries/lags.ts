import { lastIndex } from '../../core/series.ts';
import { type Millis, STEP_MS, stepStart } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { readSignals } from './signals.ts';

/** How far one consumer group is behind on one topic; NaN where not measured. */
export interface GroupLag {
  readonly pipeline: string;
  readonly stage: string;
  readonly topic: string;
  readonly group: string;
  readonly lag: number;
  readonly lagSeconds: number;
}

/** The last known lag of every group at `at`, not older than what a lag series carries forward. */
export async function latestLags(store: Store, at: Millis): Promise<GroupLag[]> {
  const to = stepStart(at, STEP_MS) + STEP_MS;
  const series = await readSignals(store, {
    from: to - 2 * STEP_MS,
    to,
    step: STEP_MS,
    signals: ['lag', 'lag_seconds'],
  });
  const lags = new Map<string, GroupLag>();
  for (const one of series) {
    const { signal, pipeline = '', stage = '', topic = '', group = '' } = one.labels;
    const key = JSON.stringify([pipeline, stage, topic, group]);
    const known = lags.get(key) ?? { pipeline, stage, topic, group, lag: Number.NaN, lagSeconds: Number.NaN };
    const value = one.values[lastIndex(one)] ?? Number.NaN;
    lags.set(key, signal === 'lag' ? { ...known, lag: value } : { ...known, lagSeconds: value });
  }
  return [...lags.values()];
}
