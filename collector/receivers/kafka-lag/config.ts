import { z } from 'zod';
import { duration } from '../../../core/config-values.ts';

const pattern = (value: string) =>
  z
    .string()
    .default(value)
    .refine((text) => {
      try {
        new RegExp(text);
        return true;
      } catch {
        return false;
      }
    }, 'is not a regular expression');

export const brokerAddress = z.string().regex(/^[^\s:]+:\d+$|^\[[0-9a-fA-F:]+\]:\d+$/, 'is not host:port');

/** Consumer lag read from Kafka itself. Without brokers, here or in KAFKA_BROKERS, the receiver stays off. */
export const kafkaLagConfig = z.strictObject({
  /** `host:port` of some brokers. KAFKA_BROKERS (a comma list) when absent; an empty list turns the receiver off. */
  brokers: z.array(brokerAddress).optional(),
  poll_interval: duration('5s'),
  /** Which groups and topics, by regular expression. */
  group_match: pattern('.*'),
  topic_match: pattern('^[^_].*$'),
});
export type KafkaLagConfig = z.infer<typeof kafkaLagConfig>;

/** Brokers to ask: those of the configuration, else those of KAFKA_BROKERS. */
export function kafkaBrokers(config: KafkaLagConfig, env: NodeJS.ProcessEnv = process.env): readonly string[] {
  if (config.brokers !== undefined) return config.brokers;
  return (env['KAFKA_BROKERS'] ?? '')
    .split(',')
    .map((broker) => broker.trim())
    .filter((broker) => broker !== '');
}
