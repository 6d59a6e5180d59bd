import { Consumer, MessagesStreamModes, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka';

// TOPIC -> `for await` -> TOPIC-2 -> 'data' -> TOPIC-3, with strings and with the bytes the library has by default.
const { KAFKA_BROKERS, TOPIC, BYTES, TRANSACTION } = process.env;
const base = { clientId: 'program', bootstrapBrokers: KAFKA_BROKERS.split(',') };
const texts = BYTES ? {} : { serializers: stringSerializers };
const value = (text) => (BYTES ? Buffer.from(text) : text);
const producer = new Producer({ ...base, ...texts, ...(TRANSACTION ? { idempotent: true } : {}) });

async function send(messages) {
  if (!TRANSACTION) return await producer.send({ messages });
  const transaction = await producer.beginTransaction();
  await transaction.send({ messages });
  await transaction.commit();
}

const N = 6;
const shared = BYTES ? undefined : new Map([['own', 'kept']]);
await send(Array.from({ length: N }, (_, i) => ({ topic: TOPIC, value: value(`v${i}`), headers: shared })));

async function open(topic, groupId) {
  const consumer = new Consumer({ ...base, groupId, ...(BYTES ? {} : { deserializers: stringDeserializers }) });
  const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST, maxWaitTime: 100 });
  return { consumer, stream };
}

const first = await open(TOPIC, `${TOPIC}-await`);
const kept = [];
for await (const message of first.stream) {
  kept.push([...message.headers.keys()].map(String).sort().join());
  // Whatever is awaited, the record stays the one that was handed out last.
  await new Promise((resolve) => setTimeout(resolve, 2));
  await send([{ topic: `${TOPIC}-2`, value: message.value }]);
  if (kept.length === N) break;
}
await first.consumer.close(true);

// A stream that sends writes later, from a timer: what was being handled when a message was written counts.
const second = await open(`${TOPIC}-2`, `${TOPIC}-data`);
const out = producer.asStream({ batchSize: 4, batchTime: 20 });
await new Promise((resolve) => {
  let seen = 0;
  second.stream.on('data', (message) => {
    if (!TRANSACTION) out.write({ topic: `${TOPIC}-3`, value: message.value });
    if (++seen === N) resolve();
  });
});
await out.close();
await second.consumer.close(true);
await producer.close();
console.log(JSON.stringify({ kept: [...new Set(kept)] }));
