import { type Request, Router } from 'express';
import { indexDefinitions } from '../core/definition.ts';
import type {
  DeadLettersView,
  DefinitionsView,
  FreshnessView,
  LinkView,
  PartView,
  SightView,
  SloHistoryView,
  SlosView,
  TopologyView,
} from '../core/model-view.ts';
import { nodeId } from '../core/node.ts';
import type { Millis } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import { readLatestDeadLetters } from '../store/queries/dead-letters.ts';
import { readDefinitions } from '../store/queries/definitions.ts';
import { readLatestFreshness } from '../store/queries/freshness.ts';
import { gridOf } from '../store/queries/grid.ts';
import type { LevelRetention } from '../store/queries/level.ts';
import { readLatestSlos, readSloHistory } from '../store/queries/slos.ts';
import { type LiveEdge, type LiveNode, readTopology, type TopologyQuery } from '../store/queries/topology.ts';
import { known } from './bands.ts';
import { invalid, unknown } from './failure.ts';
import { budgetView, freshView } from './pipeline-page.ts';
import { parseRange, parseText } from './request.ts';

export interface ModelDeps {
  readonly store: Store;
  readonly retention: LevelRetention | undefined;
  readonly now: () => Millis;
  readonly longest: Millis;
}

/** How old the newest row may be for something to be told as it is now. */
const CURRENT_MS = 120_000;

/** The routes of the pipeline model: the graph at a time, definitions, freshness, SLOs and dead letters. */
export function createModelRoutes({ store, retention, now, longest }: ModelDeps): Router {
  const router = Router();
  const current = (request: Request) => {
    const pipeline = parseText(request, 'pipeline');
    return { from: now() - CURRENT_MS, to: now() + 10_000, ...(pipeline === undefined ? {} : { pipeline }) };
  };
  router.get('/topology', async (request, response) => {
    const pipeline = parseText(request, 'pipeline');
    const query: TopologyQuery = {
      at: parseAt(request, now()),
      now: now(),
      ...(pipeline === undefined ? {} : { pipeline }),
      ...(retention === undefined ? {} : { retention }),
    };
    const { nodes, edges } = await readTopology(store, query);
    const answer: TopologyView = { at: query.at, parts: nodes.map(partView), links: edges.map(linkView) };
    response.json(answer);
  });
  router.get('/definitions', async (request, response) => {
    const at = parseAt(request, now());
    const answer: DefinitionsView = { at, definitions: await readDefinitions(store, at) };
    response.json(answer);
  });
  router.get('/freshness', async (request, response) => {
    const parts = (await readLatestFreshness(store, current(request))).map(freshView);
    // What nothing is known of stands in front of what is old.
    const oldness = (age: number | null) => age ?? Number.POSITIVE_INFINITY;
    parts.sort((a, b) => compare(oldness(b.age), oldness(a.age)) || compare(a.node, b.node));
    const answer: FreshnessView = { now: now(), parts };
    response.json(answer);
  });
  router.get('/slos', async (request, response) => {
    const [rows, declared] = await Promise.all([
      readLatestSlos(store, current(request)),
      readDefinitions(store, now()),
    ]);
    const definitions = indexDefinitions(declared);
    const slos = rows.map((row) => budgetView(row, definitions));
    slos.sort((a, b) => compare(a.budgetLeft ?? 2, b.budgetLeft ?? 2) || compare(a.slo, b.slo));
    const answer: SlosView = { now: now(), slos };
    response.json(answer);
  });
  router.get('/slos/:pipeline/:slo', async (request, response) => {
    const { pipeline, slo } = request.params;
    const { from, to, step } = parseRange(request, now(), longest);
    const definitions = await readDefinitions(store, to);
    const declared = definitions.find(({ name }) => name === pipeline)?.slos.some(({ name }) => name === slo);
    if (!declared) throw unknown('api_slo_unknown', `Pipeline "${pipeline}" declares no SLO "${slo}"`);
    const grid = gridOf(from, to, step);
    const history = await readSloHistory(store, { pipeline, slo }, grid);
    const column = (name: keyof typeof history) => Array.from(history[name], known);
    const answer: SloHistoryView = {
      ...grid,
      ...{ budgetLeft: column('budgetLeft'), burn: column('burn'), fast: column('fast'), slow: column('slow') },
    };
    response.json(answer);
  });
  router.get('/dead-letters', async (request, response) => {
    const topics = (await readLatestDeadLetters(store, current(request))).map((one) => ({
      ...one,
      ...{
        depth: known(one.depth),
        rate: known(one.rate),
        oldestAge: known(one.oldestAge),
        newestAge: known(one.newestAge),
      },
    }));
    topics.sort((a, b) => compare(b.depth ?? -1, a.depth ?? -1) || (a.topic < b.topic ? -1 : 1));
    const answer: DeadLettersView = { now: now(), topics };
    response.json(answer);
  });
  return router;
}

function compare<T extends number | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `at` of the query in unix milliseconds; now where absent. */
function parseAt(request: Request, now: Millis): Millis {
  const text = parseText(request, 'at');
  if (text === undefined) return now;
  const at = Number(text);
  if (!Number.isSafeInteger(at) || at < 0 || at > now + 60_000)
    throw invalid('query.at', '"at" must be a whole number of milliseconds that does not lie ahead');
  return at;
}

function sightView({ firstSeen, since, lastSeen, standing, seen, gone }: LiveNode | LiveEdge): SightView {
  return { firstSeen, since, lastSeen, standing, seen, gone };
}

function partView(node: LiveNode): PartView {
  const { pipeline, kind, node: name, system, owner, criticality, description } = node;
  return { id: nodeId(kind, name), pipeline, kind, name, system, owner, criticality, description, ...sightView(node) };
}

function linkView(edge: LiveEdge): LinkView {
  return {
    ...{ pipeline: edge.pipeline, kind: edge.kind, group: edge.group },
    ...{ from: nodeId(edge.fromKind, edge.from), to: nodeId(edge.toKind, edge.to) },
    ...{ rate: known(edge.rate), p95: known(edge.p95), errorRatio: known(edge.errorRatio) },
    ...{ lag: known(edge.lag), lagSeconds: known(edge.lagSeconds) },
    ...sightView(edge),
  };
}
