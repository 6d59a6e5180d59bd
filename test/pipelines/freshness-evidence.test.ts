import { describe, expect, test } from 'vitest';
import { indexDefinitions, NO_PIPELINE } from '../../core/definition.ts';
import type { EdgeKind, NodeKind } from '../../core/node.ts';
import {
  type EvidenceMemory,
  type FreshnessFacts,
  gatherFreshness,
  NO_EVIDENCE,
} from '../../pipelines/freshness-evidence.ts';
import type { Activity } from '../../store/queries/activity.ts';
import type { Flow } from '../../store/queries/flows.ts';
import type { LiveEdge, LiveNode } from '../../store/queries/topology.ts';
import type { EventTimeFact } from '../../store/queries/watermarks.ts';

const AT = 1_800_000_000_000;
const S = 10_000;
const HOUR = 3_600_000;
const pipeline = 'orders';
const none = Number.NaN;
const seen = { firstSeen: AT - HOUR, since: AT - HOUR, lastSeen: AT, standing: '', seen: true, gone: false } as const;

const node = (kind: NodeKind, name: string, more: Partial<LiveNode> = {}): LiveNode => ({
  ...{ pipeline, kind, node: name, system: '', consoleUrl: '', owner: '', criticality: '', description: '' },
  ...seen,
  ...more,
});
const edge = (from: string, kind: EdgeKind, to: string, more: Partial<LiveEdge> = {}): LiveEdge => {
  const [fromKind, source] = from.split(':') as [NodeKind, string];
  const [toKind, target] = to.split(':') as [NodeKind, string];
  return {
    ...{ pipeline, kind, from: source, fromKind, to: target, toKind, group: kind === 'consumes' ? target : '' },
    ...{ rate: 0, p95: none, errorRatio: none, lag: none, lagSeconds: none },
    ...seen,
    ...more,
  };
};
const handled = (service: string, goodAt: number, more: Partial<Activity> = {}): Activity => ({
  ...{ pipeline, service, kind: 'Consumer', topic: 'orders', goodAt, furthest: 0, reachedAt: 0, toldAt: goodAt },
  ...more,
});
const says = (furthest: number, reachedAt: number, more: Partial<EventTimeFact> = {}): EventTimeFact => ({
  ...{ pipeline, service: 'billing', job: '', topic: 'orders', group: 'billing', partition: '0', says: 'event_time' },
  ...{ series: '1', furthest, reachedAt, firstSampledAt: AT - 6 * S, latest: furthest, sampledAt: AT },
  ...more,
});

const NODES = [node('service', 'gateway'), node('topic', 'orders'), node('service', 'billing')];
const EDGES = [
  edge('service:gateway', 'produces', 'topic:orders'),
  edge('topic:orders', 'consumes', 'service:billing', { lag: 7, lagSeconds: 2, rate: 4, errorRatio: 0.25 }),
];
const facts = (more: Partial<FreshnessFacts> & { nodes?: LiveNode[]; edges?: LiveEdge[] } = {}): FreshnessFacts => {
  const { nodes = NODES, edges = EDGES, ...rest } = more;
  const topology = { nodes, edges, definitions: indexDefinitions([]) };
  return { topology, activity: [], pathways: [], eventTimes: [], from: AT - 30 * S, at: AT, ...rest };
};
const gather = (given: FreshnessFacts, memory: EvidenceMemory = NO_EVIDENCE) => {
  const { parts, memory: next } = gatherFreshness(given, memory, HOUR);
  return { next, parts, of: (name: string) => parts.find((part) => part.node === name) };
};

describe('parts', () => {
  test('are stages with what they read and topics with who writes them', () => {
    const { parts, of } = gather(facts());
    expect(parts.map(({ kind, node: name, inputs }) => [kind, name, inputs])).toEqual([
      ['service', 'gateway', []],
      ['topic', 'orders', ['service:gateway']],
      ['service', 'billing', ['topic:orders']],
    ]);
    expect(of('orders')?.evidence).toBeUndefined();
    // Of four records a second one fails.
    expect(of('billing')?.evidence?.inputs).toEqual([
      { id: 'topic:orders', waiting: 7, waitingSeconds: 2, wasMeasured: false, rate: 3, writtenAt: 0 },
    ]);
  });

  test('are not what is gone, what was never seen, what is called, and datasets nobody writes', () => {
    const nodes = [
      node('service', 'old', { gone: true }),
      node('service', 'planned', { seen: false, standing: 'declared' }),
      node('external', 'bank'),
      node('dataset', 'lonely', { seen: false, standing: 'declared' }),
      node('topic', 'planned', { seen: false, standing: 'declared' }),
    ];
    expect(gather(facts({ nodes })).parts.map(({ kind, node: name }) => [kind, name])).toEqual([['topic', 'planned']]);
  });

  test('a writer that is gone holds nobody back', () => {
    const nodes = [node('service', 'gateway', { gone: true }), ...NODES.slice(1)];
    expect(gather(facts({ nodes })).of('orders')?.inputs).toEqual([]);
    const edges = [edge('service:gateway', 'produces', 'topic:orders', { gone: true })];
    expect(gather(facts({ edges })).of('orders')?.inputs).toEqual([]);
  });

  test('a database is made of what stages write at the end of the flow, unless its writers are declared', () => {
    const nodes = [...NODES, node('database', 'ledger')];
    const calls = [
      edge('service:gateway', 'calls', 'database:ledger'),
      edge('service:billing', 'calls', 'database:ledger'),
    ];
    expect(gather(facts({ nodes, edges: [...EDGES, ...calls] })).of('ledger')?.inputs).toEqual(['service:billing']);
    const passesOn = edge('service:billing', 'produces', 'topic:orders');
    expect(gather(facts({ nodes, edges: [...EDGES, ...calls, passesOn] })).of('ledger')).toBeUndefined();
    const declared = edge('service:gateway', 'writes', 'database:ledger', { standing: 'declared', seen: false });
    expect(gather(facts({ nodes, edges: [...EDGES, ...calls, declared] })).of('ledger')?.inputs).toEqual([
      'service:gateway',
    ]);
  });
});

