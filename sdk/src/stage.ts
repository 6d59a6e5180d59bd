import { type Attributes, SpanKind } from '@opentelemetry/api';
import { tracesRecords } from './kafka-spans.ts';
import { pathways } from './pathway.ts';
import { inSpan } from './span.ts';

export interface StageOptions {
  readonly attributes?: Attributes;
  /**
   * Whether the step is a checkpoint of pathways, so that latencies to it and from it are known. Outside of any record
   * (a job that a clock starts) a pathway begins with the call.
   */
  readonly checkpoint?: boolean;
}

/** `messaging.system` of checkpoints that are plain functions. */
const SYSTEM = 'stage';

function atCheckpoint<T>(name: string, work: () => T): T {
  const route = pathways.recorder.route({ direction: 'in', system: SYSTEM, destination: name, group: '' });
  return pathways.handling.run(pathways.pass(route), work);
}

/**
 * A step of a pipeline that is a plain function: every call becomes a span of that name under the record being
 * handled, failed when the function throws or rejects. Arguments, `this` and result pass through.
 */
export function stage<This, Args extends unknown[], Result>(
  name: string,
  fn: (this: This, ...args: Args) => Result,
  options: StageOptions = {},
): (this: This, ...args: Args) => Result {
  const attributes = { ...options.attributes };
  return function staged(...args) {
    const call = () => fn.apply(this, args);
    const traced = () => (tracesRecords() ? inSpan(name, { kind: SpanKind.INTERNAL, attributes }, call) : call());
    return options.checkpoint === true && pathways.active ? atCheckpoint(name, traced) : traced();
  };
}
