import { WeirError } from './errors.ts';

/** Unix milliseconds. Nanoseconds live only in OTLP and in ClickHouse columns. */
export type Millis = number;

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

/**
 * A duration in Prometheus notation (`30s`, `1h30m`, `500ms`) in milliseconds.
 * Throws `core_duration_invalid` on anything else.
 */
export function parseDuration(text: string): Millis {
  const source = text.trim();
  if (source === '0') return 0;
  let total = 0;
  let rest = source;
  while (rest !== '') {
    const part = /^(\d+(?:\.\d+)?)(ms|[smhdwy])/.exec(rest);
    if (!part) {
      throw new WeirError(
        'core_duration_invalid',
        `"${text}" is not a duration: write a number and a unit, such as 30s, 5m or 1h30m`,
      );
    }
    total += Number(part[1]) * (UNIT_MS[part[2] as string] as number);
    rest = rest.slice(part[0].length);
  }
  if (source === '') throw new WeirError('core_duration_invalid', 'a duration is empty');
  return total;
}

/** The inverse of `parseDuration`: the fewest units, `90s` as `1m30s`. */
export function formatDuration(ms: Millis): string {
  if (ms === 0) return '0s';
  let rest = Math.round(ms);
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const size = UNIT_MS[unit] as number;
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}

/** The start of the step that holds `time`. */
export function stepStart(time: Millis, step: Millis): Millis {
  return Math.floor(time / step) * step;
}

/** The rollup and detection step of the default configuration. */
export const STEP_MS = 10_000;
