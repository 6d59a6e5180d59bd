import type { Service } from '../../../core/service.ts';
import type { Telemetry } from '../../../core/telemetry.ts';
import type { Millis } from '../../../core/time.ts';
import { type KafkaLagConfig, kafkaClusters } from './config.ts';
import { createLagCounts } from './counts.ts';
import { ClusterWatcher } from './watcher.ts';

export interface KafkaLagOptions {
  readonly config: KafkaLagConfig;
  /** Makes a metrics request (OTLP protobuf) durable; a rejection counts the round as failed. */
  readonly consume: (request: Buffer) => Promise<unknown>;
  readonly telemetry: Telemetry;
  readonly now?: () => Millis;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Reads offsets, groups and the health of Kafka clusters every `poll_interval` and hands them on as OTLP metrics. Off
 * when no broker is known. Needs DESCRIBE on the cluster, its topics and groups, and no more: what else it would tell
 * is left out where it may not be read. A broker that is away is asked again in the next round; rounds are counted by
 * outcome, what is missing in them by reason, and nothing a broker answers ends the collector.
 */
export function createKafkaLagReceiver(options: KafkaLagOptions): Service {
  const { config, consume, telemetry, now = Date.now } = options;
  const counts = createLagCounts(telemetry);
  const watchers = kafkaClusters(config, options.env).map((cluster) => {
    const index = config.clusters.indexOf(cluster);
    const path = `collector.kafka_lag${index < 0 ? '' : `.clusters[${index}]`}`;
    return new ClusterWatcher({ config: cluster, path, consume, counts, telemetry, now });
  });
  const stop = async () => {
    await Promise.all(watchers.map((watcher) => watcher.stop()));
  };
  return {
    name: 'kafka_lag',
    async start() {
      try {
        for (const watcher of watchers) await watcher.start();
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
  };
}
