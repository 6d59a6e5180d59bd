import { type Context, context, type Span, type SpanOptions, SpanStatusCode, trace } from '@opentelemetry/api';
import { ATTR, SCOPE } from './semconv.ts';

/** Class of a failure as `error.type` wants it: low in cardinality, so a code or a class name and never a message. */
export function errorType(error: unknown): string {
  if (!(error instanceof Error)) return '_OTHER';
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string' && code !== '') return code;
  // A subclass that sets no name inherits one that says nothing.
  return (error.name === 'Error' ? error.constructor.name : error.name) || '_OTHER';
}

/**
 * Marks work as failed without throwing: for a stage that catches, counts and goes on, as one with a dead letter topic
 * does. The active span (the record being handled) is meant unless another is given.
 */
export function recordError(error: unknown, span: Span | undefined = trace.getActiveSpan()): void {
  if (span === undefined) return;
  const message = error instanceof Error ? error.message : String(error);
  span.recordException(error instanceof Error ? error : message);
  span.setAttribute(ATTR.errorType, errorType(error));
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as { then?: unknown } | undefined)?.then === 'function';
}

/**
 * Runs `work` in a span that ends with it, whether it returns, throws, resolves or rejects; its outcome is passed on
 * untouched.
 */
export function inSpan<T>(name: string, options: SpanOptions, work: (span: Span) => T, parent?: Context): T {
  const from = parent ?? context.active();
  const span = trace.getTracer(SCOPE).startSpan(name, options, from);
  const failed = (error: unknown) => {
    recordError(error, span);
    span.end();
  };
  let result: T;
  try {
    result = context.with(trace.setSpan(from, span), () => work(span));
  } catch (error) {
    failed(error);
    throw error;
  }
  if (!isPromise(result)) {
    span.end();
    return result;
  }
  return result.then(
    (value) => {
      span.end();
      return value;
    },
    (error: unknown) => {
      failed(error);
      throw error;
    },
  ) as T;
}
