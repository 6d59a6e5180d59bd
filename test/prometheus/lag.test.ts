import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pipelinesConfig } from '../../pipelines/config.ts';
import { createLag } from '../../pipelines/lag-round.ts';
import { readGroupLags } from '../../store/queries/group-lags.ts';
import { startTestCollector, type TestCollector, waitForRows } from '../collector/harness.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { storeScrapes } from './scrapes.ts';

/** A partition and a group at one time. */
interface Moment {
  readonly end: number;
  readonly committed: number;
}

/** The same moment as exporters tell it. */
const EXPORTERS: Readonly<Record<string, (moment: Moment) => string>> = {
  kafka_exporter: ({ end, committed }) => `
# TYPE kafka_topic_partition_current_offset gauge
kafka_topic_partition_current_offset{topic="orders",partition="0"} ${end}
kafka_topic_partition_oldest_offset{topic="orders",partition="0"} 0
kafka_consumergroup_current_offset{consumergroup="billing",topic="orders",partition="0"} ${committed}
kafka_consumergroup_lag{consumergroup="billing",topic="orders",partition="0"} ${end - committed}
kafka_consumergroup_members{consumergroup="billing"} 2
`,
  kminion: ({ end, committed }) => `
kminion_kafka_topic_partition_high_water_mark{topic_name="orders",partition_id="0"} ${end}
kminion_kafka_consumer_group_topic_partition_lag{group_id="billing",topic_name="orders",partition_id="0"} ${end - committed}
kminion_kafka_consumer_group_members{group_id="billing"} 2
kminion_kafka_consumer_group_info{group_id="billing",state="Stable"} 1
`,
  klag: ({ end, committed }) => `
klag_partition_log_end_offset{consumer_group="billing",topic="orders",partition="0",} ${end}
klag_consumer_committed_offset{consumer_group="billing",topic="orders",partition="0",} ${committed}
klag_consumer_lag{consumer_group="billing",topic="orders",partition="0",} ${end - committed}
klag_consumer_group_state{consumer_group="billing",state="stable",} 0
`,
};

const RATE = 50;
const INTERVAL = 5;
const SECONDS = 420;
/** The group reads along, 20 records behind, and stands still for the last minutes. */
const STILL = 120;
const STEP = 10_000;

let test: TestStore;
let collector: TestCollector;
const began = Math.floor(Date.now() / STEP) * STEP - (SECONDS + 10) * 1000;

const last = began + SECONDS * 1000;
const times = Array.from({ length: SECONDS / INTERVAL + 1 }, (_, i) => began + i * INTERVAL * 1000);

function momentAt(time: number): Moment {
  const second = (time - began) / 1000;
  return { end: 1000 + second * RATE, committed: 1000 + Math.min(second, SECONDS - STILL) * RATE - 20 };
}

beforeAll(async () => {
  test = await startTestStore();
  collector = await startTestCollector(test.store);
  await Promise.all(
    Object.entries(EXPORTERS).map(([cluster, tell]) =>
      storeScrapes(collector, times, (time) => tell(momentAt(time)), { cluster }),
    ),
  );
  // Segments are stored beside each other, so the newest rows may come before older ones.
  const metrics = ['kafka.partition.current_offset', 'kafka.consumer_group.offset', 'kafka.consumer_group.members'];
  const steps = `SELECT SeriesId FROM gauge_10s WHERE MetricName IN ('${metrics.join("', '")}') GROUP BY SeriesId, Time`;
  // klag tells no members.
  await waitForRows(test.store, steps, (3 * metrics.length - 1) * ((SECONDS * 1000) / STEP + 1));
  const lag = createLag(test.store, pipelinesConfig.parse({}));
  for (let at = began + STEP; at <= last + STEP; at += STEP) await lag.round(at, at);
}, 120_000);
afterAll(async () => {
  await collector?.stop();
  await test?.stop();
});

describe.each(Object.keys(EXPORTERS))('lag that %s tells of', (exporter) => {
  it('is computed as if the brokers had been asked', async () => {
    const rows = await readGroupLags(test.store, { from: last - STEP, to: last + 2 * STEP, cluster: exporter });
    const topic = rows.find((row) => row.topic === 'orders');
    expect(topic).toMatchObject({ cluster: exporter, group: 'billing', lag: STILL * RATE + 20 });
    // At most the interval of the scrapes and 5 %.
    expect(Math.abs((topic?.lagSeconds ?? 0) - (STILL + 20 / RATE))).toBeLessThanOrEqual(INTERVAL + 0.05 * STILL);
    expect(topic?.endRate).toBeCloseTo(RATE, 0);
    expect(topic?.state).toBe('stuck');
  });
});
