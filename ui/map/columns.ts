import type { EdgeView, NodeView } from '../../core/view.ts';

/** Card to card, through topic `via` or (empty) by a call. */
export interface Link {
  readonly from: string;
  readonly to: string;
  readonly via: string;
}

export interface Columns {
  readonly columnOf: ReadonlyMap<string, number>;
  readonly columns: readonly (readonly string[])[];
  /** Calls drawn below their caller: a dependency of one stage that passes work on. */
  readonly hanging: ReadonlyMap<string, readonly EdgeView[]>;
  readonly links: readonly Link[];
}

/**
 * Which column each card stands in: the longest path from a source over links through topics and calls. Links that
 * close a cycle (a retry topic read by an earlier stage) do not count. A database or outside service called by exactly
 * one stage that also writes to a topic hangs below that stage; where the flow ends in it, it is a column of its own.
 */
export function assignColumns(nodes: readonly NodeView[], edges: readonly EdgeView[]): Columns {
  const kindOf = new Map(nodes.map((node) => [node.id, node.kind]));
  const producing = new Set(edges.filter((edge) => edge.kind === 'produces').map((edge) => edge.from));
  const hanging = new Map<string, EdgeView[]>();
  const hung = new Set<string>();
  for (const edge of edges) {
    const kind = kindOf.get(edge.to);
    if (isFlow(edge) || (kind !== 'database' && kind !== 'dataset' && kind !== 'external')) continue;
    const callers = new Set(edges.filter((other) => other.to === edge.to).map((other) => other.from));
    if (callers.size > 1 || !producing.has(edge.from) || hung.has(edge.to)) continue;
    hanging.set(edge.from, [...(hanging.get(edge.from) ?? []), edge]);
    hung.add(edge.to);
  }
  const cards = nodes
    .filter((node) => node.kind !== 'topic' && !hung.has(node.id))
    .map((node) => node.id)
    .sort();
  const links: Link[] = [];
  for (const edge of edges) {
    if (!isFlow(edge) && !hung.has(edge.to)) links.push({ from: edge.from, to: edge.to, via: '' });
    if (edge.kind !== 'consumes') continue;
    for (const producer of edges) {
      if (producer.kind === 'produces' && producer.to === edge.from && producer.from !== edge.to) {
        links.push({ from: producer.from, to: edge.to, via: edge.from });
      }
    }
  }
  const forward = withoutCycles(cards, links);
  const columnOf = new Map(cards.map((id) => [id, 0]));
  const readsOrphan = new Set(
    edges
      .filter((edge) => edge.kind === 'consumes' && !edges.some((e) => e.kind === 'produces' && e.to === edge.from))
      .map((edge) => edge.to),
  );
  for (let round = 0; round < cards.length; round++) {
    let moved = false;
    for (const link of forward) {
      const least = (columnOf.get(link.from) ?? 0) + 1;
      if ((columnOf.get(link.to) ?? 0) < least) {
        columnOf.set(link.to, least);
        moved = true;
      }
    }
    if (!moved) break;
  }
  // A stage whose input topic has no known producer stands where its tank has room on the left.
  const shared =
    [...readsOrphan].some((id) => columnOf.get(id) === 0) &&
    cards.some((id) => columnOf.get(id) === 0 && !readsOrphan.has(id));
  if (shared) {
    for (const id of readsOrphan)
      if (columnOf.get(id) === 0 && forward.every((link) => link.from !== id)) columnOf.set(id, 1);
  }
  const width = Math.max(-1, ...columnOf.values()) + 1;
  const columns = Array.from({ length: width }, (_, column) => cards.filter((id) => columnOf.get(id) === column));
  return { columnOf, columns, hanging, links };
}

/** Whether an edge leads through a topic. */
function isFlow(edge: EdgeView): boolean {
  return edge.kind === 'produces' || edge.kind === 'consumes';
}

/** The links in a fixed order, less those that lead back to a card on the path to them. */
function withoutCycles(cards: readonly string[], links: readonly Link[]): Link[] {
  const sources = cards.filter((id) => !links.some((link) => link.to === id));
  const state = new Map<string, 'open' | 'done'>();
  const kept: Link[] = [];
  const visit = (id: string): void => {
    state.set(id, 'open');
    for (const link of links) {
      if (link.from !== id || state.get(link.to) === 'open') continue;
      kept.push(link);
      if (!state.has(link.to)) visit(link.to);
    }
    state.set(id, 'done');
  };
  for (const id of [...sources, ...cards]) if (!state.has(id)) visit(id);
  return kept;
}
