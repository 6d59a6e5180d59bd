import type { Millis } from '../core/time.ts';
import { type Flow, flowEnds } from '../store/queries/flows.ts';
import type { ServiceSeen } from '../store/queries/ingest.ts';
import type { GroupLag } from '../store/queries/lags.ts';
import { edgeKey, type TopologyEdge, type TopologyNode } from '../store/queries/topology.ts';

interface Sight {
  readonly firstSeen: Millis;
  readonly lastSeen: Millis;
}

/** What a round saw. */
export interface Sightings {
  readonly flows: readonly Flow[];
  /** Stages with entry or output spans, whether or not anything else is known of them. */
  readonly stages: readonly (Sight & { readonly pipeline: string; readonly stage: string })[];
  readonly lags: readonly GroupLag[];
  readonly services: readonly ServiceSeen[];
  readonly at: Millis;
}

export interface Graph {
  readonly nodes: ReadonlyMap<string, TopologyNode>;
  readonly edges: ReadonlyMap<string, TopologyEdge>;
}

export const EMPTY_GRAPH: Graph = { nodes: new Map(), edges: new Map() };

type NodeName = Pick<TopologyNode, 'pipeline' | 'kind' | 'node'>;

export function nodeKey(node: NodeName): string {
  return JSON.stringify([node.pipeline, node.kind, node.node]);
}

export function graphOf(nodes: readonly TopologyNode[], edges: readonly TopologyEdge[]): Graph {
  return {
    nodes: new Map(nodes.map((node) => [nodeKey(node), node])),
    edges: new Map(edges.map((edge) => [edgeKey(edge), edge])),
  };
}

/**
 * The graph with a round's sightings added: services and what they write to, read from and call. A called host that is a
 * service of the pipeline is that service. A lag whose group no known service reads stands for a service of the
 * group's name. First sight is kept, last sight only moves on.
 */
export function extend(graph: Graph, seen: Sightings): Graph {
  const nodes = new Map(graph.nodes);
  const edges = new Map(graph.edges);
  const facts = new Map(seen.services.map((service) => [JSON.stringify([service.pipeline, service.service]), service]));

  const addNode = (name: NodeName, system: string, { firstSeen, lastSeen }: Sight) => {
    const { pipeline, kind, node } = name;
    const key = nodeKey(name);
    const known = nodes.get(key);
    const fact = kind === 'service' ? facts.get(JSON.stringify([pipeline, node])) : undefined;
    nodes.set(key, {
      pipeline,
      node,
      kind,
      system: system || (known?.system ?? ''),
      consoleUrl: safeUrl(fact?.consoleUrl) || (known?.consoleUrl ?? ''),
      firstSeen: Math.min(known?.firstSeen ?? firstSeen, fact?.firstSeen ?? firstSeen, firstSeen),
      lastSeen: Math.max(known?.lastSeen ?? 0, lastSeen),
    });
  };
  const addEdge = (edge: TopologyEdge) => {
    const known = edges.get(edgeKey(edge));
    edges.set(edgeKey(edge), { ...edge, lastSeen: Math.max(known?.lastSeen ?? 0, edge.lastSeen) });
  };

  for (const { pipeline, stage, ...sight } of seen.stages)
    addNode({ pipeline, kind: 'service', node: stage }, '', sight);
  for (const flow of seen.flows) addNode({ pipeline: flow.pipeline, kind: 'service', node: flow.service }, '', flow);
  for (const flow of seen.flows) {
    const { pipeline, kind, group, lastSeen } = flow;
    const called = { pipeline, kind: 'service', node: flow.other } as const;
    if (flow.otherKind !== 'external' || !nodes.has(nodeKey(called))) {
      addNode({ pipeline, kind: flow.otherKind, node: flow.other }, flow.system, flow);
    }
    addEdge({ pipeline, ...flowEnds(flow), kind, group, lastSeen });
  }
  const sight = { firstSeen: seen.at, lastSeen: seen.at };
  for (const { pipeline, stage, topic, group } of seen.lags) {
    if (topic === '' || stage === '') continue;
    const read = { pipeline, kind: 'topic', node: topic } as const;
    const reader = { pipeline, kind: 'service', node: stage } as const;
    // Kafka is where lag is measured, unless the topic's own spans have said otherwise.
    addNode(read, nodes.get(nodeKey(read))?.system || 'kafka', sight);
    if (!nodes.has(nodeKey(reader))) addNode(reader, '', sight);
    addEdge({ pipeline, from: topic, to: stage, kind: 'consumes', group, lastSeen: seen.at });
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
      node.lastSeen - old.lastSeen >= staleness
    );
  });
  const edges = [...next.edges].filter(([key, edge]) => {
    const old = written.edges.get(key);
    return old === undefined || edge.lastSeen - old.lastSeen >= staleness;
  });
  return { nodes: nodes.map(([, node]) => node), edges: edges.map(([, edge]) => edge) };
}
