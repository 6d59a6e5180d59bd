import type { Millis } from '../../core/time.ts';
import { robustScale } from '../lstm-ring.ts';
import { robustSpread } from '../robust.ts';

/** Per point: scaled value, its difference to the one before, sine and cosine of the time of day, "this is a gap". */
export const FEATURES = 5;
/** Points the network reads for one prediction, and per training window. */
export const WINDOW = 64;
/** Positions at the start of a window that only warm the state up. */
export const WARM_UP = 8;
/** Points behind a window from which its scale comes, as at prediction time. */
const SCALE_POINTS = 360;
const LARGEST = 8;
const DAY_MS = 86_400_000;

export interface Scale {
  readonly center: number;
  readonly scale: number;
}

/** asinh((value - center) / scale), cut to ±8: spikes are squashed for the network, never for the score. */
export function squash(value: number, { center, scale }: Scale): number {
  return Math.min(LARGEST, Math.max(-LARGEST, Math.asinh((value - center) / scale)));
}

/** The inverse of `squash`. */
export function unsquash(x: number, { center, scale }: Scale): number {
  return center + scale * Math.sinh(Math.min(LARGEST + 2, Math.max(-LARGEST - 2, x)));
}

/**
 * Writes the features of `length` points, the last of which is `values[end - 1]` at `time`, to `out` from `offset`.
 * Points before the first of `values` and NaN are gaps: they carry the value before. Returns the last scaled value.
 */
export function fillFeatures(
  out: Float32Array,
  offset: number,
  values: ArrayLike<number>,
  end: number,
  length: number,
  time: Millis,
  step: Millis,
  scale: Scale,
): number {
  let x = 0;
  for (let i = 0; i < length; i++) {
    const index = end - length + i;
    const value = index < 0 ? NaN : (values[index] as number);
    const before = x;
    const gap = Number.isNaN(value);
    if (!gap) x = squash(value, scale);
    const angle = (2 * Math.PI * ((time - (length - 1 - i) * step) % DAY_MS)) / DAY_MS;
    const at = offset + i * FEATURES;
    out[at] = x;
    out[at + 1] = i === 0 ? 0 : x - before;
    out[at + 2] = Math.sin(angle);
    out[at + 3] = Math.cos(angle);
    out[at + 4] = gap ? 1 : 0;
  }
  return x;
}

/** Windows as flat columns: features [count, WINDOW, FEATURES], change to the next point and its weight [count, WINDOW]. */
export interface Windows {
  readonly count: number;
  readonly x: Float32Array<ArrayBuffer>;
  readonly y: Float32Array<ArrayBuffer>;
  readonly weight: Float32Array<ArrayBuffer>;
}

/**
 * Training windows out of one series, ending at `count` random places; fewer when the series does not hold that many
 * points. The target of a position is the change of the scaled value to the next point; it has weight 0 at gaps and
 * during the warm-up. A series that does not move teaches nothing and yields none.
 */
export function sampleWindows(
  series: { readonly start: Millis; readonly step: Millis; readonly values: Float64Array },
  count: number,
  random: () => number,
): Windows {
  const { values, start, step } = series;
  const places = Math.max(0, values.length - WINDOW);
  const wanted = Math.min(count, places);
  const x = new Float32Array(wanted * WINDOW * FEATURES);
  const y = new Float32Array(wanted * WINDOW);
  const weight = new Float32Array(wanted * WINDOW);
  let made = 0;
  for (let i = 0; i < wanted; i++) {
    const end = WINDOW + Math.floor(random() * places);
    const scale = scaleBefore(values, end);
    if (scale === undefined) continue;
    fillFeatures(x, made * WINDOW * FEATURES, values, end, WINDOW, start + (end - 1) * step, step, scale);
    let useful = 0;
    for (let j = WARM_UP; j < WINDOW; j++) {
      const now = values[end - WINDOW + j] as number;
      const next = values[end - WINDOW + j + 1] as number;
      if (Number.isNaN(now) || Number.isNaN(next)) continue;
      y[made * WINDOW + j] = squash(next, scale) - squash(now, scale);
      weight[made * WINDOW + j] = 1;
      useful++;
    }
    if (useful < WINDOW / 4) {
      weight.fill(0, made * WINDOW, (made + 1) * WINDOW);
      continue;
    }
    made++;
  }
  return {
    count: made,
    x: x.slice(0, made * WINDOW * FEATURES),
    y: y.slice(0, made * WINDOW),
    weight: weight.slice(0, made * WINDOW),
  };
}

function scaleBefore(values: Float64Array, end: number): Scale | undefined {
  const seen = values.subarray(Math.max(0, end - SCALE_POINTS), end);
  const scale = robustScale(seen);
  if (Number.isNaN(scale.scale)) return undefined;
  return robustSpread(seen, scale.center) > 0 || new Set(seen).size > 3 ? scale : undefined;
}

export function joinWindows(parts: readonly Windows[]): Windows {
  const join = (pick: (part: Windows) => Float32Array) => {
    const out = new Float32Array(parts.reduce((sum, part) => sum + pick(part).length, 0));
    let at = 0;
    for (const part of parts) {
      out.set(pick(part), at);
      at += pick(part).length;
    }
    return out;
  };
  return {
    count: parts.reduce((sum, part) => sum + part.count, 0),
    x: join((part) => part.x),
    y: join((part) => part.y),
    weight: join((part) => part.weight),
  };
}
