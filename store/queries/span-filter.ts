import type { Labels } from '../../core/labels.ts';
import { ATTR } from '../../core/semconv.ts';
import type { Millis } from '../../core/time.ts';
import type { SpanKind, SpanStatus } from './traces.ts';

/** What a span must be to be found; all that is given must hold. */
export interface SpanFilter {
  readonly pipeline?: string;
  readonly service?: string;
  readonly operation?: string;
  readonly kind?: SpanKind;
  readonly status?: SpanStatus;
  readonly minDurationMs?: number;
  readonly maxDurationMs?: number;
  /**
   * Attributes of the span, by their newest name, and their values. A value of '' asks for spans without the attribute.
   * Attributes with a column of their own (`http.response.status_code`, `http.route`, `error.type`, `messaging.*` and the like) find
   * spans with an older spelling too.
   */
  readonly attributes?: Labels;
  /** Attributes of the span's resource. */
  readonly resource?: Labels;
}

export interface FilterSql {
  /** What can be told from columns that cost little, for PREWHERE. */
  readonly cheap: string;
  /** What takes the map of attributes, for WHERE. */
  readonly dear: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Nanoseconds since 1970 as text or bigint: exact, unlike a number. */
export const nanosOf = (time: Millis): bigint => BigInt(Math.round(time * 1000)) * 1000n;

/** Conditions for a FROM `spans`, in [from, to) nanoseconds. Names of parameters begin with `f_`. */
export function filterSql(filter: SpanFilter, from: bigint, to: bigint): FilterSql {
  const params: Record<string, unknown> = { f_from: from.toString(), f_to: to.toString() };
  const cheap = [
    'Timestamp >= fromUnixTimestamp64Nano({f_from:Int64})',
    'Timestamp < fromUnixTimestamp64Nano({f_to:Int64})',
  ];
  const dear: string[] = [];
  const bind = (type: string, value: unknown): string => {
    const name = `f_${Object.keys(params).length}`;
    params[name] = value;
    return `{${name}:${type}}`;
  };
  const equal = { Pipeline: filter.pipeline, ServiceName: filter.service, SpanName: filter.operation };
  for (const [column, value] of Object.entries({ ...equal, SpanKind: filter.kind, StatusCode: filter.status })) {
    if (value !== undefined) cheap.push(`${column} = ${bind('String', value)}`);
  }
  if (filter.minDurationMs !== undefined) {
    cheap.push(`Duration >= ${bind('UInt64', durationOf(filter.minDurationMs))}`);
  }
  if (filter.maxDurationMs !== undefined) {
    cheap.push(`Duration <= ${bind('UInt64', durationOf(filter.maxDurationMs))}`);
  }
  for (const [key, value] of Object.entries(filter.attributes ?? {})) {
    const column = columnSql(key, value, bind);
    if (column !== undefined) cheap.push(column);
    else {
      const name = bind('String', key);
      if (value !== '') {
        cheap.push(`position(AttributeKeys, ${packedSql(name)}) > 0`);
        cheap.push(`position(AttributeValues, ${packedSql(bind('String', value))}) > 0`);
      }
      dear.push(`Attributes[${name}] = ${bind('String', value)}`);
    }
  }
  const resource = Object.entries(filter.resource ?? {});
  if (resource.length > 0) {
    const held = resource.map(
      ([key, value]) => `ResourceAttributes[${bind('String', key)}] = ${bind('String', value)}`,
    );
    cheap.push(`ScopeId IN (SELECT ScopeId FROM resource_scopes WHERE ${held.join(' AND ')})`);
  }
  return { cheap: cheap.join(' AND '), dear: dear.length === 0 ? '1' : dear.join(' AND '), params };
}

/** `text` (an SQL expression) as it stands in AttributeKeys and AttributeValues, its closing zero byte included. */
export function packedSql(text: string): string {
  return `concat(replaceAll(replaceAll(${text}, '\\x01', '\\x01\\x02'), '\\0', '\\x01\\x01'), '\\0')`;
}

function durationOf(ms: number): string {
  return BigInt(Math.round(Math.max(0, ms) * 1e6)).toString();
}

type Bind = (type: string, value: unknown) => string;

/** A condition on the column that holds an attribute, or undefined where none holds all of it. */
function columnSql(key: string, value: string, bind: Bind): string | undefined {
  if (value === '') return undefined;
  const text = () => bind('String', value);
  switch (key) {
    case 'http.response.status_code':
      // What is no number of a status does not fit in the column.
      return /^[1-9]\d{0,3}$/.test(value) ? `HttpStatus = ${bind('UInt16', value)}` : undefined;
    case 'http.route':
      return `HttpRoute = ${text()}`;
    case ATTR.errorType:
      return `ErrorType = ${text()}`;
    case 'db.collection.name':
      return `DbCollection = ${text()}`;
    case ATTR.messagingDestination:
      return `DestinationKind = 'topic' AND Destination = ${text()}`;
    case ATTR.messagingSystem:
      return `DestinationKind = 'topic' AND DestinationSystem = ${text()}`;
    case ATTR.messagingGroup:
      return `DestinationKind = 'topic' AND ConsumerGroup = ${text()}`;
    default:
      return undefined;
  }
}
