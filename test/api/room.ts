import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apiConfig } from '../../api/config.ts';
import { type ApiOptions, createApi } from '../../api/main.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import { openStore } from '../../store/client.ts';

/** A store nobody listens at: for tests that must not need one. */
export function unreachableStore() {
  return openStore(
    { url: 'http://127.0.0.1:9', database: 'default', username: '', password: '' },
    { retryMs: 1, requestTimeoutMs: 500 },
  );
}

export interface TestApi {
  readonly url: string;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  stop(): Promise<void>;
}

/** The API on a port of its own; what is not given is out of reach. */
export async function startApi(
  given: Partial<Omit<ApiOptions, 'config'>> & { listen?: object } = {},
): Promise<TestApi> {
  const { listen, ...options } = given;
  const api = createApi({
    store: given.store ?? unreachableStore(),
    alertingUrl: 'http://127.0.0.1:9',
    telemetry: silentTelemetry(),
    health: {},
    ...options,
    config: apiConfig.parse({ listen: { port: 0, ...listen }, live_interval: '100ms' }),
  });
  await api.start();
  const url = api.url();
  return {
    url,
    get: (path, headers = {}) => fetch(url + path, { headers, redirect: 'manual' }),
    post: (path, body, headers = {}) =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    stop: () => api.stop(),
  };
}

export interface Heard {
  readonly method: string;
  readonly path: string;
  readonly authorization: string;
  readonly body: string;
}

/** An HTTP server that answers as told and remembers what it heard. */
export async function startPeer(answer: (heard: Heard) => { status: number; body: string }) {
  const heard: Heard[] = [];
  const server = createServer(async (request, response) => {
    const entry = {
      method: request.method ?? '',
      path: request.url ?? '',
      authorization: request.headers.authorization ?? '',
      body: await textOf(request),
    };
    heard.push(entry);
    const { status, body } = answer(entry);
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    heard,
    stop: () =>
      new Promise<void>((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

/** Waits until `check` holds; the machine may be busy, so the deadline is generous. */
export async function until(check: () => boolean | Promise<boolean>, what: string, deadline = 15_000): Promise<void> {
  const end = Date.now() + deadline;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`never happened: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'weir-api-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Follows an event stream; `events` grows as messages come. */
export async function follow(url: string, headers: Record<string, string> = {}) {
  const control = new AbortController();
  const response = await fetch(url, { headers, signal: control.signal });
  const events: { event: string; data: unknown }[] = [];
  const reading = (async () => {
    let text = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        text += decoder.decode(chunk, { stream: true });
        for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
          const lines = text.slice(0, end).split('\n');
          text = text.slice(end + 2);
          const event = lines.find((line) => line.startsWith('event: '))?.slice(7);
          const data = lines.find((line) => line.startsWith('data: '))?.slice(6);
          if (event !== undefined && data !== undefined) events.push({ event, data: JSON.parse(data) });
        }
      }
    } catch {
      // Closed by the test or by the server.
    }
  })();
  return {
    response,
    events,
    async close() {
      control.abort();
      await reading;
    },
    ended: reading,
  };
}
