import type { Millis } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import type { CheckpointCounts } from '../store/queries/conservation-counts.ts';
import { type GroupLagRow, readGroupLags } from '../store/queries/group-lags.ts';
import { readServices, type ServiceSeen } from '../store/queries/ingest.ts';

/** A service that said nothing at all for so long is not there. */
const SILENT_MS = 300_000;
/** How far back the newest word of a service is looked for. */
const MEMORY_MS = 90 * 86_400_000;

export type Reader = Pick<CheckpointCounts, 'pipeline' | 'service' | 'destination' | 'group'>;

/** Whether a reader is there: a clause that says why not, '' where it is, undefined where nothing tells. */
export type Whereabouts = (reader: Reader) => string | undefined;

/** What is known at `at`, when the lag model has judged its groups, of who reads. */
export async function readWhereabouts(store: Store, at: Millis): Promise<Whereabouts> {
  const [groups, services] = await Promise.all([
    readGroupLags(store, { from: at, to: at + 1000 }),
    readServices(store, at - MEMORY_MS),
  ]);
  return (reader) => whereabouts(reader, groups, services, at);
}

/**
 * What a broker says of a group goes first: that it has no members, or that it knows the group no more while it knows others. A group that has
 * members may be read by a program that does not report pathways any more, and of other queues no broker tells: there the service counts,
 * which is gone when it says nothing of anything.
 */
export function whereabouts(
  { pipeline, service, destination, group }: Reader,
  groups: readonly GroupLagRow[],
  services: readonly ServiceSeen[],
  at: Millis,
): string | undefined {
  const rows = groups.filter((row) => row.group === group && row.topic === destination);
  const known = rows.filter(({ state }) => state !== 'unknown');
  if (known.length > 0 && known.every(({ state, members }) => state === 'dead' || members === 0))
    return `the group ${group} has no members`;
  const answering = new Set(groups.filter(({ state }) => state !== 'unknown').map(({ cluster }) => cluster));
  if (rows.length > 0 && rows.every((row) => row.state === 'unknown' && answering.has(row.cluster)))
    return `the broker tells of no group ${group} any more`;
  const seen = services.find((one) => one.pipeline === pipeline && one.service === service)?.lastSeen ?? 0;
  if (at - seen > SILENT_MS) return `the service ${service} sends no telemetry any more`;
  return known.length > 0 ? '' : undefined;
}
