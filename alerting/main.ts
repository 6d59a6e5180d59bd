import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { errorMessage } from '../core/errors.ts';
import { assertBindAllowed } from '../core/listen.ts';
import type { Health, Service } from '../core/service.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Millis } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import { writeAlertHistory, writeIncident, writeNotifications } from '../store/queries/incidents.ts';
import { createAlertingApi } from './api.ts';
import type { AlertingConfig } from './config.ts';
import type { Delivery } from './database.ts';
import { type Engine, openEngine } from './engine.ts';
import type { HistoryPort } from './mirror.ts';
import { TopologyCache } from './topology.ts';

export interface AlertingOptions {
  readonly config: AlertingConfig;
  /** For history and topology; alerting does its work without. */
  readonly store?: Store | undefined;
  readonly dataDir: string;
  readonly telemetry: Telemetry;
  readonly now?: () => Millis;
}

const TICK = 1000;

function historyPort(store: Store): HistoryPort {
  const record = ({ incident, ...delivery }: Delivery) => ({ ...delivery, incidentId: incident });
  return {
    async writeIncidents(incidents) {
      for (const incident of incidents) await writeIncident(store, incident);
    },
    writeNotifications: (deliveries) => writeNotifications(store, deliveries.map(record)),
    writeAlertHistory: (entries) => writeAlertHistory(store, entries),
  };
}

/**
 * The alerting role: opens its database, serves HTTP on `alerting.listen`, and does what is due every second.
 * `start` throws when the database or the address cannot be had, or the bind is not allowed.
 */
export function createAlerting(options: AlertingOptions): Service & { health(): Health; url(): string } {
  const { config, store, telemetry } = options;
  const now = options.now ?? Date.now;
  let engine: Engine | undefined;
  let server: Server | undefined;
  let timer: NodeJS.Timeout | undefined;
  let topology: TopologyCache | undefined;
  let failure = '';

  const health = (): Health => {
    if (engine === undefined) return { ready: false, detail: 'not started' };
    return failure === '' ? { ready: true } : { ready: false, detail: failure };
  };

  const tick = (): void => {
    try {
      if (engine !== undefined && engine.liveAlerts().length > 0) topology?.refresh();
      engine?.tick();
      failure = '';
    } catch (error) {
      failure = errorMessage(error);
      telemetry.log.error({ event: 'alerting_tick_failed', err: error }, 'a round failed; the next one does its work');
    }
  };

  return {
    name: 'alerting',
    health,
    url() {
      const address = server?.address() as AddressInfo | null | undefined;
      const port = address?.port ?? config.listen.port;
      const host =
        config.listen.host === '0.0.0.0' ? '127.0.0.1' : config.listen.host === '::' ? '[::1]' : config.listen.host;
      return `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
    },
    async start() {
      if (engine !== undefined) return;
      assertBindAllowed(config.listen, 'alerting.listen');
      const cache = store === undefined ? undefined : new TopologyCache(store, telemetry, now);
      topology = cache;
      engine = openEngine({
        config,
        path: join(options.dataDir, 'alerting', 'alerting.sqlite'),
        telemetry,
        now,
        history: store === undefined ? undefined : historyPort(store),
        edgesOf: cache === undefined ? undefined : (pipeline) => cache.edgesOf(pipeline),
        ownershipOf: cache === undefined ? undefined : (labels) => cache.ownershipOf(labels),
      });
      const listening = createAlertingApi({ engine, config, telemetry, now, health: { alerting: health } });
      server = listening;
      try {
        await new Promise<void>((resolve, reject) => {
          listening.once('error', reject);
          listening.listen(config.listen.port, config.listen.host.replace(/^\[|\]$/g, ''), resolve);
        });
      } catch (error) {
        await engine.close(0);
        [engine, server] = [undefined, undefined];
        throw error;
      }
      timer = setInterval(tick, TICK);
      tick();
    },
    async stop() {
      clearInterval(timer);
      const [listening, running] = [server, engine];
      [server, engine] = [undefined, undefined];
      if (listening !== undefined) {
        await new Promise<void>((resolve) => {
          listening.close(() => resolve());
          listening.closeIdleConnections();
          setTimeout(() => listening.closeAllConnections(), 2000).unref();
        });
      }
      await topology?.settled();
      await running?.close();
    },
  };
}
