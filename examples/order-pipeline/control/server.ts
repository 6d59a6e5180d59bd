import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DEFAULT_CONTROL_PORT } from '../fault.ts';
import { FAULT_NAMES, FAULTS, type FaultName, isFaultName } from '../faults.ts';
import { controlPage } from './page.ts';

export interface FaultState {
  readonly on: boolean;
  /** When it was switched last, unix milliseconds. */
  readonly since: number;
}

export interface ControlOptions {
  readonly port: number;
  readonly broker: string;
  readonly states: () => Readonly<Record<FaultName, FaultState>>;
  readonly setFault: (name: FaultName, on: boolean) => void;
}

function listFaults(options: ControlOptions) {
  const states = options.states();
  const faults = FAULT_NAMES.map((name) => ({ name, ...FAULTS[name], ...states[name] }));
  return { broker: options.broker, faults };
}

/** The same from a terminal; the port is named unless it is the usual one. */
function command(port: number | undefined): string {
  const flag = port === DEFAULT_CONTROL_PORT ? '' : ` --control-port ${port}`;
  return `./weir demo fault slow-consumer on${flag}`;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}

/** A page of another site must not reach the switch: neither by a name that points here, nor by a plain form. */
function isForeign(request: IncomingMessage): boolean {
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(host)) return true;
  const origin = request.headers.origin;
  return origin !== undefined && origin !== `http://${request.headers.host}`;
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > 10_000) throw new SyntaxError('the body is too long');
  }
  return JSON.parse(text);
}

async function handle(request: IncomingMessage, response: ServerResponse, options: ControlOptions): Promise<void> {
  if (isForeign(request)) return send(response, 403, { error: 'only pages of this address may use the switch' });
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  if (request.method === 'GET' && path === '/') {
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'",
    });
    response.end(controlPage(options.broker, command(request.socket.localPort)));
    return;
  }
  if (request.method === 'GET' && path === '/faults') return send(response, 200, listFaults(options));
  const name = /^\/faults\/([a-z-]+)$/.exec(path)?.[1];
  if (request.method !== 'POST' || name === undefined) return send(response, 404, { error: 'not found' });
  if (!isFaultName(name))
    return send(response, 404, { error: `no fault ${name}; there are ${FAULT_NAMES.join(', ')}` });
  const body = await readJson(request).catch(() => undefined);
  const on = (body as { on?: unknown } | undefined)?.on;
  if (typeof on !== 'boolean') return send(response, 400, { error: 'send {"on": true} or {"on": false}' });
  options.setFault(name, on);
  return send(response, 200, listFaults(options));
}

/** The fault switch on loopback: a page, `GET /faults`, `POST /faults/NAME {"on": true}`. */
export async function serveControl(options: ControlOptions): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    handle(request, response, options).catch((error: Error) => {
      if (!response.headersSent) send(response, 500, { error: error.message });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
