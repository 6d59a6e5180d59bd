import type { NodeView } from '../../core/view.ts';
import { isotonic } from './isotonic.ts';

export const ROW_GAP = 34;

/** A card with what hangs below it, or a waypoint of a canal. */
export interface Item {
  readonly id: string;
  readonly node: NodeView | undefined;
  readonly height: number;
  /** Distance from the block's top to the line its canals meet. */
  readonly anchor: number;
  readonly blockHeight: number;
  y: number;
}

export type Segment = readonly [from: string, to: string];

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Four sweeps of the barycentre rule; ties keep the order of names, and what is `light` stands last. */
export function orderColumns(order: string[][], segments: readonly Segment[], light: ReadonlySet<string>): void {
  const last = (a: string, b: string) => Number(light.has(a)) - Number(light.has(b));
  for (const ids of order) ids.sort((a, b) => last(a, b) || compare(a, b));
  for (let sweep = 0; sweep < 4; sweep++) {
    const down = sweep % 2 === 0;
    const columns = down ? order.slice(1) : order.slice(0, -1).reverse();
    const position = new Map(order.flatMap((ids) => ids.map((id, i) => [id, i] as const)));
    for (const ids of columns) {
      const weight = new Map(
        ids.map((id) => {
          const ends = segments.filter((s) => s[down ? 1 : 0] === id).map((s) => position.get(s[down ? 0 : 1]) ?? 0);
          return [id, ends.length === 0 ? (position.get(id) ?? 0) : ends.reduce((a, b) => a + b, 0) / ends.length];
        }),
      );
      ids.sort((a, b) => last(a, b) || (weight.get(a) as number) - (weight.get(b) as number) || compare(a, b));
      ids.forEach((id, i) => {
        position.set(id, i);
      });
    }
  }
}

/** Every block as near to its neighbours' level as its column's order and spacing allow; what is `light` gives way. */
export function placeRows(
  order: readonly string[][],
  items: ReadonlyMap<string, Item>,
  segments: readonly Segment[],
  light: ReadonlySet<string>,
): void {
  const settle = (ids: readonly string[], want: (id: string) => number) => {
    let offset = 0;
    const offsets = ids.map((id) => {
      const item = items.get(id) as Item;
      const top = offset;
      offset += item.blockHeight + ROW_GAP;
      return top;
    });
    const targets = ids.map((id, i) => want(id) - (items.get(id) as Item).anchor - (offsets[i] as number));
    const fitted = isotonic(
      targets,
      ids.map((id) => (light.has(id) ? 1e-4 : (items.get(id) as Item).node === undefined ? 0.5 : 1)),
    );
    ids.forEach((id, i) => {
      (items.get(id) as Item).y = (fitted[i] as number) + (offsets[i] as number);
    });
  };
  for (const ids of order) settle(ids, () => 0);
  const level = (id: string) => {
    const item = items.get(id) as Item;
    return item.y + item.anchor;
  };
  const mean = (ids: readonly string[], id: string) =>
    ids.length === 0 ? level(id) : ids.reduce((sum, other) => sum + level(other), 0) / ids.length;
  const pulls = (other: string, id: string) => light.has(id) || !light.has(other);
  for (let sweep = 0; sweep < 7; sweep++) {
    const forward = sweep % 2 === 0;
    for (const ids of forward ? order : [...order].reverse()) {
      settle(ids, (id) => {
        const before = segments.filter((s) => s[1] === id && pulls(s[0], id)).map((s) => s[0]);
        const after = segments.filter((s) => s[0] === id && pulls(s[1], id)).map((s) => s[1]);
        const first = forward ? before : after;
        return mean(first.length > 0 ? first : [...before, ...after], id);
      });
    }
  }
  const top = Math.min(...[...items.values()].map((item) => item.y));
  for (const item of items.values()) item.y = Math.round(item.y - top);
}