describe('what a round remembers', () => {
  test('is when a stage handled and a topic was written, by spans and pathways, never ahead of the round', () => {
    const flow = { service: 'gateway', kind: 'produces', other: 'orders', lastSeen: AT - 3 * S } as Flow;
    const activity = [handled('billing', AT + S), handled('gateway', AT - 9 * S, { kind: 'Producer' })];
    const { of, next } = gather(facts({ activity, pathways: [{ ...flow, pipeline }] }));
    expect(of('billing')?.evidence?.handledAt).toBe(AT);
    expect(of('gateway')?.evidence?.handledAt).toBe(AT - 2 * S);
    expect(of('billing')?.evidence?.inputs[0]?.writtenAt).toBe(AT - 2 * S);
    const later = gather(facts({ at: AT + HOUR - S, activity: [handled('billing', 0)] }), next);
    expect(later.of('billing')?.evidence?.handledAt).toBe(AT);
    expect(gather(facts({ at: AT + 2 * HOUR }), later.next).of('billing')?.evidence?.handledAt).toBe(0);
  });

  test('is a measure of what waits, which is missed for ten minutes', () => {
    const { next } = gather(facts());
    const edges = [edge('topic:orders', 'consumes', 'service:billing')];
    const missed = (at: number) => gather(facts({ edges, at }), next).of('billing')?.evidence?.inputs[0]?.wasMeasured;
    expect(missed(AT + 599_000)).toBe(true);
    expect(missed(AT + 600_000)).toBe(false);
    expect(gather(facts({ edges })).of('billing')?.evidence?.inputs[0]?.wasMeasured).toBe(false);
  });

  test('is the furthest event of each series: older ones move nothing, and a series that ends is forgotten', () => {
    const first = gather(facts({ eventTimes: [says(AT - 5 * S, AT - S)] }));
    const at = AT + S;
    const back = gather(facts({ at, eventTimes: [says(AT - 99 * S, at, { sampledAt: at })] }), first.next);
    const expected = { furthest: AT - 5 * S, reachedAt: AT - S, sampledAt: at, beats: true };
    expect(back.of('billing')?.evidence?.events).toMatchObject([expected]);
    const on = gather(facts({ at, eventTimes: [says(AT, at, { sampledAt: at })] }), first.next);
    expect(on.of('billing')?.evidence?.events).toMatchObject([{ furthest: AT, reachedAt: at }]);
    expect(gather(facts({ at: at + HOUR }), on.next).next.series.size).toBe(0);
  });

  test('of a series that stands since it was first heard, nobody knows how late its events were', () => {
    const stands = says(AT - 50 * S, AT - 6 * S);
    const { of } = gather(facts({ eventTimes: [stands] }));
    expect(of('billing')?.evidence?.events).toMatchObject([{ furthest: AT - 50 * S, reachedAt: AT - 50 * S }]);
  });

  test('tells event times from watermarks, and those of jobs from those of services', () => {
    const nodes = [...NODES, node('job', 'sessions')];
    const eventTimes = [
      says(AT - S, AT),
      says(AT - 2 * S, AT, { says: 'watermark' }),
      says(AT - 3 * S, AT, { service: 'flink', job: 'sessions', says: 'watermark', series: '2' }),
    ];
    const activity = [handled('billing', AT - S, { furthest: AT - 4 * S, reachedAt: AT - 2 * S })];
    const { of } = gather(facts({ nodes, eventTimes, activity }));
    const billing = of('billing')?.evidence;
    expect(billing?.events.map(({ furthest, beats }) => [furthest, beats])).toEqual([
      [AT - S, true],
      [AT - 4 * S, false],
    ]);
    expect(billing?.watermarks.map(({ furthest }) => furthest)).toEqual([AT - 2 * S]);
    expect(of('sessions')?.evidence?.watermarks.map(({ furthest }) => furthest)).toEqual([AT - 3 * S]);
  });
});

test('telemetry that names no pipeline counts for the one that declares its stage', () => {
  const part = { kind: 'service', name: 'billing', owner: '', criticality: '', description: '' } as const;
  const declared = {
    name: pipeline,
    description: '',
    owner: '',
    criticality: '',
    parts: [part],
    edges: [],
    slos: [],
  } as const;
  const topology = { nodes: NODES, edges: EDGES, definitions: indexDefinitions([declared]) };
  const activity = [handled('billing', AT - S, { pipeline: NO_PIPELINE })];
  const eventTimes = [says(AT - S, AT, { pipeline: NO_PIPELINE })];
  const { of } = gather({ ...facts({ activity, eventTimes }), topology });
  expect(of('billing')?.evidence).toMatchObject({ handledAt: AT - S, events: [{ furthest: AT - S }] });
});
