import type { InstrumentationScope, Resource } from '../../collector/otlp/model.ts';
import type { Rejections } from '../../collector/otlp/rejections.ts';
import type { LeanTable } from '../../collector/reader/tables.ts';
import { attributePairs, serviceName } from './attributes.ts';
import { lookup, pipeline } from './lean-derived.ts';

/**
 * Rows of the lean tables as plain objects, made the slow way from the objects of a request, in the order in which the
 * reader emits them. Integers of 64 bits are decimal text, times are unix nanoseconds as text, ids are hex, maps are
 * lists of pairs, NaN and infinities are 'nan', 'inf' and '-inf'. In the place of a scope's or a series' id stands what
 * its row says (without its id and Seen).
 */
export type LeanRow = Readonly<Record<string, unknown>>;
export type ItemTable = Exclude<LeanTable, 'resource_scopes' | 'metric_series'>;

export interface LeanContext {
  readonly now: bigint;
  readonly oldest: bigint;
  readonly newest: bigint;
}

export class LeanRows {
  readonly rows = new Map<ItemTable, LeanRow[]>();
  readonly rejected = new Map<string, number>();
  accepted = 0;

  add(table: ItemTable, row: LeanRow): void {
    const rows = this.rows.get(table);
    if (rows === undefined) this.rows.set(table, [row]);
    else rows.push(row);
    this.accepted += 1;
  }

  reject(reason: string, items = 1): void {
    this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + items);
  }

  /** Counts what is in `rejections`; true when there was anything. */
  refused(rejections: Rejections): boolean {
    for (const [reason, items] of rejections.counts) this.reject(reason, items);
    return rejections.total > 0;
  }

  /** Counts an item outside the times that are taken. */
  outside(time: bigint, context: LeanContext): boolean {
    if (time >= context.oldest && time <= context.newest) return false;
    this.reject(time < context.oldest ? 'too_old' : 'too_new');
    return true;
  }
}

/** The columns of a row of resource_scopes but its id and Seen. */
export function scopeRow(
  resource: Resource | undefined,
  resourceSchemaUrl: string | undefined,
  scope: InstrumentationScope | undefined,
  scopeSchemaUrl: string | undefined,
): LeanRow {
  const of = lookup(resource?.attributes);
  return {
    ServiceName: serviceName(resource),
    Pipeline: pipeline(of),
    Origin: of('weir.origin'),
    ConsoleUrl: of('weir.console.url'),
    ResourceSchemaUrl: resourceSchemaUrl ?? '',
    ResourceAttributes: attributePairs(resource?.attributes),
    ResourceDroppedAttributes: resource?.droppedAttributesCount ?? 0,
    EntityRefs: entityRefs(resource),
    ScopeSchemaUrl: scopeSchemaUrl ?? '',
    ScopeName: scope?.name ?? '',
    ScopeVersion: scope?.version ?? '',
    ScopeAttributes: attributePairs(scope?.attributes),
    ScopeDroppedAttributes: scope?.droppedAttributesCount ?? 0,
  };
}

function entityRefs(resource: Resource | undefined): string {
  const refs = resource?.entityRefs ?? [];
  if (refs.length === 0) return '';
  return JSON.stringify(
    refs.map(({ schemaUrl = '', type = '', idKeys = [], descriptionKeys = [] }) => ({
      schemaUrl,
      type,
      idKeys,
      descriptionKeys,
    })),
  );
}

export function text(value: bigint | undefined): string {
  return (value ?? 0n).toString();
}

/** An id of `digits` hex digits; one of any other length is none. */
export function fixedId(id: string | undefined, digits: number): string {
  return id?.length === digits ? id : '0'.repeat(digits);
}

export function float(value: number | undefined): number | string {
  const number = value ?? 0;
  if (Number.isFinite(number)) return number;
  return Number.isNaN(number) ? 'nan' : number > 0 ? 'inf' : '-inf';
}
