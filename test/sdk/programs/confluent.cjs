// TOPIC -> eachMessage -> TOPIC-2 -> eachBatch -> TOPIC-3, with Confluent's client from where CONFLUENT says.
const { KAFKA_BROKERS, TOPIC, CONFLUENT } = process.env;
const client = require(require.resolve('@confluentinc/kafka-javascript', { paths: [CONFLUENT] }));
const { Kafka, logLevel } = client.KafkaJS;
const kafka = new Kafka({ kafkaJS: { brokers: KAFKA_BROKERS.split(','), logLevel: logLevel.NOTHING } });
const N = 6;

function consumer(groupId) {
  return kafka.consumer({ kafkaJS: { groupId, fromBeginning: true, autoCommitInterval: 200 } });
}

async function main() {
  const producer = kafka.producer();
  await producer.connect();
  const timestamp = '1700000000000';
  const message = (i) => ({ key: `k${i}`, value: `v${i}`, timestamp, headers: { own: 'kept' } });
  await producer.send({ topic: TOPIC, messages: [0, 1, 2, 3].map(message) });
  await producer.sendBatch({ topicMessages: [{ topic: TOPIC, messages: [4, 5].map(message) }] });

  const each = consumer(`${TOPIC}-each`);
  const kept = new Set();
  let seen = 0;
  await each.connect();
  await each.subscribe({ topic: TOPIC });
  await new Promise((resolve, reject) => {
    each.run({
      eachMessage: async ({ message: { value, headers } }) => {
        kept.add(Object.keys(headers).sort().join());
        await producer.send({ topic: `${TOPIC}-2`, messages: [{ value }] }).catch(reject);
        if (++seen === N) resolve();
      },
    });
  });
  await each.disconnect();

  const batches = consumer(`${TOPIC}-batch`);
  let inBatches = 0;
  await batches.connect();
  await batches.subscribe({ topic: `${TOPIC}-2` });
  await new Promise((resolve, reject) => {
    batches.run({
      eachBatch: async ({ batch, resolveOffset }) => {
        const messages = batch.messages.map(({ value }) => ({ value }));
        await producer.send({ topic: `${TOPIC}-3`, messages }).catch(reject);
        for (const { offset } of batch.messages) resolveOffset(offset);
        inBatches += messages.length;
        if (inBatches === N) resolve();
      },
    });
  });
  await batches.disconnect();
  await producer.disconnect();
  console.log(JSON.stringify({ seen, inBatches, kept: [...kept] }));
}

main();
