import {
  type DefinitionIndex,
  indexDefinitions,
  isGlob,
  NO_PIPELINE,
  type PipelineDefinition,
} from '../../core/definition.ts';
import { type Criticality, isStage, type NodeKind } from '../../core/node.ts';
import { type Millis, STEP_MS, stepStart } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { readDefinitions } from './definitions.ts';
import { type Flow, flowEnds, readFlows } from './flows.ts';
import { readPathwayFlows } from './flows-pathways.ts';
import { type GroupLag, lagsOf } from './lags.ts';
import { chooseLevel, type LevelRetention } from './level.ts';
import { readSignals } from './signals.ts';
import { edgeKey, nodeKey, readEdges, readNodes, type TopologyEdge, type TopologyNode } from './topology-rows.ts';

/** Whether a part stands in its pipeline's definition (`declared`), was found beside it (`discovered`), or there is none (''). */
export type Standing = 'declared' | 'discovered' | '';

/** A node with what is declared of it. */
export interface LiveNode extends TopologyNode {
  readonly standing: Standing;
  /** Whether it has been seen within the time the picture remembers; what was not is known from the definition alone. */
  readonly seen: boolean;
  /** Whether it was silent for so long that it counts as gone. */
  readonly gone: boolean;
  /** Who answers for it and how much hangs on it; '' where nobody said. */
  readonly owner: string;
  readonly criticality: Criticality | '';
  readonly description: string;
}

/** An edge with what went over it. */
export interface LiveEdge extends TopologyEdge {
  readonly standing: Standing;
  readonly seen: boolean;
  readonly gone: boolean;
  /** Records (or calls) per second; 0 when nothing came. */
  readonly rate: number;
  /** Seconds, of the reporting service's spans; NaN without calls. */
  readonly p95: number;
  /** Failed calls over all, 0..1; NaN without calls. */
  readonly errorRatio: number;
  /** Of consuming edges: records waiting, and seconds behind; NaN where not measured. */
  readonly lag: number;
  readonly lagSeconds: number;
}

export interface Topology {
  readonly nodes: readonly LiveNode[];
  readonly edges: readonly LiveEdge[];
  /** What was declared then; tells also where telemetry belongs that names no pipeline. */
  readonly definitions: DefinitionIndex;
}

