import { startDrive } from '../drive.ts';
import type { LoadReport } from '../load.ts';
import type { Platform } from '../platform.ts';
import { freeBytes, MIN_FREE_BYTES } from '../watch.ts';
import { type Context, loadOptions } from './context.ts';
import { untilMerged, untilVisible } from './settle.ts';

export interface History {
  readonly load: LoadReport;
  /** Unix milliseconds. */
  readonly from: number;
  readonly to: number;
}

const DAY_MS = 86_400_000;
const SETTLE_MS = 300_000;

/** Fills in `spans` unique spans that say they happened over the last 24 hours, through the product's own ingest. */
export async function fillDay(context: Context, platform: Platform, spans: number, services: number): Promise<History> {
  const to = Math.floor(Date.now() / 10_000) * 10_000;
  const from = to - DAY_MS;
  const running = startDrive({
    ...loadOptions(context, platform.otlp, 'traces', 1024),
    services,
    items: spans,
    history: { from, to },
  });
  const guard = setInterval(() => {
    if (freeBytes(platform.dataDir) < MIN_FREE_BYTES) running.stop();
  }, 1000);
  const load = await running.done;
  clearInterval(guard);
  if (!(await untilVisible(platform.store, 'traces', load.acked))) throw new Error('not everything became visible');
  await untilMerged(platform.store, SETTLE_MS);
  return { load, from, to };
}

/** Milliseconds that `call` takes. */
export async function timed<T>(call: () => Promise<T>): Promise<{ readonly ms: number; readonly value: T }> {
  const began = performance.now();
  const value = await call();
  return { ms: performance.now() - began, value };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}
