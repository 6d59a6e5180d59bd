/** Alarms of series put beside what was wrong in them. */
export interface EventScore {
  readonly segments: number;
  readonly found: number;
  readonly alarms: number;
  readonly trueAlarms: number;
  /** Days without label. */
  readonly quietDays: number;
}

const DAY = 86_400_000;

/** Runs of rows in which `flags` is set, as first and last row; rows at most `gap` rows apart are one run. */
export function runs(flags: Uint8Array, gap = 0): [number, number][] {
  const found: [number, number][] = [];
  for (let i = 0; i < flags.length; i++) {
    if (flags[i] === 0) continue;
    const last = found.at(-1);
    if (last !== undefined && i - last[1] - 1 <= gap) last[1] = i;
    else found.push([i, i]);
  }
  return found;
}

/**
 * Rows of alarm at most `gap` rows apart are one alarm; it is true where one of its rows is labelled. Rows before `from`
 * do not count.
 */
export function scoreEvents(
  label: Uint8Array,
  alarm: Uint8Array,
  interval: number,
  from: number,
  gap: number,
): EventScore {
  const [wrong, said] = [label.subarray(from), alarm.subarray(from)];
  const segments = runs(wrong);
  const alarms = runs(said, gap);
  const met = (start: number, end: number, other: Uint8Array, own: Uint8Array) =>
    other.subarray(start, end + 1).some((flag, i) => flag > 0 && own[start + i] === 1);
  return {
    segments: segments.length,
    found: segments.filter(([start, end]) => met(start, end, said, wrong)).length,
    alarms: alarms.length,
    trueAlarms: alarms.filter(([start, end]) => met(start, end, wrong, said)).length,
    quietDays: (wrong.reduce((sum, flag) => sum + 1 - flag, 0) * interval) / DAY,
  };
}

/** Event F1 and false alarms a series-day of all series together. */
export function pooled(scores: readonly EventScore[]): { f1: number; falsePerDay: number; recall: number } {
  const sum = (pick: (score: EventScore) => number) => scores.reduce((total, score) => total + pick(score), 0);
  const [alarms, segments] = [sum((one) => one.alarms), sum((one) => one.segments)];
  const precision = alarms === 0 ? 0 : sum((one) => one.trueAlarms) / alarms;
  const recall = segments === 0 ? 0 : sum((one) => one.found) / segments;
  return {
    f1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall),
    falsePerDay: (alarms - sum((one) => one.trueAlarms)) / sum((one) => one.quietDays),
    recall,
  };
}
