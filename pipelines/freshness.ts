import { isStage, type NodeKind, nodeId } from '../core/node.ts';
import type { Millis } from '../core/time.ts';
import type { FreshnessStatus } from '../store/queries/freshness.ts';
import { type FreshnessLimits, type FreshnessState, judgeFreshness, type StageEvidence } from './freshness-stage.ts';

/** A part of a pipeline that has a freshness. */
export interface FreshPart {
  readonly pipeline: string;
  readonly kind: NodeKind;
  readonly node: string;
  /** Ids (`kind:name`) of what it is made from: of a stage in the order of its evidence's inputs, of others their writers. */
  readonly inputs: readonly string[];
  /** What is known of a stage; other kinds are as complete as their writers. */
  readonly evidence?: StageEvidence;
}

/** What a part had reached at the end of past rounds: times and event times, ascending. */
export interface Past {
  readonly at: Millis[];
  readonly completeTo: Millis[];
}
export type FreshnessMemory = ReadonlyMap<string, Past>;

/** How far back rounds are remembered: a lag longer than this looks up the oldest of them. */
export const REMEMBERED_MS = 3_600_000;

function partKey(part: Pick<FreshPart, 'pipeline' | 'kind' | 'node'>): string {
  return JSON.stringify([part.pipeline, nodeId(part.kind, part.node)]);
}

interface Reached {
  readonly completeTo: Millis;
  /** As if everything upstream were complete. */
  readonly ownTo: Millis;
  readonly state: FreshnessState;
  readonly limitedBy: string;
  /** Why `limitedBy` is no further, in its own words. */
  readonly cause: string;
  readonly reason: string;
}

/**
 * The freshness of every part at `at`. A part is as complete as the least complete of its inputs was when it took from it what
 * it has handled: a stage that handled everything written until a minute ago is as complete as its input was a minute ago. Inputs on
 * a cycle (a retry topic) bound it by what waits in them alone. What was reached once is never taken back.
 */
export function spreadFreshness(
  parts: readonly FreshPart[],
  memory: FreshnessMemory,
  at: Millis,
  limits: FreshnessLimits,
): { readonly statuses: FreshnessStatus[]; readonly memory: FreshnessMemory } {
  const byKey = new Map(parts.map((part) => [partKey(part), part]));
  const inputsOf = (part: FreshPart) =>
    part.inputs.map((id) => byKey.get(JSON.stringify([part.pipeline, id]))).filter((one) => one !== undefined);
  const cycleOf = cycles(parts, inputsOf);
  const reached = new Map<string, Reached>();

  const reach = (part: FreshPart): Reached => {
    const key = partKey(part);
    const known = reached.get(key);
    if (known !== undefined) return known;
    const self = nodeId(part.kind, part.node);
    const before = lastOf(memory.get(key));
    const own = part.evidence === undefined ? undefined : judgeFreshness(part.evidence, at, limits);
    let best = {
      to: own === undefined ? at : Math.min(own.bound, at),
      by: self,
      reason: own?.reason ?? '',
      state: own?.state ?? 'current',
    };
    let ownTo = best.to;
    part.inputs.forEach((id, i) => {
      const asOf = own?.inputs[i] ?? at;
      const held = Number.isNaN(asOf);
      ownTo = Math.min(ownTo, held ? before : Math.min(asOf, at));
      const input = byKey.get(JSON.stringify([part.pipeline, id]));
      const isCycle = input === undefined || cycleOf.get(partKey(input)) === cycleOf.get(key);
      const upstream = isCycle ? undefined : reach(input);
      if (held) best = earlier(best, { ...best, to: before, by: self });
      else if (upstream === undefined) best = earlier(best, { ...best, to: Math.min(asOf, at), by: self });
      else {
        const to =
          asOf >= at ? upstream.completeTo : pastOf(memory.get(partKey(input as FreshPart)), asOf, upstream.completeTo);
        // What the stage itself is late with is its own doing, however late its input was.
        const isOwn = asOf < at - OWN_MS && (Number.isNaN(upstream.completeTo) || asOf < upstream.completeTo);
        best = earlier(
          best,
          isOwn
            ? { ...best, to, by: self }
            : { to, by: upstream.limitedBy, reason: upstream.cause, state: upstream.state },
        );
      }
    });
    const computed = Math.min(best.to, at);
    // NaN is "nothing was ever reached": the past wins over it.
    const completeTo = Number.isNaN(computed) ? before : Number.isNaN(before) ? computed : Math.max(before, computed);
    const result: Reached = {
      completeTo,
      ownTo: Number.isNaN(ownTo) ? completeTo : Math.max(ownTo, completeTo),
      state: own?.state ?? best.state,
      limitedBy: best.by,
      cause: best.reason,
      reason: best.by === self ? best.reason : `waits for ${nameOf(best.by)}: ${best.reason}`,
    };
    reached.set(key, result);
    return result;
  };

  const next = new Map<string, Past>();
  const statuses = parts.map((part): FreshnessStatus => {
    const { completeTo, ownTo, state, limitedBy, reason } = reach(part);
    next.set(partKey(part), remember(memory.get(partKey(part)), at, completeTo));
    const { pipeline, kind, node } = part;
    const seconds = (to: Millis) => Math.max(0, at - to) / 1000;
    return {
      time: at,
      pipeline,
      kind,
      node,
      completeTo,
      age: seconds(completeTo),
      ownAge: seconds(ownTo),
      state,
      limitedBy,
      reason,
    };
  });
  return { statuses, memory: next };
}

