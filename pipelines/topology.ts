import type { DefinitionIndex } from '../core/definition.ts';
import type { NodeKind } from '../core/node.ts';
import type { Millis } from '../core/time.ts';
import { type Flow, flowEnds } from '../store/queries/flows.ts';
import type { ServiceSeen } from '../store/queries/ingest.ts';
import type { GroupLag } from '../store/queries/lags.ts';
import { homeOfFlow, homeOfLag } from '../store/queries/topology.ts';
import {
  edgeKey,
  nodeKey,
  type Sight,
  type StageSeen,
  type TopologyEdge,
  type TopologyNode,
} from '../store/queries/topology-rows.ts';
import type { JobSeen } from '../store/queries/watermarks.ts';

/** What a round saw. */
export interface Sightings {
  readonly flows: readonly Flow[];
  /** Stages with entry or output spans, whether or not anything else is known of them. */
  readonly stages: readonly StageSeen[];
  /** Jobs of stream engines that report watermarks. */
  readonly jobs: readonly JobSeen[];
  readonly lags: readonly GroupLag[];
  readonly services: readonly ServiceSeen[];
  /** What is declared: telemetry that names no pipeline goes where its parts are named. */
  readonly definitions: DefinitionIndex;
  readonly at: Millis;
}

export interface Graph {
  readonly nodes: ReadonlyMap<string, TopologyNode>;
  readonly edges: ReadonlyMap<string, TopologyEdge>;
}

export const EMPTY_GRAPH: Graph = { nodes: new Map(), edges: new Map() };

type NodeName = Pick<TopologyNode, 'pipeline' | 'kind' | 'node'>;
type Span = Pick<Sight, 'firstSeen' | 'lastSeen'>;

export function graphOf(nodes: readonly TopologyNode[], edges: readonly TopologyEdge[]): Graph {
  return {
    nodes: new Map(nodes.map((node) => [nodeKey(node), node])),
    edges: new Map(edges.map((edge) => [edgeKey(edge), edge])),
  };
}

/**
 * The graph with a round's sightings added: stages and what they write to, read from and call. A called host that is a
 * service of the pipeline is that service. A lag whose group no known service reads stands for the group itself, until a
 * service of its name is seen. First sight is kept, last sight only moves on; after a silence of more than `disappearAfter`
 * milliseconds a new spell begins.
 */
