import type { PanelScale } from '../../core/dashboard.ts';
import { durationWords, formatNumber, formatPercent, formatSecondsShort } from '../format.ts';

/**
 * How a value becomes a height. Charts carry the transformed number and label the original, because ECharts' own log
 * axis can draw neither zero nor a stacked band.
 */
export interface Scale {
  readonly to: (value: number) => number;
  readonly from: (height: number) => number;
  /** Values to label, ends of the axis first and last. */
  readonly ticks: readonly number[];
  readonly format: (value: number) => string;
}

export type ScaleKind = PanelScale | 'seconds';

const LAG_TICKS = [0, 10, 60, 300, 900, 3600, 7200, 21_600, 86_400, 259_200, 604_800];
const SHORT_LAG_TICKS = [0, 0.1, 1, 3, 10];

/** A scale that holds `max` (and for logarithms `min`) with a little air, on ends that rarely change. */
export function createScale(kind: ScaleKind, min: number, max: number): Scale {
  if (kind === 'lag') return lagScale(max);
  if (kind === 'log') return logScale(min, max);
  const least = kind === 'percent' ? 0.01 : kind === 'seconds' ? 1 : 1;
  return linearScale(
    Math.max(least, max * 1.06),
    kind === 'percent' ? formatPercent : kind === 'seconds' ? durationWords : formatNumber,
  );
}

/** Cube root: a band of two seconds and a limit of two hours are both legible. */
function lagScale(max: number): Scale {
  const ticks = max <= 9 ? SHORT_LAG_TICKS : LAG_TICKS;
  const end = ticks.findIndex((tick) => tick >= max * 1.02);
  const upTo = ticks.slice(0, end < 0 ? ticks.length : Math.max(end, max <= 9 ? 3 : 2) + 1);
  const labels = upTo.filter(
    (tick, i) => i === 0 || i === upTo.length - 1 || !crowded(tick, upTo[upTo.length - 1] as number),
  );
  return { to: Math.cbrt, from: (height) => height ** 3, ticks: labels, format: formatSecondsShort };
}

/** Labels nearer than a twelfth of the axis to zero or to the end would overlap them. */
function crowded(tick: number, end: number): boolean {
  const place = Math.cbrt(tick / end);
  return place < 0.09 || place > 0.9;
}

function logScale(min: number, max: number): Scale {
  const low = Math.floor(Math.log10(Math.max(1e-6, min)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(1e-6, max * 1.05))));
  const decades = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
  const every = decades.length > 5 ? 2 : 1;
  const ticks = decades.filter((_, i) => i % every === 0 || i === decades.length - 1);
  const floor = 10 ** low;
  return {
    to: (value) => Math.log10(Math.max(value, floor)),
    from: (height) => 10 ** height,
    ticks,
    format: formatSecondsShort,
  };
}

function linearScale(max: number, format: (value: number) => string): Scale {
  const rough = max / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((unit) => unit * power >= rough) ?? 10) * power;
  const count = Math.ceil(max / step);
  const ticks = Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12)));
  return { to: (value) => value, from: (height) => height, ticks, format };
}
