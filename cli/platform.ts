import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { maintenanceOf } from '../alerting/context.ts';
import { createAlerting } from '../alerting/main.ts';
import { createApi } from '../api/main.ts';
import { createCollector } from '../collector/main.ts';
import type { WeirConfig } from '../config.ts';
import { WeirError } from '../core/errors.ts';
import { answerHealth, type HealthChecks } from '../core/health.ts';
import { authorized } from '../core/listen.ts';
import type { Health, Service } from '../core/service.ts';
import { createTelemetry, type Telemetry } from '../core/telemetry.ts';
import type { ReceiverView } from '../core/view.ts';
import { createDetector } from '../detector/main.ts';
import { createPipelines } from '../pipelines/main.ts';
import { openStore, type Store, type StoreEndpoint } from '../store/client.ts';
import { createEngine } from '../store/embedded/engine.ts';
import { migrate } from '../store/migrate.ts';
import { oldestKept, startRetention } from '../store/retention.ts';
import { assertListeners } from './listeners.ts';
import { ROLES, type Role } from './roles.ts';

export interface Platform {
  readonly store: Store;
  readonly health: HealthChecks;
  /** Where people and senders reach it, by name; empty for roles that do not run here. */
  readonly addresses: Readonly<{ ui?: string; otlpHttp?: string; otlpGrpc?: string; alerting?: string; store: string }>;
  /** Takes nothing new, drains, and stops; bounded by the parts' own deadlines. Safe twice. */
  stop(): Promise<void>;
}

interface Part extends Service {
  health(): Health;
}

/**
 * Builds and starts the roles in one process: the store first, then against the data flow, the collector last;
 * stops in the opposite order. A failed start stops what had started and throws the cause.
 */
export async function startPlatform(config: WeirConfig, roles: readonly Role[] = ROLES): Promise<Platform> {
  assertListeners(config);
  mkdirSync(config.data, { recursive: true });
  const telemetry = createTelemetry(
    roles.length === ROLES.length ? 'weir' : roles.join(','),
    config.telemetry.log_level,
  );
  const stack = new AsyncDisposableStack();
  const checks: Record<string, () => Health> = {};
  const begin = async <T extends Part>(part: T): Promise<T> => {
    stack.defer(() => stopPart(part, telemetry));
    checks[part.name] = () => part.health();
    await part.start();
    return part;
  };
  try {
    const endpoint = await storeEndpoint(config, roles, telemetry, begin);
    const store = openStore(endpoint);
    stack.defer(() => store.close());
    const { cluster, url, username, password, retention } = config.store;
    await migrate(store, telemetry, {
      ...(cluster === undefined ? {} : { cluster }),
      ...(url === undefined ? {} : { login: { username, password } }),
    });
    const keeping = await startRetention(store, retention, cluster === undefined ? {} : { cluster }, telemetry);
    stack.defer(() => keeping.stop());
    const room = { store, telemetry, dataDir: config.data };
    const has = (role: Role) => roles.includes(role);

    const alerting = has('alerting') ? await begin(createAlerting({ ...room, config: config.alerting })) : undefined;
    const alertingUrl = config.alertmanager.url ?? alerting?.url() ?? localAlerting(config);
    const token = config.alertmanager.token ?? config.alerting.listen.token;
    const toAlerting = { alertingUrl, ...(token === undefined ? {} : { alertingToken: token }) };

    let collector: ReturnType<typeof createCollector> | undefined;
    const receivers = () => receiverViews(collector);
    const api = has('api')
      ? await begin(
          createApi({
            ...room,
            ...toAlerting,
            config: config.api,
            retention: retention.levels,
            health: checks,
            receivers,
          }),
        )
      : undefined;
    if (has('detector'))
      await begin(
        createDetector({
          ...room,
          ...toAlerting,
          config: config.detector,
          definitions: config.pipelines.definitions,
          maintenance: planned(config),
        }),
      );
    if (has('pipelines')) await begin(createPipelines({ ...room, config: config.pipelines }));
    if (has('collector'))
      collector = await begin(
        createCollector({
          ...room,
          config: config.collector,
          oldest: (signal, now) => oldestKept(retention, signal, now),
        }),
      );
    stack.defer(await serveTelemetry(config, checks, telemetry));

    const otlp = collector?.addresses();
    let stopped: Promise<void> | undefined;
    return {
      store,
      health: checks,
      addresses: {
        store: endpoint.url,
        ...(api ? { ui: api.url() } : {}),
        ...(alerting ? { alerting: alerting.url() } : {}),
        ...(otlp ? { otlpHttp: otlp.http, otlpGrpc: otlp.grpc } : {}),
      },
      stop: () => {
        stopped ??= stack.disposeAsync();
        return stopped;
      },
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function storeEndpoint(
  config: WeirConfig,
  roles: readonly Role[],
  telemetry: Telemetry,
  begin: (engine: ReturnType<typeof createEngine>) => Promise<ReturnType<typeof createEngine>>,
): Promise<StoreEndpoint> {
  const { url, database, username, password, listen } = config.store;
  if (url !== undefined) return { url, database, username, password };
  if (!roles.includes('store')) {
    throw new WeirError(
      'platform_store_unknown',
      'store.url is not set: a process without the store role needs the address of a ClickHouse server',
    );
  }
  const engine = await begin(
    createEngine({
      dataDir: join(config.data, 'store'),
      insertFolder: join(config.data, 'spool'),
      port: listen.port,
      database,
      telemetry,
    }),
  );
  return engine.endpoint();
}

/** The addresses of this process's receivers, for the page that a newcomer sees. */
function receiverViews(collector: ReturnType<typeof createCollector> | undefined): readonly ReceiverView[] {
  if (collector === undefined) return [];
  const { ready, detail = '' } = collector.health();
  const { http, grpc } = collector.addresses();
  return [
    { name: 'OTLP/HTTP', address: http, ready, detail },
    { name: 'OTLP/gRPC', address: grpc, ready, detail },
  ];
}

/** The maintenance that this process knows of: that of its own configuration, whoever alerts. */
function planned({ alerting }: WeirConfig) {
  return maintenanceOf(alerting, new Map(alerting.time_intervals.map((one) => [one.name, one.time_intervals])));
}

function localAlerting(config: WeirConfig): string {
  const { host, port } = config.alerting.listen;
  return `http://${host}:${port}`;
}

/** A stop that fails is logged with the part's name and does not keep the others from stopping. */
async function stopPart(part: Part, telemetry: Telemetry): Promise<void> {
  try {
    await part.stop();
  } catch (error) {
    telemetry.log.error({ event: 'platform_stop_failed', part: part.name, err: error }, 'a part did not stop cleanly');
  }
}

/** `/healthz`, `/readyz` and `/metrics` of the whole process on `telemetry.listen`; returns how to close it. */
async function serveTelemetry(
  config: WeirConfig,
  checks: HealthChecks,
  telemetry: Telemetry,
): Promise<() => Promise<void>> {
  const { listen } = config.telemetry;
  const server: Server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] as string;
    if (path !== '/healthz' && !authorized(listen, request.headers.authorization)) {
      response.writeHead(401).end();
      return;
    }
    void answerHealth(path, checks, telemetry.registry).then((answer) => {
      if (!answer) response.writeHead(404).end();
      else response.writeHead(answer.status, { 'content-type': answer.contentType }).end(answer.body);
    });
  });
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(listen.port, listen.host, done);
  });
  return () =>
    new Promise((done) => {
      server.close(() => done());
      server.closeAllConnections();
    });
}