/** A stage counts as the one that holds back when it is later than this with what it takes. */
const OWN_MS = 10_000;

type Limit = { readonly to: Millis; readonly by: string; readonly reason: string; readonly state: FreshnessState };

function earlier(a: Limit, b: Limit): Limit {
  if (Number.isNaN(a.to)) return a;
  return Number.isNaN(b.to) || b.to < a.to ? b : a;
}

function nameOf(id: string): string {
  return id.slice(id.indexOf(':') + 1);
}

function lastOf(past: Past | undefined): Millis {
  return past?.completeTo.at(-1) ?? Number.NaN;
}

/** What a part had reached at `time`: as remembered, else no more than the oldest that is, nor than the time itself. */
function pastOf(past: Past | undefined, time: Millis, now: Millis): Millis {
  if (past === undefined || past.at.length === 0) return Math.min(time, now);
  const i = past.at.findLastIndex((at) => at <= time);
  return i < 0 ? Math.min(time, past.completeTo[0] as Millis) : (past.completeTo[i] as Millis);
}

function remember(past: Past | undefined, at: Millis, completeTo: Millis): Past {
  if (Number.isNaN(completeTo)) return past ?? { at: [], completeTo: [] };
  const first = past?.at.findIndex((time) => time > at - REMEMBERED_MS) ?? 0;
  const from = first < 0 ? (past?.at.length ?? 0) : first;
  return {
    at: [...(past?.at.slice(from) ?? []), at],
    completeTo: [...(past?.completeTo.slice(from) ?? []), completeTo],
  };
}

/** The cycle each part stands on, by a number: strongly connected components (Tarjan 1972), without recursion over long chains. */
function cycles(
  parts: readonly FreshPart[],
  inputsOf: (part: FreshPart) => readonly FreshPart[],
): ReadonlyMap<string, number> {
  const component = new Map<string, number>();
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  for (const root of parts) {
    if (order.has(partKey(root))) continue;
    const work: { readonly key: string; readonly inputs: readonly FreshPart[]; next: number }[] = [];
    const enter = (part: FreshPart) => {
      const key = partKey(part);
      order.set(key, order.size);
      low.set(key, order.size - 1);
      open.push(key);
      work.push({ key, inputs: inputsOf(part), next: 0 });
    };
    enter(root);
    for (let frame = work.at(-1); frame !== undefined; frame = work.at(-1)) {
      const { key } = frame;
      const input = frame.inputs[frame.next++];
      if (input === undefined) {
        work.pop();
        const above = work.at(-1);
        if (above !== undefined) low.set(above.key, Math.min(low.get(above.key) as number, low.get(key) as number));
        if (low.get(key) !== order.get(key)) continue;
        for (let member = open.pop(); member !== undefined; member = open.pop()) {
          component.set(member, order.get(key) as number);
          if (member === key) break;
        }
      } else if (!order.has(partKey(input))) enter(input);
      else if (!component.has(partKey(input)))
        low.set(key, Math.min(low.get(key) as number, order.get(partKey(input)) as number));
    }
  }
  return component;
}

/** Whether a kind of node has a freshness at all. */
export function hasFreshness(kind: NodeKind): boolean {
  return isStage(kind) || kind === 'topic' || kind === 'dataset' || kind === 'database';
}
