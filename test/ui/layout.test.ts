import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EdgeView, NodeView } from '../../core/view.ts';
import { assignColumns } from '../../ui/map/columns.ts';
import { isotonic } from '../../ui/map/isotonic.ts';
import { CARD_HEIGHT, CULPRIT_HEIGHT, layoutMap } from '../../ui/map/layout.ts';
import { roundedPath } from '../../ui/map/path.ts';
import { chain, edge, node } from './views.ts';

function columnOf(nodes: readonly NodeView[], edges: readonly EdgeView[]) {
  return Object.fromEntries(assignColumns(nodes, edges).columnOf);
}

describe('columns', () => {
  test('follow the flow through topics', () => {
    const { nodes, edges } = chain('gateway', 'orders', 'enrichment', 'enriched', 'sink');
    expect(columnOf(nodes, edges)).toEqual({ 'service:gateway': 0, 'service:enrichment': 1, 'service:sink': 2 });
  });

  test('a service and a topic may share a name', () => {
    const nodes = [node('payments'), node('payments', { kind: 'topic' }), node('sink')];
    const edges = [edge('service:payments', 'topic:payments'), edge('topic:payments', 'service:sink')];
    expect(columnOf(nodes, edges)).toEqual({ 'service:payments': 0, 'service:sink': 1 });
  });

  test('a database called by one stage that passes work on hangs below it; where the flow ends it is a column', () => {
    const { nodes, edges } = chain('a', 't', 'b');
    const more = [...nodes, node('cache', { kind: 'database' }), node('warehouse', { kind: 'database' })];
    const all = [...edges, edge('service:a', 'database:cache'), edge('service:b', 'database:warehouse')];
    const { hanging, columnOf: at } = assignColumns(more, all);
    expect(hanging.get('service:a')?.map((one) => one.to)).toEqual(['database:cache']);
    expect(at.get('database:warehouse')).toBe(2);
  });

  test('a shared database is a node of its own', () => {
    const { nodes, edges } = chain('a', 't', 'b', 'u', 'c');
    const shared = [...edges, edge('service:a', 'database:db'), edge('service:b', 'database:db')];
    expect(assignColumns([...nodes, node('db', { kind: 'database' })], shared).hanging.size).toBe(0);
  });

  test('a retry topic read by an earlier stage does not turn the flow around', () => {
    const { nodes, edges } = chain('a', 't', 'b');
    const retry = [...edges, edge('service:b', 'topic:retry'), edge('topic:retry', 'service:a')];
    expect(columnOf([...nodes, node('retry', { kind: 'topic' })], retry)).toEqual({ 'service:a': 0, 'service:b': 1 });
  });

  test('a stage whose topic has no known producer leaves room for the tank', () => {
    const nodes = [node('a'), node('t', { kind: 'topic' }), node('b'), node('x', { kind: 'topic' }), node('c')];
    const edges = [edge('service:a', 'topic:t'), edge('topic:t', 'service:b'), edge('topic:x', 'service:c')];
    expect(columnOf(nodes, edges)).toEqual({ 'service:a': 0, 'service:b': 1, 'service:c': 1 });
  });
});

