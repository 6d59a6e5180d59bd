import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { createIngest } from '../../collector/ingest.ts';
import { DEFAULT_READER_LIMITS } from '../../collector/reader/limits.ts';
import { WireReader } from '../../collector/reader/reader.ts';
import { Backdating } from '../../collector/receivers/kafka-lag/backdating.ts';
import { kafkaClusters, kafkaLagConfig } from '../../collector/receivers/kafka-lag/config.ts';
import { openConnections } from '../../collector/receivers/kafka-lag/connections.ts';
import { pollCluster } from '../../collector/receivers/kafka-lag/poll.ts';
import { reportRound } from '../../collector/receivers/kafka-lag/report.ts';
import { Spool } from '../../collector/spool/spool.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import { median } from '../ingest/scenarios/history.ts';

/**
 * `node bench/kafka-lag/main.ts [--partitions 40000] [--groups 250] [--rounds 5]`: rounds of the Kafka lag receiver over
 * a large cluster that a process beside it plays, through the product's ingest to the disk. For one core, run it under
 * `taskset -c 0`; the first round, in which the other process makes up its answers, does not count.
 */
const LIMIT_SECONDS = 10;
const PARTITIONS_OF_TOPIC = 40;
const TOPICS_OF_GROUP = 40;
const BROKERS = 6;

const { values } = parseArgs({
  options: {
    partitions: { type: 'string', default: '40000' },
    groups: { type: 'string', default: '250' },
    rounds: { type: 'string', default: '5' },
  },
});
const topics = Math.round(Number(values.partitions) / PARTITIONS_OF_TOPIC);
const groups = Number(values.groups);

const script = join(import.meta.dirname, 'cluster.ts');
const sizes = [topics, PARTITIONS_OF_TOPIC, groups, Math.min(TOPICS_OF_GROUP, topics), BROKERS].map(String);
const cluster = spawn(process.execPath, [script, ...sizes], { stdio: ['pipe', 'pipe', 'inherit'] });
const [line] = (await once(createInterface({ input: cluster.stdout }), 'line')) as [string];

const directory = await mkdtemp(join(tmpdir(), 'weir-bench-kafka-lag-'));
const telemetry = silentTelemetry();
const now = Date.now;
const spool: Spool = new Spool({
  ...{ directory, maxBytes: 1 << 30, minFreeBytes: 0, telemetry, now },
  roll: { idleAge: 250, maxAge: 1500, maxRows: 400_000, maxBytes: 256 << 20 },
  // There is no store here: what is durable has been handed on.
  onClosed: (segment) => void spool.remove(segment),
});
const reader = await WireReader.open({ limits: DEFAULT_READER_LIMITS });
await spool.open(reader);
const oldest = () => 0;
const ingest = createIngest({ spool, reader: () => reader, telemetry, now, oldest, maxFuture: 86_400_000 });

const [config] = kafkaClusters(kafkaLagConfig.parse({ brokers: JSON.parse(line), details_interval: '1h' }));
if (config === undefined) throw new Error('the cluster has no brokers');
const connections = openConnections(config, undefined);
const memory = {
  ...{ brokers: [], commitCounts: new Map(), detailsAt: Number.NEGATIVE_INFINITY },
  backdating: new Backdating(config.poll_interval, config.backdated_partitions),
};
const missing = new Map<string, number>();
const rounds: { wall: number; cpu: number; polled: number; points: number; backdated: number }[] = [];
let bytes = 0;

for (let i = 0; i <= Number(values.rounds); i++) {
  const began = performance.now();
  const cpu = process.cpuUsage();
  const round = await pollCluster({
    ...{ config, connections, memory, now, groupMatch: /.*/, topicMatch: /.*/ },
    failed: (reason, times = 1) => missing.set(reason, (missing.get(reason) ?? 0) + times),
  });
  const polled = (performance.now() - began) / 1000;
  bytes = 0;
  const points = await reportRound(round, async (request) => {
    bytes += request.length;
    const { rejected, message } = await ingest.consume('kafka_lag', 'metrics', 'protobuf', request);
    if (rejected > 0) missing.set(message, (missing.get(message) ?? 0) + rejected);
  });
  const used = process.cpuUsage(cpu);
  const wall = (performance.now() - began) / 1000;
  const measured = { wall, cpu: (used.user + used.system) / 1e6, polled, points, backdated: round.backdated.length };
  const what = i === 0 ? 'recording' : `round ${i}`;
  console.log(
    `${what}: ${round.topics.size} partitions, ${round.commits.length} commits, ${points} points (${round.backdated.length} of the past); ` +
      `polled in ${polled.toFixed(2)} s, durable in ${wall.toFixed(2)} s, ${measured.cpu.toFixed(2)} s of CPU, ` +
      `${Math.round(process.memoryUsage.rss() / 1e6)} MB resident`,
  );
  if (i > 0) rounds.push(measured);
}

const wall = median(rounds.map((round) => round.wall));
const cpu = median(rounds.map((round) => round.cpu));
const points = median(rounds.map((round) => round.points));
const peak = process.resourceUsage().maxRSS / 1024;
console.log(
  `median: durable in ${wall.toFixed(2)} s, ${(wall / LIMIT_SECONDS).toFixed(2)} of the ${LIMIT_SECONDS} s it may take`,
);
console.log(
  `        ${Math.round(points / wall)} points/s, ${((1e6 * cpu) / points).toFixed(2)} us of CPU and ${(bytes / points).toFixed(0)} bytes a point`,
);
console.log(
  `        ${Math.round(peak)} MB resident at most; not answered: ${JSON.stringify(Object.fromEntries(missing))}`,
);

await connections.close();
await spool.close();
await spool.unlock();
await rm(directory, { recursive: true, force: true });
cluster.stdin.end();
process.exitCode = wall <= LIMIT_SECONDS && missing.size === 0 ? 0 : 1;
