import type { EdgeView, NodeView } from '../../core/view.ts';
import { isotonic } from './isotonic.ts';
import { compare, type Item } from './rows.ts';

/**
 * Where each canal leaves and meets its ends: level with the other end where the card allows it; 30 px apart where labels
 * stand beside them, 12 px where a canal only leaves.
 */
export function assignPorts(
  flow: readonly EdgeView[],
  columnOf: ReadonlyMap<string, number>,
  items: ReadonlyMap<string, Item>,
  tankY: ReadonlyMap<string, number>,
  byId: ReadonlyMap<string, NodeView>,
  hanging: ReadonlyMap<string, readonly EdgeView[]>,
): Map<EdgeView, { from: number; to: number }> {
  const level = (id: string) => {
    const tank = tankY.get(id);
    if (tank !== undefined) return tank;
    const item = items.get(id);
    return item === undefined ? 0 : item.y + item.anchor;
  };
  const ports = new Map<EdgeView, { from: number; to: number }>();
  for (const edge of flow) ports.set(edge, { from: level(edge.from), to: level(edge.to) });
  for (const id of columnOf.keys()) {
    const item = items.get(id) as Item;
    const hung = hanging.get(id) ?? [];
    for (const side of ['from', 'to'] as const) {
      const other = side === 'from' ? 'to' : 'from';
      const mine = flow.filter((edge) => edge[side] === id && !hung.includes(edge) && byId.has(edge[other]));
      mine.sort((a, b) => level(a[other]) - level(b[other]) || compare(a[other], b[other]));
      const pitch = Math.min(side === 'from' ? 12 : 30, (item.height - 16) / Math.max(1, mine.length));
      const reach = item.height / 2 - 16;
      const ys = isotonic(
        mine.map((edge, i) => Math.max(-reach, Math.min(reach, level(edge[other]) - level(id))) - i * pitch),
        mine.map(() => 1),
      );
      const spread = mine.map((_, i) => (ys[i] as number) + i * pitch);
      const over = Math.max(0, (spread.at(-1) ?? 0) - reach);
      mine.forEach((edge, i) => {
        const port = ports.get(edge) as { from: number; to: number };
        port[side] = Math.round(level(id) + (spread[i] as number) - over);
      });
    }
  }
  return ports;
}
