import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EXPORTERS, kafkaFacts } from '../../../../collector/receivers/prometheus/facts.ts';
import type { Point } from '../../../../collector/receivers/prometheus/points.ts';
import { METRIC } from '../../../../core/semconv.ts';
import { readText } from './exposition-text.ts';

const TIME = 1_800_000_000_000;

const samplesOf = (text: string, target: Record<string, string> = {}) => readText(text, 'text', target).samples;

const payload = (name: string) => readFileSync(new URL(`payloads/${name}.prom`, import.meta.url), 'utf8');

const attributesOf = (attributes: Point['attributes']) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value?.stringValue ?? Number(value?.intValue)]));

/** Facts as `metric{attributes} value`, in order. */
function told(points: readonly Point[]): string[] {
  return points
    .map(({ name, attributes, data }) => {
      const { group, topic, partition, state } = attributesOf(attributes);
      const where = [group, topic, partition, state].filter((part) => part !== undefined).join('/');
      return `${name.replace('kafka.', '')} ${where} ${'value' in data ? data.value : Number.NaN}`;
    })
    .sort();
}

const resourceOf = (points: readonly Point[]) => {
  const resources = new Set(points.map(({ origin }) => JSON.stringify(attributesOf(origin.attributes))));
  expect(resources.size).toBe(1);
  return JSON.parse([...resources][0] as string) as object;
};

describe('what exporters say of Kafka', () => {
  it('kafka_exporter: a group that has committed nothing has no offset and no lag', () => {
    const points = kafkaFacts(samplesOf(payload('kafka-exporter')), TIME);
    expect(told(points)).toEqual([
      'brokers  2',
      'consumer_group.lag billing/orders/0 42',
      'consumer_group.lag billing/orders/1 0',
      'consumer_group.lag_sum billing/orders 42',
      'consumer_group.members audit 0',
      'consumer_group.members billing 3',
      'consumer_group.offset billing/orders/0 10023911',
      'consumer_group.offset billing/orders/1 9998112',
      'consumer_group.offset_sum billing/orders 20022023',
      'partition.current_offset orders/0 10023953',
      'partition.current_offset orders/1 9998112',
      'partition.oldest_offset orders/0 8012330',
      'partition.oldest_offset orders/1 7990000',
      'partition.replicas orders/0 2',
      'partition.replicas orders/1 2',
      'partition.replicas_in_sync orders/0 2',
      'partition.replicas_in_sync orders/1 1',
      'topic.partitions orders 2',
    ]);
    expect(resourceOf(points)).toEqual({ 'service.name': 'kafka' });
  });

  it('KMinion: the committed offset is the high water mark less the lag; no verdict on groups it cannot describe', () => {
    const points = kafkaFacts(samplesOf(payload('kminion'), { instance: 'kminion:8080' }), TIME);
    expect(told(points)).toEqual([
      'brokers  3',
      'consumer_group.lag bigquery-sink/shop-activity/0 147481',
      'consumer_group.lag bigquery-sink/shop-activity/1 0',
      'consumer_group.lag_sum bigquery-sink/shop-activity 147481',
      'consumer_group.members bigquery-sink 2',
      'consumer_group.offset bigquery-sink/shop-activity/0 2056757',
      'consumer_group.offset bigquery-sink/shop-activity/1 2202756',
      'consumer_group.offset_sum bigquery-sink/shop-activity 4259513',
      'partition.current_offset shop-activity/0 2204238',
      'partition.current_offset shop-activity/1 2202756',
      'partition.oldest_offset shop-activity/0 0',
      'partition.oldest_offset shop-activity/1 17',
      'topic.partitions shop-activity 2',
      'weir.consumer_group.state bigquery-sink/stable 1',
      'weir.consumer_group.state rebuild/preparing_rebalance 1',
      'weir.topic.compacted shop-activity 1',
      'weir.topic.retention.time shop-activity 604800',
    ]);
    expect(resourceOf(points)).toEqual({
      'service.name': 'kafka',
      'messaging.kafka.cluster.id': 'UYZJg8bhT-6SxhsdaQZEQQ',
    });
  });

  it('kafka-lag-exporter: its lag in seconds is taken over; NaN says nothing', () => {
    const points = kafkaFacts(samplesOf(payload('kafka-lag-exporter')), TIME);
    expect(told(points)).toEqual([
      'consumer_group.lag variable-throughput/f3-merge.in01/0 52',
      'consumer_group.lag_sum variable-throughput/f3-merge.in01 52',
      'consumer_group.offset variable-throughput/f3-merge.in01/0 1951',
      'partition.current_offset f3-merge.in01/0 2003',
      'partition.oldest_offset f3-merge.in01/0 120',
      'weir.consumer_group.lag_time variable-throughput/f3-merge.in01/0 8.25',
    ]);
    expect(resourceOf(points)).toEqual({ 'service.name': 'kafka', 'kafka.cluster.alias': 'pipelines-strimzi' });
  });

  it('Conduktor: the same names, and a cluster that has an id', () => {
    const points = kafkaFacts(samplesOf(payload('conduktor')), TIME);
    expect(told(points)).toEqual([
      'consumer_group.lag invoices/billing.events/3 7',
      'consumer_group.offset invoices/billing.events/3 993',
      'weir.consumer_group.lag_time invoices/billing.events/3 1.5',
    ]);
    expect(resourceOf(points)).toEqual({
      'service.name': 'kafka',
      'kafka.cluster.alias': 'Production EU',
      'messaging.kafka.cluster.id': 'production',
    });
  });

  it('klag: a partition is told of once, and states are labels', () => {
    const points = kafkaFacts(samplesOf(payload('klag'), { kafka_cluster: 'main' }), TIME);
    expect(told(points)).toEqual([
      'consumer_group.lag mirror/payments/0 340',
      'consumer_group.lag orders/payments/0 12',
      'consumer_group.offset mirror/payments/0 5160',
      'consumer_group.offset orders/payments/0 5488',
      'partition.current_offset payments/0 5500',
      'partition.oldest_offset payments/0 100',
      'topic.partitions payments 1',
      'weir.consumer_group.lag_time orders/payments 1.85',
      'weir.consumer_group.state mirror/empty 1',
      'weir.consumer_group.state orders/stable 1',
    ]);
    expect(resourceOf(points)).toEqual({ 'service.name': 'kafka', 'kafka.cluster.alias': 'main' });
  });

  it.each(['burrow', 'burrow-exporter'])('%s', (name) => {
    const points = kafkaFacts(samplesOf(payload(name)), TIME);
    expect(told(points)).toEqual([
      'consumer_group.lag sink/events/0 20',
      'consumer_group.offset sink/events/0 880',
      'partition.current_offset events/0 900',
    ]);
    expect(resourceOf(points)).toEqual({ 'service.name': 'kafka', 'kafka.cluster.alias': 'local' });
  });

  it('Redpanda: lag is made where the same broker tells both offsets; its own topics are left out', () => {
    expect(told(kafkaFacts(samplesOf(payload('redpanda')), TIME))).toEqual([
      'brokers  3',
      'consumer_group.lag event-agent/oio/0 1',
      'consumer_group.members event-agent 1',
      'consumer_group.offset event-agent/oio/0 3',
      'consumer_group.offset event-agent/oio/1 11',
      'partition.current_offset oio/0 4',
      'topic.partitions oio 2',
    ]);
  });

  it('Confluent Cloud: the lags of a group on a topic add up, at the time they are of', () => {
    const points = kafkaFacts(samplesOf(payload('confluent-cloud')), TIME);
    expect(told(points)).toEqual(['consumer_group.lag_sum checkout/carts 42']);
    expect(points[0]).toMatchObject({ time: 1_700_000_000_000, isDated: true });
    expect(resourceOf(points)).toEqual({
      'service.name': 'kafka',
      'kafka.cluster.alias': 'lkc-1xy2z',
      'messaging.kafka.cluster.id': 'lkc-1xy2z',
    });
  });

  it('MSK: not what it estimates', () => {
    expect(told(kafkaFacts(samplesOf(payload('msk')), TIME))).toEqual([
      'consumer_group.lag etl/clicks/2 64',
      'consumer_group.lag_sum etl/clicks 64',
    ]);
  });

  it('nothing where no exporter is known', () => {
    expect(kafkaFacts(samplesOf('up 1\nkafka_something{topic="a"} 1\n'), TIME)).toEqual([]);
  });
});

