import type { EdgeView, NodeView } from '../../core/view.ts';
import { assignColumns } from './columns.ts';
import { isotonic } from './isotonic.ts';
import { type Point, roundedPath } from './path.ts';

/** Pixel sizes of the map's parts. */
export const CARD_HEIGHT = 66;
export const CULPRIT_HEIGHT = 164;
export const DEPENDENCY_HEIGHT = 34;
const DEPENDENCY_GAP = 30;
const ROW_GAP = 34;
const GAP_WITH_TOPIC = 136;
const GAP_PLAIN = 84;
const TANK_X = 54;
export const TANK_WIDTH = 12;
export const TANK_HEIGHT = 38;
const TANK_PITCH = 76;
const DUMMY_HEIGHT = 30;
const STRAIGHT_RUN = 60;
const TOP = 30;
const BOTTOM = 26;

export interface PlacedNode {
  readonly node: NodeView;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly column: number;
}

export interface PlacedDependency extends PlacedNode {
  readonly edge: EdgeView;
  /** Node it hangs below. */
  readonly owner: string;
}

export interface PlacedTank {
  readonly node: NodeView;
  readonly x: number;
  readonly y: number;
}

/** A canal: the run before the tank (`produces`), after it (`consumes`), or between two cards (`calls`). */
export interface PlacedEdge {
  readonly edge: EdgeView;
  readonly path: string;
  /** Right end of the labels, on the horizontal run before the consumer. */
  readonly labelX: number;
  readonly labelY: number;
}

export interface MapLayout {
  readonly width: number;
  readonly height: number;
  readonly cards: readonly PlacedNode[];
  readonly dependencies: readonly PlacedDependency[];
  readonly tanks: readonly PlacedTank[];
  readonly edges: readonly PlacedEdge[];
}

interface Item {
  readonly id: string;
  readonly node: NodeView | undefined;
  readonly height: number;
  /** Distance from the block's top to the line its canals meet. */
  readonly anchor: number;
  readonly blockHeight: number;
  y: number;
}

/**
 * A layered drawing of one pipeline from producers on the left to datasets on the right.
 * Columns by longest path, order within a column by barycentre, heights by isotonic regression. It depends on the
 * topology and on which node is a culprit, not on rates or on the order of the input: positions stay between refreshes.
 */
