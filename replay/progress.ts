import { formatDuration, type Millis } from '../core/time.ts';
import type { ReplayProgress } from './replay.ts';

export interface ProgressOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const WIDTH = 24;
const REDRAW_MS = 200;
const LINE_MS = 10_000;

/** The bar as one line of text. */
export function formatProgress({ phase, sent, total, at, remaining }: ReplayProgress): string {
  const share = total === 0 ? 1 : sent / total;
  const full = Math.round(share * WIDTH);
  const bar = '#'.repeat(full) + '.'.repeat(WIDTH - full);
  const reached = Number.isFinite(at) ? new Date(at).toISOString().slice(0, 19).replace('T', ' ') : '';
  const rest = phase === 'history' ? 'sending history' : `${formatDuration(Math.ceil(remaining / 1000) * 1000)} left`;
  return `[${bar}] ${String(Math.floor(share * 100)).padStart(3)} %  ${sent}/${total}  ${reached}  ${rest}`;
}

/** Draws a bar in place on a terminal, and writes a line now and then anywhere else. */
export function createProgressBar(output: ProgressOutput, now: () => Millis = Date.now) {
  let drawnAt = Number.NEGATIVE_INFINITY;
  let open = false;
  const interval = output.isTTY === true ? REDRAW_MS : LINE_MS;
  const clear = () => {
    if (open) output.write('\r\u001b[K');
    open = false;
  };
  return {
    update(progress: ReplayProgress): void {
      if (progress.sent < progress.total && now() - drawnAt < interval) return;
      drawnAt = now();
      clear();
      output.write(`${formatProgress(progress)}${output.isTTY === true ? '' : '\n'}`);
      open = output.isTTY === true;
    },
    line(text: string): void {
      clear();
      output.write(`${text}\n`);
    },
    end(): void {
      if (open) output.write('\n');
      open = false;
    },
  };
}
