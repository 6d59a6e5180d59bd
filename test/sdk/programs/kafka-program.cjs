/** kafkajs tries again after any error but those of the language. */
class BusyError extends Error {}

/**
 * Sends five records, one of them a failure to its consumer, and reads them twice: record by record as the group
 * `TOPIC-each` and in batches as `TOPIC-batch`.
 */
exports.runKafkaProgram = async (Kafka, { logLevel, createPartitioner }, wire = (client) => client) => {
  const { KAFKA_BROKERS, TOPIC } = process.env;
  const kafka = wire(new Kafka({ clientId: 'program', brokers: KAFKA_BROKERS.split(','), logLevel }));
  const producer = kafka.producer({ createPartitioner });
  await producer.connect();
  const timestamp = '1700000000000';
  await producer.send({
    topic: TOPIC,
    messages: [1, 2, 3].map((i) => ({ key: `k${i}`, value: `v${i}`, timestamp })),
  });
  await producer.sendBatch({
    topicMessages: [{ topic: TOPIC, messages: [4, 5].map((i) => ({ key: `k${i}`, value: `v${i}`, timestamp })) }],
  });
  await producer.disconnect();

  const each = kafka.consumer({ groupId: `${TOPIC}-each` });
  let seen = 0;
  let failed = false;
  await each.connect();
  await each.subscribe({ topic: TOPIC, fromBeginning: true });
  await new Promise((resolve) => {
    each.run({
      eachMessage: async ({ message }) => {
        if (message.value.toString() === 'v5' && !failed) {
          failed = true;
          throw new BusyError('once');
        }
        if (++seen === 5) resolve();
      },
    });
  });
  await each.disconnect();

  const batch = kafka.consumer({ groupId: `${TOPIC}-batch` });
  let inBatches = 0;
  await batch.connect();
  await batch.subscribe({ topic: TOPIC, fromBeginning: true });
  await new Promise((resolve) => {
    batch.run({
      eachBatch: async ({ batch: { messages }, resolveOffset }) => {
        for (const message of messages) resolveOffset(message.offset);
        inBatches += messages.length;
        if (inBatches === 5) resolve();
      },
    });
  });
  await batch.disconnect();
  console.log(JSON.stringify({ seen, inBatches }));
};
