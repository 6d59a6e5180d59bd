import {
  durationParts,
  durationWords,
  joinParts,
  MINUS,
  NARROW,
  type Part,
  trimZero,
  UNKNOWN,
} from '../core/duration-words.ts';

/** Numbers and times as the interface writes them. Units stand after a narrow no-break space; minus is a true minus. */

export { durationParts, durationWords, joinParts, NARROW, type Part, UNKNOWN };

type Maybe = number | null | undefined;

function known(value: Maybe): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** Only the largest unit: axis labels and relative times (`32 min`). */
export function formatSecondsShort(seconds: Maybe): string {
  return joinParts(durationParts(seconds).slice(0, 1));
}

/** Three significant digits with k, M, G: `611`, `1.84k`, `2.61M`; below ten one decimal, below one two. */
export function formatNumber(value: Maybe): string {
  if (!known(value)) return UNKNOWN;
  const sign = value < 0 ? MINUS : '';
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 0.0095) return `${sign}${Number(size.toPrecision(1))}`;
  if (size < 0.995) return sign + trimTail(size.toFixed(2));
  if (size < 9.95) return sign + trimZero(size.toFixed(1));
  if (size < 999.5) return sign + Math.round(size);
  for (const [scale, suffix] of [
    [1e3, 'k'],
    [1e6, 'M'],
    [1e9, 'G'],
  ] as const) {
    const scaled = size / scale;
    if (scaled < 999.5 || suffix === 'G') {
      return (
        sign + (scaled < 9.995 ? scaled.toFixed(2) : scaled < 99.95 ? scaled.toFixed(1) : scaled.toFixed(0)) + suffix
      );
    }
  }
  return UNKNOWN;
}

function trimTail(text: string): string {
  return text.replace(/0+$/, '').replace(/\.$/, '');
}

/** Whole things: records, spans, alerts. */
export function formatCount(value: Maybe): string {
  return known(value) && Math.abs(value) < 999.5 ? String(Math.round(value)).replace('-', MINUS) : formatNumber(value);
}

/** `1 record`, `2.61M records`. */
export function formatRecords(count: Maybe): string {
  const text = formatCount(count);
  return `${text} ${text === '1' ? 'record' : 'records'}`;
}

export function formatRate(perSecond: Maybe): string {
  return known(perSecond) ? `${formatNumber(perSecond)}/s` : UNKNOWN;
}

/** Rates and counts inside a sentence, in full: `1,840/s`. */
export function rateInFull(perSecond: number): string {
  return `${perSecond < 10 ? formatNumber(perSecond) : Math.round(perSecond).toLocaleString('en-US')}/s`;
}

/** A ratio 0..1 in percent: two decimals below 0.1, one below 10 and above 90, else none. */
export function percentPart(ratio: Maybe): Part {
  if (!known(ratio)) return { value: UNKNOWN, unit: '' };
  const percent = Math.abs(ratio * 100);
  const sign = ratio < 0 ? MINUS : '';
  const digits = percent < 0.1 ? 2 : percent < 9.95 || (percent >= 90 && percent < 99.95) ? 1 : 0;
  const text = percent === 0 ? '0' : trimTail0(percent.toFixed(digits));
  return { value: (text === '0' ? '' : sign) + text, unit: '%' };
}

function trimTail0(text: string): string {
  return text.includes('.') ? trimTail(text) : text;
}

export function formatPercent(ratio: Maybe): string {
  return joinParts([percentPart(ratio)]);
}

/** `+12 %` or `−67 %`: a change has its sign always. */
export function formatChange(ratio: Maybe): string {
  if (!known(ratio)) return UNKNOWN;
  return (ratio > 0 ? '+' : '') + formatPercent(ratio);
}

const SUPERSCRIPT = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** A small chance: `1 in 10k`, `1 in 4.5M`, `1 in 10⁹` from a billion on. */
export function formatChance(p: number): string {
  if (!(p > 0)) return `less than 1 in 10${[...'12'].map((d) => SUPERSCRIPT[Number(d)]).join('')}`;
  const n = 1 / p;
  if (n >= 999_999_999) {
    const exponent = String(Math.round(Math.log10(n)));
    return `1 in 10${[...exponent].map((digit) => SUPERSCRIPT[Number(digit)]).join('')}`;
  }
  if (n < 9.95) return `1 in ${trimZero(n.toFixed(1))}`;
  if (n < 999.5) return `1 in ${Math.round(n)}`;
  const [scale, suffix] = n < 999_500 ? [1e3, 'k'] : [1e6, 'M'];
  const scaled = n / scale;
  return `1 in ${scaled < 9.95 ? trimZero(scaled.toFixed(1)) : Math.round(scaled)}${suffix}`;
}

const two2 = (n: number) => String(n).padStart(2, '0');

/** 24 h, UTC. */
export function formatClock(time: number, seconds = false): string {
  const date = new Date(time);
  const minutes = `${two2(date.getUTCHours())}:${two2(date.getUTCMinutes())}`;
  return seconds ? `${minutes}:${two2(date.getUTCSeconds())}` : minutes;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `14:02`, with the day in front when it is not the day of `now`. */
export function formatMoment(time: number, now: number, seconds = false): string {
  const date = new Date(time);
  if (new Date(now).toISOString().slice(0, 10) === date.toISOString().slice(0, 10)) return formatClock(time, seconds);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${formatClock(time, seconds)}`;
}

/** Absolute, for a tooltip: `21 Nov 2026, 03:41:20 UTC`. */
export function formatAbsolute(time: number): string {
  const date = new Date(time);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}, ${formatClock(time, true)} UTC`;
}

/** Age up to an hour in one unit, older as a moment. */
export function formatAge(time: number, now: number): string {
  const seconds = Math.max(0, (now - time) / 1000);
  if (seconds < 1) return 'now';
  return `${formatSecondsShort(Math.floor(seconds))} ago`;
}

/** `1 stage`, `3 stages`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

/** A value of a signal in its unit (UCUM as in core/signal.ts). */
export function formatUnit(value: Maybe, unit: string): string {
  if (unit === 's') return durationWords(value);
  if (unit === '1/s') return formatRate(value);
  if (unit === '1') return formatPercent(value);
  if (unit === '{record}') return formatCount(value);
  return formatNumber(value);
}

/** The expected range in words: `18 ms – 44 ms` becomes `18 – 44 ms` when both ends share their unit. */
export function formatRange(lower: Maybe, upper: Maybe, unit: string): string {
  if (!known(upper)) return known(lower) ? `≥ ${formatUnit(lower, unit)}` : UNKNOWN;
  const high = formatUnit(upper, unit);
  if (upper === 0) return high;
  if (!known(lower) || lower <= 0) return `≤ ${high}`;
  const low = formatUnit(lower, unit);
  const lowParts = low.split(NARROW);
  const highParts = high.split(NARROW);
  if (lowParts.length === 2 && highParts.length === 2 && lowParts[1] === highParts[1])
    return `${lowParts[0]} – ${high}`;
  if (low.endsWith('/s') && high.endsWith('/s')) return `${low.slice(0, -2)} – ${high}`;
  return `${low} – ${high}`;
}
