import type { Signal } from '../core/signal.ts';
import type { StageState } from '../core/state.ts';
import { type Millis, STEP_MS } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import { readFlows } from '../store/queries/flows.ts';
import { readServices } from '../store/queries/ingest.ts';
import { lagsOf, readProgress } from '../store/queries/lags.ts';
import { readSignals } from '../store/queries/signals.ts';
import { readLatestStageStates, writeStageStates } from '../store/queries/states.ts';
import { readEdges, readNodes, writeEdges, writeNodes } from '../store/queries/topology.ts';
import type { PipelinesConfig } from './config.ts';
import { judgeStages, type Memory, recall } from './stages.ts';
import { changes, EMPTY_GRAPH, extend, type Graph, graphOf } from './topology.ts';

const SIGNALS: readonly Signal[] = ['throughput', 'output', 'error_ratio', 'lag', 'lag_seconds'];
/** The first round after a start looks back so far for edges, later ones over two steps more than they must. */
const FIRST_LOOK_MS = 3_600_000;
const LOOK_MS = 60_000;
/** How far back the graph is loaded at a start, and a node is written again although only its last sight moved. */
const MEMORY_MS = 90 * 86_400_000;
const REWRITE_MS = 60_000;
/** States older than this say nothing about now. */
const RECALL_MS = 600_000;

export interface Model {
  /**
   * Reads what happened up to `at` (a step's end), adds it to the graph, judges the stages and writes both down. Answers the states.
   * Nothing is remembered of a round that failed.
   */
  round(at: Millis, now: Millis): Promise<StageState[]>;
}

/** The pipeline model over one store. Rounds must not overlap. */
export function createModel(store: Store, config: PipelinesConfig): Model {
  let loaded = false;
  let graph: Graph = EMPTY_GRAPH;
  let written: Graph = EMPTY_GRAPH;
  let memory: Memory = new Map();

  async function load(at: Millis): Promise<void> {
    const [nodes, edges, states] = await Promise.all([
      readNodes(store, { after: at - MEMORY_MS, before: at + MEMORY_MS }),
      readEdges(store, at - MEMORY_MS),
      readLatestStageStates(store, { from: at - RECALL_MS, to: at + RECALL_MS }),
    ]);
    graph = written = graphOf(nodes, edges);
    memory = recall(states);
  }

  return {
    async round(at, now) {
      const look = loaded ? LOOK_MS : FIRST_LOOK_MS;
      if (!loaded) await load(at);
      const from = at - config.window;
      const [flows, series, services, progress] = await Promise.all([
        readFlows(store, at - look, at),
        readSignals(store, { from, to: at, step: STEP_MS, signals: SIGNALS }),
        readServices(store, at - MEMORY_MS),
        readProgress(store, at, config.stuck_after),
      ]);

      const stages = series
        .filter(({ labels }) => labels['signal'] === 'throughput' || labels['signal'] === 'output')
        .flatMap(({ labels, values, start, step }) => {
          const first = values.findIndex((value) => value > 0);
          const last = values.findLastIndex((value) => value > 0);
          const { pipeline = '', stage = '' } = labels;
          return last < 0 ? [] : [{ pipeline, stage, firstSeen: start + first * step, lastSeen: start + last * step }];
        });
      const next = extend(graph, { flows, stages, lags: lagsOf(series), services, at });
      const fresh = changes(written, next, REWRITE_MS);

      const newest = new Map<string, Millis>();
      for (const { pipeline, lastSeen } of services)
        newest.set(pipeline, Math.max(newest.get(pipeline) ?? 0, lastSeen));
      const late = (pipeline: string) => now - (newest.get(pipeline) ?? 0) > config.late_after;
      const limits = {
        behindAfter: config.behind_after,
        stuckAfter: config.stuck_after,
        allowedLag: config.allowed_lag,
        confirm: config.confirm,
      };
      const judged = judgeStages({ series, progress, late, at }, limits, memory);

      await Promise.all([
        writeNodes(store, fresh.nodes),
        writeEdges(store, fresh.edges),
        writeStageStates(store, judged.statuses),
      ]);
      graph = next;
      const rewritten = graphOf(fresh.nodes, fresh.edges);
      written = {
        nodes: new Map([...written.nodes, ...rewritten.nodes]),
        edges: new Map([...written.edges, ...rewritten.edges]),
      };
      memory = judged.memory;
      loaded = true;
      return judged.statuses.map(({ state }) => state);
    },
  };
}
