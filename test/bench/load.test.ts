import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { rejectedItems } from '../../bench/ingest/connection.ts';
import { Latencies } from '../../bench/ingest/latencies.ts';
import { Load, type LoadOptions } from '../../bench/ingest/load.ts';
import { decodeRequest } from '../oracle/decode.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.closeAllConnections();
});

type Answerer = (request: IncomingMessage, body: Buffer, response: ServerResponse) => void;

async function listen(answer: Answerer): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => answer(request, Buffer.concat(chunks), response));
  });
  servers.push(server);
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function options(url: string, more: Partial<LoadOptions>): LoadOptions {
  return { url, signal: 'traces', connections: 3, batch: 20, templates: 4, seed: 5, ...more };
}

describe('a closed loop', () => {
  test('sends so many unique spans and counts what was acknowledged', async () => {
    const ids = new Set<string>();
    const url = await listen((_, body, response) => {
      for (const { scopeSpans = [] } of decodeRequest('traces', body).resourceSpans ?? []) {
        for (const { spans = [] } of scopeSpans) for (const { spanId } of spans) ids.add(spanId as string);
      }
      response.end();
    });
    const report = await new Load(options(url, { items: 400 })).run();
    expect(report.acked).toBeGreaterThanOrEqual(400);
    expect(report.acked).toBe(ids.size);
    expect(report).toMatchObject({ requests: report.acked / 20, rejected: 0, refused: 0, errors: {} });
  });

  test('offers a refused request again, the same one, and counts it once', async () => {
    const bodies: string[] = [];
    const url = await listen((_, body, response) => {
      bodies.push(body.toString('hex'));
      response.writeHead(bodies.length === 1 ? 503 : 200, { 'retry-after': '0' }).end();
    });
    const report = await new Load(options(url, { items: 20, connections: 1 })).run();
    expect(report).toMatchObject({ acked: 20, refused: 1, requests: 1 });
    expect(bodies[1]).toBe(bodies[0]);
  });

  test('does not count what a partial success rejected, nor what failed', async () => {
    let answers = 0;
    const partial = Buffer.of(0x0a, 0x02, 0x08, 0x03);
    const url = await listen((_, __, response) => {
      answers++;
      if (answers === 1) response.end(partial);
      else response.writeHead(400).end('no');
    });
    const report = await new Load(options(url, { items: 40, connections: 1 })).run();
    expect(report).toMatchObject({ acked: 17, rejected: 3 });
    expect(report.errors).toEqual({ 'status 400: no': 1 });
  });
});

test('an open loop waits for the answers of all it sent, late ones too', async () => {
  let received = 0;
  const url = await listen((_, __, response) => {
    received++;
    setTimeout(() => response.end(), 30);
  });
  const report = await new Load(options(url, { connections: 2, rate: 2000, forMs: 300 })).run();
  // 30 are due; how many of the last ones are sent depends on how busy the machine is.
  expect(report.requests).toBeGreaterThanOrEqual(15);
  expect(report.requests).toBe(received);
});

test('an open loop counts the wait of a request that found no connection free', async () => {
  let first = true;
  const url = await listen((_, __, response) => {
    if (first) setTimeout(() => response.end(), 700);
    else response.end();
    first = false;
  });
  const report = await new Load(options(url, { connections: 1, rate: 1000, forMs: 1000 })).run();
  // 50 requests a second were due; those of the first 700 ms all waited for one answer, and say so.
  expect(report.requests).toBeGreaterThanOrEqual(35);
  expect(report.latency.max).toBeGreaterThanOrEqual(690);
  expect(report.latency.p50).toBeGreaterThan(20);
});

test('a history tells times from its beginning to its end, whatever the clock says', async () => {
  const times: number[] = [];
  const url = await listen((_, body, response) => {
    for (const { scopeSpans = [] } of decodeRequest('traces', body).resourceSpans ?? []) {
      for (const { spans = [] } of scopeSpans) {
        for (const { startTimeUnixNano } of spans) times.push(Number((startTimeUnixNano as bigint) / 1_000_000n));
      }
    }
    response.end();
  });
  const history = { from: 1_700_000_000_000, to: 1_700_086_400_000 };
  await new Load(options(url, { items: 1000, history })).run();
  expect(Math.min(...times)).toBeGreaterThanOrEqual(history.from - 200);
  expect(Math.min(...times)).toBeLessThan(history.from + 86_400_000 / 10);
  expect(Math.max(...times)).toBeGreaterThan(history.to - 86_400_000 / 10);
});

test('rejected items are read from the answer', () => {
  expect(rejectedItems(Buffer.alloc(0))).toBe(0);
  expect(rejectedItems(Buffer.of(0x0a, 0x03, 0x08, 0xac, 0x02))).toBe(300);
});

test('quantiles are off by less than 2.2 %', () => {
  const latencies = new Latencies();
  for (let i = 1; i <= 10_000; i++) latencies.record(i / 10);
  expect(latencies.summary()).toMatchObject({ count: 10_000, max: 1000 });
  expect(Math.abs(latencies.quantile(0.5) / 500 - 1)).toBeLessThan(0.022);
  expect(Math.abs(latencies.quantile(0.99) / 990 - 1)).toBeLessThan(0.022);
});
