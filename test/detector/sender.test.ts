import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createSender } from '../../detector/sender.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

interface Received {
  readonly path: string | undefined;
  readonly authorization: string | undefined;
  readonly type: string | undefined;
  readonly alerts: readonly unknown[];
}

async function listen(answer: (n: number) => number | 'hang') {
  const received: Received[] = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const { authorization, 'content-type': type } = request.headers;
      received.push({ path: request.url, authorization, type, alerts: JSON.parse(body) });
      const status = answer(received.length);
      if (status !== 'hang') response.writeHead(status).end(status === 200 ? '' : '"label name is empty"');
    });
  });
  await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const alerts = (count: number) => Array.from({ length: count }, (_, i) => ({ labels: { alertname: `a${i}` } }));

test('posts JSON arrays of up to 256 alerts, with the token', async () => {
  const { received, url } = await listen(() => 200);
  const send = createSender({ url: () => `${url}/`, token: 'secret-of-sixteen', timeout: 5_000 });
  expect(await send(alerts(600))).toEqual({ sent: 600, failed: 0, errors: [] });
  expect(received.map((request) => request.alerts.length)).toEqual([256, 256, 88]);
  expect(received[0]).toMatchObject({
    path: '/api/v2/alerts',
    authorization: 'Bearer secret-of-sixteen',
    type: 'application/json',
  });
});

test('an empty round still says that the detector is alive', async () => {
  const { received, url } = await listen(() => 200);
  expect(await createSender({ url, timeout: 5_000 })([])).toEqual({ sent: 0, failed: 0, errors: [] });
  expect(received.map((request) => request.alerts)).toEqual([[]]);
});

test('a refused batch is told with the reason and holds up no other', async () => {
  const { url } = await listen((n) => (n === 1 ? 400 : 200));
  const { sent, failed, errors } = await createSender({ url, timeout: 5_000 })(alerts(300));
  expect([sent, failed]).toEqual([44, 256]);
  expect(errors[0]).toMatchObject({ code: 'detector_alerts_refused', retryable: false });
  expect(errors[0]?.message).toContain('label name is empty');
});

test('nobody there, or nobody answering in time: an error that can be retried, and no exception', async () => {
  const gone = await createSender({ url: 'http://127.0.0.1:1', timeout: 2_000 })(alerts(1));
  expect(gone).toMatchObject({ sent: 0, failed: 1 });
  expect(gone.errors[0]).toMatchObject({ code: 'detector_alerts_unsent', retryable: true });
  const { url } = await listen(() => 'hang');
  const slow = await createSender({ url, timeout: 100 })(alerts(1));
  expect(slow.errors[0]).toMatchObject({ code: 'detector_alerts_unsent', retryable: true });
});

test('a server that is overloaded may be tried again', async () => {
  const { url } = await listen(() => 503);
  const { errors } = await createSender({ url, timeout: 5_000 })(alerts(1));
  expect(errors[0]).toMatchObject({ code: 'detector_alerts_refused', retryable: true });
});
