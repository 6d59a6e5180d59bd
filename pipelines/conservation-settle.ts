import { type Millis, STEP_MS } from '../core/time.ts';

/** How long a window's count goes on growing: by the ages at which records of the last hours were told of. */
export interface Completion {
  /** Age at which all but 0.2 % are there: a window is judged from then on. */
  readonly settle: Millis;
  /** The share of a window's records that is there at an age, 0..1. */
  share(age: Millis): number;
}

const SETTLED = 0.998;
/** Within one program the share that is in its hands is known so well that less will do. */
const SETTLED_BESIDE = 0.995;

/**
 * How long the counts of two checkpoints of one program, which tells of both at once, go on growing apart: records that come late are late
 * of both. Settled when all but 0.5 % of what was taken is handed on. `share` is that of the records told of at the earlier one by then.
 */
export function completionBeside(reached: Completion, sent: Completion): Completion {
  const share = (age: Millis) => Math.min(1, reached.share(age) / Math.max(Number.MIN_VALUE, sent.share(age)));
  let settle = reached.settle;
  while (settle > STEP_MS && share(settle - STEP_MS) >= SETTLED_BESIDE) settle -= STEP_MS;
  return { settle, share };
}

/**
 * From a histogram of ages: `steps[i]` is an age in whole steps of ten seconds after a window's end, `records[i]` how many came at it.
 * Undefined without records.
 */
export function completionOf(steps: readonly number[], records: readonly number[]): Completion | undefined {
  const longest = steps.reduce((most, step) => Math.max(most, step), 0);
  const upTo = new Float64Array(longest + 1);
  for (const [i, step] of steps.entries()) {
    const at = Math.max(0, step);
    upTo[at] = (upTo[at] as number) + (records[i] as number);
  }
  for (let i = 1; i <= longest; i++) upTo[i] = (upTo[i] as number) + (upTo[i - 1] as number);
  const total = upTo[longest] as number;
  if (!(total > 0)) return undefined;
  const settled = upTo.findIndex((sum) => sum >= SETTLED * total);
  return {
    // A record told of in step i is there at the step's end.
    settle: (settled + 1) * STEP_MS,
    share: (age) => (upTo[Math.min(longest, Math.max(0, Math.floor(age / STEP_MS) - 1))] as number) / total,
  };
}
