import { startDrive } from '../drive.ts';
import type { GoalName, Outcome } from '../goals.ts';
import type { LoadReport } from '../load.ts';
import { type Platform, startPlatform } from '../platform.ts';
import { bytesPerItem, checkRollups, countItems, diskUse } from '../tables.ts';
import type { Signal } from '../templates/template.ts';
import { Watch, type WatchReport } from '../watch.ts';
import { type Context, loadOptions } from './context.ts';
import { mergeAll, untilMerged, untilRolledUp, untilVisible } from './settle.ts';

const SETTLE_MS = 180_000;

export interface Throughput {
  readonly signal: Signal;
  readonly seconds: number;
  /** Items a second; without it as many as are acknowledged. */
  readonly rate?: number;
  readonly batch?: number;
  /** Ends what else sends to the platform, once the load has ended. */
  readonly endBeside?: () => Promise<void>;
}

export interface ThroughputReport {
  readonly load: LoadReport;
  readonly watch: WatchReport;
  /** Seconds from the first send until every acknowledged item was seen by a query, in its table and in the rollups. */
  readonly visibleSeconds: number;
  readonly allVisible: boolean;
}

/** Drives a platform and waits until everything acknowledged is visible, rollups included. */
export async function drive(context: Context, platform: Platform, wanted: Throughput): Promise<ThroughputReport> {
  const { signal, seconds, rate, batch } = wanted;
  const running = startDrive({
    ...loadOptions(context, platform.otlp, signal, batch),
    forMs: seconds * 1000,
    ...(rate === undefined ? {} : { rate }),
  });
  await running.ready;
  const began = performance.now();
  const { processes, dataDir, store } = platform;
  const watch = new Watch({
    processes,
    dataDir,
    store,
    diskFull: () => {
      context.log('less than 15 GB of disk are left: the load ends here');
      running.stop();
    },
  });
  const load = await running.done;
  await wanted.endBeside?.();
  const allVisible = (await untilVisible(store, signal, load.acked)) && (await untilRolledUp(store, signal));
  const visibleSeconds = (performance.now() - began) / 1000;
  return { load, watch: await watch.end(), visibleSeconds, allVisible };
}

/** The numbers of a report that scenarios share, under the names the peer's have too. */
export function throughputNumbers({ load, watch, visibleSeconds }: ThroughputReport): Record<string, number | string> {
  const perItem = (seconds: number) => (seconds * 1e6) / load.acked;
  const cores = Object.values(watch.cpu).reduce((a, b) => a + b, 0);
  return {
    'acknowledged items': load.acked,
    'acknowledged items/s': (load.acked * 1000) / load.elapsedMs,
    'durable and visible items/s': load.acked / visibleSeconds,
    'OTLP MB/s acknowledged': load.bytes / load.elapsedMs / 1000,
    'ack p50 ms': load.latency.p50,
    'ack p99 ms': load.latency.p99,
    'refused requests': load.refused,
    'CPU us/item, all processes': perItem(cores),
    ...Object.fromEntries(Object.entries(watch.cpu).map(([name, used]) => [`CPU us/item, ${name}`, perItem(used)])),
    'generator, cores': (load.cpuSeconds * 1000) / load.elapsedMs,
    'others, cores': (watch.otherCpu - load.cpuSeconds) / watch.seconds,
    'peak resident GB': watch.peakResidentBytes / 1e9,
    'peak spool MB': watch.peakSpoolBytes / 1e6,
    'peak parts of a partition': watch.peakPartsOfPartition,
    errors: Object.entries(load.errors)
      .map(([words, count]) => `${count} x ${words}`)
      .join('; '),
  };
}

/** As fast as acknowledgements come, then every acknowledged item counted in the store, rows and rollups. */
export async function throughput(context: Context, name: GoalName, wanted: Throughput): Promise<Outcome> {
  await using stack = new AsyncDisposableStack();
  const platform = await startPlatform({ dataDir: context.folder(), set: context.set });
  stack.defer(() => platform.stop());
  const { store } = platform;
  const report = await drive(context, platform, wanted);
  const settle = new Watch({ processes: platform.processes, dataDir: platform.dataDir, store });
  const merged = await untilMerged(store, SETTLE_MS);
  if (context.optimize) await mergeAll(store, Object.keys(await diskUse(store)));
  const settled = await settle.end();
  const stored = await countItems(store, wanted.signal);
  const rollups = await checkRollups(store, wanted.signal);
  const use = await diskUse(store);
  const bytes = bytesPerItem(use, wanted.signal, stored);
  const wrong = rollups.filter(({ counted, expected }) => counted !== expected);
  const cpuSettled = Object.values(settled.cpu).reduce((a, b) => a + b, 0);
  const numbers = {
    ...throughputNumbers(report),
    'rows by count()': stored,
    'count() equals acknowledged': stored === report.load.acked ? 'yes' : `NO: ${stored - report.load.acked}`,
    'rollups equal rows':
      wrong.length === 0 ? `yes (${rollups.map(({ table }) => table).join(', ')})` : JSON.stringify(wrong),
    'CPU us/item, merges afterwards': (cpuSettled * 1e6) / stored,
    'merges ended': merged ? 'yes' : `not within ${SETTLE_MS / 1000} s`,
    'bytes/item, rows': bytes.raw,
    'bytes/item, everything': bytes.all,
  };
  const perSecond = report.load.acked / report.visibleSeconds;
  const more: Outcome['goals'] =
    name === 'sustained' ? { resident: report.watch.peakResidentBytes / 1e9, bytes_per_span: bytes.raw } : {};
  return { scenario: name, goals: { [name]: perSecond, ...more }, numbers, detail: { report, settled, rollups, use } };
}
