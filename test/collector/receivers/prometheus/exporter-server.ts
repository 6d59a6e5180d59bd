import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface ExporterServer {
  /** `host:port`, as targets are written. */
  readonly address: string;
  /** Requests so far. */
  readonly requests: IncomingMessage[];
  /** What it answers from now on. */
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  close(): Promise<void>;
}

export function page(text: string, headers: Record<string, string> = { 'content-type': 'text/plain; version=0.0.4' }) {
  return (_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200, headers).end(text);
  };
}

/** A target on a free port of loopback. */
export async function startExporter(
  answer: ExporterServer['answer'],
  tls?: { readonly cert: string; readonly key: string },
): Promise<ExporterServer> {
  const requests: IncomingMessage[] = [];
  const listener: RequestListener = (request, response) => {
    requests.push(request);
    exporter.answer(request, response);
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const exporter: ExporterServer = {
    address: `127.0.0.1:${port}`,
    requests,
    answer,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
  return exporter;
}
