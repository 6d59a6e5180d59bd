import type { Server } from 'node:http';
import type { Registry } from 'prom-client';
import { answerHealth, type HealthChecks } from '../core/health.ts';
import { authorized, isLoopback } from '../core/listen.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Millis } from '../core/time.ts';
import { incidentRoutes } from './api-incidents.ts';
import { apiV2Routes } from './api-v2.ts';
import type { AlertingConfig } from './config.ts';
import type { Engine } from './engine.ts';
import { type Answer, createHttp } from './http.ts';

export interface ApiOptions {
  readonly engine: Engine;
  readonly config: AlertingConfig;
  readonly telemetry: Telemetry;
  readonly now: () => Millis;
  readonly health: HealthChecks;
}

/** `/-/healthy` and `/-/ready` as Alertmanager has them, and the three endpoints of every role. */
async function openPaths(path: string, health: HealthChecks, registry: Registry): Promise<Answer | undefined> {
  if (path === '/-/healthy') return answerHealth('/healthz', health, registry);
  if (path === '/-/ready') return answerHealth('/readyz', health, registry);
  return answerHealth(path, health, registry);
}

/** The room's HTTP server, not yet listening. Health and metrics need no token. */
export function createAlertingApi({ engine, config, telemetry, now, health }: ApiOptions): Server {
  return createHttp({
    routes: [...apiV2Routes(engine, config, now), ...incidentRoutes(engine)],
    open: (path) => openPaths(path, health, telemetry.registry),
    authorized: (authorization) => authorized(config.listen, authorization),
    hostAllowed: (host) => config.listen.token !== undefined || isLoopback(host),
    onError: (error, path) =>
      telemetry.log.error({ event: 'alerting_request_failed', path, err: error }, 'a request failed'),
  });
}
