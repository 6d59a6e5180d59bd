import http from 'node:http';
import { consume, produce } from '@weir/sdk';

// A consumer that calls a service twice, by fetch and by node:http; the service sends on to a queue. A third call, from
// outside of any record, begins a pathway of its own.
const system = 'rabbitmq';
const headers = [];
const server = http.createServer((_request, response) => {
  setTimeout(() => {
    const message = {};
    produce({ system, destination: 'out', headers: message }, () => {});
    headers.push(message['weir-pathway']);
    response.end();
  }, 5);
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${server.address().port}/`;
const get = () => new Promise((resolve) => http.get(url, (response) => response.resume().once('end', resolve)));

const message = {};
produce({ system, destination: 'in', headers: message }, () => {});
await consume({ system, destination: 'in', group: 'g', headers: message }, async () => {
  await (await fetch(url)).text();
  await get();
});
await get();
server.close();
server.closeAllConnections();
console.log(JSON.stringify({ first: message['weir-pathway'], headers }));