export function layoutMap(nodes: readonly NodeView[], edges: readonly EdgeView[], minWidth: number): MapLayout {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const flow = edges
    .filter((edge) => byId.has(edge.from) && byId.has(edge.to))
    .sort((a, b) => compare(`${a.from} ${a.to} ${a.group}`, `${b.from} ${b.to} ${b.group}`));
  const { columnOf, columns, hanging, links } = assignColumns(nodes, flow);

  const items = new Map<string, Item>();
  for (const id of columnOf.keys()) {
    const node = byId.get(id) as NodeView;
    const height = node.culpritOf === '' ? CARD_HEIGHT : CULPRIT_HEIGHT;
    const below = (hanging.get(id)?.length ?? 0) * (DEPENDENCY_HEIGHT + 8);
    items.set(id, {
      id,
      node,
      height,
      anchor: height / 2,
      blockHeight: height + (below === 0 ? 0 : below + DEPENDENCY_GAP - 8),
      y: 0,
    });
  }
  const order = columns.map((ids) => [...ids]);
  // A link over several columns gets a waypoint in each column between, so that no canal crosses a card.
  const segments: [string, string][] = [];
  const waypoints = new Map<string, string[]>();
  for (const link of links) {
    const from = columnOf.get(link.from) as number;
    const to = columnOf.get(link.to) as number;
    if (to <= from) continue;
    const chain: string[] = [];
    let previous = link.from;
    for (let column = from + 1; column < to; column++) {
      const id = `way:${link.via}:${link.from}:${link.to}:${column}`;
      items.set(id, { id, node: undefined, height: 0, anchor: 0, blockHeight: DUMMY_HEIGHT, y: 0 });
      order[column]?.push(id);
      chain.push(id);
      segments.push([previous, id]);
      previous = id;
    }
    segments.push([previous, link.to]);
    waypoints.set(`${link.via}|${link.from}|${link.to}`, chain);
  }
  orderColumns(order, segments);
  placeRows(order, items, segments);

  const topics = nodes.filter((node) => node.kind === 'topic').sort((a, b) => compare(a.id, b.id));
  const tankGap = new Map<string, number>();
  for (const topic of topics) {
    const producers = flow.filter((edge) => edge.to === topic.id).map((edge) => columnOf.get(edge.from) ?? 0);
    const consumers = flow.filter((edge) => edge.from === topic.id).map((edge) => columnOf.get(edge.to) ?? 0);
    tankGap.set(topic.id, producers.length > 0 ? Math.max(...producers) : Math.min(...consumers, columns.length) - 1);
  }
  const gaps = new Set(tankGap.values());
  const count = columns.length;
  let fixed = 0;
  for (let gap = -1; gap < count; gap++) {
    if (gap >= 0 && gap < count - 1) fixed += gaps.has(gap) ? GAP_WITH_TOPIC : GAP_PLAIN;
    else if (gaps.has(gap)) fixed += GAP_WITH_TOPIC - 20;
  }
  const room = count === 0 ? 0 : (minWidth - 32 - fixed) / count;
  const cardWidth = Math.max(150, Math.min(204, Math.floor(room)));
  const slack = Math.max(0, minWidth - 32 - fixed - cardWidth * count);
  const inner = Math.max(1, count - 1);
  const stretch = Math.min(slack / inner, 120);
  const columnX: number[] = [];
  let x = 16 + (gaps.has(-1) ? GAP_WITH_TOPIC - 20 : 0);
  for (let column = 0; column < count; column++) {
    columnX.push(x);
    x += cardWidth + (column < count - 1 ? (gaps.has(column) ? GAP_WITH_TOPIC : GAP_PLAIN) + stretch : 0);
  }
  if (gaps.has(count - 1)) x += GAP_WITH_TOPIC - 20;
  const gapStart = (gap: number) => (gap < 0 ? 16 : (columnX[gap] as number) + cardWidth);

  const anchorOf = (id: string) => {
    const item = items.get(id) as Item;
    return item.y + item.anchor;
  };
  // Tanks: level with what they connect, one above the other where several share a gap.
  const tankY = new Map<string, number>();
  for (const gap of gaps) {
    const here = topics.filter((topic) => tankGap.get(topic.id) === gap);
    const wanted = here
      .map((topic) => {
        const producers = flow.filter((edge) => edge.to === topic.id).map((edge) => anchorOf(edge.from));
        const consumers = flow.filter((edge) => edge.from === topic.id).map((edge) => anchorOf(edge.to));
        const ends = producers.length === 1 || consumers.length !== 1 ? producers : consumers;
        const base = ends.length > 0 ? ends : consumers;
        const tie = consumers.length > 0 ? Math.min(...consumers) : 0;
        return { id: topic.id, want: base.reduce((a, b) => a + b, 0) / Math.max(1, base.length), tie };
      })
      .sort((a, b) => a.want - b.want || a.tie - b.tie || compare(a.id, b.id));
    const ys = isotonic(
      wanted.map((tank, i) => tank.want - i * TANK_PITCH),
      wanted.map(() => 1),
    );
    wanted.forEach((tank, i) => {
      tankY.set(tank.id, (ys[i] as number) + i * TANK_PITCH);
    });
  }
  const lowest = Math.max(0, ...[...items.values()].map((item) => item.y + item.blockHeight));
  const highestTank = Math.min(0, ...[...tankY.values()].map((y) => y - TANK_HEIGHT / 2 - 8));
  const lift = TOP - highestTank;
  const lowestTank = Math.max(0, ...[...tankY.values()].map((y) => y + TANK_HEIGHT / 2 + 18));
  for (const item of items.values()) item.y += lift;
  for (const [id, y] of tankY) tankY.set(id, y + lift);
  const floor = Math.max(lowest, lowestTank) + lift;

  const cards: PlacedNode[] = [];
  const dependencies: PlacedDependency[] = [];
  for (const [column, ids] of order.entries()) {
    for (const id of ids) {
      const item = items.get(id) as Item;
      if (item.node === undefined) continue;
      const left = columnX[column] as number;
      cards.push({ node: item.node, x: left, y: item.y, width: cardWidth, height: item.height, column });
      (hanging.get(id) ?? []).forEach((edge, i) => {
        const y = item.y + item.height + DEPENDENCY_GAP + i * (DEPENDENCY_HEIGHT + 8);
        const node = byId.get(edge.to) as NodeView;
        const placed = { node, x: left - 12, y, width: cardWidth + 24, height: DEPENDENCY_HEIGHT, column };
        dependencies.push({ ...placed, edge, owner: id });
      });
    }
  }
  const tanks = topics.map((node) => ({
    node,
    x: gapStart(tankGap.get(node.id) as number) + TANK_X,
    y: tankY.get(node.id) as number,
  }));
  const tankX = new Map(tanks.map((tank) => [tank.node.id, tank.x]));

  const ports = assignPorts(flow, columnOf, items, tankY, byId, hanging);
  const placed: PlacedEdge[] = [];
  let returns = 0;
  for (const edge of flow) {
    if ((hanging.get(edge.from) ?? []).includes(edge)) continue;
    const port = ports.get(edge) as { from: number; to: number };
    const points: Point[] = [];
    const fromTopic = edge.kind === 'consumes';
    const toTopic = edge.kind === 'produces';
    const startX = fromTopic
      ? (tankX.get(edge.from) as number) + TANK_WIDTH
      : columnX[columnOf.get(edge.from) as number]! + cardWidth;
    const endX = toTopic ? (tankX.get(edge.to) as number) : (columnX[columnOf.get(edge.to) as number] as number);
    points.push([startX, port.from]);
    if (endX <= startX) {
      const lane = floor + 12 + 10 * returns++;
      points.push(
        [startX + 20, port.from],
        [startX + 20, lane],
        [endX - 28, lane],
        [endX - 28, port.to],
        [endX, port.to],
      );
    } else {
      const ends = { from: fromTopic ? undefined : edge.from, to: toTopic ? undefined : edge.to };
      const chain = wayOf(waypoints, edge, ends);
      let y = port.from;
      for (const id of chain) {
        const column = Number(id.slice(id.lastIndexOf(':') + 1));
        const left = columnX[column] as number;
        if (left <= startX || left >= endX) continue;
        const next = anchorOf(id);
        if (Math.abs(next - y) > 0.5) points.push([left - 26, y], [left - 26, next]);
        y = next;
      }
      if (Math.abs(port.to - y) > 0.5) {
        const bend = toTopic
          ? Math.max(startX + 14, endX - 20)
          : Math.max(startX + 14, Math.min(endX - STRAIGHT_RUN - 8, startX + 18 + (endX - startX) / 12));
        points.push([bend, y], [bend, port.to]);
      }
      points.push([endX, port.to]);
    }
    placed.push({ edge, path: roundedPath(points, 9), labelX: endX - 6, labelY: port.to });
  }
  return {
    width: Math.max(minWidth, x + 16),
    height: Math.ceil(floor + BOTTOM + (returns > 0 ? 12 + 10 * returns : 0)),
    cards,
    dependencies,
    tanks,
    edges: placed,
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function wayOf(
  waypoints: ReadonlyMap<string, string[]>,
  edge: EdgeView,
  ends: { from: string | undefined; to: string | undefined },
): readonly string[] {
  const via = edge.kind === 'consumes' ? edge.from : edge.kind === 'produces' ? edge.to : '';
  for (const [key, chain] of waypoints) {
    const [topic, from, to] = key.split('|');
    if (topic === via && (ends.from === undefined || from === ends.from) && (ends.to === undefined || to === ends.to)) {
      return chain;
    }
  }
  return [];
}

/** Four sweeps of the barycentre rule; ties keep the order of names. */
function orderColumns(order: string[][], segments: readonly [string, string][]): void {
  for (const ids of order) ids.sort(compare);
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
      ids.sort((a, b) => (weight.get(a) as number) - (weight.get(b) as number) || compare(a, b));
      ids.forEach((id, i) => {
        position.set(id, i);
      });
    }
  }
}

/** Every block as near to its neighbours' level as its column's order and spacing allow. */
function placeRows(
  order: readonly string[][],
  items: ReadonlyMap<string, Item>,
  segments: readonly [string, string][],
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
      ids.map((id) => ((items.get(id) as Item).node === undefined ? 0.5 : 1)),
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
  for (let sweep = 0; sweep < 7; sweep++) {
    const forward = sweep % 2 === 0;
    for (const ids of forward ? order : [...order].reverse()) {
      settle(ids, (id) => {
        const before = segments.filter((s) => s[1] === id).map((s) => s[0]);
        const after = segments.filter((s) => s[0] === id).map((s) => s[1]);
        const first = forward ? before : after;
        return mean(first.length > 0 ? first : [...before, ...after], id);
      });
    }
  }
  const top = Math.min(...[...items.values()].map((item) => item.y));
  for (const item of items.values()) item.y = Math.round(item.y - top);
}

/** Where each canal leaves and meets its ends: level with the other end where the card allows it, 30 px apart. */
function assignPorts(
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
      const pitch = Math.min(30, (item.height - 16) / Math.max(1, mine.length));
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
