import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

interface WebhookAlert {
  readonly status?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The lines a person sees for one webhook payload: its status and incident, then each alert's summary. */
export function describeNotification(payload: unknown): string {
  const { status, alerts, incident } = (payload ?? {}) as {
    status?: string;
    alerts?: readonly WebhookAlert[];
    incident?: { id?: string; title?: string };
  };
  const title = [incident?.id, incident?.title].filter((part) => part !== undefined).join(' ');
  const head = `[${status ?? 'unknown'}]${title === '' ? '' : ` ${title}`}`;
  const rows = (alerts ?? []).map((alert) => `    ${alert.status ?? ''}: ${alert.annotations?.['summary'] ?? ''}`);
  return [head, ...rows].join('\n');
}

/**
 * A webhook receiver on loopback for people who have none yet: prints what arrives. Bodies over 1 MiB are refused.
 */
export async function startNotificationPrinter(
  print: (text: string) => void,
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= 1 << 20) chunks.push(chunk);
    });
    request.on('end', () => {
      if (size > 1 << 20) {
        response.writeHead(413).end();
        return;
      }
      try {
        print(describeNotification(JSON.parse(Buffer.concat(chunks).toString('utf8'))));
        response.writeHead(200).end();
      } catch {
        response.writeHead(400).end('the body is not JSON\n');
      }
    });
  });
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(0, '127.0.0.1', done);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
