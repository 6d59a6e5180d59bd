import { isShare, SIGNAL_FACTS, type Signal } from '../core/signal.ts';
import type { Millis } from '../core/time.ts';

/** A narrow no-break space, between number and unit. */
const GAP = '\u202f';
const MINUS = '\u2212';

function digits(value: number, significant: number): string {
  if (value === 0) return '0';
  const size = Math.floor(Math.log10(Math.abs(value)));
  const decimals = Math.min(4, Math.max(0, significant - 1 - size));
  const text = Math.abs(value).toFixed(decimals);
  const [whole = '0', fraction = ''] = text.split('.');
  const kept = fraction.replace(/0+$/, '');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return `${value < 0 ? MINUS : ''}${grouped}${kept === '' ? '' : `.${kept}`}`;
}

/** A duration in words: `312 ms`, `4.1 s`, `42 s`, `24 min 8 s`, `2 h 25 min`, `3 d 4 h`. Two units at most. */
export function durationWords(ms: Millis): string {
  const size = Math.abs(ms);
  if (size === 0) return `0${GAP}s`;
  if (size < 1) return `${digits(ms, 2)}${GAP}ms`;
  if (size < 999.5) return `${digits(Math.round(ms), 3)}${GAP}ms`;
  if (size < 9_950) return `${digits(Math.round(ms / 100) / 10, 2)}${GAP}s`;
  const seconds = Math.round(size / 1000);
  const units: [number, string][] = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
    [1, 's'],
  ];
  const first = units.findIndex(([unit]) => seconds >= unit);
  const [unit, name] = units[first] as [number, string];
  const next = units[first + 1];
  const words = [`${Math.floor(seconds / unit)}${GAP}${name}`];
  const rest = next ? Math.floor((seconds % unit) / next[0]) : 0;
  if (next && rest > 0) words.push(`${rest}${GAP}${next[1]}`);
  return `${ms < 0 ? MINUS : ''}${words.join(' ')}`;
}

/** A number with its unit: seconds as a duration, ratios in percent, rates as `1,840/s`. Unknown is an en dash. */
export function valueWords(signal: Signal, value: number): string {
  if (!Number.isFinite(value)) return '–';
  const { unit } = SIGNAL_FACTS[signal];
  if (unit === 's') return durationWords(value * 1000);
  if (unit === '1/s') return `${digits(value, 3)}/s`;
  if (isShare(signal)) return `${digits(value * 100, 2)}${GAP}%`;
  if (unit === '{record}') return `${digits(Math.round(value), 12)} ${Math.round(value) === 1 ? 'record' : 'records'}`;
  return digits(value, 3);
}

/** A range of expected values: `0.3 – 4 s`; `–` when unknown. The unit is written once where both edges share it. */
export function rangeWords(signal: Signal, lower: number, upper: number): string {
  const low = valueWords(signal, lower);
  const high = valueWords(signal, upper);
  if (low === high) return low;
  if (low === '–') return `at most ${high}`;
  if (high === '–') return `at least ${low}`;
  const cut = high.search(/[\u202f/ ]/);
  const unit = cut < 0 ? '' : high.slice(cut);
  if (unit !== '' && low.endsWith(unit) && !/\d/.test(unit)) return `${low.slice(0, -unit.length)} – ${high}`;
  return `${low === `0${GAP}s` ? '0' : low} – ${high}`;
}

/** A chance in words: `1 in 10,000`, `1 in 10⁹`. */
export function chanceWords(score: number): string {
  if (!Number.isFinite(score)) return '–';
  if (score >= 6) {
    const exponent = String(Math.floor(score)).replace(/\d/g, (digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)] as string);
    return `1 in 10${exponent}`;
  }
  return `1 in ${digits(Number((10 ** score).toPrecision(1)), 12)}`;
}
