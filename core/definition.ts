import { createGlob, type Matches } from './glob.ts';
import { type Criticality, type EdgeKind, isStage, type NodeKind } from './node.ts';
import type { Millis } from './time.ts';

/** A part of a declared pipeline: one by its exact name, or all that a glob (`*`) matches. Empty texts say nothing. */
export interface DeclaredPart {
  readonly kind: NodeKind;
  readonly name: string;
  readonly owner: string;
  readonly criticality: Criticality | '';
  readonly description: string;
}

/** An edge between parts by their exact names, in the direction of the data. */
export interface DeclaredEdge {
  readonly kind: EdgeKind;
  readonly from: string;
  readonly fromKind: NodeKind;
  readonly to: string;
  readonly toKind: NodeKind;
  readonly group: string;
}

export const INDICATORS = ['freshness', 'latency', 'errors'] as const;
export type Indicator = (typeof INDICATORS)[number];

/** `objective` is the share of good time (freshness) or good records; `target` the seconds up to which one is good, NaN for errors. */
export interface DeclaredSlo {
  readonly name: string;
  readonly indicator: Indicator;
  readonly kind: NodeKind;
  readonly node: string;
  readonly objective: number;
  readonly target: number;
  readonly period: Millis;
  /** Events a window needs before it can fire. */
  readonly minEvents: number;
}

/** What the configuration says of a pipeline. */
export interface PipelineDefinition {
  readonly name: string;
  readonly description: string;
  readonly owner: string;
  readonly criticality: Criticality | '';
  readonly parts: readonly DeclaredPart[];
  readonly edges: readonly DeclaredEdge[];
  readonly slos: readonly DeclaredSlo[];
}

/** Who answers for something and how much hangs on it; '' where nobody said. */
export interface Ownership {
  /** The declared pipeline it belongs to, '' when none does. */
  readonly pipeline: string;
  readonly owner: string;
  readonly criticality: Criticality | '';
}

/** The pipeline of telemetry that names none. */
export const NO_PIPELINE = 'default';

export function isGlob(name: string): boolean {
  return name.includes('*');
}

/** Looks up which declared part a node is. */
export interface DefinitionIndex {
  /**
   * The pipeline a node belongs to: its own, or, where telemetry names none, the first declared one with a part that matches.
   */
  homeOf(pipeline: string, kind: NodeKind, name: string): string;
  /** The part of the pipeline that a node is: by its exact name, else by the first glob that matches. */
  partOf(pipeline: string, kind: NodeKind, name: string): DeclaredPart | undefined;
  /** Who answers for a node: the part's owner, else the pipeline's, and criticality likewise. */
  ownershipOf(pipeline: string, kind: NodeKind, name: string): Ownership;
  definitionOf(pipeline: string): PipelineDefinition | undefined;
}

interface Indexed {
  readonly definition: PipelineDefinition;
  readonly exact: ReadonlyMap<string, DeclaredPart>;
  readonly globs: readonly { readonly part: DeclaredPart; readonly matches: Matches }[];
}

export function indexDefinitions(definitions: readonly PipelineDefinition[]): DefinitionIndex {
  const indexed = definitions.map((definition): Indexed => {
    const exact = definition.parts.filter(({ name }) => !isGlob(name));
    return {
      definition,
      exact: new Map(exact.map((part) => [`${part.kind}:${part.name}`, part])),
      globs: definition.parts
        .filter(({ name }) => isGlob(name))
        .map((part) => ({ part, matches: createGlob(part.name) })),
    };
  });
  const byName = new Map(indexed.map((one) => [one.definition.name, one]));

  /** What runs as a stage may be declared as any of the stages' kinds: a group is a service once its spans are seen. */
  const kindsOf = (kind: NodeKind): readonly NodeKind[] =>
    isStage(kind) ? [kind, ...(['service', 'job', 'group'] as const).filter((other) => other !== kind)] : [kind];
  const partIn = ({ exact, globs }: Indexed, kind: NodeKind, name: string): DeclaredPart | undefined => {
    for (const asked of kindsOf(kind)) {
      const part =
        exact.get(`${asked}:${name}`) ?? globs.find(({ part, matches }) => part.kind === asked && matches(name))?.part;
      if (part !== undefined) return part;
    }
    return undefined;
  };
  const homeOf = (pipeline: string, kind: NodeKind, name: string): string => {
    if (pipeline !== NO_PIPELINE || byName.has(NO_PIPELINE)) return pipeline;
    return indexed.find((one) => partIn(one, kind, name) !== undefined)?.definition.name ?? pipeline;
  };
  const partOf = (pipeline: string, kind: NodeKind, name: string): DeclaredPart | undefined => {
    const home = byName.get(homeOf(pipeline, kind, name));
    return home === undefined ? undefined : partIn(home, kind, name);
  };
  return {
    homeOf,
    partOf,
    ownershipOf(pipeline, kind, name) {
      const definition = byName.get(homeOf(pipeline, kind, name))?.definition;
      if (definition === undefined) return { pipeline: '', owner: '', criticality: '' };
      const part = partOf(pipeline, kind, name);
      return {
        pipeline: definition.name,
        owner: part?.owner || definition.owner,
        criticality: part?.criticality || definition.criticality,
      };
    },
    definitionOf: (pipeline) => byName.get(pipeline)?.definition,
  };
}
