import { isStage, nodeId } from '../core/node.ts';
import { type Millis, STEP_MS } from '../core/time.ts';
import type { Activity } from '../store/queries/activity.ts';
import type { Flow } from '../store/queries/flows.ts';
import type { LiveEdge, Topology } from '../store/queries/topology.ts';
import type { EventTimeFact } from '../store/queries/watermarks.ts';
import { type FreshPart, hasFreshness } from './freshness.ts';
import type { EventEvidence, InputEvidence } from './freshness-stage.ts';

/** What a round read. */
export interface FreshnessFacts {
  readonly topology: Topology;
  readonly activity: readonly Activity[];
  readonly pathways: readonly Flow[];
  readonly eventTimes: readonly EventTimeFact[];
  /** Start of the range that was read, and the time of the round. */
  readonly from: Millis;
  readonly at: Millis;
}

/** What rounds remember: the event times of each series and when something was last measured, handled or written. */
export interface EvidenceMemory {
  readonly series: ReadonlyMap<
    string,
    EventEvidence & { readonly owner: string; readonly says: EventTimeFact['says'] }
  >;
  readonly times: ReadonlyMap<string, Millis>;
}
export const NO_EVIDENCE: EvidenceMemory = { series: new Map(), times: new Map() };

/** A measure of what waits that was there so lately is missed. */
const MISSED_MS = 600_000;

/**
 * The parts that have a freshness, with what is known of each. What is gone holds nobody back. A database is made of what the
 * stages at the end of the flow write: those that read a topic and write none, unless its writers are declared.
 */
export function gatherFreshness(
  facts: FreshnessFacts,
  memory: EvidenceMemory,
  forgetAfter: Millis,
): { readonly parts: FreshPart[]; readonly memory: EvidenceMemory } {
  const { topology, at } = facts;
  const nodes = topology.nodes.filter(
    (node) => hasFreshness(node.kind) && !node.gone && (node.seen || !isStage(node.kind)),
  );
  const present = new Set(nodes.map((node) => keyOf(node.pipeline, nodeId(node.kind, node.node))));
  const edges = topology.edges.filter((edge) => !edge.gone);
  const series = rememberSeries(facts, memory, forgetAfter);
  const times = new Map([...memory.times].filter(([, time]) => at - time < forgetAfter));
  const note = (key: string, time: Millis) => {
    if (time > 0) times.set(key, Math.max(times.get(key) ?? 0, time));
  };
  for (const [key, time] of doings(facts)) note(key, time);
  for (const edge of edges) {
    if (edge.kind === 'consumes' && !Number.isNaN(edge.lag)) note(measureKey(edge), at);
  }
  const bySeries = Map.groupBy(series.values(), ({ owner }) => owner);
  const into = Map.groupBy(edges, (edge) => keyOf(edge.pipeline, nodeId(edge.toKind, edge.to)));
  const feeds = Map.groupBy(edges, (edge) => keyOf(edge.pipeline, nodeId(edge.fromKind, edge.from)));

  const parts = nodes.map((node): FreshPart => {
    const { pipeline, kind, node: name } = node;
    const id = nodeId(kind, name);
    const incoming = into.get(keyOf(pipeline, id)) ?? [];
    if (isStage(kind)) {
      const reads = incoming.filter((edge) => edge.kind === 'consumes' || edge.kind === 'reads');
      const owned = bySeries.get(keyOf(pipeline, id)) ?? [];
      return {
        pipeline,
        kind,
        node: name,
        inputs: reads.map((edge) => nodeId(edge.fromKind, edge.from)),
        evidence: {
          inputs: reads.map((edge) => inputOf(edge, times, at)),
          events: owned.filter(({ says }) => says === 'event_time'),
          watermarks: owned.filter(({ says }) => says === 'watermark'),
          handledAt: times.get(handleKey(pipeline, name)) ?? 0,
        },
      };
    }
    const isSink = (stage: string) => {
      const key = keyOf(pipeline, stage);
      const reads = (into.get(key) ?? []).some((edge) => edge.kind === 'consumes' || edge.kind === 'reads');
      return reads && !(feeds.get(key) ?? []).some((edge) => edge.kind === 'produces');
    };
    const declared = incoming.filter((edge) => edge.kind === 'produces' || edge.kind === 'writes');
    const called = incoming.filter((edge) => edge.kind === 'calls' && isSink(nodeId(edge.fromKind, edge.from)));
    const writers = (declared.length > 0 ? declared : called).map((edge) => nodeId(edge.fromKind, edge.from));
    return { pipeline, kind, node: name, inputs: writers.filter((writer) => present.has(keyOf(pipeline, writer))) };
  });
  return {
    // Nobody knows what a dataset without writers is made of.
    parts: parts.filter(({ kind, inputs }) => inputs.length > 0 || isStage(kind) || kind === 'topic'),
    memory: { series, times },
  };
}

