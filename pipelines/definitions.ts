import { z } from 'zod';
import { duration } from '../core/config-values.ts';
import {
  type DeclaredEdge,
  type DeclaredPart,
  type DeclaredSlo,
  INDICATORS,
  isGlob,
  NO_PIPELINE,
  type PipelineDefinition,
} from '../core/definition.ts';
import { CRITICALITIES, type EdgeKind, isStage, type NodeKind } from '../core/node.ts';
import { hasFreshness } from './freshness.ts';

const name = z.string().trim().min(1);
const criticality = z.enum(CRITICALITIES).optional();

const part = z.union([
  name,
  z.strictObject({
    /** Exact, or with `*` for any run of characters. */
    name,
    owner: z.string().default(''),
    criticality,
    description: z.string().default(''),
  }),
]);
const parts = z.array(part).default([]);

/** The lists of a definition, and what kind of node their entries are. */
const LISTS = {
  stages: 'service',
  jobs: 'job',
  groups: 'group',
  topics: 'topic',
  datasets: 'dataset',
  databases: 'database',
  externals: 'external',
} as const satisfies Readonly<Record<string, NodeKind>>;

/** How an edge or an SLO names a part: `stage:billing`, `topic:orders`, `dataset:warehouse.orders`. */
const WORDS: ReadonlyMap<string, NodeKind> = new Map([
  ['stage', 'service'],
  ['job', 'job'],
  ['group', 'group'],
  ['topic', 'topic'],
  ['dataset', 'dataset'],
  ['database', 'database'],
  ['external', 'external'],
]);

interface PartRef {
  readonly kind: NodeKind;
  readonly name: string;
}

