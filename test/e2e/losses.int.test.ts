import { type Consumer, Kafka, logLevel, Partitioners, type Producer } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { switchFault } from '../../examples/order-pipeline/fault.ts';
import { type KafkaNode, startNode } from '../kafka/node.ts';
import { FREE_PORTS, startWeir, temporaryFolder, until, type WeirProcess } from './process.ts';
import { startWebhookReceiver } from './webhook-receiver.ts';

/** Long enough for an alert on its way: half of it, what a round and a step take to close, thirty seconds, and the wait of a group. */
const RETENTION_MS = 200_000;
const SEGMENT_MS = 5000;
/** How long the reader that recovers stands: not long enough for a loss to be near. */
const STANDS_MS = 70_000;
/** How long both keep up before that, while Weir starts. */
const READS_MS = 25_000;
/** A retention this short leaves no time for the pauses that others can afford. */
const QUICK = ['pipelines.delay=5s', 'detector.lateness=5s'].flatMap((pair) => ['--set', pair]);

const folder = temporaryFolder('losses');
const given = process.env['KAFKA_BROKERS'];
const hook = await startWebhookReceiver();
let node: KafkaNode;
let kafka: Kafka;
let producer: Producer;
let writing: NodeJS.Timeout;
let looking: NodeJS.Timeout;
let weir: WeirProcess;
let controlPort: number;
let lost: Promise<number> | undefined;
const readers: Consumer[] = [];

beforeAll(async () => {
  node = await startNode({ settings: { 'log.retention.check.interval.ms': 500, 'log.initial.task.delay.ms': 500 } });
  kafka = new Kafka({ brokers: [node.plain], logLevel: logLevel.NOTHING });
  const topics = ['standing', 'recovering'].map((topic) => ({
    topic,
    numPartitions: 1,
    configEntries: [
      { name: 'retention.ms', value: String(RETENTION_MS) },
      { name: 'segment.ms', value: String(SEGMENT_MS) },
    ],
  }));
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics });
  await admin.disconnect();
  producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  writing = setInterval(() => {
    for (const { topic } of topics)
      producer.send({ topic, messages: [{ value: 'x' }, { value: 'x' }] }).catch(() => {});
  }, 200);
  readers.push(await reading('standing'), await reading('recovering'));
  setTimeout(() => {
    for (const [i, { topic }] of topics.entries()) readers[i]?.pause([{ topic }]);
    setTimeout(() => readers[1]?.resume([{ topic: 'recovering' }]), STANDS_MS);
    lost = untilLost('standing', 'standing');
    // It is waited for below; until then nobody is there to see it fail.
    lost.catch(() => {});
  }, READS_MS);

  process.env['KAFKA_BROKERS'] = node.plain;
  const demo = ['demo', '--data', folder.path, '--webhook', hook.url, '--control-port', '0', '--history', '1'];
  weir = await startWeir([...demo, ...QUICK, ...FREE_PORTS], 240_000);
  looking = setInterval(() => look().catch(() => {}), 500);
  controlPort = Number(/Break it: http:\/\/127\.0\.0\.1:(\d+)/.exec(weir.output())?.[1]);
}, 300_000);

afterAll(async () => {
  if (given === undefined) delete process.env['KAFKA_BROKERS'];
  else process.env['KAFKA_BROKERS'] = given;
  clearInterval(writing);
  clearInterval(looking);
  await Promise.all(readers.map((reader) => reader.disconnect()));
  await producer?.disconnect();
  await weir?.kill();
  await node?.stop();
  await hook.stop();
  folder.remove();
});

/** A member of a group of the topic's name that reads as it is written, and commits. */
async function reading(topic: string): Promise<Consumer> {
  const consumer = kafka.consumer({ groupId: topic, heartbeatInterval: 1000 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ autoCommitThreshold: 1, eachMessage: async () => {} });
  return consumer;
}

/** When the broker had deleted a record that the group has not read: what is true, without Weir. */
async function untilLost(topic: string, groupId: string): Promise<number> {
  const admin = kafka.admin();
  await admin.connect();
  await until(
    async () => {
      const [[log], [group]] = await Promise.all([
        admin.fetchTopicOffsets(topic),
        admin.fetchOffsets({ groupId, topics: [topic] }),
      ]);
      return Number(log?.low) > Number(group?.partitions[0]?.offset);
    },
    RETENTION_MS + 90_000,
    () => `no record of ${topic} was deleted unread`,
  );
  const at = Date.now();
  await admin.disconnect();
  return at;
}

interface Told {
  readonly at: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** Alerts that fired, in order of when alerting first had them. */
const fired = new Map<string, Told>();

async function look(): Promise<void> {
  const response = await fetch(`${weir.addresses['Alerting']}/api/v2/alerts`);
  for (const { labels, fingerprint } of (await response.json()) as (Pick<Told, 'labels'> & { fingerprint: string })[])
    if (!fired.has(fingerprint)) fired.set(fingerprint, { at: Date.now(), labels });
}

const told = (alertname: string) => [...fired.values()].filter(({ labels }) => labels['alertname'] === alertname);

/** Whether a notification of an alert has gone out: at once, or with what is told of its incident a minute later. */
const notified = (alertname: string) =>
  hook.received.some(({ payload }) => payload.alerts.some(({ labels }) => labels['alertname'] === alertname));

describe('losses of a live pipeline are told', () => {
  it('records that a stage drops silently, by the edge on which they go missing', async () => {
    const began = Date.now();
    await switchFault('silent-drop', true, controlPort);
    await until(
      () => told('RecordsMissing').length > 0,
      180_000,
      () => weir.output(),
    );
    const [first] = told('RecordsMissing') as [Told];
    console.info('records missing told after', Math.round((first.at - began) / 1000), 's');
    expect(first.labels).toMatchObject({ pipeline: 'orders', stage: 'enrichment', topic: 'orders.enriched' });
    // On the way out of the stage, not on the way to it.
    expect(first.labels['group'] ?? '').toBe('');
    await switchFault('silent-drop', false, controlPort);
  }, 240_000);

  it('records that retention takes from a group that stands, before the first is gone', async () => {
    await until(() => lost !== undefined, READS_MS);
    const gone = await (lost as Promise<number>);
    const [first] = told('DataLossAhead');
    expect(first, `gone at ${new Date(gone).toISOString()}\n${weir.output().slice(-3000)}`).toBeDefined();
    console.info('loss told', Math.round((gone - (first?.at ?? 0)) / 1000), 's ahead');
    expect(first?.labels).toMatchObject({ topic: 'standing', group: 'standing' });
    expect(first?.at).toBeLessThan(gone);
    await until(
      () => notified('DataLossAhead') && notified('RecordsMissing'),
      90_000,
      () => weir.output(),
    );
  }, 300_000);

  it('and nothing else: not of the group that woke up in time, nor of another edge', () => {
    expect(new Set(told('DataLossAhead').map(({ labels }) => labels['group']))).toEqual(new Set(['standing']));
    expect(new Set(told('RecordsMissing').map(({ labels }) => labels['topic']))).toEqual(new Set(['orders.enriched']));
  });
});
