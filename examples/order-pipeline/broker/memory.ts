import { PARTITIONS } from '../load/work.ts';
import { TOPICS } from '../topics.ts';
import { PartitionedLog } from './log.ts';
import { serveLog } from './log-server.ts';

export interface MemoryBroker {
  readonly log: PartitionedLog;
  readonly address: string;
  stop(): Promise<void>;
}

/** The in-process log with the pipeline's topics, served to the stages on a loopback socket. */
export async function startMemoryBroker(now: () => number = Date.now): Promise<MemoryBroker> {
  const log = new PartitionedLog({ now });
  for (const topic of TOPICS) log.createTopic(topic, PARTITIONS);
  const server = await serveLog(log);
  return { log, address: server.address, stop: () => server.close() };
}
