import type { Consumer } from 'kafkajs';
import { type LagStand, pause, type Written } from './lag-stand.ts';

export interface Reader {
  readonly consumer: Consumer;
  /** Milliseconds it takes over a record. */
  takes: number;
}

/** A consumer that takes its time over each record and commits at once. */
export async function read(stand: LagStand, { topic }: Written, groupId: string, takes: number): Promise<Reader> {
  const consumer = stand.kafka.consumer({ groupId, sessionTimeout: 10_000, heartbeatInterval: 500 });
  const reader = { consumer, takes };
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    ...{ autoCommitInterval: 300, autoCommitThreshold: 20 },
    eachMessage: async () => {
      if (reader.takes > 0) await pause(reader.takes);
    },
  });
  return reader;
}

/** Writers that go on until they are stopped, one by one or all together. */
export function openWriters(): {
  /** Sends `perSecond` records a second, in at most five requests; resolves when it has stopped. */
  produce(written: Written, perSecond: number, value?: string): () => Promise<void>;
  stopAll(): Promise<void>;
} {
  const stops: (() => Promise<void>)[] = [];
  return {
    produce(written, perSecond, value) {
      let running = true;
      const done = (async () => {
        const every = 1000 / Math.min(perSecond, 5);
        for (let next = Date.now(); running; next += every) {
          // A broker that is away is written to again when it is back.
          await written.send(Math.max(1, Math.round(perSecond / 5)), value).catch(() => pause(200));
          await pause(Math.max(0, next + every - Date.now()));
        }
      })();
      const stop = async () => {
        running = false;
        await done;
      };
      stops.push(stop);
      return stop;
    },
    async stopAll() {
      for (const stop of stops.splice(0)) await stop();
    },
  };
}
