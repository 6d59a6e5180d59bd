import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { errorMessage, WeirError } from '../../core/errors.ts';
import type { SeriesFile } from './series-file.ts';

export interface Inputs {
  /** Files that are judged one after the other by one judge: a lone file, or a history and what comes after it. */
  readonly groups: readonly (readonly SeriesFile[])[];
  /** Files that would write the answer of another one. */
  readonly doubles: readonly string[];
}

const TABLE = /\.csv(\.gz)?$/i;

/**
 * The `.csv` and `.csv.gz` files below `data`, hidden ones and those below `out` apart, each with the path of its answer
 * below `out` (the same relative path, without `.gz`). `NAME.train` and `NAME.test` in one folder make one group. The
 * largest groups come first, so that no thread is left with a large one at the end.
 * Throws `backtest_data_unreadable` and `backtest_out_invalid`.
 */
export function findInputs(data: string, out: string): Inputs {
  const answers = resolve(out);
  if (resolve(data) === answers) {
    throw new WeirError('backtest_out_invalid', `${out}: the answers would replace the data; give another folder`);
  }
  const found = walk(resolve(data), answers, new Set()).sort();
  const byOutput = new Map<string, SeriesFile>();
  const doubles: string[] = [];
  for (const input of found) {
    const name = relative(resolve(data), input);
    const output = join(answers, name.replace(/\.gz$/i, ''));
    if (byOutput.has(output)) doubles.push(name);
    else byOutput.set(output, { name, input, output });
  }
  const groups: SeriesFile[][] = [];
  for (const file of byOutput.values()) {
    if (byOutput.has(file.output.replace(/\.train(\.csv)$/i, '.test$1')) && isTrain(file)) continue;
    const history = byOutput.get(file.output.replace(/\.test(\.csv)$/i, '.train$1'));
    groups.push(history === undefined || history === file ? [file] : [history, file]);
  }
  const size = (group: readonly SeriesFile[]) => group.reduce((sum, { input }) => sum + statSync(input).size, 0);
  const sized = groups.map((group) => ({ group, size: size(group) })).sort((a, b) => b.size - a.size);
  return { groups: sized.map(({ group }) => group), doubles };
}

function isTrain({ output }: SeriesFile): boolean {
  return /\.train\.csv$/i.test(output);
}

function walk(folder: string, answers: string, seen: Set<string>): string[] {
  let entries: Dirent[];
  try {
    const real = realpathSync(folder);
    if (seen.has(real)) return [];
    seen.add(real);
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (cause) {
    throw new WeirError(
      'backtest_data_unreadable',
      `${folder}: ${errorMessage(cause)}; --data names a folder of CSV files`,
      { cause },
    );
  }
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.name.startsWith('.') || isWithin(path, answers)) return [];
    const facts = entry.isSymbolicLink() ? statSync(path, { throwIfNoEntry: false }) : entry;
    if (facts?.isDirectory()) return walk(path, answers, seen);
    return facts?.isFile() && TABLE.test(entry.name) ? [path] : [];
  });
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || !(way.startsWith('..') || isAbsolute(way));
}
