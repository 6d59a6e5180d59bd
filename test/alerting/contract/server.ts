import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ContractRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

export interface ContractAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A scripted answer takes precedence over the contract; `hang` never answers, `drop` closes the connection. */
export type Script = ContractAnswer | 'hang' | 'drop';

/**
 * A loopback server that answers by a contract. What the contract refuses is also kept in `violations`, so that a test
 * can say that nothing forbidden was ever sent.
 */
export async function startContractServer(answer: (request: ContractRequest) => ContractAnswer) {
  const requests: ContractRequest[] = [];
  const violations: string[] = [];
  const script: Script[] = [];
  const server = createServer(async (message, response) => {
    let text = '';
    for await (const chunk of message) text += chunk;
    const request = { method: message.method ?? '', path: message.url ?? '', headers: message.headers, text };
    requests.push(request);
    const next = script.shift();
    if (next === 'hang') return;
    if (next === 'drop') return void message.socket.destroy();
    const result = next ?? answer(request);
    if (next === undefined && (result.status >= 300 || /"ok":false/.test(result.body)))
      violations.push(`${request.path}: ${result.body}`);
    response.writeHead(result.status, { 'content-type': 'application/json', ...result.headers });
    response.end(result.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    violations,
    /** Answers for the next requests, in order. */
    script,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Reads a JSON object or explains what is wrong. */
export function jsonObject(request: ContractRequest): Record<string, unknown> | string {
  if (request.method !== 'POST') return `method ${request.method}`;
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
    return `content type ${request.headers['content-type']}`;
  try {
    const value = JSON.parse(request.text) as unknown;
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : 'not an object';
  } catch {
    return 'not JSON';
  }
}

export const isText = (value: unknown): value is string => typeof value === 'string';
export const isTextMap = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isText);
export const isTime = (value: unknown): boolean =>
  isText(value) && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value);
