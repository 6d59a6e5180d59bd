import { type IncomingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import type { StoreEndpoint } from '../../store/client.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface SendOptions {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  /** False leaves user and password out. */
  readonly login?: boolean;
}

/** One bare HTTP request to the store, with nothing a client library would add or take away. */
export function send(endpoint: StoreEndpoint, body: string | Buffer, options: SendOptions = {}): Promise<Answer> {
  const { hostname, port } = new URL(endpoint.url);
  const login: Record<string, string> =
    options.login === false ? {} : { 'X-ClickHouse-User': endpoint.username, 'X-ClickHouse-Key': endpoint.password };
  const headers = { ...login, ...options.headers };
  const { method = 'POST', path = '/' } = options;
  return new Promise((resolve, reject) => {
    const call = request({ hostname, port, method, path, headers, agent: false }, (response) => {
      text(response).then(
        (answer) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: answer }),
        reject,
      );
    });
    call.on('error', reject);
    call.end(body);
  });
}

/** Expects 403 with code 497 and a text that names what is refused. */
export async function expectRefused(endpoint: StoreEndpoint, sql: string, named: RegExp, path = '/'): Promise<void> {
  const answer = await send(endpoint, sql, { path });
  expect({ sql, status: answer.status, body: answer.body }).toMatchObject({
    status: 403,
    body: expect.stringMatching(named),
  });
  expect(answer.headers['x-clickhouse-exception-code']).toBe('497');
}