describe('a fact', () => {
  it("has the partition as a number, the unit of its metric, and the scrape's time", () => {
    const [lag] = kafkaFacts(samplesOf('kafka_consumergroup_lag{consumergroup="g",topic="t",partition="07"} 3'), TIME);
    expect(lag).toMatchObject({
      name: METRIC.kafkaLag,
      unit: '{record}',
      time: TIME,
      isDated: false,
      scope: { name: 'weir/prometheus/kafka_exporter' },
      attributes: [
        { key: 'group', value: { stringValue: 'g' } },
        { key: 'topic', value: { stringValue: 't' } },
        { key: 'partition', value: { intValue: 7n } },
      ],
    });
  });

  it('is told of each cluster apart, and of the pipeline that the target names', () => {
    const text = 'kafka_brokers 3';
    const of = (target: Record<string, string>) => resourceOf(kafkaFacts(samplesOf(text, target), TIME));
    expect(of({ cluster: 'eu', 'weir.pipeline': 'orders' })).toEqual({
      'service.name': 'kafka',
      'kafka.cluster.alias': 'eu',
      'weir.pipeline': 'orders',
    });
    const both = kafkaFacts([...samplesOf(text, { cluster: 'eu' }), ...samplesOf(text, { cluster: 'us' })], TIME);
    expect(new Set(both.map(({ key }) => key)).size).toBe(2);
  });

  it('is not made of half a sample: no group, no number for a partition', () => {
    const text = ['{topic="t",partition="0"} 3', '{consumergroup="g",topic="t",partition="x"} 3'];
    expect(kafkaFacts(samplesOf(text.map((rest) => `kafka_consumergroup_lag${rest}`).join('\n')), TIME)).toEqual([]);
  });

  it('of a lag is never negative, however the two offsets were read', () => {
    const text = [
      'redpanda_kafka_max_offset{redpanda_namespace="kafka",redpanda_topic="t",redpanda_partition="0"} 4',
      'redpanda_kafka_consumer_group_committed_offset{redpanda_group="g",redpanda_topic="t",redpanda_partition="0"} 6',
    ].join('\n');
    expect(told(kafkaFacts(samplesOf(text), TIME))).toContain('consumer_group.lag g/t/0 0');
  });
});

describe('the tables', () => {
  const names = EXPORTERS.flatMap(({ metrics }) => Object.keys(metrics));

  it('claim no metric twice', () => {
    expect(names).toHaveLength(new Set(names).size);
  });

  it('lead to known metrics, and to each attribute the metric needs', () => {
    const known = new Set<string>(Object.values(METRIC));
    const rules = EXPORTERS.flatMap(({ metrics }) => Object.values(metrics).flat());
    expect(rules.filter(({ to }) => !known.has(to))).toEqual([]);
    const partitions = rules.filter(({ to }) => to.startsWith('kafka.partition.') || to === METRIC.kafkaGroupOffset);
    for (const { attributes } of partitions)
      expect(Object.keys(attributes)).toEqual(expect.arrayContaining(['topic', 'partition']));
  });
});
