import { setTimeout as sleep } from 'node:timers/promises';
import { sampleMs, type Work } from '../load/work.ts';

/** Stands for the work a real stage would do: takes as long, costs nothing. */
export async function work(kind: Work, factor = 1): Promise<void> {
  await sleep(sampleMs(kind, Math.random) * factor);
}

/** Tells the parent that the stage does its work from now on, and ends cleanly when asked to. */
export function ready(stop: () => Promise<void>, details: Readonly<Record<string, unknown>> = {}): void {
  process.send?.({ ready: true, ...details });
  const end = () => {
    process.removeListener('SIGTERM', end);
    process.removeListener('disconnect', end);
    const deadline = setTimeout(() => process.exit(1), 4000);
    deadline.unref();
    stop().then(
      () => process.disconnect?.(),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', end);
  process.on('disconnect', end);
}
