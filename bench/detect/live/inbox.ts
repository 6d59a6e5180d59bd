import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort } from 'node:worker_threads';

// Stands for alerting on a thread of its own: tells when it had read each POST, and which stages were firing in it.

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const at = Date.now();
    const alerts: { labels: Record<string, string> }[] = JSON.parse(Buffer.concat(chunks).toString());
    parentPort?.postMessage({ at, stages: alerts.map(({ labels }) => labels['stage']) });
    response.end();
  });
});
server.listen(0, '127.0.0.1', () => parentPort?.postMessage({ port: (server.address() as AddressInfo).port }));
