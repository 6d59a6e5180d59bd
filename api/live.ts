import { createHash } from 'node:crypto';
import type { Response } from 'express';
import { Gauge } from 'prom-client';
import { errorMessage } from '../core/errors.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { LiveMessages, OverviewView } from '../core/view.ts';

const KEEP_ALIVE_MS = 15_000;
/** A browser that does not read has this many bytes queued before it is let go; it reconnects by itself. */
const MAX_QUEUED_BYTES = 4_000_000;

export interface Live {
  /** Takes over an answered request as an event stream. */
  attach(response: Response): void;
  clients(): number;
  stop(): void;
}

/**
 * The event stream of all browsers. One loop reads for all of them, and only while one is connected. `overview` is
 * sent when it changed (its clock apart), `incidents` names those that are new, changed or gone.
 */
export function createLive(options: {
  read: () => Promise<OverviewView>;
  interval: number;
  telemetry: Telemetry;
}): Live {
  const { read, interval, telemetry } = options;
  const clients = new Set<Response>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = false;
  let stopped = false;
  let lastOverview = '';
  let lastDigest = '';
  let lastSent = 0;
  let known = new Map<string, number>();
  const gauge = new Gauge({
    name: 'weir_api_live_clients',
    help: 'Browsers that follow the event stream',
    registers: [telemetry.registry],
  });

  const send = (client: Response, text: string) => {
    client.write(text);
    if (client.writableLength > MAX_QUEUED_BYTES) client.destroy();
  };
  const broadcast = (text: string) => {
    lastSent = Date.now();
    for (const client of clients) send(client, text);
  };

  const round = async () => {
    running = true;
    try {
      const view = await read();
      const incidents = new Map(view.incidents.map((incident) => [incident.id, incident.updatedAt]));
      const changed = [...new Set([...incidents.keys(), ...known.keys()])].filter(
        (id) => incidents.get(id) !== known.get(id),
      );
      const digest = createHash('sha1')
        .update(JSON.stringify({ ...view, now: 0 }))
        .digest('base64');
      if (digest !== lastDigest) {
        lastDigest = digest;
        lastOverview = message('overview', view);
        broadcast(lastOverview);
      } else if (Date.now() - lastSent > KEEP_ALIVE_MS) {
        broadcast(': still here\n\n');
      }
      if (changed.length > 0) broadcast(message('incidents', { changed }));
      known = incidents;
    } catch (error) {
      telemetry.log.warn(
        { event: 'api_live_failed', reason: errorMessage(error) },
        'the live overview could not be read',
      );
    }
    running = false;
    if (clients.size > 0 && !stopped) timer = setTimeout(round, interval);
  };

  return {
    attach(response) {
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      response.write('retry: 2000\n\n');
      if (stopped) {
        response.end();
        return;
      }
      clients.add(response);
      gauge.set(clients.size);
      if (lastOverview !== '' && clients.size > 1) send(response, lastOverview);
      else lastDigest = '';
      response.on('close', () => {
        clients.delete(response);
        gauge.set(clients.size);
        if (clients.size === 0) clearTimeout(timer);
      });
      if (clients.size === 1 && !running) {
        clearTimeout(timer);
        void round();
      }
    },
    clients: () => clients.size,
    stop() {
      stopped = true;
      clearTimeout(timer);
      for (const client of clients) client.end();
      clients.clear();
    },
  };
}

function message<K extends keyof LiveMessages>(event: K, data: LiveMessages[K]): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
