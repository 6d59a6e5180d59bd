import { indexDefinitions } from '../core/definition.ts';
import type { Millis } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import { writeDefinitions } from '../store/queries/definitions.ts';
import { readFlows } from '../store/queries/flows.ts';
import { readPathwayFlows } from '../store/queries/flows-pathways.ts';
import { readServices } from '../store/queries/ingest.ts';
import { latestLags } from '../store/queries/lags.ts';
import { readTopology, type Topology } from '../store/queries/topology.ts';
import { readEdges, readNodes, readStagesSeen, writeEdges, writeNodes } from '../store/queries/topology-rows.ts';
import { readJobs } from '../store/queries/watermarks.ts';
import type { PipelinesConfig } from './config.ts';
import { changes, EMPTY_GRAPH, extend, type Graph, graphOf } from './topology.ts';

/** The first round after a start looks back so far, later ones over two steps more than they must. */
const FIRST_LOOK_MS = 3_600_000;
const LOOK_MS = 60_000;
/** How far back the graph is loaded at a start, and a node is written again although only its last sight moved. */
const MEMORY_MS = 90 * 86_400_000;
const REWRITE_MS = 60_000;

export interface TopologyPart {
  /** Adds what was seen up to `at` to the graph and writes down what changed. Nothing is remembered of a round that failed. */
  round(at: Millis): Promise<void>;
}

/** The graph as it is stored at `at`, with what goes over it. */
export type ReadPicture = (at: Millis) => Promise<Topology>;

/** Reads the graph once for each time: all parts of a round see the same one. */
export function createPicture(store: Store, config: PipelinesConfig): ReadPicture {
  let last: { readonly at: Millis; readonly topology: Topology } | undefined;
  return async (at) => {
    if (last?.at !== at)
      last = { at, topology: await readTopology(store, { at, disappearAfter: config.disappear_after }) };
    return last.topology;
  };
}

/** The graph of all pipelines over one store, and what the configuration declares of them. Rounds must not overlap. */
export function createTopology(store: Store, config: PipelinesConfig): TopologyPart {
  let loaded = false;
  let graph: Graph = EMPTY_GRAPH;
  let written: Graph = EMPTY_GRAPH;
  const definitions = indexDefinitions(config.definitions);

  return {
    async round(at) {
      if (!loaded) {
        const ever = { after: at - MEMORY_MS, before: at + MEMORY_MS };
        const [nodes, edges] = await Promise.all([readNodes(store, ever), readEdges(store, ever)]);
        await writeDefinitions(store, config.definitions, at);
        graph = written = graphOf(nodes, edges);
      }
      const since = at - (loaded ? LOOK_MS : FIRST_LOOK_MS);
      const [flows, pathways, stages, jobs, lags, services] = await Promise.all([
        readFlows(store, since, at),
        readPathwayFlows(store, since, at),
        readStagesSeen(store, since, at),
        readJobs(store, since, at),
        latestLags(store, at - 1),
        readServices(store, at - MEMORY_MS),
      ]);
      const next = extend(
        graph,
        { flows: [...flows, ...pathways], stages, jobs, lags, services, definitions, at },
        config.disappear_after,
      );
      const fresh = changes(written, next, REWRITE_MS);
      await Promise.all([writeNodes(store, fresh.nodes), writeEdges(store, fresh.edges)]);
      graph = next;
      const rewritten = graphOf(fresh.nodes, fresh.edges);
      written = {
        nodes: new Map([...written.nodes, ...rewritten.nodes]),
        edges: new Map([...written.edges, ...rewritten.edges]),
      };
      loaded = true;
    },
  };
}
