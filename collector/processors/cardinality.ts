import type { Millis } from '../../core/time.ts';
import type { DivertedPoint, NewSeries } from '../reader/hooks.ts';
import type { CardinalityConfig } from './config.ts';
import { Diversion } from './diversion.ts';
import { Family, familyKey, OTHER, partitionOf } from './partitions.ts';
import { seriesNumber } from './series-id.ts';
import { SeriesWindow } from './series-window.ts';
import { type Suspect, Suspects } from './suspects.ts';

/** Sources with a budget of their own; any further ones share that of `other`. */
const SOURCES = 2000;
const SHARED_SOURCE = 'other';
/** Series known of all sources together, whatever their budgets. */
const SERIES = 1_000_000;
/** Share of a source's budget that its partitions may take on top of it, with those that stand for all others. */
const ALLOWANCE = 0.1;
/** Share of the budget at which new series begin to be looked at, to say later what exploded. */
const SUSPICION = 0.5;
const REPORT_INTERVAL = 10 * 60_000;

export const BUDGETS = ['series_per_source', 'series_per_metric', 'series_in_all'] as const;
export type Budget = (typeof BUDGETS)[number];

/** Said at most once in ten minutes and source. */
export interface CardinalityReport {
  readonly source: string;
  readonly budget: Budget;
  /** Series of the source. */
  readonly series: number;
  /** The metric with most of them, or the one whose own budget is spent. */
  readonly metric: string;
  readonly metricSeries: number;
  readonly suspect: Suspect | undefined;
}

export interface CardinalityEvents {
  /** A series got no place: its points are refused, or diverted. */
  exceeded(budget: Budget, decision: 'reject' | 'divert'): void;
  report(report: CardinalityReport): void;
  /** What became of diverted points. */
  diverted(counts: { readonly own: number; readonly summed: number; readonly lost: number }): void;
}

interface Source {
  readonly name: string;
  readonly window: SeriesWindow;
  readonly families: Map<string, Family>;
  /** Series above the budget: places of `families`. */
  above: number;
  suspects: Suspects | undefined;
  reported: Millis;
  seen: Millis;
}

/**
 * Keeps the number of series of each source (service) and metric within a budget. Above it, a series that differs from
 * its siblings in the partition alone is diverted: the hottest partitions keep series of their own, the others are
 * stored as one. Any other new series is refused.
 */
export class CardinalityGovernor {
  readonly #config: CardinalityConfig;
  readonly #events: CardinalityEvents;
  readonly #now: () => Millis;
  readonly #sources = new Map<string, Source>();
  readonly #diversion = new Diversion();
  #series = 0;
  #turned: Millis;

  constructor(config: CardinalityConfig, events: CardinalityEvents, now: () => Millis) {
    this.#config = config;
    this.#events = events;
    this.#now = now;
    this.#turned = now();
  }

  admit(series: NewSeries): 'admit' | 'reject' | 'divert' {
    const now = this.#now();
    this.#turn(now);
    const source = this.#source(series.service, now);
    const id = seriesNumber(series);
    if (source.window.touch(series.metric, id)) return 'admit';
    const partition = partitionOf(series.attributes);
    const key = partition === undefined ? '' : familyKey(series.metric, series.attributes, partition.key);
    const family = partition === undefined ? undefined : source.families.get(key);
    if (partition !== undefined && family !== undefined) {
      family.seen = now;
      if (partition.value === OTHER || family.has(partition.value)) return 'admit';
    }
    if (source.window.size >= SUSPICION * this.#config.series_per_source) {
      source.suspects ??= new Suspects();
      source.suspects.add(series);
    }
    const budget = this.#exceeded(source, series.metric);
    if (budget === undefined) {
      source.window.add(series.metric, id);
      this.#series++;
      return 'admit';
    }
    this.#report(source, budget, series, now);
    const decision =
      partition !== undefined && (family !== undefined || this.#openFamily(source, key, now)) ? 'divert' : 'reject';
    this.#events.exceeded(budget, decision);
    return decision;
  }

  divert(point: DivertedPoint): void {
    this.#diversion.add(point);
  }

  /** The diverted points since the last call as a metrics request of protobuf; undefined when there are none. */
  take(): Uint8Array | undefined {
    const now = this.#now();
    const families = new Map<string, Family | undefined>();
    for (const { service, family: id, values, cumulative } of this.#diversion.families()) {
      const source = this.#source(service, now);
      const family = source.families.get(id.slice(service.length + 1));
      families.set(id, family);
      const { partition_keep: keep, window } = this.#config;
      const allowance = this.#allowance() - source.above;
      source.above += family?.promote(values, { keep, allowance, settled: cumulative, window, now }) ?? 0;
    }
    const taken = this.#diversion.take((id, partition) => families.get(id)?.has(partition) ?? false);
    if (taken === undefined) return undefined;
    this.#events.diverted(taken);
    return taken.request.length === 0 ? undefined : taken.request;
  }

  /** Series by source, the largest first; those that partitions take above the budget are included. */
  sizes(): { readonly source: string; readonly series: number }[] {
    this.#turn(this.#now());
    return [...this.#sources.values()]
      .map(({ name, window, above }) => ({ source: name, series: window.size + above }))
      .sort((a, b) => b.series - a.series);
  }

  #source(service: string, now: Millis): Source {
    const known = this.#sources.get(service);
    if (known !== undefined) {
      known.seen = now;
      return known;
    }
    if (this.#sources.size >= SOURCES && service !== SHARED_SOURCE) return this.#source(SHARED_SOURCE, now);
    const source: Source = {
      name: service,
      window: new SeriesWindow(this.#config.window, this.#turned),
      families: new Map(),
      above: 0,
      suspects: undefined,
      reported: Number.NEGATIVE_INFINITY,
      seen: now,
    };
    this.#sources.set(service, source);
    return source;
  }

  #exceeded(source: Source, metric: string): Budget | undefined {
    if (source.window.size >= this.#config.series_per_source) return 'series_per_source';
    if (source.window.sizeOf(metric) >= this.#config.series_per_metric) return 'series_per_metric';
    return this.#series >= SERIES ? 'series_in_all' : undefined;
  }

  #allowance(): number {
    return Math.max(this.#config.partition_keep + 1, Math.floor(ALLOWANCE * this.#config.series_per_source));
  }

  #openFamily(source: Source, key: string, now: Millis): boolean {
    if (source.above >= this.#allowance()) return false;
    source.families.set(key, new Family(now));
    source.above++;
    return true;
  }

  /** Forgets series, families and sources that were not heard of for a window or two. */
  #turn(now: Millis): void {
    const { window } = this.#config;
    if (now - this.#turned < window) return;
    this.#turned = now;
    for (const source of this.#sources.values()) {
      this.#series -= source.window.turn(now);
      for (const [key, family] of source.families) {
        if (now - family.seen < window) continue;
        source.families.delete(key);
        source.above -= family.size;
      }
      if (source.window.size < SUSPICION * this.#config.series_per_source) source.suspects = undefined;
      if (source.window.size === 0 && source.families.size === 0) this.#sources.delete(source.name);
    }
  }

  #report(source: Source, budget: Budget, series: NewSeries, now: Millis): void {
    if (now - source.reported < REPORT_INTERVAL) return;
    source.reported = now;
    const metric = budget === 'series_per_metric' ? series.metric : source.window.largest() || series.metric;
    this.#events.report({
      source: source.name,
      budget,
      series: source.window.size,
      metric,
      metricSeries: source.window.sizeOf(metric),
      suspect: source.suspects?.of(metric),
    });
  }
}
