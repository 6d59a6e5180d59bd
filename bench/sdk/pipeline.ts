/**
 * The measured program: sends records, reads them one by one, and reads them in batches that it sends on. It knows
 * nothing of telemetry; what is preloaded does. Prints the processor time and the wall time of each phase as JSON.
 */
import { Kafka, logLevel, Partitioners } from 'kafkajs';

const brokers = (process.env['KAFKA_BROKERS'] ?? '').split(',');
const topic = process.env['TOPIC'] ?? '';
const records = Number(process.env['RECORDS']);
const PER_SEND = 500;
const kafka = new Kafka({ clientId: 'bench', brokers, logLevel: logLevel.NOTHING });
/** HEADER=1: messages carry a header of the same size anyway, as those of most pipelines carry some. */
const own = process.env['HEADER']
  ? { headers: { 'some-context': '00-2db29d25116c2b7f-0640b5eecfe240-00000007a121' } }
  : {};
const value = Buffer.alloc(200, 'x');

interface Phase {
  /** Microseconds of processor time, and of wall time, a record. */
  readonly cpu: number;
  readonly wall: number;
}

async function measure(work: () => Promise<void>): Promise<Phase> {
  const before = process.cpuUsage();
  const begun = performance.now();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / records, wall: ((performance.now() - begun) * 1000) / records };
}

const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
await producer.connect();
const batch = () => Array.from({ length: PER_SEND }, (_, i) => ({ key: `key-${i}`, value, ...own }));

async function consume(group: string, each: boolean): Promise<Phase> {
  const consumer = kafka.consumer({ groupId: `${topic}-${group}`, maxBytesPerPartition: 200_000 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  let seen = 0;
  const phase = await measure(
    () =>
      new Promise((resolve, reject) => {
        const count = (more: number) => {
          seen += more;
          if (seen === records) resolve();
        };
        const eachMessage = async () => count(1);
        const eachBatch = async ({
          batch: { messages },
        }: {
          batch: { messages: { key: unknown; value: unknown }[] };
        }) => {
          const copies = messages.map((message) => ({
            key: message.key as Buffer,
            value: message.value as Buffer,
            ...own,
          }));
          await producer.send({ topic: `${topic}-on`, messages: copies });
          count(messages.length);
        };
        consumer.run(each ? { eachMessage } : { eachBatch }).catch(reject);
      }),
  );
  await consumer.disconnect();
  return phase;
}

// So that everything is compiled and every connection is there.
for (let i = 0; i < 20; i++) await producer.send({ topic: `${topic}-on`, messages: batch() });
const send = await measure(async () => {
  for (let i = 0; i < records; i += PER_SEND) await producer.send({ topic, messages: batch() });
});
const each = await consume('each', true);
const forward = await consume('batch', false);
await producer.disconnect();
console.log(JSON.stringify({ send, each, forward }));
process.exit(0);
