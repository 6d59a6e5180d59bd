import { createHash } from 'node:crypto';
import { Counter, Gauge } from 'prom-client';
import type { Telemetry } from '../../core/telemetry.ts';
import type { Millis } from '../../core/time.ts';
import type { ReaderHooks } from '../reader/hooks.ts';
import { AttributeRules } from './attributes.ts';
import { BUDGETS, type CardinalityEvents, CardinalityGovernor } from './cardinality.ts';
import type { ProcessorsConfig } from './config.ts';
import { Filter } from './filter.ts';

/** Sources with a label value of their own; the series of the others are counted together. */
const LABELLED_SOURCES = 100;

export interface Processors {
  /** Only the hooks that the configuration needs. */
  readonly hooks: ReaderHooks;
  /** Differs between configurations that make other scopes and series of the same telemetry. */
  readonly revision: string;
  /**
   * Points that were diverted since the last call, as a metrics request of protobuf to be read in the same group;
   * undefined when there are none.
   */
  takeDiverted(): Uint8Array | undefined;
}

/** The processors of the configuration. Filters see items as sent, budgets see series as stored. */
export function createProcessors(config: ProcessorsConfig, telemetry: Telemetry, now: () => Millis): Processors {
  const registers = [telemetry.registry];
  const dropped = new Counter({
    name: 'weir_collector_processor_dropped_total',
    help: 'Items that a processor dropped: by a filter rule, or for a budget of series (new series, each time it is asked for)',
    labelNames: ['processor', 'rule'],
    registers,
  });
  const governor = createGovernor(config, telemetry, dropped, now);
  return {
    hooks: { ...attributeHooks(config), ...filterHooks(config, dropped), ...cardinalityHooks(governor) },
    revision: revisionOf(config),
    takeDiverted: () => governor.take(),
  };
}

function attributeHooks(config: ProcessorsConfig): ReaderHooks {
  if (config.attributes.length === 0) return {};
  const rules = new AttributeRules(config.attributes);
  return {
    attributeAction: (key, place) => rules.action(key, place),
    transform: (key, value, place) => rules.transform(key, value, place),
  };
}

function filterHooks(config: ProcessorsConfig, dropped: Counter<'processor' | 'rule'>): ReaderHooks {
  if (config.filter.length === 0) return {};
  const filter = new Filter(config.filter, (rule) => dropped.inc({ processor: 'filter', rule }));
  for (const rule of filter.labels) dropped.inc({ processor: 'filter', rule }, 0);
  return {
    filterScope: (signal, service) => (filter.concerns(signal, service) ? 1 : 0),
    dropItem: (signal, service, name, message) => filter.drops(signal, service, name, message),
  };
}

function cardinalityHooks(governor: CardinalityGovernor): ReaderHooks {
  return {
    admitSeries: (series) => governor.admit(series),
    divertPoint: (point) => governor.divert(point),
  };
}

function createGovernor(
  config: ProcessorsConfig,
  telemetry: Telemetry,
  dropped: Counter<'processor' | 'rule'>,
  now: () => Millis,
): CardinalityGovernor {
  const registers = [telemetry.registry];
  const diverted = new Counter({
    name: 'weir_collector_processor_diverted_total',
    help: 'Data points of partitions above the budget, by what became of them: a series of their own, part of a sum, lost',
    labelNames: ['result'],
    registers,
  });
  for (const rule of BUDGETS) dropped.inc({ processor: 'cardinality', rule }, 0);
  for (const result of ['own', 'summed', 'lost']) diverted.inc({ result }, 0);
  const events: CardinalityEvents = {
    exceeded(rule, decision) {
      if (decision === 'reject') dropped.inc({ processor: 'cardinality', rule });
    },
    report({ source, budget, series, metric, metricSeries, suspect }) {
      telemetry.log.warn(
        {
          event: 'collector_cardinality_exceeded',
          source,
          budget,
          series,
          metric,
          metric_series: metricSeries,
          ...suspect,
        },
        'more metric series than the budget allows: new ones are refused, or summed over partitions',
      );
    },
    diverted(counts) {
      for (const [result, count] of Object.entries({ own: counts.own, summed: counts.summed, lost: counts.lost })) {
        diverted.inc({ result }, count);
      }
    },
  };
  const governor = new CardinalityGovernor(config.cardinality, events, now);
  new Gauge({
    name: 'weir_collector_series',
    help: 'Metric series heard of within the window of the budget, by service',
    labelNames: ['source'],
    registers,
    collect() {
      this.reset();
      for (const [i, { source, series }] of governor.sizes().entries()) {
        this.inc({ source: i < LABELLED_SOURCES ? source : 'other' }, series);
      }
    },
  });
  return governor;
}

/** Of what changes ids: a filter or a budget only decides which items there are. */
function revisionOf(config: ProcessorsConfig): string {
  if (config.attributes.length === 0) return '';
  return createHash('sha256').update(JSON.stringify(config.attributes)).digest('hex').slice(0, 16);
}
