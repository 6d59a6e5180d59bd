import { describe, expect, test } from 'vitest';
import { canalWidth, edgeLook } from '../../ui/map/edges.ts';
import { byUrgency, flowOrder, focusStage, level, pathThrough } from '../../ui/map/neighbours.ts';
import { describeNode, growthText, headline } from '../../ui/map/words.ts';
import { chain, edge, node } from './views.ts';

const plain = (text: string | undefined) => text?.replaceAll('\u202f', ' ').replaceAll('\u2212', '-');

test('a path through a node is what it lives on and what lives on it', () => {
  const { edges } = chain('a', 't', 'b', 'u', 'c');
  const more = [...edges, edge('service:a', 'topic:x'), edge('topic:x', 'service:d')];
  expect([...pathThrough(more, 'service:b')].sort()).toEqual([
    'service:a',
    'service:b',
    'service:c',
    'topic:t',
    'topic:u',
  ]);
});

test('flow order goes from sources to sinks, also in a cycle', () => {
  const pipeline = chain('z', 't', 'b', 'u', 'a');
  expect(flowOrder(pipeline).map((one) => one.name)).toEqual(['z', 't', 'b', 'u', 'a']);
  const looped = { ...pipeline, edges: [...pipeline.edges, edge('service:a', 'topic:t')] };
  expect(flowOrder(looped)).toHaveLength(5);
  const circle = {
    name: 'c',
    nodes: [node('a'), node('b')],
    edges: [edge('service:a', 'service:b'), edge('service:b', 'service:a')],
  };
  expect(flowOrder(circle)).toHaveLength(2);
});

test('the stage in focus is the culprit, else the worst, else the one most behind', () => {
  const of = (...nodes: ReturnType<typeof node>[]) => focusStage({ name: 'p', nodes, edges: [] })?.name;
  expect(of(node('a', { state: 'dead' }), node('b', { culpritOf: 'INC-1' }))).toBe('b');
  expect(of(node('a'), node('b', { state: 'stuck' }))).toBe('b');
  expect(of(node('a', { lagSeconds: 1 }), node('b', { lagSeconds: 3 }))).toBe('b');
  expect(of()).toBeUndefined();
});

test('pipelines in trouble come first', () => {
  const calm = chain('a', 't', 'b', 'u', 'c');
  const bad = { name: 'bad', nodes: [node('x', { state: 'stuck' })], edges: [] };
  const worst = { name: 'worst', nodes: [node('x', { culpritOf: 'INC-1' })], edges: [] };
  expect(byUrgency([calm, bad, worst]).map((one) => one.name)).toEqual(['worst', 'bad', 'orders']);
});

test('the level stands at the notch when lag is at its limit', () => {
  expect(level(2, 2)).toBeCloseTo(0.86);
  expect(level(900, 2)).toBe(1);
  expect(level(7200, null)).toBe(1);
  expect(level(900, null)).toBe(0.5);
  expect(level(null, 2)).toBe(0);
});

test('canals widen with the decade of their rate', () => {
  expect(canalWidth(null)).toBeCloseTo(1.2);
  expect(canalWidth(540)).toBeCloseTo(1.2 + 1.9);
  expect(canalWidth(5940)).toBeCloseTo(1.2 + 3.8);
});

describe('edges around a culprit', () => {
  const culprit = node('b', { culpritOf: 'INC-1', state: 'falling_behind', rateChange: -0.67 });
  const fed = node('c', { affected: true, rateChange: -0.67 });
  const well = node('d', { affected: true });
  const nodes = new Map([culprit, fed, well, node('a')].map((one) => [one.id, one]));

  test.each([
    ['what piles up before it is overfull', edge('topic:t', 'service:b'), 'overfull'],
    ['what runs dry behind it is starved', edge('topic:u', 'service:c'), 'starved'],
    ['what still gets its share is normal', edge('topic:u', 'service:d'), 'normal'],
    ['what does not touch it is normal', edge('service:a', 'topic:t'), 'normal'],
  ])('%s', (_, one, look) => {
    expect(edgeLook(one, nodes)).toBe(look);
  });
});

describe('words of a card', () => {
  const reads = { reads: true, writes: true };

  test('lag speaks first, then the rate; a source says what it sends', () => {
    expect(headline(node('b', { lagSeconds: 3, rate: 9 }), reads).value).toBe('lag');
    expect(headline(node('b', { rate: 9 }), reads).value).toBe('rate');
    expect(headline(node('b', { rate: 9, output: 9 }), { reads: false, writes: true }).value).toBe('output');
    expect(headline(node('b'), reads).value).toBe('none');
    expect(headline(node('db', { kind: 'database', p95: 0.2, rate: 4 }), reads)).toEqual({ value: 'p95', fact: '4/s' });
    expect(headline(node('b', { lagSeconds: 1, affected: true, rateChange: -0.5 }), reads).fact).toBe('starved');
  });

  test('growth is per minute and silent below half a second', () => {
    expect(plain(growthText(40 / 60))).toBe('+40 s every minute');
    expect(plain(growthText(-2))).toBe('-2 min every minute');
    expect(growthText(0.005)).toBeUndefined();
    expect(growthText(null)).toBeUndefined();
  });

  test('a screen reader hears state, numbers and neighbours', () => {
    const { nodes, edges } = chain('a', 't', 'b', 'u', 'c');
    const b = { ...nodes[2]!, state: 'falling_behind' as const, lagSeconds: 1448, rate: 611 };
    expect(plain(describeNode(b, edges))).toBe('b, falling behind; lag 24 min 8 s; 611/s in; reads t; writes u');
  });
});
