import type { Store } from '../../../store/client.ts';
import type { Buckets } from '../../../store/queries/buckets.ts';

/** A row of `red_10s`, merged. */
export interface RedRow {
  readonly time: number;
  readonly service: string;
  readonly kind: string;
  readonly operation: string;
  readonly destination: string;
  readonly system: string;
  readonly destinationKind: string;
  readonly group: string;
  readonly source: string;
  readonly count: number;
  readonly errors: number;
  readonly messages: number;
  readonly seconds: number;
  readonly eventTime: number;
  readonly buckets: Buckets;
}

/** The merged rows of one pipeline. */
export function readRed(store: Store, pipeline: string): Promise<RedRow[]> {
  return store.rows<RedRow>(
    `SELECT toUnixTimestamp(Time) * 1000 AS time, Service AS service, Kind AS kind, Operation AS operation,
        Destination AS destination, DestinationSystem AS system, DestinationKind AS destinationKind, ConsumerGroup AS group,
        Source AS source, sum(Count) AS count, sum(Errors) AS errors, sum(Messages) AS messages,
        sum(DurationSum) AS seconds, max(EventTimeMax) AS eventTime, sumMap(Buckets) AS buckets
    FROM red_10s WHERE Pipeline = {pipeline:String}
    GROUP BY time, service, kind, operation, destination, system, destinationKind, group, source
    ORDER BY time, service, kind, destination`,
    { pipeline },
  );
}
