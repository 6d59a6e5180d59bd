import type { EdgeView, NodeView } from '../../core/view.ts';

/** Canal width in pixels: it grows with the decade of the rate. */
export function canalWidth(rate: number | null): number {
  return 1.2 + 1.9 * Math.log10(1 + Math.max(0, rate ?? 0) / 60);
}

export type EdgeLook = 'normal' | 'overfull' | 'starved';

/** Amber where water piles up before a culprit, dotted where what it feeds runs dry. */
export function edgeLook(edge: EdgeView, nodes: ReadonlyMap<string, NodeView>): EdgeLook {
  const to = nodes.get(edge.to);
  const from = nodes.get(edge.from);
  if (
    edge.kind === 'consumes' &&
    to !== undefined &&
    to.culpritOf !== '' &&
    (to.state === 'falling_behind' || to.state === 'stuck')
  ) {
    return 'overfull';
  }
  const starved = (node: NodeView | undefined) => node?.affected === true && (node.rateChange ?? 0) < -0.1;
  if (
    starved(to) ||
    (from !== undefined && from.culpritOf !== '' && to?.affected === true && (from.rateChange ?? 0) < -0.1) ||
    (from?.affected === true && starved(from))
  ) {
    return 'starved';
  }
  return 'normal';
}