export function extend(graph: Graph, seen: Sightings, disappearAfter: Millis): Graph {
  const nodes = new Map(graph.nodes);
  const edges = new Map(graph.edges);
  const { definitions } = seen;
  const facts = new Map(seen.services.map((service) => [JSON.stringify([service.pipeline, service.service]), service]));

  const sightOf = (known: Sight | undefined, { firstSeen, lastSeen }: Span): Sight => {
    if (known === undefined) return { firstSeen, since: firstSeen, lastSeen };
    const returns = firstSeen - known.lastSeen > disappearAfter;
    return {
      firstSeen: Math.min(known.firstSeen, firstSeen),
      since: returns ? firstSeen : Math.min(known.since, firstSeen),
      lastSeen: Math.max(known.lastSeen, lastSeen),
    };
  };
  const addNode = (name: NodeName, system: string, span: Span, telemetry = name.pipeline) => {
    const { pipeline, kind, node } = name;
    const key = nodeKey(name);
    const known = nodes.get(key);
    const fact = kind === 'service' ? facts.get(JSON.stringify([telemetry, node])) : undefined;
    const sight = sightOf(known, span);
    const told = Math.min(sight.firstSeen, fact?.firstSeen ?? sight.firstSeen);
    nodes.set(key, {
      pipeline,
      node,
      kind,
      system: system || (known?.system ?? ''),
      consoleUrl: safeUrl(fact?.consoleUrl) || (known?.consoleUrl ?? ''),
      ...sight,
      firstSeen: told,
      since: known === undefined ? told : sight.since,
    });
    // What was known by its group alone has a name of its own now.
    if (kind === 'service') nodes.delete(nodeKey({ pipeline, kind: 'group', node }));
  };
  const addEdge = (edge: Omit<TopologyEdge, keyof Sight>, span: Span) => {
    const known = edges.get(edgeKey(edge));
    edges.set(edgeKey(edge), { ...edge, ...sightOf(known, span) });
  };

  for (const { pipeline, stage, ...span } of seen.stages)
    addNode(
      { pipeline: definitions.homeOf(pipeline, 'service', stage), kind: 'service', node: stage },
      '',
      span,
      pipeline,
    );
  for (const flow of seen.flows)
    addNode({ pipeline: homeOfFlow(definitions, flow), kind: 'service', node: flow.service }, '', flow, flow.pipeline);
  for (const flow of seen.flows) {
    const pipeline = homeOfFlow(definitions, flow);
    const called = { pipeline, kind: 'service', node: flow.other } as const;
    const isService = flow.otherKind === 'external' && nodes.has(nodeKey(called));
    const otherKind: NodeKind = isService ? 'service' : flow.otherKind;
    if (!isService) addNode({ pipeline, kind: flow.otherKind, node: flow.other }, flow.system, flow);
    const ends =
      flow.kind === 'consumes'
        ? ({ fromKind: otherKind, toKind: 'service' } as const)
        : ({ fromKind: 'service', toKind: otherKind } as const);
    addEdge({ pipeline, ...flowEnds(flow), ...ends, kind: flow.kind, group: flow.group }, flow);
  }
  for (const { pipeline, job, system, ...span } of seen.jobs)
    addNode({ pipeline: definitions.homeOf(pipeline, 'job', job), kind: 'job', node: job }, system, span);

  const span = { firstSeen: seen.at, lastSeen: seen.at };
  for (const lag of seen.lags) {
    const { stage, topic, group } = lag;
    if (topic === '' || stage === '') continue;
    const pipeline = homeOfLag(definitions, lag);
    const read = { pipeline, kind: 'topic', node: topic } as const;
    // Kafka is where lag is measured, unless the topic's own spans have said otherwise.
    addNode(read, nodes.get(nodeKey(read))?.system || 'kafka', span);
    const toKind =
      (['service', 'job'] as const).find((kind) => nodes.has(nodeKey({ pipeline, kind, node: stage }))) ?? 'group';
    // The lag goes on being measured when a service is gone; a group is seen where its lag is.
    if (toKind === 'group') addNode({ pipeline, kind: 'group', node: stage }, 'kafka', span);
    addEdge({ pipeline, from: topic, fromKind: 'topic', to: stage, toKind, kind: 'consumes', group }, span);
  }
  return { nodes, edges };
}

/** Only web addresses become links. */
function safeUrl(url: string | undefined): string {
  return url !== undefined && /^https?:\/\//i.test(url) ? url : '';
}

/**
 * What of `next` must be written again: what is new, what changed, and what was last written with a sight more than `staleness` ago.
 */
export function changes(
  written: Graph,
  next: Graph,
  staleness: Millis,
): { nodes: TopologyNode[]; edges: TopologyEdge[] } {
  const nodes = [...next.nodes].filter(([key, node]) => {
    const old = written.nodes.get(key);
    return (
      old === undefined ||
      node.system !== old.system ||
      node.consoleUrl !== old.consoleUrl ||
      node.firstSeen !== old.firstSeen ||
      node.since !== old.since ||
      node.lastSeen - old.lastSeen >= staleness
    );
  });
  const edges = [...next.edges].filter(([key, edge]) => {
    const old = written.edges.get(key);
    return (
      old === undefined ||
      edge.since !== old.since ||
      edge.toKind !== old.toKind ||
      edge.fromKind !== old.fromKind ||
      edge.lastSeen - old.lastSeen >= staleness
    );
  });
  return { nodes: nodes.map(([, node]) => node), edges: edges.map(([, edge]) => edge) };
}
