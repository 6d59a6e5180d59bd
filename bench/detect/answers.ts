import { readFileSync } from 'node:fs';
import { parseCells } from '../../core/csv.ts';

/** The answer to one file, by column. */
export interface AnswerTable {
  readonly rows: number;
  readonly alarm: Uint8Array;
  /** Names and numbers of the columns behind the alarm. */
  readonly names: readonly string[];
  readonly parts: readonly Float64Array[];
}

export function readAnswer(path: string): AnswerTable {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  const names = parseCells(lines[0] as string).slice(3);
  const rows = lines.length - 1;
  const alarm = new Uint8Array(rows);
  const parts = names.map(() => new Float64Array(rows));
  for (let i = 0; i < rows; i++) {
    const cells = parseCells(lines[i + 1] as string);
    alarm[i] = Number(cells[2]);
    for (let c = 0; c < parts.length; c++) (parts[c] as Float64Array)[i] = Number(cells[c + 3]);
  }
  return { rows, alarm, names, parts };
}

/** Alarms: rows of alarm at most `gap` rows apart are one. */
export function countAlarms(alarm: Uint8Array, gap: number): number {
  let count = 0;
  let last = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < alarm.length; i++) {
    if (alarm[i] === 0) continue;
    if (i - last - 1 > gap) count++;
    last = i;
  }
  return count;
}

/** The columns of rows `start` to `end` (exclusive), the one with the largest part in any row first. */
export function rankColumns({ names, parts }: AnswerTable, start: number, end: number): string[] {
  const largest = parts.map((part) => part.subarray(start, end).reduce((most, value) => Math.max(most, value), 0));
  const order = names.map((_, i) => i).sort((a, b) => (largest[b] as number) - (largest[a] as number));
  return order.map((i) => names[i] as string);
}
