import { ATTR, METRIC } from '../../../core/semconv.ts';
import type { Millis } from '../../../core/time.ts';
import { parseGroupState } from '../group-state.ts';
import { CONFLUENT, MSK, REDPANDA } from './exporters/brokers.ts';
import { BURROW, BURROW_EXPORTER } from './exporters/burrow.ts';
import type { Exporter, FactRule } from './exporters/exporter.ts';
import { KAFKA_EXPORTER } from './exporters/kafka-exporter.ts';
import { KAFKA_LAG_EXPORTER } from './exporters/kafka-lag-exporter.ts';
import { KLAG } from './exporters/klag.ts';
import { KMINION } from './exporters/kminion.ts';
import type { Sample } from './exposition.ts';
import { type Origin, PIPELINE_LABELS, type Point, type ScopeOrigin, textAttribute } from './points.ts';

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

/** A rule with what is looked at for every sample laid out. */
interface ReadyRule extends FactRule {
  readonly taken: readonly (readonly [attribute: string, label: string])[];
  readonly needed: readonly (readonly [label: string, value: string])[];
  readonly refused: readonly (readonly [label: string, value: string])[];
}

const RULES: ReadonlyMap<string, { readonly exporter: Exporter; readonly rules: readonly ReadyRule[] }> = new Map(
  EXPORTERS.flatMap((exporter) =>
    Object.entries(exporter.metrics).map(([metric, rules]) => [metric, { exporter, rules: rules.map(ready) }] as const),
  ),
);

function ready(rule: FactRule): ReadyRule {
  const [taken, needed, refused] = [rule.attributes, rule.where ?? {}, rule.unless ?? {}].map((one) =>
    Object.entries(one),
  ) as [[string, string][], [string, string][], [string, string][]];
  return { ...rule, taken, needed, refused };
}

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

/** A cluster as the samples of a scrape name it; `key` is the same in every scrape. */
interface Cluster {
  readonly key: string;
  readonly origin: Origin;
}

interface Fact {
  readonly metric: string;
  readonly scope: ScopeOrigin;
  readonly cluster: Cluster;
  readonly attributes: Readonly<Record<string, string>>;
  readonly timestamp: Millis | undefined;
  value: number;
}

const SCOPES: ReadonlyMap<Exporter, ScopeOrigin> = new Map(
  EXPORTERS.map((exporter) => [exporter, { name: `weir/prometheus/${exporter.name}`, version: '' }]),
);

/**
 * What known exporters say of Kafka, under the names that the Kafka receiver uses: gauges with the attributes `group`,
 * `topic` and `partition`, of the service `kafka`. Of log end, committed offset and lag the third is made of the other
 * two where it is not told. Samples are those of one scrape, with the target's labels.
 */
export function kafkaFacts(samples: readonly Sample[], time: Millis): Point[] {
  const facts = new Map<string, Fact>();
  const clusters = new Clusters(samples);
  for (const sample of samples) {
    const known = RULES.get(sample.name);
    if (known === undefined) continue;
    const cluster = clusters.of(known.exporter, sample.labels);
    for (const rule of known.rules) addFact(facts, known.exporter, rule, sample, cluster);
  }
  complete(facts);
  return [...facts].map(([key, fact]) => pointOf(key, fact, time));
}

function addFact(
  facts: Map<string, Fact>,
  exporter: Exporter,
  rule: ReadyRule,
  sample: Sample,
  cluster: Cluster,
): void {
  const { labels, timestamp } = sample;
  for (const [label, value] of rule.needed) if (labels.get(label) !== value) return;
  for (const [label, value] of rule.refused) if (labels.get(label) === value) return;
  const value = factValue(rule, sample);
  if (!Number.isFinite(value) || value < (rule.least ?? 0)) return;
  const attributes: Record<string, string> = {};
  for (const [attribute, label] of rule.taken) {
    const text = labels.get(label);
    if (text === undefined || (attribute === 'partition' && !/^\d{1,9}$/.test(text))) return;
    attributes[attribute] = attribute === 'state' ? parseGroupState(text) : text;
  }
  const key = keyOf(rule.to, cluster, attributes);
  const before = facts.get(key);
  const scope = SCOPES.get(exporter) as ScopeOrigin;
  if (before === undefined) facts.set(key, { metric: rule.to, scope, cluster, attributes, timestamp, value });
  else if (rule.same === 'sum') before.value += value;
}

