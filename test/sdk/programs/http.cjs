const express = require('express');
const http = require('node:http');
const { callDatabase, consume, consumeBatch, produce, stage } = require('@weir/sdk');

// The same as http.mjs, for CommonJS.
const app = express();
app.get('/orders/:id', (_request, response) => response.json({ ok: true }));
const server = app.listen(0, '127.0.0.1', async () => {
  const { port } = server.address();
  await (await fetch(`http://127.0.0.1:${port}/orders/1`)).text();
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
});
