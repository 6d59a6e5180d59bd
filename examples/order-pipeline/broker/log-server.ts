import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { PartitionedLog } from './log.ts';
import { type LogRequest, readLines, writeLine } from './wire.ts';

const POLL_MS = 500;

/** The requests of one connection, which is one member of every group it joins. */
async function answer(log: PartitionedLog, member: string, request: LogRequest): Promise<unknown> {
  switch (request.op) {
    case 'append':
      return log.append(request.topic, request.message);
    case 'join':
      return log.join(request.group, request.topic, member);
    case 'leave':
      return log.leave(request.group, member);
    case 'position':
      return log.position(request.group, request.partition);
    case 'poll':
      return await log.poll(request.topic, request.partition, request.offset, request.max, POLL_MS);
    case 'commit':
      return log.commit(request.group, request.partition, request.offset, request.generation);
    default:
      throw new Error(`unknown request ${JSON.stringify(request)}`);
  }
}

/** Serves the log on a loopback socket. A connection that ends leaves its groups: their partitions move on. */
export async function serveLog(log: PartitionedLog): Promise<{ address: string; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    const member = `member-${++connections}`;
    sockets.add(socket);
    readLines<LogRequest & { id: number }>(socket, ({ id, ...request }) => {
      answer(log, member, request as LogRequest).then(
        (result) => writeLine(socket, { id, result }),
        (error: Error) => writeLine(socket, { id, error: error.message }),
      );
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      sockets.delete(socket);
      for (const group of log.groups()) log.leave(group, member);
    });
  });
  log.onRebalance((rebalanced) => {
    for (const socket of sockets) writeLine(socket, { rebalanced });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
