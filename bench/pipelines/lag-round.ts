import { performance } from 'node:perf_hooks';
import { pipelinesConfig } from '../../pipelines/config.ts';
import { createLag } from '../../pipelines/lag-round.ts';
import { startTestStore } from '../../test/store/harness.ts';

/**
 * What a round of the lag model takes with many group-partitions: `node bench/pipelines/lag-round.ts [partitions] [groups of each]`. Facts of
 * every partition and group are put into the rollups themselves, each ten seconds; a third of the groups lags, a tenth of them by hours.
 */
const [partitions = 40_000, perPartition = 10] = process.argv.slice(2).map(Number);
const STEP = 10_000;
const ROUNDS = 5;
const config = pipelinesConfig.parse({});
const began = Math.floor(Date.now() / STEP) * STEP - 600_000;

await using stand = await startTestStore();
const { store } = stand;
const run = (query: string) => store.client.command({ query });
const scopes = `INSERT INTO resource_scopes (ScopeId, Seen, ServiceName, Pipeline, ResourceAttributes) VALUES (1, now(), 'kafka', 'default', map('kafka.cluster.alias', 'east'))`;
const series = (metric: string, id: string, group: string, rows: number, partition: string) => `
INSERT INTO metric_series (SeriesId, Seen, MetricName, ServiceName, Pipeline, ScopeId, Type, Topic, ConsumerGroup, Partition)
SELECT ${id}, now(), '${metric}', 'kafka', 'default', 1, 'gauge', concat('topic-', toString(intDiv(${partition}, 100))), ${group}, toString(${partition} % 100)
FROM numbers(${rows})`;
const facts = (metric: string, id: string, value: string, rows: number, time: number) => `
INSERT INTO gauge_10s (Time, MetricName, MetricKind, Signal, Pipeline, Service, SeriesId, Last, Min, Max, Sum, Count)
SELECT toDateTime(${time / 1000}), '${metric}', 'gauge', '', 'default', 'kafka', ${id}, (${time + 5000} * 1000000, toFloat64(${value})), 0, 0, 0, 1
FROM numbers(${rows})`;
const groups = partitions * perPartition;
const END = 'kafka.partition.current_offset';
const COMMITTED = 'kafka.consumer_group.offset';

await run(scopes);
await run(series(END, 'number + 1', `''`, partitions, 'number'));
await run(
  series(
    COMMITTED,
    'number + 1000000000',
    `concat('group-', toString(number % ${perPartition}), '-', toString(intDiv(intDiv(number, ${perPartition}), 1000)))`,
    groups,
    `intDiv(number, ${perPartition})`,
  ),
);
async function poll(time: number): Promise<void> {
  const end = `(${time} - ${began - 86_400_000}) / 100`;
  await run(facts(END, 'number + 1', end, partitions, time));
  const behind = `multiIf(number % 30 = 0, 3600 * 5, number % 3 = 0, 60, 0)`;
  await run(
    facts(
      COMMITTED,
      'number + 1000000000',
      `greatest(0, (${time} - ${began - 86_400_000}) / 100 - ${behind} * 10)`,
      groups,
      time,
    ),
  );
}
// A day of samples.
for (let hour = 24; hour > 0; hour--) {
  const from = (began - hour * 3_600_000) / 1000;
  await run(`INSERT INTO offset_samples_5m (SeriesId, Time, Last)
    SELECT 1 + number % ${partitions}, toDateTime(${from} + intDiv(number, ${partitions}) * 300) AS Time,
        (toUnixTimestamp(Time) * 1000, toFloat64(toUnixTimestamp(Time) * 1000 - ${began - 86_400_000}) / 100)
    FROM numbers(${partitions * 12})`);
}
for (let time = began - 60_000; time < began; time += STEP) await poll(time);

/** Processor time (ms) the engine's queries have taken so far: on a busy machine wall time says little. */
async function engineTime(): Promise<number> {
  const sql = `SELECT toFloat64(value) AS value FROM system.events WHERE event = 'OSCPUVirtualTimeMicroseconds'`;
  const [row] = await store.rows<{ value: number }>(sql);
  return (row?.value ?? 0) / 1000;
}

const lag = createLag(store, { ...config, window: 60_000 });
for (let i = 0; i < ROUNDS; i++) {
  const at = began + i * STEP;
  const [from, cpu, engine] = [performance.now(), process.cpuUsage(), await engineTime()];
  const done = await lag.round(at, at);
  const took = Math.round(performance.now() - from);
  const { user, system } = process.cpuUsage(cpu);
  const ours = Math.round((user + system) / 1000);
  const theirs = Math.round((await engineTime()) - engine);
  const megabytes = Math.round(process.memoryUsage().rss / 1e6);
  console.log(`round ${i}: ${took} ms, CPU ${ours} ms + engine ${theirs} ms, ${megabytes} MB, ${JSON.stringify(done)}`);
  await poll(at);
}
