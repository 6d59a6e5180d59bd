import {
  type FakeGroup,
  type FakePartition,
  startFakeCluster,
} from '../../test/collector/receivers/kafka-lag/fake-cluster.ts';

/**
 * `node bench/kafka-lag/cluster.ts topics partitions groups topicsOfGroup brokers`: a large cluster in a process of its
 * own. Prints its brokers as JSON and ends with its standard input. What it is asked twice it answers from what it
 * recorded the first time, so that its own work is small.
 */
const [topics, partitions, groups, topicsOfGroup, brokers] = process.argv.slice(2).map(Number) as [
  number,
  number,
  number,
  number,
  number,
];

const START = Date.now() - 3_600_000;
const SPACING_MS = 20;

/** A record every 20 ms for the last hour: each partition ends at 180 000 or a little beyond. */
function partition(index: number): FakePartition {
  const end = 180_000 + (index % 977);
  return {
    ...{ leader: 1 + (index % brokers), replicas: 3, inSync: 3, earliest: 0, stable: end, end, size: 100 * end },
    recordAt(time) {
      const offset = Math.max(0, Math.ceil((time - START) / SPACING_MS));
      return offset < end ? [START + offset * SPACING_MS, offset] : [-1, -1];
    },
  };
}

function commits(group: number): FakeGroup['commits'] {
  return Object.fromEntries(
    Array.from({ length: topicsOfGroup }, (_, i) => {
      const topic = (group * 7 + i) % topics;
      // One group in four is up to date, the others are up to fifty minutes behind.
      const behind = group % 4 === 0 ? 0 : (group * 601) % 150_000;
      return [
        `topic-${topic}`,
        Object.fromEntries(Array.from({ length: partitions }, (_, p) => [p, 180_000 - behind])),
      ];
    }),
  );
}

const settings = { 'cleanup.policy': 'delete', 'retention.ms': '604800000', 'retention.bytes': '-1' };
const cluster = await startFakeCluster(brokers, {
  isRecorded: true,
  topics: Object.fromEntries(
    Array.from({ length: topics }, (_, t) => {
      const id = (t + 1).toString(16).padStart(12, '0');
      const listed = Array.from({ length: partitions }, (_, p) => partition(t * partitions + p));
      return [`topic-${t}`, { id, partitions: listed, settings }];
    }),
  ),
  groups: Object.fromEntries(
    Array.from({ length: groups }, (_, g): [string, FakeGroup] => [
      `consumer-group-${g}`,
      {
        ...{ type: g % 3 === 0 ? 'consumer' : 'classic', protocolType: 'consumer', state: 'Stable' },
        ...{ members: 8, coordinator: 1 + (g % brokers), commits: commits(g) },
      },
    ]),
  ),
});
process.stdout.write(`${JSON.stringify(cluster.brokers)}\n`);
process.stdin.resume().once('end', () => process.exit(0));