const partRef = z.string().transform((text, context): PartRef => {
  const at = text.indexOf(':');
  const kind = WORDS.get(text.slice(0, at));
  const rest = text.slice(at + 1).trim();
  if (at > 0 && kind !== undefined && rest !== '' && !isGlob(rest)) return { kind, name: rest };
  const message = `"${text}" names no part: write its kind and its exact name, such as stage:billing; kinds are ${[...WORDS.keys()].join(', ')}`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const edge = z
  .strictObject({
    /** In the direction of the data. */
    from: partRef,
    to: partRef,
    /** Consumer group, where a topic is read. */
    group: z.string().default(''),
  })
  .transform((given, context): DeclaredEdge => {
    const kind = edgeKind(given.from.kind, given.to.kind);
    if (kind === undefined) {
      const message = `no data flows from a ${given.from.kind} to a ${given.to.kind} by itself: one end must be a stage, job or group`;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    }
    const { from, to, group } = given;
    return { kind, from: from.name, fromKind: from.kind, to: to.name, toKind: to.kind, group };
  });

/** What flows between two kinds of parts; undefined where nothing does. */
function edgeKind(from: NodeKind, to: NodeKind): EdgeKind | undefined {
  if (isStage(from)) {
    if (to === 'topic') return 'produces';
    return to === 'dataset' || to === 'database' ? 'writes' : 'calls';
  }
  if (!isStage(to)) return undefined;
  return from === 'topic' ? 'consumes' : 'reads';
}

const slo = z
  .strictObject({
    name,
    indicator: z.enum(INDICATORS),
    /** What it is of. */
    of: partRef,
    /** Share of good time or good records, such as 0.99. */
    objective: z.number().gt(0).lt(1),
    /** Good is up to this: age of the newest complete event, or duration of handling one. */
    target: duration('0s').transform((ms) => (ms === 0 ? undefined : ms)),
    period: duration('30d'),
    /** Fewer events than this in a window prove nothing. */
    min_events: z.int().min(1).default(20),
  })
  .superRefine((given, context) => {
    const fail = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (given.indicator !== 'errors' && given.target === undefined) fail('target', 'is needed, such as 30s');
    if (given.indicator === 'errors' && given.target !== undefined) fail('target', 'means nothing for errors');
    if (given.indicator !== 'freshness' && !isStage(given.of.kind))
      fail('of', 'latency and errors are of a stage, such as stage:billing');
    if (given.indicator === 'freshness' && !hasFreshness(given.of.kind))
      fail('of', `freshness is of a stage, topic, dataset or database: nobody knows it of ${given.of.kind}s`);
    if (given.period < 86_400_000 || given.period > 90 * 86_400_000) fail('period', 'lies between 1d and 90d');
  })
  .transform(
    (given): DeclaredSlo => ({
      name: given.name,
      indicator: given.indicator,
      kind: given.of.kind,
      node: given.of.name,
      objective: given.objective,
      target: given.target === undefined ? Number.NaN : given.target / 1000,
      period: given.period,
      minEvents: given.min_events,
    }),
  );

/** One entry of `pipelines.definitions`: what is known of a pipeline beside what is discovered. */
const definitionConfig = z
  .strictObject({
    /** As telemetry names it (`weir.pipeline`), or a new one for what names none. */
    name,
    description: z.string().default(''),
    owner: z.string().default(''),
    criticality,
    stages: parts,
    jobs: parts,
    groups: parts,
    topics: parts,
    datasets: parts,
    databases: parts,
    externals: parts,
    edges: z.array(edge).default([]),
    slos: z.array(slo).default([]),
  })
  .superRefine((given, context) => {
    for (const list of Object.keys(LISTS) as (keyof typeof LISTS)[]) {
      const names = given[list].map((one) => (typeof one === 'string' ? one : one.name));
      names.forEach((one, i) => {
        if (names.indexOf(one) < i)
          context.addIssue({ code: 'custom', path: [list, i], message: `"${one}" stands here twice` });
      });
    }
    given.slos.forEach(({ name: slo }, i) => {
      if (given.slos.findIndex((other) => other.name === slo) < i)
        context.addIssue({ code: 'custom', path: ['slos', i, 'name'], message: `"${slo}" stands here twice` });
    });
  })
  .transform((given): PipelineDefinition => {
    const listed = (Object.keys(LISTS) as (keyof typeof LISTS)[]).flatMap((list) =>
      given[list].map((one): DeclaredPart => {
        const full = typeof one === 'string' ? { name: one, owner: '', criticality: undefined, description: '' } : one;
        return { kind: LISTS[list], ...full, criticality: full.criticality ?? '' };
      }),
    );
    return {
      name: given.name,
      description: given.description,
      owner: given.owner,
      criticality: given.criticality ?? '',
      parts: [...listed, ...implied(listed, given.edges, given.slos)],
      edges: given.edges,
      slos: given.slos,
    };
  });

/** Parts that only edges and SLOs name. */
function implied(listed: readonly DeclaredPart[], edges: readonly DeclaredEdge[], slos: readonly DeclaredSlo[]) {
  const known = new Set(listed.map((one) => `${one.kind}:${one.name}`));
  const refs: PartRef[] = [
    ...edges.flatMap((one) => [
      { kind: one.fromKind, name: one.from },
      { kind: one.toKind, name: one.to },
    ]),
    ...slos.map((one) => ({ kind: one.kind, name: one.node })),
  ];
  return refs.flatMap(({ kind, name: named }): DeclaredPart[] => {
    if (known.has(`${kind}:${named}`)) return [];
    known.add(`${kind}:${named}`);
    return [{ kind, name: named, owner: '', criticality: '', description: '' }];
  });
}

/** `pipelines.definitions`. Names are unique. */
export const definitionsConfig = z
  .array(definitionConfig)
  .default([])
  .superRefine((given, context) => {
    given.forEach((one, i) => {
      if (given.findIndex((other) => other.name === one.name) < i)
        context.addIssue({ code: 'custom', path: [i, 'name'], message: `"${one.name}" stands here twice` });
      if (one.name === NO_PIPELINE && given.length > 1)
        context.addIssue({
          code: 'custom',
          path: [i, 'name'],
          message: `"${NO_PIPELINE}" is what names no pipeline; beside other definitions it would take their parts`,
        });
    });
  });
