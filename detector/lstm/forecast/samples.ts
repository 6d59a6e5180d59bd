/** Values kept of one series, spread evenly over its past. */
export const SAMPLES = 32;
const CHANGES = 16;
const STRIDE = SAMPLES + CHANGES;
const COUNT = STRIDE + 1;
/** Numbers of one series: sampled values, sizes of sampled changes, every how many points one is taken, how many were. */
export const SAMPLES_WIDTH = COUNT + 1;
/** The samples reach back this many days at most. */
const DAYS = 3;
const NORMAL_IQR = 1.35;
const NORMAL_90 = 3.29;

const sorted = new Float32Array(SAMPLES);
const changes = new Float32Array(CHANGES);

export function clearSamples(slab: Float32Array, at: number): void {
  slab.fill(0, at, at + SAMPLES_WIDTH);
  slab[at + STRIDE] = 1;
}

/**
 * Offers point number `points` (from 1) to the samples. When the room is full, every second sample goes and half as many
 * points are sampled from then on, until the samples reach over three days of `perDay` points; from then on the oldest goes.
 */
export function addSample(
  slab: Float32Array,
  at: number,
  points: number,
  value: number,
  change: number,
  perDay: number,
): void {
  // As integers: the remainder of others takes ten times as long.
  const stride = (slab[at + STRIDE] as number) | 0;
  if ((points | 0) % stride !== 0) return;
  let count = (slab[at + COUNT] as number) | 0;
  if (count >= SAMPLES && count % SAMPLES === 0 && stride * SAMPLES < DAYS * perDay) {
    for (let i = 0; i < SAMPLES / 2; i++) slab[at + i] = slab[at + 2 * i + 1] as number;
    for (let i = 0; i < CHANGES / 2; i++) slab[at + SAMPLES + i] = slab[at + SAMPLES + 2 * i + 1] as number;
    slab[at + STRIDE] = 2 * stride;
    count = SAMPLES / 2;
    slab[at + COUNT] = count;
    if ((points | 0) % (2 * stride) !== 0) return;
  }
  slab[at + (count % SAMPLES)] = value;
  if (count % 2 === 1) slab[at + SAMPLES + ((count >> 1) % CHANGES)] = change;
  slab[at + COUNT] = count + 1 === 2 * SAMPLES ? SAMPLES : count + 1;
}

/**
 * Median of the samples, and the widest of several robust spreads, so that no ordinary series is flat:
 *
 *   scale = max(IQR / 1.35, (p95 - p5) / 3.29, p90 of the changes)
 *
 * and where all of those are 0 the mean distance from the median; 0 for samples that are all alike.
 */
export function robustScaleOf(slab: Float32Array, at: number): { readonly center: number; readonly scale: number } {
  const count = Math.min(slab[at + COUNT] as number, SAMPLES);
  const values = sorted.subarray(0, count);
  values.set(slab.subarray(at, at + count));
  values.sort();
  const moves = changes.subarray(0, Math.min(count >> 1, CHANGES));
  moves.set(slab.subarray(at + SAMPLES, at + SAMPLES + moves.length));
  moves.sort();
  const center = quantile(values, 0.5);
  let scale = Math.max(
    (quantile(values, 0.75) - quantile(values, 0.25)) / NORMAL_IQR,
    (quantile(values, 0.95) - quantile(values, 0.05)) / NORMAL_90,
    moves.length > 0 ? quantile(moves, 0.9) : 0,
  );
  if (scale === 0) {
    for (const value of values) scale += Math.abs(value - center) / count;
  }
  return { center, scale };
}

function quantile(ascending: Float32Array, q: number): number {
  const place = q * (ascending.length - 1);
  const low = Math.floor(place);
  const a = ascending[low] as number;
  return a + (place - low) * ((ascending[Math.min(low + 1, ascending.length - 1)] as number) - a);
}
