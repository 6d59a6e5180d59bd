import { protocolErrorsCodesById } from '@platformatic/kafka';
import { WeirError } from '../../../core/errors.ts';

export function malformedAnswer(what: string): WeirError {
  return new WeirError('collector_kafka_lag_malformed', `an answer of Kafka cannot be read: ${what}`, {
    retryable: true,
  });
}

/** A broker that cannot be reached, or ended the connection, or did not answer in time. */
export function brokerAway(broker: string, cause: unknown): WeirError {
  return new WeirError('collector_kafka_lag_unreachable', `broker ${broker} does not answer: ${rootMessage(cause)}`, {
    retryable: true,
    cause,
  });
}

export function unsupportedCall(name: string, broker: string): WeirError {
  return new WeirError(
    'collector_kafka_lag_unsupported',
    `broker ${broker} knows no version of ${name} that is read here`,
  );
}

/** The innermost message: the client wraps what the socket said in sentences of its own. */
function rootMessage(error: unknown): string {
  let inner = error;
  for (let depth = 0; depth < 8 && inner instanceof Error; depth++) {
    const next: unknown = inner instanceof AggregateError ? inner.errors[0] : inner.cause;
    if (next === undefined) break;
    inner = next;
  }
  return inner instanceof Error ? inner.message : String(inner);
}

/** Errors of one topic, group or partition that pass once metadata is read again. */
const LEADERSHIP = new Set([3, 5, 6, 9, 72, 74, 75, 76, 100, 103]);
const COORDINATION = new Set([14, 15, 16]);

export const NONE = 0;
export const UNKNOWN_GROUP = 69;

/** Another broker leads the partition now, or none does yet. */
export function isLeadershipError(code: number): boolean {
  return LEADERSHIP.has(code);
}

/** Another broker coordinates the group now, or the coordinator is still loading. */
export function isCoordinationError(code: number): boolean {
  return COORDINATION.has(code);
}

/** Kafka's own name of an error code in lower case, as the reason of a counter. */
export function reasonOf(code: number): string {
  const names: Readonly<Record<number, string | undefined>> = protocolErrorsCodesById;
  return names[code]?.toLowerCase() ?? 'unknown_server_error';
}
