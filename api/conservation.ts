import type { Known } from '../core/view.ts';
import type { Store } from '../store/client.ts';
import {
  type Conservation,
  type ConservationKind,
  readConservation,
  readLatestConservation,
} from '../store/queries/conservation.ts';
import { known } from './bands.ts';
import { invalid } from './failure.ts';
import type { Range } from './request.ts';

/** A judgement as the interface reads it: what is not known is null. */
export type ConservationRow = {
  readonly [name in keyof Conservation]: Conservation[name] extends number ? Known : Conservation[name];
};

export interface ConservationAnswer {
  readonly rows: readonly ConservationRow[];
}

/** How old the newest judgement of two checkpoints may be for them to be in the list. */
const CURRENT_MS = 300_000;

export interface ConservationFilter {
  readonly pipeline: string | undefined;
  readonly kind: ConservationKind | undefined;
}

/** The newest judgement of all pairs of checkpoints, those that lose records first. */
export async function readConservationList(
  store: Store,
  { pipeline, kind }: ConservationFilter,
  now: number,
): Promise<ConservationAnswer> {
  const rows = await readLatestConservation(store, {
    ...{ from: now - CURRENT_MS, to: now + 1000 },
    ...(pipeline === undefined ? {} : { pipeline }),
    ...(kind === undefined ? {} : { kind }),
  });
  return { rows: rows.map(rowOf) };
}

/** What was judged of the pairs that end at a checkpoint, oldest first. Throws `RequestError` 400 of what is no hash. */
export async function readConservationHistory(store: Store, hash: string, range: Range): Promise<ConservationAnswer> {
  if (!/^[0-9a-f]{16}$/.test(hash)) throw invalid('hash', 'A checkpoint is named by 16 hexadecimal digits');
  const rows = await readConservation(store, { from: range.from, to: range.to, to_hash: hash });
  return { rows: rows.map(rowOf) };
}

function rowOf(row: Conservation): ConservationRow {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === 'number' ? known(value) : value]),
  ) as ConservationRow;
}
