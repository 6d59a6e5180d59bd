import { ATTR, METRIC } from '../../../../core/semconv.ts';
import type { Millis } from '../../../../core/time.ts';
import type { Sample } from '../exposition.ts';
import type { Point, ScopeOrigin } from '../points.ts';
import { connectPoint, taskStates } from './connect.ts';

/** A source that has been quiet this long shows a lag of its last event, not of now. */
const QUIET_MS = 10_000;

/** What Debezium's streaming metrics say of one task; undefined where they do not. Milliseconds; -1 is "never". */
export interface StreamingMetrics {
  /** Between the last event in the database and its handling. */
  readonly behind: number | undefined;
  /** Since an event was handled. */
  readonly sinceLast: number | undefined;
  readonly isConnected: boolean | undefined;
  /** Whether events wait in its queue for Connect to take them. */
  readonly hasQueued: boolean | undefined;
  readonly isFailed: boolean;
}

export interface SourceProgress {
  /** Seconds. */
  readonly lag: number | undefined;
  /** Of the newest event that was handled. */
  readonly eventTime: Millis | undefined;
  /** All changes before it were handled. */
  readonly watermark: Millis | undefined;
}

/**
 * How far a reader of a database's log is. `MilliSecondsBehindSource` is worked out when an event is handled and stays as
 * it is until the next one (DBZ-8885), so it holds for as long as events come. After that
 *
 *   connected, nothing queued, not failed:  the source is quiet; lag 0, and the watermark is now
 *   disconnected, failed, or queued:        lag = behind + time since the last event, which grows with the clock
 *   not known whether it is connected:      nothing is said
 *
 * A failed task is never caught up: its lag is above 0 even if it failed at once.
 */
export function sourceProgress(metrics: StreamingMetrics, now: Millis): SourceProgress {
  const { behind, sinceLast, isConnected, hasQueued, isFailed } = metrics;
  if (behind === undefined || behind < 0) return { lag: undefined, eventTime: undefined, watermark: undefined };
  const isTimed = sinceLast !== undefined && sinceLast >= 0;
  const eventTime = isTimed ? now - sinceLast - behind : undefined;
  if (isFailed || isConnected === false) {
    const lag = isTimed ? behind + sinceLast : behind;
    return { lag: Math.max(isFailed ? 1 : 0, lag) / 1000, eventTime, watermark: eventTime };
  }
  if (!isTimed) return { lag: behind / 1000, eventTime, watermark: undefined };
  if (sinceLast <= QUIET_MS) return { lag: behind / 1000, eventTime, watermark: eventTime };
  if (hasQueued === true) return { lag: (behind + sinceLast) / 1000, eventTime, watermark: eventTime };
  if (isConnected === undefined) return { lag: undefined, eventTime, watermark: undefined };
  return { lag: 0, eventTime, watermark: now };
}

/** With the rules of Debezium's example and Strimzi's, and without any, when the kind of connector stands in the name. */
const METRIC_NAME = /^debezium_(?:(\w+?)_)?(?:connector_)?metrics_(\w+)$/i;

const SYSTEMS: ReadonlyMap<string, string> = new Map([
  ['postgres', 'postgresql'],
  ['sql_server', 'microsoft.sql_server'],
  ['oracle', 'oracle.db'],
  ['db2', 'ibm.db2'],
  ['spanner', 'gcp.spanner'],
]);

interface Task {
  readonly server: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly labels: ReadonlyMap<string, string>;
  readonly timestamp: Millis | undefined;
  readonly values: Map<string, number>;
}

const SCOPE: ScopeOrigin = { name: 'weir/prometheus/debezium', version: '' };

/**
 * What Debezium's metrics say, through a JMX exporter: `weir.source.lag_time`, `weir.event.time` and `weir.watermark` of a
 * service named as the connector names itself (`topic.prefix`). Whether its task has failed is known where the connector's
 * name is the same; else a failed task of any connector on the page stands against calling this one idle.
 */
export function debeziumFacts(samples: readonly Sample[], time: Millis): Point[] {
  const tasks = streamingTasks(samples);
  if (tasks.size === 0) return [];
  const states = taskStates(samples);
  const points: Point[] = [];
  for (const { server, attributes, labels, timestamp, values } of tasks.values()) {
    const own = states.get(server);
    const tasksOf =
      own === undefined ? [...states.values()].flatMap((known) => [...known.values()]) : [...own.values()];
    const connected = values.get('connected');
    const [total, free] = [values.get('queuetotalcapacity'), values.get('queueremainingcapacity')];
    const hasFailure = tasksOf.includes('failed');
    const progress = sourceProgress(
      {
        behind: values.get('millisecondsbehindsource'),
        sinceLast: values.get('millisecondssincelastevent'),
        // A failure that may be another connector's is no failure of this one, and no peace either.
        isConnected:
          connected === undefined || (own === undefined && hasFailure && connected === 1) ? undefined : connected === 1,
        hasQueued: total === undefined || free === undefined ? undefined : free < total,
        isFailed: own !== undefined && hasFailure,
      },
      timestamp ?? time,
    );
    const add = (metric: string, unit: string, value: number | undefined) => {
      if (value === undefined) return;
      const data = { kind: 'level', value } as const;
      points.push(connectPoint({ service: server, metric, unit, attributes, labels, timestamp, data }, SCOPE, time));
    };
    add(METRIC.sourceLagTime, 's', progress.lag);
    add(METRIC.eventTime, 'ms', progress.eventTime);
    add(METRIC.watermark, 'ms', progress.watermark);
  }
  return points;
}

function streamingTasks(samples: readonly Sample[]): ReadonlyMap<string, Task> {
  const tasks = new Map<string, Task>();
  for (const { name, labels, value, timestamp } of samples) {
    const [, kind, metric] = name.startsWith('debezium_') ? (METRIC_NAME.exec(name) ?? []) : [];
    const context = labels.get('context') ?? '';
    if (metric === undefined || (context !== 'streaming' && context !== 'binlog')) continue;
    // Older rules leave the task in the name: "dbserver1, task=0".
    const [server = '', inName] = (labels.get('server') ?? labels.get('name') ?? '').split(', task=');
    if (server === '') continue;
    const task = labels.get('task') ?? inName;
    const database = labels.get('database');
    const plugin = (labels.get('plugin') ?? kind ?? '').toLowerCase();
    const key = [labels.get('instance'), server, task, database].join('\n');
    const known = tasks.get(key);
    if (known !== undefined) {
      known.values.set(metric.toLowerCase(), value);
      continue;
    }
    const attributes = {
      ...(plugin === '' ? {} : { [ATTR.dbSystem]: SYSTEMS.get(plugin) ?? plugin }),
      ...(database === undefined ? {} : { [ATTR.dbNamespace]: database }),
      ...(task === undefined ? {} : { task }),
    };
    tasks.set(key, { server, attributes, labels, timestamp, values: new Map([[metric.toLowerCase(), value]]) });
  }
  return tasks;
}
