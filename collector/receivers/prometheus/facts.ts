import { ATTR, METRIC } from '../../../core/semconv.ts';
import type { Millis } from '../../../core/time.ts';
import type { KeyValue } from '../../otlp/model.ts';
import { CONFLUENT, MSK, REDPANDA } from './exporters/brokers.ts';
import { BURROW, BURROW_EXPORTER } from './exporters/burrow.ts';
import type { Exporter, FactRule } from './exporters/exporter.ts';
import { KAFKA_EXPORTER } from './exporters/kafka-exporter.ts';
import { KAFKA_LAG_EXPORTER } from './exporters/kafka-lag-exporter.ts';
import { KLAG } from './exporters/klag.ts';
import { KMINION } from './exporters/kminion.ts';
import type { Sample } from './exposition.ts';
import { type Origin, originOf, type Point, textAttribute } from './points.ts';

export const EXPORTERS: readonly Exporter[] = [
  KAFKA_EXPORTER,
  KMINION,
  KAFKA_LAG_EXPORTER,
  KLAG,
  BURROW,
  BURROW_EXPORTER,
  REDPANDA,
  CONFLUENT,
  MSK,
];

const RULES: ReadonlyMap<string, { readonly exporter: Exporter; readonly rules: readonly FactRule[] }> = new Map(
  EXPORTERS.flatMap((exporter) =>
    Object.entries(exporter.metrics).map(([metric, rules]) => [metric, { exporter, rules }] as const),
  ),
);

/** Units of the facts; all others count records. */
const UNITS: Readonly<Record<string, string>> = {
  [METRIC.kafkaBrokers]: '{broker}',
  [METRIC.kafkaTopicPartitions]: '{partition}',
  [METRIC.kafkaPartitionReplicas]: '{replica}',
  [METRIC.kafkaPartitionInSync]: '{replica}',
  [METRIC.kafkaGroupMembers]: '{member}',
  [METRIC.lagTime]: 's',
  [METRIC.topicRetentionTime]: 's',
  [METRIC.topicRetentionSize]: 'By',
  [METRIC.topicCompacted]: '',
  [METRIC.groupState]: '',
};

const GROUP_STATES = [
  'stable',
  'empty',
  'dead',
  'preparing_rebalance',
  'completing_rebalance',
  'assigning',
  'reconciling',
  'not_ready',
] as const;

interface Fact {
  readonly metric: string;
  readonly exporter: Exporter;
  readonly origin: Origin;
  readonly attributes: Readonly<Record<string, string>>;
  readonly timestamp: Millis | undefined;
  value: number;
}

/**
 * What known exporters say of Kafka, under the names that the Kafka receiver uses: gauges with the attributes `group`,
 * `topic` and `partition`, of the service `kafka`. Of log end, committed offset and lag the third is made of the other
 * two where it is not told. Samples are those of one scrape, with the target's labels.
 */
export function kafkaFacts(samples: readonly Sample[], time: Millis): Point[] {
  const facts = new Map<string, Fact>();
  const clusters = clusterIds(samples);
  const origins = new Map<string, Origin>();
  for (const sample of samples) {
    const known = RULES.get(sample.name);
    if (known === undefined) continue;
    for (const rule of known.rules) addFact(facts, known.exporter, rule, sample, clusters, origins);
  }
  complete(facts);
  return [...facts].map(([key, fact]) => pointOf(key, fact, time));
}

function addFact(
  facts: Map<string, Fact>,
  exporter: Exporter,
  rule: FactRule,
  sample: Sample,
  clusters: ReadonlyMap<string, string>,
  origins: Map<string, Origin>,
): void {
  const { labels, timestamp } = sample;
  for (const [label, value] of Object.entries(rule.where ?? {})) if (labels.get(label) !== value) return;
  for (const [label, value] of Object.entries(rule.unless ?? {})) if (labels.get(label) === value) return;
  const value = factValue(rule, sample);
  if (!Number.isFinite(value) || value < (rule.least ?? 0)) return;
  const attributes: Record<string, string> = {};
  for (const [attribute, label] of Object.entries(rule.attributes)) {
    const text = labels.get(label);
    if (text === undefined || (attribute === 'partition' && !/^\d{1,9}$/.test(text))) return;
    attributes[attribute] = attribute === 'state' ? stateOf(text) : text;
  }
  const origin = originOfSample(exporter, labels, clusters, origins);
  const key = keyOf(rule.to, origin, attributes);
  const before = facts.get(key);
  if (before === undefined) facts.set(key, { metric: rule.to, exporter, origin, attributes, timestamp, value });
  else if (rule.same === 'sum') before.value += value;
}

