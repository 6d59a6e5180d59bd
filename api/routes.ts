import { json, type Request, Router } from 'express';
import { z } from 'zod';
import { type DashboardView, signalsOf } from '../core/dashboard.ts';
import type { HealthChecks } from '../core/health.ts';
import { INCIDENT_STATES, type IncidentState } from '../core/incident.ts';
import type { Signal } from '../core/signal.ts';
import { STAGE_STATES } from '../core/state.ts';
import type { ReceiverView, SeriesAnswer, SetupView } from '../core/view.ts';
import { findDashboard } from '../dashboards/catalogue.ts';
import type { Store } from '../store/client.ts';
import { CONSERVATION_KINDS } from '../store/queries/conservation.ts';
import type { LevelRetention } from '../store/queries/level.ts';
import { type AlertingClient, summarize } from './alerting.ts';
import type { ApiConfig } from './config.ts';
import { readConservationHistory, readConservationList } from './conservation.ts';
import { invalid, unknown } from './failure.ts';
import { createFeedbackRoutes } from './feedback.ts';
import { readGroupHistory, readGroupsView, readGroupView } from './groups.ts';
import { readIncident } from './incident.ts';
import type { Live } from './live.ts';
import { createModelRoutes } from './model.ts';
import { type OverviewReader, readIncidentSummaries } from './overview.ts';
import { readLatencyView } from './pathways.ts';
import { readPipelinePage, readPipelinePages } from './pipeline-page.ts';
import { parseBody, parseChoice, parseNumber, parseRange, parseSignals, parseText, personName } from './request.ts';
import { readSeries } from './series.ts';
import { readStage } from './stage.ts';
import { attributeViews, readTraceView, searchTraceViews, slowSpanViews } from './traces.ts';

export interface RouteDeps {
  readonly config: ApiConfig;
  readonly store: Store;
  readonly alerting: AlertingClient;
  readonly overview: OverviewReader;
  readonly live: Live;
  readonly health: HealthChecks;
  readonly receivers: (() => readonly ReceiverView[]) | undefined;
  readonly retention: LevelRetention | undefined;
  readonly now: () => number;
}

const decision = z.strictObject({ by: personName });
const note = z.strictObject({ by: personName, text: z.string().trim().min(1).max(4000) });
/** What each write to an incident must say. */
const WRITES = { ack: decision, resolve: decision, note } as const;

