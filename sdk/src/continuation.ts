import { type Carrier, headerValue } from './carrier.ts';
import { Batch, type Position, pathways } from './pathway.ts';
import { PATHWAY_HEADER } from './pathway-header.ts';

/** Where a record is on its way; to be kept and handed to `continuePathway`. */
export interface Pathway {
  /** Unix milliseconds at which it began. */
  readonly began: number;
}

class Kept implements Pathway {
  readonly position: Position;

  constructor(position: Position) {
    this.position = position;
  }

  get began(): number {
    return this.position.origin / 1000;
  }
}

/** The pathway of the record being handled (of a batch: of one of its records); undefined outside of any. */
export function currentPathway(): Pathway | undefined {
  const position = pathways.handling.getStore()?.position();
  return position === undefined ? undefined : new Kept(position);
}

/**
 * Runs `work` so that what it sends continues a pathway kept before: records that are buffered and sent later, from a
 * timer say. Of several (a join, an aggregate) the one that began first is continued: a result is as old as its oldest
 * part. Without any, `work` is outside of pathways, and what it sends begins one.
 */
export function continuePathway<T>(from: Pathway | readonly (Pathway | undefined)[] | undefined, work: () => T): T {
  const list = (Array.isArray(from) ? from : [from]) as (Pathway | undefined)[];
  let oldest: Position | undefined;
  for (const kept of list) {
    if (!(kept instanceof Kept)) continue;
    if (oldest === undefined || kept.position.origin < oldest.origin) oldest = kept.position;
  }
  return pathways.handling.run(oldest === undefined ? undefined : oldest, work);
}

/**
 * Within the handler of a batch: runs `work` for one of its messages, so that what it sends continues that message and
 * none other. `message` is the message itself, or anything with its headers.
 */
export function withMessage<T>(
  message: { readonly headers?: Carrier | ReadonlyMap<unknown, unknown> },
  work: () => T,
): T {
  const batch = pathways.handling.getStore();
  if (!(batch instanceof Batch)) return work();
  const { headers } = message;
  const carrier = headers instanceof Map ? Object.fromEntries([...headers].map(([k, v]) => [String(k), v])) : headers;
  return pathways.handling.run(batch.of(headerValue(carrier as Carrier, PATHWAY_HEADER)), work);
}
