import { METRIC } from '../../core/semconv.ts';
import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { EXACT_FLOATS, numberOf, secondsCell } from './cells.ts';

/**
 * Metrics that tell how far a stage is in event time, and how: `event_time` is the newest event time handled, `watermark` a
 * promise that everything before it has been handled (both unix milliseconds), `delay` the same promise as seconds before
 * its sample. `gauge_10s` keeps them (migration 0013).
 */
export const WATERMARK_METRICS: Readonly<Record<string, 'event_time' | 'watermark' | 'delay'>> = {
  [METRIC.eventTime]: 'event_time',
  [METRIC.watermark]: 'watermark',
  // Apache Flink, through its Prometheus and its OpenTelemetry reporter.
  flink_taskmanager_job_task_operator_currentOutputWatermark: 'watermark',
  'flink.taskmanager.job.task.operator.currentOutputWatermark': 'watermark',
  // Azure Stream Analytics, as Azure Monitor and the Collector's receiver spell it, and Google Dataflow.
  OutputWatermarkDelaySeconds: 'delay',
  azure_outputwatermarkdelayseconds_maximum: 'delay',
  'dataflow.googleapis.com/job/data_watermark_age': 'delay',
};

/** Spark puts the name of the query before this, by way of Dropwizard or of a JMX exporter. */
const SPARK_ENDINGS = ['.eventTime-watermark', '_eventTime_watermark'] as const;

const metricSql = `(g.MetricName IN {metrics:Array(String)} OR ${SPARK_ENDINGS.map((ending) => `endsWith(g.MetricName, '${ending}')`).join(' OR ')})`;

/** What one series says of event time: one instance, and where it tells so one partition. */
export interface EventTimeFact {
  readonly pipeline: string;
  readonly service: string;
  /** Name of the engine's job; '' for a service that reports for itself. */
  readonly job: string;
  readonly topic: string;
  readonly group: string;
  readonly partition: string;
  readonly says: 'event_time' | 'watermark';
  /** Names the series. */
  readonly series: string;
  /** The furthest event time reported in the range, and when it was first reported. */
  readonly furthest: Millis;
  readonly reachedAt: Millis;
  /** When the first sample of the range was taken. */
  readonly firstSampledAt: Millis;
  /** The newest sample: its event time and when it was taken. */
  readonly latest: Millis;
  readonly sampledAt: Millis;
}

/** An event time more than this ahead of the clock it was sampled by is a wrong clock's, and is not believed. */
const SKEW_MS = 60_000;
/** Flink's way to say that a bounded source is read to its end. */
const END_OF_TIME = 9.2e18;