/** Everything under `/api`. Express 5 hands a rejected handler to the error handler. */
export function createRoutes(deps: RouteDeps): Router {
  const { config, store, alerting, overview, live, now } = deps;
  const router = Router();
  router.use((_request, response, next) => {
    response.setHeader('Cache-Control', 'no-store');
    next();
  });
  router.use(json({ limit: '64kb', strict: true }));

  router.get('/overview', async (request, response) => {
    const at = parseNumber(request, 'at', now() - config.max_range, now() + 60_000);
    response.json(await (at === undefined ? overview.read() : overview.readAt(Math.floor(at))));
  });
  router.get('/live', (_request, response) => live.attach(response));
  router.get('/setup', (_request, response) => {
    const parts = Object.entries(deps.health).map(([name, check]): ReceiverView => {
      const { ready, detail } = check();
      return { name, address: '', ready, detail: detail ?? (ready ? 'ready' : 'not ready') };
    });
    const answer: SetupView = { now: now(), receivers: [...(deps.receivers?.() ?? []), ...parts] };
    response.json(answer);
  });
  router.get('/stages/:pipeline/:stage', async (request, response) => {
    response.json(await readStage({ store, alerting, overview }, request.params.pipeline, request.params.stage, now()));
  });
  const seriesOf = async (request: Request, signals: readonly Signal[] | undefined): Promise<SeriesAnswer> => {
    const range = parseRange(request, now(), config.max_range);
    const match: Record<string, string> = {};
    for (const name of ['pipeline', 'stage'] as const) {
      const value = parseText(request, name);
      if (value !== undefined) match[name] = value;
    }
    const [incidents, { topology }] = await Promise.all([readIncidentSummaries(alerting), overview.sources()]);
    const { definitions } = topology;
    const asked = { ...range, signals, match, definitions, retention: deps.retention };
    return readSeries(store, asked, incidents.all, now());
  };
  router.get('/series', async (request, response) => {
    response.json(await seriesOf(request, parseSignals(request)));
  });
  router.get('/dashboards/:id', async (request, response) => {
    const dashboard = findDashboard(request.params.id);
    if (dashboard === undefined) throw unknown('api_dashboard_unknown', `There is no dashboard "${request.params.id}"`);
    const answer: DashboardView = { dashboard, ...(await seriesOf(request, signalsOf(dashboard))) };
    response.json(answer);
  });

  router.get('/pipelines', async (_request, response) => {
    const { topology } = await overview.sources();
    response.json(await readPipelinePages(store, topology, now()));
  });
  router.get('/pipelines/:pipeline', async (request, response) => {
    const { topology } = await overview.sources();
    response.json(await readPipelinePage(store, topology, request.params.pipeline, now()));
  });
  router.get('/pathways/latency', async (request, response) => {
    const range = parseRange(request, now(), config.max_range);
    const ends = { start: parseText(request, 'start'), end: parseText(request, 'end') };
    response.json(await readLatencyView(store, { ...range, ...ends, retention: deps.retention }, now()));
  });
  router.get('/conservation', async (request, response) => {
    const filter = {
      pipeline: parseText(request, 'pipeline'),
      kind: parseChoice(request, 'kind', CONSERVATION_KINDS),
    };
    response.json(await readConservationList(store, filter, now()));
  });
  router.get('/conservation/:hash', async (request, response) => {
    const range = parseRange(request, now(), config.max_range);
    response.json(await readConservationHistory(store, request.params.hash, range));
  });
  router.get('/groups', async (request, response) => {
    const filter = {
      search: parseText(request, 'search'),
      pipeline: parseText(request, 'pipeline'),
      state: parseChoice(request, 'state', STAGE_STATES),
      limit: Math.floor(parseNumber(request, 'limit', 1, 10_000) ?? 500),
    };
    const { topology } = await overview.sources();
    response.json(await readGroupsView(store, topology.edges, filter, now()));
  });
  router.get('/groups/:group', async (request, response) => {
    const named = { group: request.params.group, cluster: parseText(request, 'cluster') };
    const { topology } = await overview.sources();
    response.json(await readGroupView(store, topology.edges, named, now()));
  });
  router.get('/groups/:group/history', async (request, response) => {
    const cluster = parseText(request, 'cluster') ?? '';
    const named = { group: request.params.group, cluster, topic: parseText(request, 'topic') ?? '' };
    response.json(await readGroupHistory(store, named, parseRange(request, now(), config.max_range)));
  });

  router.get('/incidents', async (request, response) => {
    const state = parseText(request, 'state');
    if (state !== undefined && !INCIDENT_STATES.includes(state as IncidentState)) {
      throw invalid('query.state', `"state" is one of ${INCIDENT_STATES.join(', ')}`);
    }
    const limit = parseNumber(request, 'limit', 1, 1000) ?? 200;
    const list = await alerting.incidents({ limit: Math.floor(limit), ...(state === undefined ? {} : { state }) });
    response.json(list.map(summarize));
  });
  router.get('/incidents/:id', async (request, response) => {
    response.json(await readIncident({ store, alerting, overview, now }, request.params.id));
  });
  router.post('/incidents/:id/:action', async (request, response) => {
    const { id, action } = request.params;
    if (!Object.hasOwn(WRITES, action))
      throw unknown('api_action_unknown', `An incident knows ${Object.keys(WRITES).join(', ')}`);
    const body = parseBody<object>(request, WRITES[action as keyof typeof WRITES]);
    response.json(await alerting.forward('POST', `/api/incidents/${encodeURIComponent(id)}/${action}`, body));
  });
  router.get('/notifications', async (request, response) => {
    const incident = parseText(request, 'incident');
    if (incident === undefined) throw invalid('query.incident', 'Say which incident');
    response.json(await alerting.notifications(incident));
  });
  router.get('/silences', async (_request, response) => {
    response.json(await alerting.forward('GET', '/api/v2/silences'));
  });
  router.post('/silences', async (request, response) => {
    response.json(await alerting.forward('POST', '/api/v2/silences', request.body));
  });
  router.delete('/silences/:id', async (request, response) => {
    await alerting.forward('DELETE', `/api/v2/silence/${encodeURIComponent(request.params.id)}`);
    response.status(204).end();
  });

  router.get('/traces', async (request, response) => {
    response.json(await searchTraceViews(store, request, now(), config.max_range));
  });
  router.get('/spans/slowest', async (request, response) => {
    response.json(await slowSpanViews(store, request, now(), config.max_range));
  });
  router.get('/spans/attributes', async (request, response) => {
    response.json(await attributeViews(store, request, now(), config.max_range));
  });
  router.get('/traces/:id', async (request, response) => {
    response.json(await readTraceView(store, request.params.id));
  });
  router.use(createFeedbackRoutes({ store, now }));
  router.use(createModelRoutes({ store, retention: deps.retention, now, longest: config.max_range }));
  router.use((request) => {
    throw unknown('api_route_unknown', `There is no ${request.method} ${request.baseUrl}${request.path}`);
  });
  return router;
}
