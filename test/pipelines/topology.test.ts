import { describe, expect, test } from 'vitest';
import { indexDefinitions } from '../../core/definition.ts';
import {
  changes,
  EMPTY_GRAPH,
  extend as extendGraph,
  type Graph,
  graphOf,
  type Sightings,
} from '../../pipelines/topology.ts';
import type { Flow } from '../../store/queries/flows.ts';

const AT = 1_800_000_000_000;

const flow = (service: string, kind: Flow['kind'], other: string, more: Partial<Flow> = {}): Flow => ({
  pipeline: 'orders',
  service,
  kind,
  other,
  otherKind: kind === 'calls' ? 'database' : 'topic',
  system: kind === 'calls' ? 'postgresql' : 'kafka',
  group: '',
  calls: 10,
  messages: 10,
  errors: 0,
  p95: 0.1,
  firstSeen: AT,
  lastSeen: AT,
  ...more,
});

const seen = (more: Partial<Sightings>): Sightings => ({
  flows: [],
  stages: [],
  lags: [],
  services: [],
  jobs: [],
  definitions: indexDefinitions([]),
  at: AT,
  ...more,
});
const HOUR = 3_600_000;
const extend = (graph: Graph, sightings: Sightings) => extendGraph(graph, sightings, HOUR);
const nodesOf = (graph: Graph) => [...graph.nodes.values()].map((node) => `${node.kind} ${node.node}`).sort();
const edgesOf = (graph: Graph) =>
  [...graph.edges.values()]
    .map((edge) => `${edge.from} -${edge.kind}${edge.group && `(${edge.group})`}-> ${edge.to}`)
    .sort();

