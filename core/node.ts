/**
 * What a pipeline is made of. `service`, `job` and `group` are stages: they handle records (a `job` is known by its engine, a
 * `group` by the broker alone). The others hold records or are called.
 */
const NODE_KINDS = ['service', 'job', 'group', 'topic', 'dataset', 'database', 'external'] as const;
export type NodeKind = (typeof NODE_KINDS)[number];

/** `produces`: stage to topic. `consumes`: topic to stage. `calls`: stage to what it calls. `writes` and `reads`: a stage's datasets. */
const EDGE_KINDS = ['produces', 'consumes', 'calls', 'writes', 'reads'] as const;
export type EdgeKind = (typeof EDGE_KINDS)[number];

/** How much hangs on a part, the least first. */
export const CRITICALITIES = ['low', 'medium', 'high', 'critical'] as const;
export type Criticality = (typeof CRITICALITIES)[number];

/** Whether nodes of the kind handle records, and so have states, lag and freshness of their own. */
export function isStage(kind: NodeKind): boolean {
  return kind === 'service' || kind === 'job' || kind === 'group';
}

/** `<kind>:<name>`: a topic and a service may share a name. */
export function nodeId(kind: NodeKind, name: string): string {
  return `${kind}:${name}`;
}
