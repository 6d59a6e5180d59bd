import { performance } from 'node:perf_hooks';
import { readPoints } from '../../store/queries/lag-facts.ts';
import { startTestStore } from '../../test/store/harness.ts';

/**
 * What a round takes to read the ends of all logs at the resolution of the polls: `node bench/pipelines/lag-points.ts [partitions] [minutes]`. The
 * points of so many minutes of one hour lie there, five seconds apart, in parts of a minute each, which the engine merges as it likes.
 */
const [partitions = 40_000, minutes = 30] = process.argv.slice(2).map(Number);
const POLL_S = 5;
const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000;

await using stand = await startTestStore();
const { store } = stand;
const run = (query: string) => store.client.command({ query });
// Only what is read is of interest here.
const views = await store.rows<{ name: string }>(
  `SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'MaterializedView'`,
);
for (const { name } of views) await run(`DROP TABLE ${name}`);
for (let minute = 0; minute < minutes; minute++) {
  await run(`INSERT INTO metric_points (ServiceName, MetricName, Type, SeriesId, Time, Value)
    SELECT 'kafka', ['kafka.partition.current_offset', 'kafka.partition.oldest_offset'][1 + number % 2], 'gauge',
        cityHash64(intDiv(number, 2) % ${partitions}, number % 2), fromUnixTimestamp64Milli(${hour + minute * 60_000} + intDiv(number, ${2 * partitions}) * ${POLL_S * 1000}), number
    FROM numbers(${(2 * partitions * 60) / POLL_S})`);
}
const [parts] = await store.rows<{ parts: number; bytes: number }>(
  `SELECT toFloat64(count()) AS parts, toFloat64(sum(bytes_on_disk)) AS bytes FROM system.parts WHERE active AND table = 'metric_points'`,
);
console.log(
  `${partitions * minutes * 24} points in ${parts?.parts} parts, ${Math.round((parts?.bytes ?? 0) / 1e6)} MB`,
);

/** Processor time (ms) the engine's queries have taken so far: on a busy machine wall time says little. */
async function engineTime(): Promise<number> {
  const sql = `SELECT toFloat64(value) AS value FROM system.events WHERE event = 'OSCPUVirtualTimeMicroseconds'`;
  const [row] = await store.rows<{ value: number }>(sql);
  return (row?.value ?? 0) / 1000;
}

const end = hour + minutes * 60_000;
for (let i = 0; i < 5; i++) {
  const [from, cpu, engine] = [performance.now(), process.cpuUsage(), await engineTime()];
  const { count } = await readPoints(store, end - 40_000, end);
  const took = Math.round(performance.now() - from);
  const { user, system } = process.cpuUsage(cpu);
  const theirs = Math.round((await engineTime()) - engine);
  console.log(`${count} points: ${took} ms, CPU ${Math.round((user + system) / 1000)} ms + engine ${theirs} ms`);
}
