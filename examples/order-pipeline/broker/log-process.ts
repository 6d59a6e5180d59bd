/**
 * The in-process log's own process: served here, it neither waits for nor disturbs the platform's event loop. Its
 * parent learns the address, tells it later where to report lag, and takes it along when it ends.
 */
import { PARTITIONS } from '../load/work.ts';
import { TOPICS } from '../topics.ts';
import { reportLag } from './lag-metrics.ts';
import { PartitionedLog } from './log.ts';
import { serveLog } from './log-server.ts';

export interface ReportRequest {
  readonly report: { readonly otlpUrl: string; readonly resource: Readonly<Record<string, string>> };
}

const log = new PartitionedLog({ now: Date.now });
for (const topic of TOPICS) log.createTopic(topic, PARTITIONS);
const server = await serveLog(log);
let reporting: { stop(): Promise<void> } | undefined;

process.on('message', ({ report }: ReportRequest) => {
  if (reporting === undefined) reporting = reportLag({ log, ...report });
});
process.on('SIGINT', () => {});
process.once('disconnect', async () => {
  await reporting?.stop();
  await server.close();
  process.exit(0);
});
process.send?.({ address: server.address });
