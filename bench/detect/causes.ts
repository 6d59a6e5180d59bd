import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AnswerTable, rankColumns, readAnswer } from './answers.ts';
import { type Measure, mean } from './measures.ts';
import { runScorer } from './scorers.ts';
import { byHalf } from './split.ts';

interface Cases {
  readonly cases: readonly {
    readonly case: string;
    readonly group: string;
    readonly 'Hit@100%': number;
    readonly 'Hit@150%': number;
  }[];
}

/**
 * Of the columns at fault in each labelled segment, how many stand among as many (and half as many again) that the
 * judge holds strangest there: columns in order of the largest part that they have in any row of the segment.
 */
export function causeMeasures(data: string, folder: string, answers: string): Measure[] {
  const truth = join(data, folder, 'causes.json');
  const tables = new Map<string, AnswerTable>();
  const ranks: Record<string, string[]> = {};
  for (const name of Object.keys(JSON.parse(readFileSync(truth, 'utf8')) as object)) {
    const [, machine, start, end] = /^(.*)\/(\d+)-(\d+)$/.exec(name) as unknown as [string, string, string, string];
    const table = tables.get(machine) ?? readAnswer(join(answers, `${machine}.test.csv`));
    tables.set(machine, table);
    ranks[name] = rankColumns(table, Number(start), Number(end));
  }
  const draft = mkdtempSync(join(tmpdir(), 'weir-ranks-'));
  try {
    const path = join(draft, 'ranks.json');
    writeFileSync(path, JSON.stringify(ranks));
    const { cases } = runScorer<Cases>(data, 'rca_score.py', ['--truth', truth, '--ranks', path]);
    return ([100, 150] as const).map((percent) => {
      // The split is of machines: the segments of one machine stay together.
      const groups = [...new Set(cases.map(({ group }) => group))];
      const hits = (some: readonly string[]) =>
        mean(cases.filter(({ group }) => some.includes(group)).map((one) => one[`Hit@${percent}%`]));
      return { name: `Hit@${percent} %`, digits: 3, values: byHalf(groups, (group) => group, hits) };
    });
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
