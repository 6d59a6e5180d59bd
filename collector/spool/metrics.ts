import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface SpoolMetrics {
  readonly syncSeconds: Histogram;
  readonly failures: Counter;
  readonly damaged: Counter<'table'>;
}

export function createSpoolMetrics(
  registry: Registry,
  backlog: () => { readonly bytes: number; readonly segments: number },
): SpoolMetrics {
  const registers = [registry];
  new Gauge({
    name: 'weir_collector_spool_bytes',
    help: 'Bytes acknowledged and not yet in the store',
    registers,
    collect() {
      this.set(backlog().bytes);
    },
  });
  new Gauge({
    name: 'weir_collector_spool_segments',
    help: 'Spool segments on disk',
    registers,
    collect() {
      this.set(backlog().segments);
    },
  });
  return {
    syncSeconds: new Histogram({
      name: 'weir_collector_spool_sync_seconds',
      help: 'Time to write and sync one group of requests',
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    }),
    failures: new Counter({
      name: 'weir_collector_spool_failures_total',
      help: 'Groups of requests that the disk refused; their senders were told to retry',
      registers,
    }),
    damaged: new Counter({
      name: 'weir_collector_spool_damaged_rows_total',
      help: 'Acknowledged rows whose bytes changed on disk before they were stored',
      labelNames: ['table'],
      registers,
    }),
  };
}