function keyOf(pipeline: string, id: string): string {
  return JSON.stringify([pipeline, id]);
}

const handleKey = (pipeline: string, stage: string) => JSON.stringify(['handles', pipeline, stage]);
const writeKey = (pipeline: string, topic: string) => JSON.stringify(['written', pipeline, topic]);
const measureKey = ({ pipeline, from, to, group }: LiveEdge) => JSON.stringify(['measured', pipeline, from, to, group]);

function inputOf(edge: LiveEdge, times: ReadonlyMap<string, Millis>, at: Millis): InputEvidence {
  const measuredAt = edge.kind === 'consumes' ? (times.get(measureKey(edge)) ?? 0) : 0;
  return {
    id: nodeId(edge.fromKind, edge.from),
    waiting: edge.lag,
    waitingSeconds: edge.lagSeconds,
    wasMeasured: Number.isNaN(edge.lag) && measuredAt > 0 && at - measuredAt < MISSED_MS,
    rate: edge.rate * (1 - (Number.isNaN(edge.errorRatio) ? 0 : edge.errorRatio)),
    writtenAt: times.get(writeKey(edge.pipeline, edge.from)) ?? 0,
  };
}

/** When stages last handled and topics were last written, by what spans and pathways tell. */
function* doings({ activity, pathways, topology, at }: FreshnessFacts): Iterable<[string, Millis]> {
  const { definitions } = topology;
  for (const { pipeline, service, kind, topic, goodAt } of activity) {
    const home = definitions.homeOf(pipeline, 'service', service);
    yield [handleKey(home, service), Math.min(goodAt, at)];
    if (kind === 'Producer') yield [writeKey(home, topic), Math.min(goodAt, at)];
  }
  for (const { pipeline, service, kind, other, lastSeen } of pathways) {
    const home = definitions.homeOf(pipeline, 'service', service);
    yield [handleKey(home, service), Math.min(lastSeen + STEP_MS, at)];
    if (kind === 'produces') yield [writeKey(home, other), Math.min(lastSeen + STEP_MS, at)];
  }
}

/** The event times of every series, each only moved on by an event newer than all before. */
function rememberSeries(
  { topology, activity, eventTimes, from, at }: FreshnessFacts,
  memory: EvidenceMemory,
  forgetAfter: Millis,
) {
  const series = new Map([...memory.series].filter(([, one]) => at - one.sampledAt < forgetAfter));
  const { definitions } = topology;
  const ownerOf = (pipeline: string, kind: 'service' | 'job', name: string) =>
    keyOf(definitions.homeOf(pipeline, kind, name), nodeId(kind, name));
  const add = (
    key: string,
    fact: EventEvidence & { owner: string; says: EventTimeFact['says'] },
    movedInRange: boolean,
  ) => {
    const known = series.get(key);
    if (known !== undefined && known.furthest >= fact.furthest) {
      series.set(key, { ...known, sampledAt: Math.max(known.sampledAt, fact.sampledAt) });
    } else {
      // Of a series that stood still since it was first heard, nobody knows how late its events were.
      series.set(key, known !== undefined || movedInRange ? fact : { ...fact, reachedAt: fact.furthest });
    }
  };
  for (const one of eventTimes) {
    const { pipeline, service, job, says, furthest, sampledAt } = one;
    const owner = job === '' ? ownerOf(pipeline, 'service', service) : ownerOf(pipeline, 'job', job);
    const reachedAt = Math.min(one.reachedAt, at);
    add(
      `${says}:${one.series}`,
      { owner, says, furthest, reachedAt, sampledAt, beats: true },
      one.reachedAt > one.firstSampledAt,
    );
  }
  for (const { pipeline, service, kind, topic, furthest, reachedAt, toldAt } of activity) {
    if (furthest === 0) continue;
    const owner = ownerOf(pipeline, 'service', service);
    const fact = {
      owner,
      says: 'event_time',
      furthest,
      reachedAt: Math.min(reachedAt, at),
      sampledAt: toldAt,
      beats: false,
    } as const;
    add(JSON.stringify([owner, kind, topic]), fact, reachedAt > from + STEP_MS);
  }
  return series;
}
