import { type Attributes, SpanKind } from '@opentelemetry/api';
import { ATTR } from './semconv.ts';
import { inSpan } from './span.ts';

export interface CallOptions {
  /** `db.system.name`: sqlite, postgresql, clickhouse... */
  readonly system: string;
  /** `db.namespace`: the database called. */
  readonly database: string;
  /** INSERT, SELECT... */
  readonly operation: string;
  /** Table or collection. */
  readonly collection?: string;
  readonly attributes?: Attributes;
}

/** A call to a database whose client no instrumentation covers, as a client span. */
export function callDatabase<T>(options: CallOptions, call: () => T): T {
  const target = options.collection ?? options.database;
  const attributes: Attributes = {
    ...options.attributes,
    [ATTR.dbSystem]: options.system,
    [ATTR.dbNamespace]: options.database,
    [ATTR.dbOperation]: options.operation,
    ...(options.collection === undefined ? {} : { [ATTR.dbCollection]: options.collection }),
  };
  return inSpan(`${options.operation} ${target}`, { kind: SpanKind.CLIENT, attributes }, call);
}
