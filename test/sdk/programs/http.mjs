import { callDatabase, consume, consumeBatch, produce, stage } from '@weir/sdk';
import express from 'express';

// A gateway that is called by fetch and by node:http, then the helpers for queues and plain functions.
const app = express();
app.get('/orders/:id', (_request, response) => response.json({ ok: true }));
const server = app.listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const { port } = server.address();
await (await fetch(`http://127.0.0.1:${port}/orders/1`)).text();
const http = await import('node:http');
await new Promise((resolve) => {
  http.get(`http://127.0.0.1:${port}/orders/2`, (response) => response.resume().once('end', resolve));
});
server.close();
server.closeAllConnections();

const headers = {};
produce({ system: 'rabbitmq', destination: 'orders', headers }, () => 'sent');
const price = stage('price', (order) => order.amount * 2);
const total = await consume(
  { system: 'rabbitmq', destination: 'orders', group: 'pricing', headers, eventTime: 1_700_000_000_000 },
  async () => price({ amount: 21 }),
);
await consumeBatch(
  { system: 'rabbitmq', destination: 'orders', group: 'audit', messages: [{ headers }, { headers }] },
  async () => {},
);
await callDatabase(
  { system: 'sqlite', database: 'warehouse', operation: 'INSERT', collection: 'orders' },
  async () => {},
);
await consume({ system: 'rabbitmq', destination: 'orders', group: 'pricing' }, async () => {
  throw new TypeError('poison');
}).catch(() => {});
console.log(JSON.stringify({ total, traceparent: headers.traceparent }));