export interface TopologyQuery {
  /** The time of the picture, unix milliseconds; it may lie far back. */
  readonly at: Millis;
  /** The rates are those of so much time before it. Default one minute. */
  readonly window?: Millis;
  readonly pipeline?: string;
  /** How long a node stays in the picture after it was last seen, milliseconds. Default one day. */
  readonly rememberFor?: Millis;
  /** Without a sight for this long it counts as gone. Default one hour. */
  readonly disappearAfter?: Millis;
  /** How long rollups are kept, and the time now: of long ago, rates are those of the minutes or the hour around `at`. */
  readonly retention?: LevelRetention;
  readonly now?: Millis;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** The graph as it was known at `at`, with the traffic before it and what was declared then. */
export async function readTopology(store: Store, query: TopologyQuery): Promise<Topology> {
  const { at, disappearAfter = HOUR_MS } = query;
  const seen = { after: at - (query.rememberFor ?? DAY_MS), before: at };
  const { level } = chooseLevel({ from: at - HOUR_MS, step: STEP_MS, ...optional(query) });
  // Of a coarse rollup, the row that holds the time is taken whole.
  const end = level.step === STEP_MS ? at : stepStart(at + level.step - 1, level.step);
  const since = end - Math.max(query.window ?? 60_000, level.step);
  const lagsTo = stepStart(at - 1, level.step) + level.step;
  const [nodes, edges, flows, pathways, series, definitions] = await Promise.all([
    readNodes(store, seen),
    readEdges(store, seen),
    readFlows(store, since, end, level.step > STEP_MS ? level : undefined),
    readPathwayFlows(store, since, end, level),
    readSignals(store, {
      from: lagsTo - 2 * level.step,
      to: lagsTo,
      step: level.step,
      signals: ['lag', 'lag_seconds'],
    }),
    readDefinitions(store, at),
  ]);
  const index = indexDefinitions(definitions);
  const keyed = (list: readonly Flow[]) =>
    new Map(list.map((flow) => [edgeKey({ ...flow, ...flowEnds(flow), pipeline: homeOfFlow(index, flow) }), flow]));
  const [traffic, counted] = [keyed(flows), keyed(pathways)];
  const lags = new Map(lagsOf(series).map((lag) => [lagKey({ ...lag, pipeline: homeOfLag(index, lag) }), lag]));
  const seconds = (end - since) / 1000;
  const gone = (lastSeen: Millis) => at - lastSeen > disappearAfter;
  const liveEdge = (edge: TopologyEdge): Omit<LiveEdge, 'standing' | 'seen' | 'gone'> => {
    const flow = traffic.get(edgeKey(edge));
    // Pathways count every record, spans may be sampled.
    const exact = counted.get(edgeKey(edge));
    const lag =
      edge.kind === 'consumes'
        ? lags.get(lagKey({ pipeline: edge.pipeline, stage: edge.to, topic: edge.from, group: edge.group }))
        : undefined;
    return {
      ...edge,
      rate: ((exact ?? flow)?.messages ?? 0) / seconds,
      p95: (flow ?? exact)?.p95 ?? Number.NaN,
      errorRatio: flow && flow.calls > 0 ? flow.errors / flow.calls : Number.NaN,
      lag: lag?.lag ?? Number.NaN,
      lagSeconds: lag?.lagSeconds ?? Number.NaN,
    };
  };
  const nowStages = new Set(
    nodes.filter(({ kind }) => kind === 'service').map(({ pipeline, node }) => JSON.stringify([pipeline, node])),
  );
  const discovered = nodes
    // A group is shown while no service of its name is known.
    .filter(({ kind, pipeline, node }) => kind !== 'group' || !nowStages.has(JSON.stringify([pipeline, node])))
    .map((node) => declare(index, node, { seen: true, gone: gone(node.lastSeen) }));
  const declaredEdges = definitions.flatMap(({ name, edges: own }) => own.map((edge) => ({ ...edge, pipeline: name })));
  const declaredKeys = new Set(declaredEdges.map(edgeKey));
  const kinds = new Map<string, Set<NodeKind>>();
  for (const { pipeline, node, kind } of discovered) {
    const key = JSON.stringify([pipeline, node]);
    kinds.set(key, (kinds.get(key) ?? new Set()).add(kind));
  }
  const known = new Set(edges.map(edgeKey));
  const here = (item: { readonly pipeline: string }) =>
    query.pipeline === undefined || item.pipeline === query.pipeline;
  return {
    definitions: index,
    nodes: [...discovered, ...unseenNodes(definitions, index, discovered)].filter(here),
    edges: [
      ...edges.map(
        (edge): LiveEdge => ({
          ...liveEdge({ ...edge, ...endKinds(edge, kinds) }),
          standing:
            index.definitionOf(edge.pipeline) === undefined
              ? ''
              : declaredKeys.has(edgeKey(edge))
                ? 'declared'
                : 'discovered',
          seen: true,
          gone: gone(edge.lastSeen),
        }),
      ),
      ...declaredEdges
        .filter((edge) => !known.has(edgeKey(edge)))
        .map(
          (edge): LiveEdge => ({
            ...liveEdge({ ...edge, ...UNSEEN }),
            standing: 'declared',
            seen: false,
            gone: false,
          }),
        ),
    ].filter(here),
  };
}

const UNSEEN = { firstSeen: 0, since: 0, lastSeen: 0 } as const;

function optional({ now, retention }: TopologyQuery) {
  return { ...(now === undefined ? {} : { now }), ...(retention === undefined ? {} : { retention }) };
}

/** An edge written before kinds were kept, or while its stage was known by its group alone, ends at what is known now. */
function endKinds(edge: TopologyEdge, kinds: ReadonlyMap<string, ReadonlySet<NodeKind>>) {
  const kindOf = (name: string, kind: NodeKind, order: readonly NodeKind[]) => {
    const found = kinds.get(JSON.stringify([edge.pipeline, name]));
    if (!isStage(kind) || found?.has(kind)) return kind;
    return order.find((one) => found?.has(one)) ?? kind;
  };
  const stages = ['service', 'job', 'group'] as const;
  const called = ['database', 'external', ...stages] as const;
  return {
    fromKind: kindOf(edge.from, edge.fromKind, stages),
    toKind: kindOf(edge.to, edge.toKind, edge.kind === 'calls' ? called : stages),
  };
}

function declare(
  index: DefinitionIndex,
  node: TopologyNode,
  sight: { readonly seen: boolean; readonly gone: boolean },
): LiveNode {
  const { pipeline, kind, node: name } = node;
  const part = index.partOf(pipeline, kind, name);
  const { owner, criticality } = index.ownershipOf(pipeline, kind, name);
  return {
    ...node,
    ...sight,
    standing: index.definitionOf(pipeline) === undefined ? '' : part === undefined ? 'discovered' : 'declared',
    owner,
    criticality,
    description: part?.description ?? '',
  };
}

/** Declared parts that nothing was seen of: each by its exact name, and globs that match nothing. */
function unseenNodes(
  definitions: readonly PipelineDefinition[],
  index: DefinitionIndex,
  nodes: readonly LiveNode[],
): LiveNode[] {
  const found = new Set(
    nodes.flatMap(({ pipeline, kind, node }) => {
      const part = index.partOf(pipeline, kind, node);
      return part === undefined ? [] : [JSON.stringify([pipeline, part.kind, part.name])];
    }),
  );
  const exact = new Set(nodes.map(nodeKey));
  return definitions.flatMap(({ name: pipeline, parts }) =>
    parts
      .filter((part) => !found.has(JSON.stringify([pipeline, part.kind, part.name])))
      .filter((part) => isGlob(part.name) || !exact.has(nodeKey({ pipeline, kind: part.kind, node: part.name })))
      .map(({ kind, name }) =>
        declare(
          index,
          { pipeline, kind, node: name, system: '', consoleUrl: '', ...UNSEEN },
          { seen: false, gone: false },
        ),
      ),
  );
}

/** The pipeline a flow belongs to: that of its service, else that of what the service writes, reads or calls. */
export function homeOfFlow(
  index: DefinitionIndex,
  flow: Pick<Flow, 'pipeline' | 'service' | 'other' | 'otherKind'>,
): string {
  const home = index.homeOf(flow.pipeline, 'service', flow.service);
  return home === NO_PIPELINE ? index.homeOf(home, flow.otherKind, flow.other) : home;
}

/** The pipeline a lag belongs to: that of the stage or of the group, else that of the topic. */
export function homeOfLag(
  index: DefinitionIndex,
  lag: Pick<GroupLag, 'pipeline' | 'stage' | 'topic' | 'group'>,
): string {
  const stage = index.homeOf(lag.pipeline, 'service', lag.stage);
  if (stage !== NO_PIPELINE) return stage;
  const group = index.homeOf(stage, 'group', lag.group);
  return group === NO_PIPELINE ? index.homeOf(group, 'topic', lag.topic) : group;
}

function lagKey(lag: Pick<GroupLag, 'pipeline' | 'stage' | 'topic' | 'group'>): string {
  return JSON.stringify([lag.pipeline, lag.stage, lag.topic, lag.group]);
}
