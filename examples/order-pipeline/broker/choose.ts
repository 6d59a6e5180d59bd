import { PARTITIONS } from '../load/work.ts';
import { TOPICS } from '../topics.ts';
import { kafkaObstacle } from './jars.ts';
import { createTopics, startKafka } from './kafka.ts';
import { startMemoryBroker } from './memory.ts';

export const BROKER_CHOICES = ['auto', 'kafka', 'memory'] as const;
export type BrokerChoice = (typeof BROKER_CHOICES)[number];

export interface DemoBroker {
  readonly kind: 'kafka' | 'memory';
  /** One sentence for the terminal: which broker it is, and why. */
  readonly reason: string;
  /** Kafka's addresses, for KAFKA_BROKERS. */
  readonly brokers?: string;
  /** `messaging.system` of what passes through it. */
  readonly system: string;
  /** What a stage's process must know to reach it. */
  readonly env: Readonly<Record<string, string>>;
  /** The log reports its groups' lag itself; Kafka's is read by Weir. */
  reportLag?(otlpUrl: string, resource: Readonly<Record<string, string>>): void;
  stop(): Promise<void>;
}

async function onKafka(brokers: string, reason: string, stop: () => Promise<void>): Promise<DemoBroker> {
  await createTopics(brokers, TOPICS, PARTITIONS);
  return { kind: 'kafka', reason, brokers, system: 'kafka', env: { KAFKA_BROKERS: brokers }, stop };
}

async function inMemory(reason: string): Promise<DemoBroker> {
  const { address, reportTo, stop } = await startMemoryBroker();
  return {
    kind: 'memory',
    reason,
    system: 'memory_log',
    env: { ORDER_LOG_ADDRESS: address },
    reportLag: reportTo,
    stop,
  };
}

/**
 * The broker of the demo: the Kafka of KAFKA_BROKERS; else a Kafka of its own where Java 17 and Maven are; else the
 * in-process log. `memory` and `kafka` insist; with `auto`, a Kafka that cannot be brought up is replaced by the log.
 */
export async function prepareBroker(options: {
  readonly broker?: BrokerChoice;
  readonly env?: NodeJS.ProcessEnv;
  readonly log?: (line: string) => void;
}): Promise<DemoBroker> {
  const { broker = 'auto', env = process.env, log = () => {} } = options;
  if (broker === 'memory') return await inMemory('an in-process partitioned log, as asked');
  const given = env['KAFKA_BROKERS'];
  if (given) return await onKafka(given, `the Kafka at ${given} (KAFKA_BROKERS)`, async () => {});
  const obstacle = await kafkaObstacle(env);
  if (obstacle === undefined) {
    try {
      const own = await startKafka({ log });
      return await onKafka(own.brokers, `a Kafka of its own at ${own.brokers}`, own.stop);
    } catch (error) {
      if (broker === 'kafka') throw error;
      return await inMemory(`an in-process partitioned log: ${(error as Error).message}`);
    }
  }
  if (broker === 'kafka') throw new Error(`no Kafka: ${obstacle}, and KAFKA_BROKERS is not set`);
  return await inMemory(`an in-process partitioned log: ${obstacle}, and KAFKA_BROKERS is not set`);
}