/** What was said of event times in [from, to), by series. Times before 1970 mean that nothing was handled yet, and are left out. */
export async function readEventTimes(store: Store, from: Millis, to: Millis): Promise<EventTimeFact[]> {
  interface Row extends Omit<EventTimeFact, 'says'> {
    readonly metric: string;
  }
  const rows = await store.rows<Row>(
    `
SELECT metric, pipeline, service, toString(id) AS series, first AS firstSampledAt, s.Job AS job, s.Topic AS topic, s.ConsumerGroup AS group, s.Partition AS partition,
    far.1 AS furthest, -far.2 AS reachedAt, last.2 AS latest, last.1 AS sampledAt
FROM (
    SELECT metric, pipeline, service, id, max((event, -sampled)) AS far, max((sampled, event)) AS last, min(sampled) AS first
    FROM (
        SELECT g.MetricName AS metric, g.Pipeline AS pipeline, g.Service AS service, g.SeriesId AS id, g.Last.1 / 1e6 AS sampled,
            multiIf(g.MetricName IN {delays:Array(String)}, sampled - g.Last.2 * 1000, g.Last.2 > ${END_OF_TIME}, sampled, g.Last.2) AS event
        FROM gauge_10s AS g
        WHERE g.Time >= toDateTime({from:UInt32}) AND g.Time < toDateTime({to:UInt32}) AND ${metricSql}
    )
    WHERE event > 0 AND event <= sampled + ${SKEW_MS}
    GROUP BY metric, pipeline, service, id
) AS g
LEFT ANY JOIN (
    SELECT SeriesId, any(Topic) AS Topic, any(ConsumerGroup) AS ConsumerGroup, any(Partition) AS Partition, any(g.Attributes['job_name']) AS Job
    FROM metric_series AS g
    WHERE ${metricSql}
    GROUP BY SeriesId
) AS s ON g.id = s.SeriesId
ORDER BY pipeline, service, metric, topic, group, partition, id`,
    {
      metrics: Object.keys(WATERMARK_METRICS),
      delays: Object.keys(WATERMARK_METRICS).filter((metric) => WATERMARK_METRICS[metric] === 'delay'),
      from: secondsCell(from),
      to: secondsCell(to),
    },
    EXACT_FLOATS,
  );
  return rows.map(({ metric, ...row }) => ({
    ...row,
    job: row.job || sparkQuery(metric),
    says: WATERMARK_METRICS[metric] === 'event_time' ? 'event_time' : 'watermark',
    furthest: numberOf(row.furthest),
    reachedAt: numberOf(row.reachedAt),
    firstSampledAt: numberOf(row.firstSampledAt),
    latest: numberOf(row.latest),
    sampledAt: numberOf(row.sampledAt),
  }));
}

/** The query in `app.driver.spark.streaming.NAME.eventTime-watermark`, or ''. */
function sparkQuery(metric: string): string {
  const ending = SPARK_ENDINGS.find((one) => metric.endsWith(one));
  if (ending === undefined) return '';
  const name = metric.slice(0, -ending.length);
  return /spark[._]streaming[._](.+)$/.exec(name)?.[1] ?? name;
}

/** A job of a stream engine. */
export interface JobSeen {
  readonly pipeline: string;
  readonly job: string;
  readonly system: string;
  readonly firstSeen: Millis;
  readonly lastSeen: Millis;
}

/** Jobs whose watermarks were reported in [from, to). */
export async function readJobs(store: Store, from: Millis, to: Millis): Promise<JobSeen[]> {
  const rows = await store.rows<JobSeen & { readonly metric: string }>(
    `
SELECT pipeline, metric, s.Job AS job, first AS firstSeen, last AS lastSeen
FROM (
    SELECT g.Pipeline AS pipeline, g.MetricName AS metric, g.SeriesId AS id,
        toUnixTimestamp(min(g.Time)) * 1000 AS first, toUnixTimestamp(max(g.Time)) * 1000 AS last
    FROM gauge_10s AS g
    WHERE g.Time >= toDateTime({from:UInt32}) AND g.Time < toDateTime({to:UInt32}) AND ${metricSql}
    GROUP BY pipeline, metric, id
) AS g
LEFT ANY JOIN (
    SELECT SeriesId, any(g.Attributes['job_name']) AS Job FROM metric_series AS g WHERE ${metricSql} GROUP BY SeriesId
) AS s ON g.id = s.SeriesId
ORDER BY pipeline, metric, job`,
    { metrics: Object.keys(WATERMARK_METRICS), from: secondsCell(from), to: secondsCell(to) },
  );
  const jobs = new Map<string, JobSeen>();
  for (const { pipeline, metric, ...row } of rows) {
    const job = row.job || sparkQuery(metric);
    if (job === '') continue;
    const key = JSON.stringify([pipeline, job]);
    const known = jobs.get(key);
    jobs.set(key, {
      pipeline,
      job,
      system: SPARK_ENDINGS.some((ending) => metric.endsWith(ending)) ? 'spark' : 'flink',
      firstSeen: Math.min(known?.firstSeen ?? Number.POSITIVE_INFINITY, numberOf(row.firstSeen)),
      lastSeen: Math.max(known?.lastSeen ?? 0, numberOf(row.lastSeen)),
    });
  }
  return [...jobs.values()];
}