function factValue({ value, factor = 1, read = Number }: FactRule, sample: Sample): number {
  if (value === 'one') return 1;
  if (value === undefined) return sample.value * factor;
  const text = sample.labels.get(value.label);
  return text === undefined ? Number.NaN : read(text) * factor;
}

/** The clusters that the samples of a scrape speak of. */
class Clusters {
  readonly #known = new Map<string, Cluster>();
  /** Ids that an exporter tells in a metric of its own, by the instance it runs as. */
  readonly #ids = new Map<string, string>();

  constructor(samples: readonly Sample[]) {
    for (const { name, labels } of samples) {
      const id = name === 'kminion_kafka_cluster_info' ? labels.get('cluster_id') : undefined;
      if (id !== undefined) this.#ids.set(labels.get('instance') ?? '', id);
    }
  }

  of(exporter: Exporter, labels: ReadonlyMap<string, string>): Cluster {
    const attributes = [textAttribute(ATTR.serviceName, 'kafka')];
    const alias = firstOf(exporter.cluster, labels);
    if (alias !== undefined) attributes.push(textAttribute(ATTR.kafkaClusterAlias, alias));
    const id = firstOf(exporter.clusterId, labels) ?? this.#ids.get(labels.get('instance') ?? '');
    if (id !== undefined) attributes.push(textAttribute(ATTR.kafkaClusterId, id));
    let key = `${alias ?? ''}\n${id ?? ''}`;
    for (const [label, attribute] of PIPELINE_LABELS) {
      const value = labels.get(label);
      key += `\n${value ?? ''}`;
      if (value !== undefined) attributes.push(textAttribute(attribute, value));
    }
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const cluster = { key, origin: { attributes } };
    this.#known.set(key, cluster);
    return cluster;
  }
}

function firstOf(names: readonly string[], labels: ReadonlyMap<string, string>): string | undefined {
  for (const name of names) {
    const text = labels.get(name);
    if (text !== undefined) return text;
  }
  return undefined;
}

function keyOf(metric: string, cluster: Cluster, { group, topic, partition, state }: Fact['attributes']): string {
  return `${metric}\n${group ?? ''}\n${topic ?? ''}\n${partition ?? ''}\n${state ?? ''}\n${cluster.key}`;
}

/** lag = log end - committed offset, not below 0: the exporter did not read both at the same instant. */
function complete(facts: Map<string, Fact>): void {
  for (const fact of [...facts.values()]) {
    const isLag = fact.metric === METRIC.kafkaLag;
    if (!isLag && fact.metric !== METRIC.kafkaGroupOffset) continue;
    const { topic, partition } = fact.attributes;
    if (topic === undefined || partition === undefined) continue;
    const end = facts.get(keyOf(METRIC.kafkaPartitionOffset, fact.cluster, { topic, partition }));
    const other = isLag ? METRIC.kafkaGroupOffset : METRIC.kafkaLag;
    const key = keyOf(other, fact.cluster, fact.attributes);
    if (end === undefined || facts.has(key)) continue;
    facts.set(key, { ...fact, metric: other, value: Math.max(0, end.value - fact.value) });
  }
}

function pointOf(key: string, { metric, scope, cluster, attributes, timestamp, value }: Fact, time: Millis): Point {
  return {
    key: `fact\n${key}`,
    origin: cluster.origin,
    scope,
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
