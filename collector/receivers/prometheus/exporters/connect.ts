import { ATTR, METRIC } from '../../../../core/semconv.ts';
import type { Millis } from '../../../../core/time.ts';
import type { Sample } from '../exposition.ts';
import { PIPELINE_LABELS, type Point, type PointData, type ScopeOrigin, textAttribute } from '../points.ts';

/** States of Kafka Connect's tasks, as `connector-task-metrics` spells them. */
export const TASK_STATES = [
  'running',
  'paused',
  'failed',
  'unassigned',
  'restarting',
  'stopped',
  'destroyed',
  'unknown',
] as const;
export type TaskState = (typeof TASK_STATES)[number];

/** `kafka_connect_connector_status` of the JMX exporter's example, and what others made of it. */
const STATUS = /^kafka_connect_connector_(?:task_)?(?:metrics_)?status$/;
/** Of `task-error-metrics`, with the rules of that example and without any. */
const TASK_ERROR = /^kafka_connect_task_error_(?:metrics_)?(\w+)$/;
const DEAD_LETTERED = 'deadletterqueue_produce_requests';
const ERROR_KINDS = new Set([
  'total_record_errors',
  'total_record_failures',
  'total_records_skipped',
  'total_retries',
  'deadletterqueue_produce_failures',
]);

const SCOPE: ScopeOrigin = { name: 'weir/prometheus/connect', version: '' };

interface TaskSample {
  readonly connector: string;
  readonly task: string;
}

function taskOf(labels: ReadonlyMap<string, string>): TaskSample | undefined {
  const connector = labels.get('connector');
  return connector === undefined ? undefined : { connector, task: labels.get('task') ?? '' };
}

/** The state of each task of each connector that the samples tell of. */
export function taskStates(samples: readonly Sample[]): ReadonlyMap<string, ReadonlyMap<string, TaskState>> {
  const states = new Map<string, Map<string, TaskState>>();
  for (const { name, labels, value } of samples) {
    // An exporter may tell of every state, with 1 for the one that holds.
    const named = value === 1 && STATUS.test(name) ? taskOf(labels) : undefined;
    const word = (labels.get('status') ?? labels.get('state') ?? '').toLowerCase();
    // The state of a connector as a whole says nothing of its tasks.
    if (named === undefined || named.task === '' || word === '') continue;
    const tasks = states.get(named.connector) ?? new Map<string, TaskState>();
    tasks.set(named.task, TASK_STATES.find((state) => state === word) ?? 'unknown');
    states.set(named.connector, tasks);
  }
  return states;
}

/**
 * What the JMX exporter on a Kafka Connect worker says of connectors, under our names: the state of each task, records that
 * went to a dead letter queue, and errors by kind. Each connector is a service of its name. Only sinks have a dead letter
 * queue, and a sink reads as the group `connect-<its name>`; which topic the queue is, nothing tells.
 */
export function connectFacts(samples: readonly Sample[], time: Millis): Point[] {
  const points = new Map<string, Point>();
  const add = (fact: ConnectFact) => {
    const point = connectPoint(fact, SCOPE, time);
    if (!points.has(point.key)) points.set(point.key, point);
  };
  const about = new Map<string, ReadonlyMap<string, string>>();
  for (const { name, labels, value, timestamp } of samples) {
    if (!name.startsWith('kafka_connect_')) continue;
    const task = taskOf(labels);
    if (task === undefined) continue;
    if (!about.has(task.connector)) about.set(task.connector, labels);
    const kind = TASK_ERROR.exec(name)?.[1];
    if (kind === undefined || !Number.isFinite(value) || value < 0) continue;
    const shared = { service: task.connector, labels, timestamp, unit: '{record}', data: counter(value) };
    if (kind === DEAD_LETTERED) {
      const attributes = { [ATTR.messagingGroup]: `connect-${task.connector}`, reason: 'connector_error', ...task };
      add({ ...shared, metric: METRIC.deadLetters, attributes });
    } else if (ERROR_KINDS.has(kind)) {
      add({ ...shared, metric: METRIC.connectorErrors, attributes: { kind, ...task } });
    }
  }
  for (const [connector, tasks] of taskStates(samples)) {
    const labels = about.get(connector) ?? new Map<string, string>();
    for (const [task, state] of tasks) {
      const attributes = { connector, task, state };
      const data: PointData = { kind: 'level', value: 1 };
      add({
        service: connector,
        labels,
        timestamp: undefined,
        unit: '',
        metric: METRIC.connectorTaskState,
        attributes,
        data,
      });
    }
  }
  return [...points.values()];
}

function counter(value: number): PointData {
  return { kind: 'counter', value };
}

export interface ConnectFact {
  readonly service: string;
  readonly metric: string;
  readonly unit: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Of the sample the fact was read from. */
  readonly labels: ReadonlyMap<string, string>;
  readonly timestamp: Millis | undefined;
  readonly data: PointData;
}

/** A fact of a connector as a point of the service that the connector is. */
export function connectPoint(fact: ConnectFact, scope: ScopeOrigin, time: Millis): Point {
  const { service, metric, unit, attributes, labels, timestamp, data } = fact;
  const resource = [textAttribute(ATTR.serviceName, service)];
  let key = `fact\n${service}\n${metric}\n${labels.get('instance') ?? ''}`;
  for (const [name, value] of Object.entries(attributes)) key += `\n${name}\n${value}`;
  for (const [label, attribute] of PIPELINE_LABELS) {
    const value = labels.get(label);
    if (value === undefined) continue;
    resource.push(textAttribute(attribute, value));
    key += `\n${value}`;
  }
  return {
    key,
    origin: { attributes: resource },
    scope,
    name: metric,
    description: '',
    unit,
    attributes: Object.entries(attributes).map(([name, value]) => textAttribute(name, value)),
    time: timestamp ?? time,
    isDated: timestamp !== undefined,
    created: undefined,
    data,
    exemplars: [],
  };
}
