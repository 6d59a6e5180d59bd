import { createHash } from 'node:crypto';
import { STEP_MS, stepStart } from '../core/time.ts';
import type { Checkpoint } from '../store/queries/pathways.ts';
import { pathwayBuckets } from '../store/queries/pathways-buckets.ts';
import type { SampledCheckpoint } from '../store/queries/pathways-sampled.ts';
import type { PathwaySpan } from '../store/queries/pathways-spans.ts';

/** Why spans say nothing of a pathway. */
export const UNTOLD_REASONS = ['upstream_not_found', 'too_deep'] as const;
export type UntoldReason = (typeof UNTOLD_REASONS)[number];

export interface Derived {
  readonly rows: readonly SampledCheckpoint[];
  readonly untold: Readonly<Record<UntoldReason, number>>;
  /** Traces that were linked to and are not among the spans: a further look may find them. */
  readonly missing: ReadonlySet<string>;
}

/** Where a span stands on its way: its checkpoint, and when the way and its last hop began. */
interface Standing {
  readonly checkpoint: Checkpoint;
  readonly origin: number;
  readonly previous: number;
}

const MOST_HOPS = 32;
const MOST_PARENTS = 64;

/**
 * Checkpoints told by plain spans. A consumer span received what the producer span sent that it links to (of a batch: one for each link)
 * or descends from; a producer span was sent while the consumer span was handled that it descends from in its service, or begins a
 * pathway. A consumer span that names nothing before it begins one as well. The latency of an edge is from start to start; where clocks
 * disagree it is none, and counted. `share` is the share of traces the seeds were taken from.
 */
export function derivePathways(seeds: readonly PathwaySpan[], others: readonly PathwaySpan[], share: number): Derived {
  const spans = new Map<string, PathwaySpan>();
  for (const span of [...others, ...seeds]) spans.set(key(span.trace, span.span), span);
  const traces = new Set([...spans.values()].map(({ trace }) => trace));
  const missing = new Set<string>();
  const untold: Record<UntoldReason, number> = { upstream_not_found: 0, too_deep: 0 };
  const cells = new Map<string, Cell>();

  /** The nearest producer or consumer span of a topic above one, a span of another service only where `across`. */
  const above = (span: PathwaySpan, across: boolean): PathwaySpan | undefined => {
    let at = span;
    for (let steps = 0; steps < MOST_PARENTS && at.parent !== ''; steps++) {
      const up = spans.get(key(at.trace, at.parent));
      if (up === undefined || (!across && up.service !== span.service)) return undefined;
      if (up.topic !== '' && (up.kind === 'Producer' || up.kind === 'Consumer')) return up;
      at = up;
    }
    return undefined;
  };
  const sentBy = (span: PathwaySpan, depth = 0): PathwaySpan[] => {
    const linked = span.links.flatMap(([trace, id]) => {
      const found = spans.get(key(trace, id));
      if (found === undefined && !traces.has(trace)) missing.add(trace);
      return found?.kind === 'Producer' ? [found] : [];
    });
    if (linked.length > 0) return linked;
    const up = above(span, true);
    if (up?.kind === 'Producer') return [up];
    // The span that received a batch stands above those that handle its records. Broken senders make rings of parents.
    const isReceipt = up?.kind === 'Consumer' && up.topic === span.topic && up.service === span.service;
    return isReceipt && depth < MOST_PARENTS ? sentBy(up, depth + 1) : [];
  };

  const standing = (span: PathwaySpan, depth: number): Standing | UntoldReason => {
    if (depth > MOST_HOPS) return 'too_deep';
    if (span.kind === 'Producer') {
      const reader = above(span, false);
      if (reader?.kind !== 'Consumer') return place(span, undefined, span.start);
      const upstream = standing(reader, depth + 1);
      return typeof upstream === 'string' ? upstream : place(span, upstream, reader.start);
    }
    const senders = sentBy(span);
    // Of a batch one stands for what is sent on, any as likely as the other.
    const sender = senders[Number.parseInt(span.span.slice(-6), 16) % Math.max(1, senders.length)];
    if (sender !== undefined) return receive(span, sender, depth);
    return span.parent === '' && span.links.length === 0 ? place(span, undefined, span.start) : 'upstream_not_found';
  };
  const receive = (span: PathwaySpan, sender: PathwaySpan, depth: number): Standing | UntoldReason => {
    const upstream = standing(sender, depth + 1);
    return typeof upstream === 'string' ? upstream : place(span, upstream, sender.start);
  };

  for (const seed of seeds) {
    const senders = seed.kind === 'Consumer' ? sentBy(seed) : [];
    const standings = senders.length > 0 ? senders.map((sender) => receive(seed, sender, 0)) : [standing(seed, 0)];
    const each = Math.max(1, seed.messages / standings.length) / (share * headShare(seed.traceState));
    for (const stands of standings) {
      if (typeof stands === 'string') untold[stands]++;
      else note(cells, seed, stands, each);
    }
  }
  return { rows: [...cells.values()].map(rowOf), untold, missing };
}