describe('layout', () => {
  const { nodes, edges } = chain('gateway', 'orders', 'enrichment', 'enriched', 'sink');

  test('draws every card, tank and canal inside the picture', () => {
    const layout = layoutMap(nodes, edges, 1390);
    expect(layout.cards).toHaveLength(3);
    expect(layout.tanks).toHaveLength(2);
    expect(layout.edges).toHaveLength(4);
    for (const card of layout.cards) {
      expect(card.x).toBeGreaterThanOrEqual(0);
      expect(card.x + card.width).toBeLessThanOrEqual(layout.width);
      expect(card.y + card.height).toBeLessThanOrEqual(layout.height);
    }
  });

  test('a chain is a straight line', () => {
    const layout = layoutMap(nodes, edges, 1390);
    expect(new Set(layout.cards.map((card) => card.y)).size).toBe(1);
    for (const { path } of layout.edges) expect(path).not.toContain('Q');
  });

  test('does not depend on the order of the input or on rates', () => {
    const shuffled = layoutMap([...nodes].reverse(), [...edges].reverse(), 1390);
    const busier = layoutMap(
      nodes.map((one) => ({ ...one, rate: 500, lagSeconds: 90 })),
      edges.map((one) => ({ ...one, rate: 500 })),
      1390,
    );
    const places = (layout: typeof shuffled) =>
      Object.fromEntries(layout.cards.map((card) => [card.node.id, [card.x, card.y]]));
    expect(places(shuffled)).toEqual(places(layoutMap(nodes, edges, 1390)));
    expect(places(busier)).toEqual(places(shuffled));
  });

  test('a culprit is tall and keeps its column', () => {
    const named = nodes.map((one) => (one.name === 'enrichment' ? { ...one, culpritOf: 'INC-1' } : one));
    const before = layoutMap(nodes, edges, 1390);
    const after = layoutMap(named, edges, 1390);
    const card = (layout: typeof before, name: string) => layout.cards.find((one) => one.node.name === name);
    expect(card(before, 'enrichment')?.height).toBe(CARD_HEIGHT);
    expect(card(after, 'enrichment')?.height).toBe(CULPRIT_HEIGHT);
    expect(card(after, 'enrichment')?.x).toBe(card(before, 'enrichment')?.x);
  });

  test('is wider than its frame rather than unreadable', () => {
    const names = Array.from({ length: 9 }, (_, i) => (i % 2 === 0 ? `s${i}` : `t${i}`));
    const long = chain(...names);
    const layout = layoutMap(long.nodes, long.edges, 800);
    expect(layout.width).toBeGreaterThan(800);
    for (const card of layout.cards) expect(card.width).toBeGreaterThanOrEqual(146);
  });

  test('dead letters stand below the flow, which stays a straight line, and their canals cross no card', () => {
    const dead = [...nodes, node('dlq', { kind: 'topic' })];
    const all = [...edges, edge('service:gateway', 'topic:dlq'), edge('service:enrichment', 'topic:dlq')];
    const layout = layoutMap(dead, all, 1390);
    expect(new Set(layout.cards.map((card) => card.y)).size).toBe(1);
    const tank = (name: string) => layout.tanks.find((one) => one.node.name === name)?.y ?? 0;
    expect(tank('dlq')).toBeGreaterThan(tank('enriched'));
    const card = layout.cards.find((one) => one.node.name === 'enrichment');
    const path =
      layout.edges.find(({ edge: one }) => one.from === 'service:gateway' && one.to === 'topic:dlq')?.path ?? '';
    const runs = [...path.matchAll(/L([\d.]+) ([\d.]+)/g)].map(
      (match) => [Number(match[1]), Number(match[2])] as const,
    );
    const below = runs.filter(([x]) => x > (card?.x ?? 0)).map(([, y]) => y);
    expect(Math.min(...below)).toBeGreaterThan((card?.y ?? 0) + CARD_HEIGHT);
  });

  test('an empty pipeline has an empty picture', () => {
    const layout = layoutMap([], [], 1000);
    expect(layout.cards).toEqual([]);
    expect(layout.width).toBeGreaterThanOrEqual(1000);
  });

  test('no two cards overlap, whatever the topology', () => {
    const graph = fc
      .record({
        services: fc.integer({ min: 1, max: 9 }),
        topics: fc.integer({ min: 0, max: 7 }),
        links: fc.array(fc.tuple(fc.nat(8), fc.nat(6), fc.constantFrom('produces', 'consumes', 'calls', 'store')), {
          maxLength: 24,
        }),
        culprit: fc.nat(8),
      })
      .map(({ services, topics, links, culprit }) => {
        const all = [
          ...Array.from({ length: services }, (_, i) => node(`s${i}`, i === culprit ? { culpritOf: 'INC-1' } : {})),
          ...Array.from({ length: topics }, (_, i) => node(`t${i}`, { kind: 'topic' })),
          node('db', { kind: 'database' }),
        ];
        const seen = new Map<string, EdgeView>();
        for (const [s, t, kind] of links) {
          const service = `service:s${s % services}`;
          const made =
            kind === 'store'
              ? edge(service, 'database:db')
              : kind === 'calls'
                ? edge(service, `service:s${t % services}`)
                : topics === 0
                  ? undefined
                  : kind === 'produces'
                    ? edge(service, `topic:t${t % topics}`)
                    : edge(`topic:t${t % topics}`, service);
          if (made !== undefined && made.from !== made.to) seen.set(`${made.from}>${made.to}`, made);
        }
        return { nodes: all, edges: [...seen.values()] };
      });
    fc.assert(
      fc.property(graph, ({ nodes: all, edges: links }) => {
        const layout = layoutMap(all, links, 1390);
        const boxes = [...layout.cards, ...layout.dependencies];
        boxes.forEach((a, i) => {
          for (const b of boxes.slice(i + 1)) {
            const apart =
              a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
            expect(apart, `${a.node.id} over ${b.node.id}`).toBe(true);
          }
        });
        for (const { path } of layout.edges) expect(path).not.toMatch(/NaN|undefined/);
        expect(layout.cards.length + layout.dependencies.length + layout.tanks.length).toBe(all.length);
      }),
      { numRuns: 300 },
    );
  });
});

describe('isotonic', () => {
  test('pools what falls to its weighted mean', () => {
    expect(isotonic([1, 3, 2, 4], [1, 1, 1, 1])).toEqual([1, 2.5, 2.5, 4]);
    expect(isotonic([3, 0], [3, 1])).toEqual([2.25, 2.25]);
    expect(isotonic([], [])).toEqual([]);
  });

  test('never falls and keeps the sum', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { maxLength: 30 }), (values) => {
        const fitted = isotonic(
          values,
          values.map(() => 1),
        );
        for (let i = 1; i < fitted.length; i++)
          expect(fitted[i]).toBeGreaterThanOrEqual((fitted[i - 1] as number) - 1e-9);
        const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);
        expect(sum(fitted)).toBeCloseTo(sum(values), 6);
      }),
    );
  });
});

test('a path rounds its corners within what its legs allow', () => {
  expect(
    roundedPath(
      [
        [0, 0],
        [100, 0],
      ],
      9,
    ),
  ).toBe('M0 0L100 0');
  expect(
    roundedPath(
      [
        [0, 0],
        [50, 0],
        [50, 40],
      ],
      9,
    ),
  ).toBe('M0 0L41 0Q50 0 50 9L50 40');
  expect(
    roundedPath(
      [
        [0, 0],
        [10, 0],
        [10, 4],
      ],
      9,
    ),
  ).toBe('M0 0L8 0Q10 0 10 2L10 4');
  expect(roundedPath([], 9)).toBe('');
});
