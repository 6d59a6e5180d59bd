import { startDrive } from '../drive.ts';
import type { Outcome } from '../goals.ts';
import { startPlatform } from '../platform.ts';
import { countItems } from '../tables.ts';
import { freeBytes, MIN_FREE_BYTES, Watch } from '../watch.ts';
import { type Context, loadOptions } from './context.ts';
import { untilVisible } from './settle.ts';
import { throughputNumbers } from './throughput.ts';

const MAX_SECONDS = 15;

/**
 * The engine's process is stopped (SIGSTOP), so that receiving, decoding and the fsynced spool have the machine alone. A
 * core's worth is what was acknowledged by the CPU seconds of the process that did it. Then the engine goes on, and what
 * was spooled is counted.
 */
export async function spool(context: Context): Promise<Outcome> {
  const dataDir = context.folder();
  const room = Math.floor(Math.min(32e9, Math.max(freeBytes(dataDir) - MIN_FREE_BYTES, 1e9)));
  await using stack = new AsyncDisposableStack();
  const platform = await startPlatform({ dataDir, set: [...context.set, `collector.spool.max_bytes=${room}`] });
  stack.defer(() => platform.stop());
  const { processes, store } = platform;
  const seconds = Math.min(context.seconds, MAX_SECONDS);
  const running = startDrive({ ...loadOptions(context, platform.otlp, 'traces'), forMs: seconds * 1000 });
  await running.ready;
  process.kill(processes.engine, 'SIGSTOP');
  stack.defer(() => {
    process.kill(processes.engine, 'SIGCONT');
  });
  const began = performance.now();
  const watch = new Watch({ processes, dataDir, diskFull: () => running.stop() });
  const load = await running.done;
  const seen = await watch.end();
  const visibleSeconds = (performance.now() - began) / 1000;
  process.kill(processes.engine, 'SIGCONT');
  await untilVisible(store, 'traces', load.acked);
  const stored = await countItems(store, 'traces');
  const perCore = load.acked / (seen.cpu['weir'] ?? Number.NaN);
  const numbers = {
    ...throughputNumbers({ load, watch: seen, visibleSeconds, allVisible: true }),
    'items per CPU second of the collector': perCore,
    'count() equals acknowledged': stored === load.acked ? 'yes' : `NO: ${stored - load.acked}`,
  };
  return { scenario: 'spool', goals: { spool: perCore }, numbers, detail: { load, watch: seen } };
}
