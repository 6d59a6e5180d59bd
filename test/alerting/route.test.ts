import { describe, expect, it } from 'vitest';
import { buildRoute, eachRoute, groupLabels, matchRoutes, type Route, routeConfig } from '../../alerting/route.ts';
import type { Labels } from '../../core/labels.ts';

const tree = buildRoute(
  routeConfig.parse({
    receiver: 'root',
    group_by: ['pipeline'],
    group_wait: '5s',
    routes: [
      { matchers: ['severity="critical"'], receiver: 'page', continue: true, group_interval: '2m' },
      {
        matchers: ['team=~"data|infra"'],
        receiver: 'team',
        group_by: ['...'],
        routes: [
          { matchers: ['stage="enrichment"'], receiver: 'enrichment', repeat_interval: '1h' },
          { matchers: ['stage="payments",severity!="notice"'] },
        ],
      },
      { matchers: ['pipeline="quiet"'], receiver: 'nobody' },
      { matchers: ['pipeline="quiet"'], receiver: 'never' },
    ],
  }),
);

describe('matchRoutes', () => {
  it.each<[string, Labels, string[]]>([
    ['no child matches: the root', { a: 'b' }, ['{}']],
    [
      'continue goes on to the siblings',
      { severity: 'critical', team: 'data' },
      ['{}/{severity="critical"}/0', '{}/{team=~"data|infra"}/1'],
    ],
    ['continue without another match', { severity: 'critical' }, ['{}/{severity="critical"}/0']],
    ['depth first', { team: 'infra', stage: 'enrichment' }, ['{}/{team=~"data|infra"}/1/{stage="enrichment"}/0']],
    ['all matchers must hold', { team: 'data', stage: 'payments', severity: 'notice' }, ['{}/{team=~"data|infra"}/1']],
    [
      'a missing label is empty',
      { team: 'data', stage: 'payments' },
      ['{}/{team=~"data|infra"}/1/{stage="payments",severity!="notice"}/1'],
    ],
    ['regular expressions are anchored', { team: 'data2' }, ['{}']],
    ['the first of equal siblings', { pipeline: 'quiet' }, ['{}/{pipeline="quiet"}/2']],
  ])('%s', (_name, labels, expected) => {
    expect(matchRoutes(tree, labels).map((route) => route.id)).toEqual(expected);
  });

  it('always gives at least one route', () => {
    for (const labels of [{}, { severity: 'critical' }, { pipeline: 'quiet' }])
      expect(matchRoutes(tree, labels).length).toBeGreaterThan(0);
  });
});

describe('buildRoute', () => {
  const find = (receiver: string): Route => eachRoute(tree).find((route) => route.receiver === receiver) as Route;

  it('hands options down and lets a child override them', () => {
    expect(find('page')).toMatchObject({
      groupBy: ['pipeline'],
      groupWait: 5000,
      groupInterval: 120_000,
      repeatInterval: 14_400_000,
    });
    expect(find('enrichment')).toMatchObject({
      groupBy: ['...'],
      groupByAll: true,
      groupInterval: 60_000,
      repeatInterval: 3_600_000,
    });
  });

  it('does not hand down matchers, continue or time intervals', () => {
    const root = buildRoute(
      routeConfig.parse({
        routes: [{ matchers: ['a="b"'], continue: true, mute_time_intervals: ['night'], routes: [{}] }],
      }),
    );
    expect(root.routes[0]?.routes[0]).toMatchObject({
      matchers: [],
      continue: false,
      muteTimeIntervals: [],
      activeTimeIntervals: [],
    });
  });

  it('has defaults that group by incident', () => {
    expect(buildRoute(routeConfig.parse({}))).toMatchObject({
      receiver: 'default',
      groupBy: ['incident'],
      groupWait: 10_000,
      groupInterval: 60_000,
      repeatInterval: 14_400_000,
    });
  });

  it('gives every node its own id', () => {
    const ids = eachRoute(tree).map((route) => route.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(7);
  });
});

describe('groupLabels', () => {
  const by = (group_by: string[] | undefined) =>
    buildRoute(routeConfig.parse(group_by === undefined ? {} : { group_by }));
  it.each<[string, string[], Labels, Labels]>([
    ['named labels, sorted', ['b', 'a'], { a: '1', b: '2', c: '3' }, { a: '1', b: '2' }],
    ['a missing label is left out', ['a', 'x'], { a: '1' }, { a: '1' }],
    ['a missing label of a name that every object has', ['constructor', 'a'], { a: '1' }, { a: '1' }],
    ['every label', ['...'], { b: '2', a: '1' }, { a: '1', b: '2' }],
    ['none: one group', [], { a: '1' }, {}],
  ])('%s', (_name, groupBy, labels, expected) => {
    expect(Object.entries(groupLabels(by(groupBy), labels))).toEqual(Object.entries(expected));
  });
});
