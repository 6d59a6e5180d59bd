import { fingerprint, type Labels } from '../../../core/labels.ts';
import type { Millis } from '../../../core/time.ts';
import type { Expectations } from '../../../store/queries/expectations.ts';

/** A judged point by itself, as tests write and read them. */
export interface Expectation {
  readonly time: Millis;
  readonly labels: Labels;
  readonly value: number;
  readonly expected: number;
  readonly lower: number;
  readonly upper: number;
  readonly score: number;
}

export function columnsOf(rows: readonly Expectation[]): Expectations {
  return {
    series: rows.map(({ labels }) => ({ key: fingerprint(labels), labels })),
    time: Float64Array.from(rows, ({ time }) => time),
    value: Float64Array.from(rows, ({ value }) => value),
    expected: Float64Array.from(rows, ({ expected }) => expected),
    lower: Float64Array.from(rows, ({ lower }) => lower),
    upper: Float64Array.from(rows, ({ upper }) => upper),
    score: Float64Array.from(rows, ({ score }) => score),
  };
}

export function rowsOf({ series, ...columns }: Expectations): Expectation[] {
  return series.map(({ labels }, i) => {
    const at = (column: keyof typeof columns) => columns[column][i] as number;
    const band = { expected: at('expected'), lower: at('lower'), upper: at('upper') };
    return { time: at('time'), labels, value: at('value'), ...band, score: at('score') };
  });
}
