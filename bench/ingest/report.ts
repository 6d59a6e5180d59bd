import { GOALS, type GoalName, type Outcome, ratio } from './goals.ts';

const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 });

function cells(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  return rows
    .map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i] as number)).join('  ')}`.trimEnd())
    .join('\n');
}

/** The goals that were measured, with how far each is reached, and the other numbers of each scenario. */
export function reportText(outcomes: readonly Outcome[]): string {
  const table: string[][] = [['what', 'unit', 'reach', 'stretch', 'measured', 'of reach', 'of stretch']];
  for (const { goals } of outcomes) {
    for (const [key, value] of Object.entries(goals)) {
      const name = key as GoalName;
      const { what, unit, reach, stretch } = GOALS[name];
      table.push([
        what,
        unit,
        short.format(reach),
        stretch === undefined ? '' : short.format(stretch),
        short.format(value),
        `${ratio(name, value, reach).toFixed(2)} x`,
        stretch === undefined ? '' : `${ratio(name, value, stretch).toFixed(2)} x`,
      ]);
    }
  }
  const details = outcomes.map(({ scenario, numbers }) => {
    const rows = Object.entries(numbers).map(([name, value]) => [
      name,
      typeof value === 'number' ? short.format(value) : value,
    ]);
    return `${scenario}\n${cells(rows)}`;
  });
  return [...(table.length > 1 ? [cells(table)] : []), ...details, ...comparison(outcomes)].join('\n\n');
}

/** Our numbers over the peer's, where one run measured both. */
function comparison(outcomes: readonly Outcome[]): string[] {
  const find = (scenario: string) => outcomes.find((outcome) => outcome.scenario === scenario)?.numbers;
  const ours = find('sustained') ?? find('burst');
  const peer = find('peer');
  if (ours === undefined || peer === undefined) return [];
  const rows = Object.entries(ours).flatMap(([name, value]) => {
    const other = peer[name];
    if (typeof value !== 'number' || typeof other !== 'number' || other === 0) return [];
    return [[name, short.format(value), short.format(other), `${(value / other).toFixed(2)} x`]];
  });
  return [
    `Weir beside the Collector with its ClickHouse exporter, in this run\n${cells([['', 'Weir', 'Collector', 'ratio'], ...rows])}`,
  ];
}
