import { isStage } from '../../core/node.ts';
import type { EdgeView, NodeView, PipelineView } from '../../core/view.ts';

/** Ids of everything on a path through `id`: what it lives on and what lives on it. */
export function pathThrough(edges: readonly EdgeView[], id: string): ReadonlySet<string> {
  const found = new Set([id]);
  for (const [here, there] of [
    ['from', 'to'],
    ['to', 'from'],
  ] as const) {
    const queue = [id];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      for (const edge of edges) {
        if (edge[here] === next && !found.has(edge[there])) {
          found.add(edge[there]);
          queue.push(edge[there]);
        }
      }
    }
  }
  return found;
}

const GRAVITY: Readonly<Record<NodeView['state'], number>> = {
  healthy: 0,
  idle: 1,
  unknown: 2,
  catching_up: 3,
  rebalancing: 4,
  rewound: 5,
  falling_behind: 6,
  no_commits: 7,
  stuck: 8,
  dead: 9,
};

/** How much a state needs a person, mildest 0. */
export function gravity(state: NodeView['state']): number {
  return GRAVITY[state];
}

export function stagesOf(pipeline: PipelineView): NodeView[] {
  return pipeline.nodes.filter((node) => isStage(node.kind));
}

/** The stage a page about the whole pipeline should look at: the culprit, else the worst, else the one most behind. */
export function focusStage(pipeline: PipelineView): NodeView | undefined {
  return stagesOf(pipeline).sort(
    (a, b) =>
      Number(b.culpritOf !== '') - Number(a.culpritOf !== '') ||
      gravity(b.state) - gravity(a.state) ||
      (b.lagSeconds ?? -1) - (a.lagSeconds ?? -1) ||
      (a.name < b.name ? -1 : 1),
  )[0];
}

/** Pipelines in the order they need a person: an open incident first, then the worst state, then names. */
export function byUrgency(pipelines: readonly PipelineView[]): PipelineView[] {
  const worst = (pipeline: PipelineView) => Math.max(0, ...stagesOf(pipeline).map((node) => gravity(node.state)));
  const culprit = (pipeline: PipelineView) => pipeline.nodes.some((node) => node.culpritOf !== '');
  return [...pipelines].sort(
    (a, b) =>
      Number(culprit(b)) - Number(culprit(a)) ||
      worst(b) - worst(a) ||
      b.nodes.length - a.nodes.length ||
      (a.name < b.name ? -1 : 1),
  );
}

/** Nodes in flow order: by distance from a source, then by name. The reading order of lists and screen readers. */
export function flowOrder(pipeline: PipelineView): NodeView[] {
  const depth = new Map<string, number>();
  const visit = (id: string, level: number, open: ReadonlySet<string>): void => {
    if ((depth.get(id) ?? -1) >= level || open.has(id)) return;
    depth.set(id, level);
    const path = new Set(open).add(id);
    for (const edge of pipeline.edges) if (edge.from === id) visit(edge.to, level + 1, path);
  };
  for (const node of pipeline.nodes)
    if (!pipeline.edges.some((edge) => edge.to === node.id)) visit(node.id, 0, new Set());
  for (const node of pipeline.nodes) if (!depth.has(node.id)) visit(node.id, 0, new Set());
  return [...pipeline.nodes].sort((a, b) => (depth.get(a.id) ?? 0) - (depth.get(b.id) ?? 0) || (a.id < b.id ? -1 : 1));
}

/** Height of the water, 0..1: against the limit (at 0.86) where one is known, else on the lag scale, full at 2 h. */
export function level(lagSeconds: number | null, limit: number | null): number {
  if (lagSeconds === null) return 0;
  if (limit !== null && limit > 0) return Math.min(1, (lagSeconds / limit) * 0.86);
  return Math.min(1, Math.cbrt(Math.max(0, lagSeconds) / 7200));
}
