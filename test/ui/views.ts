import type { NodeKind } from '../../core/node.ts';
import type { EdgeView, IncidentSummary, NodeView, OverviewView, PipelineView } from '../../core/view.ts';

/** Views for tests: everything unknown unless said. */
export function node(name: string, given: Partial<NodeView> = {}): NodeView {
  const kind: NodeKind = given.kind ?? 'service';
  return {
    id: `${kind}:${name}`,
    name,
    kind,
    system: '',
    consoleUrl: '',
    state: 'healthy',
    reason: '',
    rate: null,
    output: null,
    p95: null,
    errorRatio: null,
    lag: null,
    lagSeconds: null,
    lagGrowth: null,
    freshness: null,
    lagLimit: null,
    rateChange: null,
    culpritOf: '',
    affected: false,
    standing: '',
    seen: true,
    gone: false,
    owner: '',
    criticality: '',
    ...given,
  };
}

export function edge(from: string, to: string, given: Partial<EdgeView> = {}): EdgeView {
  const kind = from.startsWith('topic:') ? 'consumes' : to.startsWith('topic:') ? 'produces' : 'calls';
  return {
    from,
    to,
    kind,
    group: '',
    rate: 10,
    p95: null,
    errorRatio: null,
    lag: null,
    lagSeconds: null,
    hopP95: null,
    ...given,
  };
}

/** `a > t1 > b > t2 > c`: stages joined by topics. */
export function chain(...names: string[]): PipelineView {
  const nodes = names.map((name, i) => node(name, { kind: i % 2 === 0 ? 'service' : 'topic' }));
  const edges = nodes.slice(1).map((to, i) => edge((nodes[i] as NodeView).id, to.id));
  return { name: 'orders', nodes, edges };
}

export function incident(given: Partial<IncidentSummary> = {}): IncidentSummary {
  return {
    id: 'INC-1',
    title: 'enrichment is behind',
    pipeline: 'orders',
    state: 'open',
    severity: 'critical',
    startedAt: 0,
    openedAt: 0,
    updatedAt: 0,
    resolvedAt: 0,
    acknowledgedBy: '',
    culprit: 'b',
    reason: 'It reads less than arrives',
    alerts: 1,
    firing: 1,
    ...given,
  };
}

export function overviewOf(pipelines: readonly PipelineView[], given: Partial<OverviewView> = {}): OverviewView {
  return {
    now: 1_000_000,
    newest: 999_000,
    pipelines,
    incidents: [],
    lastResolvedAt: 0,
    origins: [],
    problems: [],
    ...given,
  };
}

/** Tests write plain spaces; the interface writes narrow no-break ones. */
export function plain(text: string): string {
  return text.replaceAll('\u202f', ' ');
}
