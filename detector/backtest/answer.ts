import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { ONSET } from './judge.ts';

const BUFFER = 256 * 1024;
const MILLION = 1_000_000;

/** The file with what was said of each row of another. */
export interface Answer {
  /** One line. `contributions` is written for files of more than one column. */
  add(stamp: string, score: number, alarm: boolean, contributions: Float64Array): void;
  /** Puts the whole file in its place. */
  finish(): void;
  /** Leaves nothing behind; does nothing after `finish`. */
  discard(): void;
}

/**
 * Opens the answer for a file with these columns of values: `timestamp,score,alarm`, and where there are several columns
 * one of each name with its part. It is written beside its place and moved there when it is whole.
 */
export function openAnswer(path: string, names: readonly string[]): Answer {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.part`;
  let file: number | undefined = openSync(draft, 'w');
  const wide = names.length > 1;
  let text = `timestamp,score,alarm${wide ? `,${names.map(cell).join(',')}` : ''}\n`;

  function flush(): void {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) at += writeSync(file as number, bytes, at);
    text = '';
  }

  return {
    add(stamp, score, alarm, contributions) {
      text += `${cell(stamp)},${scoreText(score)},${alarm ? 1 : 0}`;
      if (wide) for (let i = 0; i < names.length; i++) text += `,${partText(contributions[i] as number)}`;
      text += '\n';
      if (text.length > BUFFER) flush();
    },
    finish() {
      if (file === undefined) return;
      flush();
      closeSync(file);
      file = undefined;
      renameSync(draft, path);
    },
    discard() {
      if (file === undefined) return;
      closeSync(file);
      file = undefined;
      rmSync(draft, { force: true });
    },
  };
}

/** A score with six decimals; rounding never makes an onset of a row that is none. */
export function scoreText(score: number): string {
  const millionths = Math.round(score * MILLION);
  const kept = score < ONSET ? Math.min(millionths, ONSET * MILLION - 1) : millionths;
  return kept === MILLION ? '1.000000' : `0.${String(kept).padStart(6, '0')}`;
}

function partText(part: number): string {
  return part === 0 ? '0' : String(Number(part.toPrecision(6)));
}

function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