function factValue({ value, factor = 1, read = Number }: FactRule, sample: Sample): number {
  if (value === 'one') return 1;
  if (value === undefined) return sample.value * factor;
  const text = sample.labels.get(value.label);
  return text === undefined ? Number.NaN : read(text) * factor;
}

/** Kafka writes states as `PreparingRebalance`, its clients as `PREPARING_REBALANCE`. */
function stateOf(text: string): string {
  const word = text.replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase();
  return GROUP_STATES.find((state) => state === word) ?? 'unknown';
}

/** Ids that exporters tell in a metric of its own, by the target they come from. */
function clusterIds(samples: readonly Sample[]): ReadonlyMap<string, string> {
  const ids = new Map<string, string>();
  for (const { name, labels } of samples) {
    const id = name === 'kminion_kafka_cluster_info' ? labels.get('cluster_id') : undefined;
    if (id !== undefined) ids.set(labels.get('instance') ?? '', id);
  }
  return ids;
}

const PIPELINE_LABELS: readonly (readonly [string, string])[] = [
  ['weir.pipeline', ATTR.pipeline],
  ['weir_pipeline', ATTR.pipeline],
  [ATTR.serviceNamespace, ATTR.serviceNamespace],
  ['service_namespace', ATTR.serviceNamespace],
];

function originOfSample(
  exporter: Exporter,
  labels: ReadonlyMap<string, string>,
  clusters: ReadonlyMap<string, string>,
  origins: Map<string, Origin>,
): Origin {
  const first = (names: readonly string[]) => names.map((name) => labels.get(name)).find((text) => text !== undefined);
  const alias = first(exporter.cluster);
  const id = first(exporter.clusterId) ?? clusters.get(labels.get('instance') ?? '');
  const attributes: KeyValue[] = [textAttribute(ATTR.serviceName, 'kafka')];
  if (alias !== undefined) attributes.push(textAttribute(ATTR.kafkaClusterAlias, alias));
  if (id !== undefined) attributes.push(textAttribute(ATTR.kafkaClusterId, id));
  for (const [label, attribute] of PIPELINE_LABELS) {
    const value = labels.get(label);
    if (value !== undefined) attributes.push(textAttribute(attribute, value));
  }
  const origin = originOf(attributes);
  const known = origins.get(origin.key);
  if (known !== undefined) return known;
  origins.set(origin.key, origin);
  return origin;
}

function keyOf(metric: string, origin: Origin, { group, topic, partition, state }: Fact['attributes']): string {
  return `${origin.key}\n${metric}\n${group ?? ''}\n${topic ?? ''}\n${partition ?? ''}\n${state ?? ''}`;
}

/** lag = log end - committed offset, not below 0: the exporter did not read both at the same instant. */
function complete(facts: Map<string, Fact>): void {
  for (const fact of [...facts.values()]) {
    const isLag = fact.metric === METRIC.kafkaLag;
    if (!isLag && fact.metric !== METRIC.kafkaGroupOffset) continue;
    const { topic, partition } = fact.attributes;
    if (topic === undefined || partition === undefined) continue;
    const end = facts.get(keyOf(METRIC.kafkaPartitionOffset, fact.origin, { topic, partition }));
    const other = isLag ? METRIC.kafkaGroupOffset : METRIC.kafkaLag;
    const key = keyOf(other, fact.origin, fact.attributes);
    if (end === undefined || facts.has(key)) continue;
    facts.set(key, { ...fact, metric: other, value: Math.max(0, end.value - fact.value) });
  }
}

function pointOf(key: string, { metric, exporter, origin, attributes, timestamp, value }: Fact, time: Millis): Point {
  const scope = `weir/prometheus/${exporter.name}`;
  return {
    key: `fact\n${key}`,
    origin,
    scope: { key: scope, name: scope, version: '' },
    name: metric,
    description: '',
    unit: UNITS[metric] ?? '{record}',
    attributes: Object.entries(attributes).map(([name, text]) =>
      name === 'partition' ? { key: name, value: { intValue: BigInt(text) } } : textAttribute(name, text),
    ),
    time: timestamp ?? time,
    isDated: timestamp !== undefined,
    created: undefined,
    data: { kind: 'level', value },
    exemplars: [],
  };
}
