import { createTopics, type KafkaBroker, startKafka } from '../../examples/order-pipeline/broker/kafka.ts';

/** The Kafka of KAFKA_BROKERS, or a node of its own for the suite. */
export async function startTestBroker(): Promise<KafkaBroker> {
  const given = process.env['KAFKA_BROKERS'];
  if (given) return { brokers: given, pid: 0, stop: async () => {} };
  return await startKafka({ log: () => {} });
}

let topics = 0;

/** A topic of its own, so that suites can share a broker. */
export async function freshTopic(broker: KafkaBroker, partitions: number): Promise<string> {
  const topic = `test-${process.pid}-${Date.now().toString(36)}-${++topics}`;
  await createTopics(broker.brokers, [topic], partitions);
  return topic;
}
