import type { EdgeView, NodeView } from '../../core/view.ts';
import { assignColumns } from './columns.ts';
import { isotonic } from './isotonic.ts';
import { type Point, roundedPath } from './path.ts';
import { assignPorts } from './ports.ts';
import { compare, type Item, orderColumns, placeRows } from './rows.ts';

/** Pixel sizes of the map's parts. */
export const CARD_HEIGHT = 66;
export const CULPRIT_HEIGHT = 164;
export const DEPENDENCY_HEIGHT = 34;
const DEPENDENCY_GAP = 30;
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
  const topics = nodes.filter((node) => node.kind === 'topic').sort((a, b) => compare(a.id, b.id));
  const tankGap = new Map<string, number>();
  for (const topic of topics) {
    const producers = flow.filter((edge) => edge.to === topic.id).map((edge) => columnOf.get(edge.from) ?? 0);
    const consumers = flow.filter((edge) => edge.from === topic.id).map((edge) => columnOf.get(edge.to) ?? 0);
    tankGap.set(topic.id, producers.length > 0 ? Math.max(...producers) : Math.min(...consumers, columns.length) - 1);
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
  // A topic nobody reads (dead letters) has no link: its canals get waypoints of their own, below the flow.
  const light = new Set<string>();
  for (const edge of flow) {
    if (edge.kind !== 'produces' || links.some((link) => link.via === edge.to && link.from === edge.from)) continue;
    const gap = tankGap.get(edge.to) as number;
    const chain: string[] = [];
    for (let column = (columnOf.get(edge.from) as number) + 1; column <= gap; column++) {
      const id = `way:${edge.to}:${edge.from}::${column}`;
      items.set(id, { id, node: undefined, height: 0, anchor: 0, blockHeight: DUMMY_HEIGHT, y: 0 });
      order[column]?.push(id);
      light.add(id);
      segments.push([chain.at(-1) ?? edge.from, id]);
      chain.push(id);
    }
    waypoints.set(`${edge.to}|${edge.from}|`, chain);
  }
  orderColumns(order, segments, light);
  placeRows(order, items, segments, light);

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
        const read = consumers.length > 0;
        const tie = read ? Math.min(...consumers) : Number.MAX_VALUE;
        return { id: topic.id, want: base.reduce((a, b) => a + b, 0) / Math.max(1, base.length), tie, read };
      })
      .sort((a, b) => Number(b.read) - Number(a.read) || a.want - b.want || a.tie - b.tie || compare(a.id, b.id));
    const ys = isotonic(
      wanted.map((tank, i) => tank.want - i * TANK_PITCH),
      wanted.map((tank) => (tank.read ? 1 : 1e-4)),
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
