import { type Attributes, SpanKind } from '@opentelemetry/api';
import { inSpan } from './span.ts';

export interface StageOptions {
  readonly attributes?: Attributes;
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
  return function staged(...args) {
    return inSpan(name, { kind: SpanKind.INTERNAL, attributes: { ...options.attributes } }, () => fn.apply(this, args));
  };
}
