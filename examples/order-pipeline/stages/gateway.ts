/** Takes orders over HTTP and publishes them to the topic `orders`. */
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import { POISON_RATIO, WORK } from '../load/work.ts';
import { isActive } from './fault-inbox.ts';
import { openQueue } from './queue.ts';
import { ready, work } from './work.ts';

const queue = await openQueue('gateway');
const app = express();
app.use(express.json());

/** Requests being worked on: a client may hang up, the order is published all the same. */
let open = 0;

async function publish(order: object & { id: string }): Promise<void> {
  if (isActive('silent-producer')) return;
  const text = JSON.stringify(order);
  const value = isActive('poison-messages') && Math.random() < POISON_RATIO ? text.slice(0, text.length / 2) : text;
  await queue.send('orders', { key: order.id, value, timestamp: Date.now() });
}

app.post('/orders', async (request, response) => {
  open++;
  try {
    await work(WORK.gateway);
    const order = { id: randomUUID(), customer: request.body.customer, amount: request.body.amount };
    await publish(order);
    response.status(202).json({ id: order.id });
  } finally {
    open--;
  }
});

async function stop(): Promise<void> {
  server.close();
  while (open > 0) await sleep(20);
  await queue.close();
}

const server = app.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1', () => {
  ready(stop, { port: (server.address() as AddressInfo).port });
});