interface Cell {
  readonly checkpoint: Checkpoint;
  readonly time: number;
  estimated: number;
  skewed: number;
  readonly latencies: number[];
  readonly edges: number[];
}

function note(cells: Map<string, Cell>, span: PathwaySpan, { checkpoint, origin, previous }: Standing, each: number) {
  const time = stepStart(span.start, STEP_MS);
  const name = `${time} ${checkpoint.hash}`;
  const cell = cells.get(name) ?? { checkpoint, time, estimated: 0, skewed: 0, latencies: [], edges: [] };
  cells.set(name, cell);
  cell.estimated += each;
  if (span.start < previous || span.start < origin) cell.skewed++;
  cell.latencies.push(Math.max(0, span.start - origin) / 1000);
  cell.edges.push(Math.max(0, span.start - previous) / 1000);
}

function rowOf({ checkpoint, time, estimated, skewed, latencies, edges }: Cell): SampledCheckpoint {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    ...checkpoint,
    time,
    count: latencies.length,
    estimated,
    skewed,
    sum: sum(latencies),
    edgeSum: sum(edges),
    buckets: pathwayBuckets(latencies),
    edgeBuckets: pathwayBuckets(edges),
  };
}

function place(span: PathwaySpan, upstream: Standing | undefined, previous: number): Standing {
  const direction = span.kind === 'Producer' ? 'out' : 'in';
  const group = direction === 'in' ? span.group : '';
  const parent = upstream?.checkpoint.hash ?? '';
  const checkpoint: Checkpoint = {
    ...{ pipeline: span.pipeline, service: span.service, parent, direction, group },
    ...{ system: span.system, destination: span.topic, hash: '' },
  };
  return { checkpoint: { ...checkpoint, hash: hashOf(checkpoint) }, origin: upstream?.origin ?? span.start, previous };
}

/** The hash of docs/pathway.md, so that a way goes on where one service reports by itself and the next is read off traces. */
function hashOf({ parent, service, direction, system, destination, group }: Checkpoint): string {
  const digest = createHash('sha256').update(Buffer.from(parent.padStart(16, '0'), 'hex'));
  for (const text of [service, direction, system, destination, group]) digest.update(text).update('\0');
  const hash = digest.digest('hex').slice(0, 16);
  return hash === '0000000000000000' ? '0000000000000001' : hash;
}

/**
 * The share of traces that the sender kept, where its trace state says so: `ot=th:` holds the rejection threshold, up to 14 hexadecimal
 * digits of 56 bits (OpenTelemetry, probability sampling). Otherwise one.
 */
export function headShare(traceState: string): number {
  const threshold = /(?:^|,)\s*ot=(?:[^,]*;)?th:([0-9a-f]{1,14})(?:[;,]|$)/.exec(traceState)?.[1];
  if (threshold === undefined) return 1;
  return Math.max(1e-6, 1 - Number.parseInt(threshold.padEnd(14, '0'), 16) / 2 ** 56);
}

const key = (trace: string, span: string) => trace + span;
