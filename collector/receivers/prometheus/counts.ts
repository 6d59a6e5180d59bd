import { Counter, Gauge } from 'prom-client';
import type { Telemetry } from '../../../core/telemetry.ts';

export interface ScrapeCounts {
  readonly scrapes: Counter<'job' | 'outcome'>;
  readonly failures: Counter<'job' | 'code'>;
  readonly points: Counter<'job'>;
  readonly facts: Counter<'job'>;
  readonly dropped: Counter<'job' | 'reason'>;
  readonly lost: Counter<'job' | 'code'>;
  readonly discoveries: Counter<'job' | 'outcome'>;
}

/** What the receiver tells about itself. `targets` is asked for at each scrape of ours. */
export function createScrapeCounts({ registry }: Telemetry, targets: () => ReadonlyMap<string, number>): ScrapeCounts {
  const registers = [registry];
  new Gauge({
    name: 'weir_collector_prometheus_targets',
    help: 'Targets that are scraped',
    labelNames: ['job'],
    registers,
    collect() {
      this.reset();
      for (const [job, count] of targets()) this.set({ job }, count);
    },
  });
  return {
    scrapes: new Counter({
      name: 'weir_collector_prometheus_scrapes_total',
      help: 'Scrapes by outcome: read, or failed',
      labelNames: ['job', 'outcome'],
      registers,
    }),
    failures: new Counter({
      name: 'weir_collector_prometheus_failures_total',
      help: 'Scrapes that failed, by the reason',
      labelNames: ['job', 'code'],
      registers,
    }),
    points: new Counter({
      name: 'weir_collector_prometheus_points_total',
      help: 'Points of scrapes that were made durable',
      labelNames: ['job'],
      registers,
    }),
    facts: new Counter({
      name: 'weir_collector_prometheus_facts_total',
      help: 'Points that were made durable of what known exporters say of Kafka and Connect, under our names',
      labelNames: ['job'],
      registers,
    }),
    dropped: new Counter({
      name: 'weir_collector_prometheus_dropped_total',
      help: 'Samples and facts of scrapes that could be read and are not stored, by the reason',
      labelNames: ['job', 'reason'],
      registers,
    }),
    lost: new Counter({
      name: 'weir_collector_prometheus_lost_total',
      help: 'Points of scrapes that could not be made durable, by the reason',
      labelNames: ['job', 'code'],
      registers,
    }),
    discoveries: new Counter({
      name: 'weir_collector_prometheus_discoveries_total',
      help: 'Files of targets that were read, by outcome',
      labelNames: ['job', 'outcome'],
      registers,
    }),
  };
}
