import type { Measure } from './measures.ts';
import { GOALS } from './sets.ts';

export interface SetResult {
  readonly set: string;
  readonly measures: readonly Measure[];
  readonly pointsPerSecond: number;
  readonly peer?: { readonly measures: readonly Measure[]; readonly pointsPerSecond: number } | undefined;
}

const HEAD = ['set', 'measure', 'A', 'B', 'both', 'peer, both', 'reach', 'best known'] as const;

/** The whole table as Markdown. */
export function tableText(results: readonly SetResult[]): string {
  const rows = results.flatMap(({ set, measures, pointsPerSecond, peer }) => [
    ...measures.map(({ name, values, digits }) => {
      const other = peer?.measures.find((one) => one.name === name)?.values.both;
      const goal = GOALS[`${set} ${name}`];
      const cells = [values.A, values.B, values.both, other ?? Number.NaN].map((value) => number(value, digits));
      return [set, name, ...cells, goal?.reach ?? '', goal?.known ?? ''];
    }),
    [
      set,
      'points/s, files and all',
      '',
      '',
      number(pointsPerSecond, 0),
      number(peer?.pointsPerSecond ?? NaN, 0),
      '',
      '',
    ],
  ]);
  const widths = HEAD.map((name, i) => Math.max(name.length, ...rows.map((row) => (row[i] as string).length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] as number)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return `${[line(HEAD), rule, ...rows.map(line)].join('\n')}\n`;
}

function number(value: number, digits: number): string {
  return Number.isNaN(value) ? '' : value.toFixed(digits);
}
