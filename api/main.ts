import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import express from 'express';
import { Histogram } from 'prom-client';
import { answerHealth, type HealthChecks } from '../core/health.ts';
import { assertBindAllowed } from '../core/listen.ts';
import type { Health, Service } from '../core/service.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { ReceiverView } from '../core/view.ts';
import type { Store } from '../store/client.ts';
import type { LevelRetention } from '../store/queries/level.ts';
import { createAlertingClient } from './alerting.ts';
import type { ApiConfig } from './config.ts';
import { answerErrors } from './failure.ts';
import { authentication, sameSite, securityHeaders } from './guard.ts';
import { createLive } from './live.ts';
import { createOverviewReader } from './overview.ts';
import { createRoutes } from './routes.ts';
import { serveSite } from './site.ts';

export interface ApiOptions {
  readonly config: ApiConfig;
  readonly store: Store;
  readonly alertingUrl: string | (() => string);
  readonly alertingToken?: string;
  readonly telemetry: Telemetry;
  readonly now?: () => number;
  readonly health: HealthChecks;
  /** Listeners shown to somebody whose first telemetry has not arrived. */
  readonly receivers?: () => readonly ReceiverView[];
  /** How long the store keeps its rollups; what is older than the finest is then shown in longer steps. */
  readonly retention?: LevelRetention;
  /** Where the built pages lie. */
  readonly site?: string;
}

const CLOSE_MS = 3000;

/** HTTP for the browser: the views under `/api`, the pages everywhere else. Throws `core_listen_unprotected` on start. */
export function createApi(options: ApiOptions): Service & { health(): Health; url(): string } {
  const { config, store, telemetry, health, now = Date.now } = options;
  const alerting = createAlertingClient(options.alertingUrl, options.alertingToken);
  const overview = createOverviewReader({ store, alerting, now, retention: options.retention });
  const live = createLive({ read: overview.read, interval: config.live_interval, telemetry });
  const duration = new Histogram({
    name: 'weir_api_request_duration_seconds',
    help: 'Time to answer a request of the browser',
    labelNames: ['route', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [telemetry.registry],
  });

  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.use(securityHeaders, sameSite(config.listen), authentication(config.listen));
  app.use(async (request, response, next) => {
    const answer = request.method === 'GET' ? await answerHealth(request.path, health, telemetry.registry) : undefined;
    if (answer === undefined) return next();
    response.status(answer.status).type(answer.contentType).send(answer.body);
  });
  app.use((request, response, next) => {
    const began = performance.now();
    response.on('finish', () => {
      const route = request.path.startsWith('/api/') ? `/api/${request.path.split('/')[2] ?? ''}` : 'page';
      if (route !== '/api/live' && response.statusCode !== 404) {
        duration.observe({ route, status: String(response.statusCode) }, (performance.now() - began) / 1000);
      }
    });
    next();
  });
  const { receivers, retention } = options;
  app.use('/api', createRoutes({ config, store, alerting, overview, live, health, receivers, retention, now }));
  app.use(serveSite(options.site ?? join(import.meta.dirname, '..', 'ui', 'dist')));
  app.use(answerErrors(telemetry));

  let server: Server | undefined;
  let failure = 'not started';
  return {
    name: 'api',
    async start() {
      assertBindAllowed(config.listen, 'api.listen');
      const created = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, app);
      server = created;
      await new Promise<void>((done, fail) => {
        created.once('error', fail);
        created.listen(config.listen.port, config.listen.host, () => {
          created.off('error', fail);
          done();
        });
      });
      failure = '';
      telemetry.log.info({ event: 'api_listen_started', url: this.url() }, 'the API listens');
    },
    async stop() {
      const closing = server;
      server = undefined;
      failure = 'stopped';
      live.stop();
      if (closing === undefined) return;
      const deadline = setTimeout(() => closing.closeAllConnections(), CLOSE_MS);
      await new Promise<void>((done) => {
        closing.close(() => done());
        closing.closeIdleConnections();
      });
      clearTimeout(deadline);
    },
    health: () => (failure === '' ? { ready: true } : { ready: false, detail: failure }),
    url() {
      const address = server?.address() as AddressInfo | null | undefined;
      const port = address?.port ?? config.listen.port;
      const { host } = config.listen;
      return `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
    },
  };
}
