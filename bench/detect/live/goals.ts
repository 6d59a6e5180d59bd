/** A number that was measured, and what was to be reached. `more`: more is better. */
export interface Goal {
  readonly what: string;
  readonly unit: string;
  readonly value: number;
  readonly reach: number;
  readonly stretch: number;
  readonly more?: boolean;
}

/** How a value stands to a limit: 1 and above keeps it, whichever way is better. */
export const ratioOf = ({ value, more }: Goal, limit: number) => (more ? value / limit : limit / value);

const numberText = (value: number) => (value >= 1e5 ? `${(value / 1e6).toFixed(2)} M` : value.toFixed(0));

/** All goals as a Markdown table. A ratio of 1 and above is reached. */
export function goalText(goals: readonly Goal[]): string {
  const rows = goals.map((goal) => {
    const { what, unit, value, reach, stretch } = goal;
    const cells = [value, reach, stretch].map((one) => `${numberText(one)} ${unit}`);
    const ratios = [reach, stretch].map((limit) => ratioOf(goal, limit).toFixed(2));
    return `| ${[what, ...cells, ...ratios].join(' | ')} |`;
  });
  const head = '| measure | measured | reach | stretch | reach ratio | stretch ratio |';
  return [head, '|---|---|---|---|---|---|', ...rows].join('\n');
}