describe('extend', () => {
  test('builds the graph in the direction of the data', () => {
    const graph = extend(
      EMPTY_GRAPH,
      seen({
        flows: [
          flow('gateway', 'produces', 'orders'),
          flow('enrichment', 'consumes', 'orders', { group: 'enrichment' }),
          flow('enrichment', 'calls', 'warehouse'),
        ],
        stages: [{ pipeline: 'orders', stage: 'lonely', firstSeen: AT, lastSeen: AT }],
      }),
    );
    expect(nodesOf(graph)).toEqual([
      'database warehouse',
      'service enrichment',
      'service gateway',
      'service lonely',
      'topic orders',
    ]);
    expect(edgesOf(graph)).toEqual([
      'enrichment -calls-> warehouse',
      'gateway -produces-> orders',
      'orders -consumes(enrichment)-> enrichment',
    ]);
  });

  test('a topic and a service of one name are two nodes', () => {
    const graph = extend(EMPTY_GRAPH, seen({ flows: [flow('payments', 'produces', 'payments')] }));
    expect(nodesOf(graph)).toEqual(['service payments', 'topic payments']);
  });

  test('a called host that is a service of the pipeline is that service', () => {
    const call = (other: string) => flow('gateway', 'calls', other, { otherKind: 'external', system: 'http' });
    const graph = extend(
      EMPTY_GRAPH,
      seen({ flows: [call('pricing'), call('api.bank.example'), flow('pricing', 'calls', 'rates')] }),
    );
    expect(nodesOf(graph)).toEqual([
      'database rates',
      'external api.bank.example',
      'service gateway',
      'service pricing',
    ]);
    expect(edgesOf(graph)).toContain('gateway -calls-> pricing');
  });

  test('a lag makes its topic and its reader known, and remembers a reader that is gone', () => {
    const lag = { pipeline: 'orders', stage: 'audit', topic: 'orders', group: 'audit', lag: 5, lagSeconds: Number.NaN };
    const graph = extend(EMPTY_GRAPH, seen({ lags: [lag, { ...lag, topic: '', stage: 'x' }] }));
    expect(nodesOf(graph)).toEqual(['group audit', 'topic orders']);
    expect(edgesOf(graph)).toEqual(['orders -consumes(audit)-> audit']);
    const later = extend(graph, seen({ lags: [lag], at: AT + 60_000 }));
    expect([...later.nodes.values()].find((node) => node.kind === 'group')?.lastSeen).toBe(AT + 60_000);
    // A service of its name takes the group's place. The lag goes on being measured when it is gone, which says nothing of it.
    const stages = [{ pipeline: 'orders', stage: 'audit', firstSeen: AT, lastSeen: AT }];
    const named = extend(extend(graph, seen({ stages })), seen({ lags: [lag], at: AT + 60_000 }));
    expect(nodesOf(named)).toEqual(['service audit', 'topic orders']);
    expect([...named.nodes.values()].find((node) => node.kind === 'service')?.lastSeen).toBe(AT);
    expect([...named.edges.values()][0]).toMatchObject({ toKind: 'service', lastSeen: AT + 60_000 });
    expect([...later.nodes.values()].find((node) => node.kind === 'topic')?.lastSeen).toBe(AT + 60_000);
  });

  test('keeps the first sight, moves the last one only on, and does not touch the graph it was given', () => {
    const first = extend(EMPTY_GRAPH, seen({ flows: [flow('gateway', 'produces', 'orders')] }));
    const before = structuredClone([...first.nodes]);
    const second = extend(first, seen({ flows: [flow('gateway', 'produces', 'orders', { lastSeen: AT + 50_000 })] }));
    const third = extend(second, seen({ flows: [flow('gateway', 'produces', 'orders', { lastSeen: AT + 10_000 })] }));
    for (const node of third.nodes.values()) expect(node).toMatchObject({ firstSeen: AT, lastSeen: AT + 50_000 });
    for (const edge of third.edges.values()) expect(edge.lastSeen).toBe(AT + 50_000);
    expect([...first.nodes]).toEqual(before);
  });

  test('takes first sight and console from what the service said, and only web addresses', () => {
    const service = (consoleUrl: string) => ({
      pipeline: 'orders',
      service: 'gateway',
      consoleUrl,
      firstSeen: AT - 86_400_000,
      lastSeen: AT,
    });
    const stages = [{ pipeline: 'orders', stage: 'gateway', firstSeen: AT, lastSeen: AT }];
    const node = (consoleUrl: string, graph = EMPTY_GRAPH) =>
      [...extend(graph, seen({ stages, services: [service(consoleUrl)] })).nodes.values()][0];
    expect(node('http://127.0.0.1:7000/')).toMatchObject({
      consoleUrl: 'http://127.0.0.1:7000/',
      firstSeen: AT - 86_400_000,
    });
    expect(node('javascript:alert(1)')?.consoleUrl).toBe('');
    const known = extend(EMPTY_GRAPH, seen({ stages, services: [service('http://x/')] }));
    expect(node('', known)?.consoleUrl).toBe('http://x/');
  });
});

describe('changes', () => {
  const once = extend(EMPTY_GRAPH, seen({ flows: [flow('gateway', 'produces', 'orders')] }));

  test('are everything at first and nothing when nothing is new', () => {
    expect(changes(EMPTY_GRAPH, once, 60_000)).toMatchObject({ nodes: { length: 2 }, edges: { length: 1 } });
    expect(changes(once, once, 60_000)).toEqual({ nodes: [], edges: [] });
  });

  test('are last sights only after a while, and new facts at once', () => {
    const at = (lastSeen: number) =>
      extend(once, seen({ flows: [flow('gateway', 'produces', 'orders', { lastSeen })] }));
    expect(changes(once, at(AT + 50_000), 60_000)).toEqual({ nodes: [], edges: [] });
    expect(changes(once, at(AT + 60_000), 60_000)).toMatchObject({ nodes: { length: 2 }, edges: { length: 1 } });
    const renamed = extend(once, seen({ flows: [flow('gateway', 'produces', 'orders', { system: 'pulsar' })] }));
    expect(changes(once, renamed, 60_000).nodes.map((node) => node.node)).toEqual(['orders']);
  });

  test('a graph read back is the graph written', () => {
    const { nodes, edges } = changes(EMPTY_GRAPH, once, 0);
    expect(graphOf(nodes, edges)).toEqual(once);
  });
});
