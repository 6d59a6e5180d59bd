import { durationWords, MINUS, NARROW } from '../core/duration-words.ts';
import { isShare, SIGNAL_FACTS, type Signal } from '../core/signal.ts';

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

/** A number with its unit: seconds as a duration, ratios in percent, rates as `1,840/s`. Unknown is an en dash. */
export function valueWords(signal: Signal, value: number): string {
  if (!Number.isFinite(value)) return '–';
  const { unit } = SIGNAL_FACTS[signal];
  if (unit === 's') return durationWords(value);
  if (unit === '1/s') return `${digits(value, 3)}/s`;
  if (isShare(signal)) return `${digits(value * 100, 2)}${NARROW}%`;
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
  return `${low === `0${NARROW}s` ? '0' : low} – ${high}`;
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

/** Rows of cells as lines of columns, each as wide as its widest cell. All rows have as many cells as the first. */
export function tableText(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  const line = (row: readonly string[]) => widths.map((width, i) => (row[i] ?? '').padEnd(width)).join('  ');
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('');
}
