import { withMessage } from '@weir/sdk';
import { Kafka, logLevel, Partitioners } from 'kafkajs';

// One hop of a pipeline: FROM -> a delay -> TO. Each record carries when it was made, in the program's own clock and
// whatever headers say; the last hop prints how long every record took. MODE: source, each, batch, named or sink.
const { KAFKA_BROKERS, FROM, TO, MODE, COUNT, SERVICE } = process.env;
const kafka = new Kafka({ clientId: SERVICE, brokers: KAFKA_BROKERS.split(','), logLevel: logLevel.NOTHING });
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
await producer.connect();
const count = Number(COUNT);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const micros = () => (performance.timeOrigin + performance.now()) * 1000;
/** Delays as queues have them: most are short, some are long. */
const delay = () => 10 + 40 * Math.random() ** 3;

if (MODE === 'source') {
  for (let sent = 0; sent < count; ) {
    const size = Math.min(1 + Math.floor(Math.random() * 20), count - sent);
    await producer.send({ topic: TO, messages: Array.from({ length: size }, () => ({ value: String(micros()) })) });
    sent += size;
    await sleep(4);
  }
} else {
  const consumer = kafka.consumer({ groupId: `${FROM}-${SERVICE}`, maxWaitTimeInMs: 20 });
  await consumer.connect();
  await consumer.subscribe({ topic: FROM, fromBeginning: true });
  const took = [];
  let seen = 0;
  await new Promise((resolve) => {
    const done = (more) => {
      seen += more;
      if (seen === count) resolve();
    };
    const eachMessage = async ({ message }) => {
      if (MODE === 'sink') took.push(micros() - Number(message.value));
      else {
        if (seen % 10 === 0) await sleep(delay());
        await producer.send({ topic: TO, messages: [{ value: message.value }] });
      }
      done(1);
    };
    const eachBatch = async ({ batch: { messages } }) => {
      await sleep(delay());
      if (MODE === 'named') {
        const send = (message) => producer.send({ topic: TO, messages: [{ value: message.value }] });
        await Promise.all(messages.map((message) => withMessage(message, () => send(message))));
      } else await producer.send({ topic: TO, messages: messages.map(({ value }) => ({ value })) });
      done(messages.length);
    };
    consumer.run(MODE === 'batch' || MODE === 'named' ? { eachBatch } : { eachMessage });
  });
  await consumer.disconnect();
  if (MODE === 'sink') console.log(JSON.stringify(took));
}
await producer.disconnect();
