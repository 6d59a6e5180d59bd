import { describe, expect, test } from 'vitest';
import { checkConfig } from '../../config.ts';
import { pipelinesConfig } from '../../pipelines/config.ts';

const one = (definition: object) => checkConfig({ pipelines: { definitions: [{ name: 'orders', ...definition }] } });

test('lists become parts, edges and SLOs name theirs, and shorthand is a name', () => {
  const { definitions } = pipelinesConfig.parse({
    definitions: [
      {
        name: 'orders',
        owner: 'orders-team',
        criticality: 'high',
        stages: [
          'gateway',
          { name: 'billing-*', owner: 'billing-team', criticality: 'critical', description: 'bills' },
        ],
        topics: ['orders'],
        datasets: ['sales'],
        edges: [
          { from: 'topic:orders', to: 'group:billing', group: 'billing' },
          { from: 'job:sessions', to: 'dataset:sales' },
          { from: 'stage:gateway', to: 'topic:orders' },
          { from: 'dataset:sales', to: 'stage:report' },
          { from: 'stage:gateway', to: 'external:bank' },
        ],
        slos: [
          { name: 'fresh', indicator: 'freshness', of: 'dataset:sales', objective: 0.99, target: '5m', period: '7d' },
          { name: 'errors', indicator: 'errors', of: 'stage:billing', objective: 0.999 },
        ],
      },
    ],
  });
  expect(definitions[0]).toMatchObject({ name: 'orders', owner: 'orders-team', criticality: 'high', description: '' });
  expect(
    definitions[0]?.parts.map(({ kind, name, owner, criticality }) => [kind, name, owner, criticality].join(' ')),
  ).toEqual([
    'service gateway  ',
    'service billing-* billing-team critical',
    'topic orders  ',
    'dataset sales  ',
    'group billing  ',
    'job sessions  ',
    'service report  ',
    'external bank  ',
    'service billing  ',
  ]);
  expect(definitions[0]?.edges.map(({ kind, from, to, group }) => `${from} ${kind} ${to} ${group}`)).toEqual([
    'orders consumes billing billing',
    'sessions writes sales ',
    'gateway produces orders ',
    'sales reads report ',
    'gateway calls bank ',
  ]);
  expect(definitions[0]?.slos).toEqual([
    {
      name: 'fresh',
      indicator: 'freshness',
      kind: 'dataset',
      node: 'sales',
      objective: 0.99,
      target: 300,
      period: 604_800_000,
      minEvents: 20,
    },
    {
      name: 'errors',
      indicator: 'errors',
      kind: 'service',
      node: 'billing',
      objective: 0.999,
      target: Number.NaN,
      period: 2_592_000_000,
      minEvents: 20,
    },
  ]);
});

describe('a mistake is told with its path', () => {
  const at = 'pipelines.definitions[0]';
  const slo = { name: 'a', indicator: 'errors', of: 'stage:b', objective: 0.9 };
  test.each<[string, object, string]>([
    ['an unknown key', { stagess: [] }, `${at}.stagess: unknown key; did you mean "stages"?`],
    [
      'an unknown key of a part',
      { stages: [{ name: 'a', ownr: 'b' }] },
      `${at}.stages[0].ownr: unknown key; did you mean "owner"?`,
    ],
    [
      'an unknown key of an SLO',
      { slos: [{ ...slo, objectiv: 1 }] },
      `${at}.slos[0].objectiv: unknown key; did you mean "objective"?`,
    ],
    ['a criticality that is none', { criticality: 'urgent' }, `${at}.criticality: `],
    ['a part that is named twice', { topics: ['a', 'b', 'a'] }, `${at}.topics[2]: "a" stands here twice`],
    [
      'an edge that names no kind',
      { edges: [{ from: 'orders', to: 'stage:b' }] },
      `${at}.edges[0].from: "orders" names no part`,
    ],
    [
      'an edge whose kind is what every object has',
      { edges: [{ from: 'constructor:orders', to: 'stage:b' }] },
      `${at}.edges[0].from: "constructor:orders" names no part`,
    ],
    [
      'an edge with a glob',
      { edges: [{ from: 'topic:o*', to: 'stage:b' }] },
      `${at}.edges[0].from: "topic:o*" names no part`,
    ],
    [
      'an edge nothing flows over',
      { edges: [{ from: 'topic:a', to: 'topic:b' }] },
      `${at}.edges[0]: no data flows from a topic to a topic`,
    ],
    ['freshness without a target', { slos: [{ ...slo, indicator: 'freshness' }] }, `${at}.slos[0].target: is needed`],
    ['errors with a target', { slos: [{ ...slo, target: '1s' }] }, `${at}.slos[0].target: means nothing for errors`],
    [
      'latency of a topic',
      { slos: [{ ...slo, indicator: 'latency', target: '1s', of: 'topic:a' }] },
      `${at}.slos[0].of: latency and errors are of a stage`,
    ],
    [
      'freshness of what is called',
      { slos: [{ ...slo, indicator: 'freshness', target: '1m', of: 'external:bank' }] },
      `${at}.slos[0].of: freshness is of a stage, topic, dataset or database`,
    ],
    ['an objective of everything', { slos: [{ ...slo, objective: 1 }] }, `${at}.slos[0].objective: `],
    ['a period of an hour', { slos: [{ ...slo, period: '1h' }] }, `${at}.slos[0].period: lies between 1d and 90d`],
    ['two SLOs of one name', { slos: [slo, slo] }, `${at}.slos[1].name: "a" stands here twice`],
  ])('%s', (_name, definition, message) => {
    expect(() => one(definition)).toThrow(message);
  });

  test('two definitions of one name, or one that would take the parts of the others', () => {
    const of =
      (...names: string[]) =>
      () =>
        checkConfig({ pipelines: { definitions: names.map((name) => ({ name })) } });
    expect(of('a', 'a')).toThrow('pipelines.definitions[1].name: "a" stands here twice');
    expect(of('a', 'default')).toThrow('pipelines.definitions[1].name: "default" is what names no pipeline');
    expect(of('default')).not.toThrow();
  });
});
