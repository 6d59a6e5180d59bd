import { kafkaLagConfig } from '../../../../collector/receivers/kafka-lag/config.ts';
import { createKafkaLagReceiver } from '../../../../collector/receivers/kafka-lag/receiver.ts';
import type { Service } from '../../../../core/service.ts';
import { silentTelemetry, type Telemetry } from '../../../../core/telemetry.ts';
import { Observed, until } from './observed.ts';

export interface Started {
  readonly receiver: Service;
  readonly observed: Observed;
  readonly telemetry: Telemetry;
  /** Lines logged, as objects. */
  readonly logged: Record<string, unknown>[];
  /** Waits for a round that began after the call. */
  next(): Promise<void>;
  /** The receiver's own metric of cluster `default`, with more labels as `name="value"`. */
  counted(name: string, labels?: string): Promise<number>;
}

/** A receiver on `brokers`, polling every 100 ms. */
export async function startReceiver(
  brokers: readonly string[],
  config: object = {},
  now: () => number = Date.now,
): Promise<Started> {
  const logged: Record<string, unknown>[] = [];
  const silent = silentTelemetry();
  const log = silent.log.child({});
  for (const level of ['info', 'warn', 'error'] as const) {
    log[level] = ((fields: Record<string, unknown>) => logged.push({ level, ...fields })) as never;
  }
  const telemetry = { ...silent, log };
  const observed = new Observed();
  const receiver = createKafkaLagReceiver({
    config: kafkaLagConfig.parse({ brokers, poll_interval: '100ms', timeout: '2s', ...config }),
    consume: observed.consume,
    telemetry,
    now,
    env: {},
  });
  await receiver.start();
  return {
    receiver,
    observed,
    telemetry,
    logged,
    async next() {
      const seen = observed.rounds.length;
      await until('two more rounds', () => observed.rounds.length >= seen + 2);
    },
    async counted(name, labels = '') {
      const text = await telemetry.registry.metrics();
      const line = text
        .split('\n')
        .find((one) => one.startsWith(`weir_collector_kafka_lag_${name}{`) && one.includes(labels));
      return Number(line?.split(' ').at(-1) ?? Number.NaN);
    },
  };
}
