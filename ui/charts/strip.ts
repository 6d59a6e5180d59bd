import type { HopView, Known } from '../../core/view.ts';

/** A hop's residual (observed minus expected) as SVG paths in a box of `width` x `height`, zero at its own level. */
export interface Strip {
  readonly line: string;
  /** The strange part down to zero. */
  readonly area: string;
  readonly strange: string;
  readonly band: string;
  /** x of the first step outside the band; NaN when it lies off the strip. */
  readonly onsetX: number;
}

/**
 * All strips of an incident share one time axis. Where nothing was expected yet the first known value stands in, so
 * that a curve without history still shows its shape.
 */
export function stripOf(hop: HopView, from: number, to: number, width: number, height: number): Strip {
  const x = (i: number) => ((hop.start + i * hop.step - from) / (to - from)) * width;
  const base = hop.expected.find((value) => value !== null) ?? hop.values.find((value) => value !== null) ?? 0;
  const centre = (i: number) => hop.expected[i] ?? base;
  const residual = hop.values.map((value, i): Known => (value === null ? null : value - centre(i)));
  const edges = hop.values.map((_, i): [Known, Known] => [
    minus(hop.lower[i], centre(i)),
    minus(hop.upper[i], centre(i)),
  ]);
  let high = 0;
  let low = 0;
  for (const value of [...residual, ...edges.flat()]) {
    if (value === null) continue;
    high = Math.max(high, value);
    low = Math.min(low, value);
  }
  const span = high - low || 1;
  const y = (value: number) => 3 + (1 - (value - low) / span) * (height - 6);
  const line = pathOf(residual, (i) => i, x, y);
  const strange = pathOf(residual, (i) => (inside(hop, hop.start + i * hop.step) ? i : -1), x, y);
  const area = strange === '' ? '' : areaOf(strange, y(0));
  const top: string[] = [];
  const bottom: string[] = [];
  edges.forEach(([lower, upper], i) => {
    if (lower === null || upper === null) return;
    top.push(`${fixed(x(i))} ${fixed(y(upper))}`);
    bottom.unshift(`${fixed(x(i))} ${fixed(y(lower))}`);
  });
  const band = top.length < 2 ? '' : `M${[...top, ...bottom].join('L')}Z`;
  const onsetX = ((hop.onset - from) / (to - from)) * width;
  return { line, area, strange, band, onsetX: onsetX >= 0 && onsetX <= width ? onsetX : Number.NaN };
}

function inside(hop: HopView, time: number): boolean {
  return time >= hop.onset && (hop.until === 0 || time <= hop.until);
}

function minus(value: Known | undefined, centre: number): Known {
  return value === null || value === undefined ? null : value - centre;
}

function pathOf(
  values: readonly Known[],
  keep: (i: number) => number,
  x: (i: number) => number,
  y: (value: number) => number,
): string {
  let path = '';
  let pen = false;
  values.forEach((value, i) => {
    if (value === null || keep(i) < 0) {
      pen = false;
      return;
    }
    path += `${pen ? 'L' : 'M'}${fixed(x(i))} ${fixed(y(value))}`;
    pen = true;
  });
  return path;
}

/** Closes each stroke of `path` along the level `zero`. */
function areaOf(path: string, zero: number): string {
  return path
    .split('M')
    .filter((part) => part.includes('L'))
    .map((part) => {
      const points = part.split('L');
      const first = (points[0] as string).split(' ')[0];
      const last = (points.at(-1) as string).split(' ')[0];
      return `M${first} ${fixed(zero)}L${part}L${last} ${fixed(zero)}Z`;
    })
    .join('');
}

function fixed(value: number): string {
  return (Math.round(value * 10) / 10).toString();
}
