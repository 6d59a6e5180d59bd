import type { Anomaly } from '../core/anomaly.ts';
import type { Incident } from '../core/incident.ts';
import { fingerprint } from '../core/labels.ts';
import { isStage } from '../core/node.ts';
import { SIGNALS, type Signal } from '../core/signal.ts';
import { columnName } from '../core/stage-column.ts';
import { type Millis, STEP_MS, stepStart } from '../core/time.ts';
import type { HopView, IncidentView, NotificationView } from '../core/view.ts';
import type { Store } from '../store/client.ts';
import { readAnomalies } from '../store/queries/anomalies.ts';
import { readSignals } from '../store/queries/signals.ts';
import { type AlertingClient, summarize } from './alerting.ts';
import { known, readBands } from './bands.ts';
import { readFeedbackOf } from './feedback-views.ts';
import { buildPipelines, downstream, stageId } from './nodes.ts';
import type { OverviewReader } from './overview.ts';
import { stepFor } from './request.ts';
import { anomalyView, onsetOf } from './rows.ts';

const BEFORE_MS = 20 * 60_000;
const AFTER_MS = 5 * 60_000;
const LONGEST_MS = 6 * 3_600_000;
const HOPS = 6;

/** An incident with everything its page shows. Parts of the store that fail leave their list empty, the incident stays readable. */
export async function readIncident(
  deps: { store: Store; alerting: AlertingClient; overview: OverviewReader; now: () => Millis },
  id: string,
): Promise<IncidentView> {
  const { store, alerting } = deps;
  const now = deps.now();
  const incident = await alerting.incident(id);
  const [notifications, anomalies, affected] = await Promise.all([
    orNothing<NotificationView>(alerting.notifications(id)),
    orNothing(readIncidentAnomalies(store, incident, now)),
    orNothing(readAffected(deps.overview, incident)),
  ]);
  const feedback = await readFeedbackOf(store, anomalies);
  return {
    now,
    summary: summarize(incident),
    alerts: incident.alerts,
    timeline: incident.timeline,
    notifications: [...notifications].sort((a, b) => a.time - b.time),
    anomalies: anomalies.map((anomaly) => anomalyView(anomaly, feedback, now)),
    hops: await orNothing(readHops(store, incident, anomalies, now)),
    affected,
  };
}

async function orNothing<T>(reading: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await reading;
  } catch {
    return [];
  }
}

/**
 * Anomalies behind the incident's alerts: by the id their annotations carry, and of alerts that carry none those that
 * fired on their stages at the time.
 */
async function readIncidentAnomalies(store: Store, incident: Incident, now: Millis): Promise<Anomaly[]> {
  if (incident.pipeline === '') return [];
  const ids = new Set(incident.alerts.map((alert) => alert.annotations['anomaly_id'] ?? ''));
  const { startedAt } = summarize(incident);
  const near = await readAnomalies(store, {
    from: startedAt - BEFORE_MS,
    to: (incident.resolvedAt || now) + 1,
    match: { pipeline: incident.pipeline },
    limit: 500,
  });
  const named = near.filter((anomaly) => ids.has(anomaly.id));
  const stages = new Set(incident.alerts.map((alert) => alert.labels['stage']));
  const fitting = named.length > 0 ? named : near.filter((one) => one.firedAt > 0 && stages.has(one.labels['stage']));
  return fitting.sort((a, b) => onsetOf(a) - onsetOf(b));
}

async function readAffected(overview: OverviewReader, incident: Incident) {
  if (incident.culprit === '') return [];
  const sources = await overview.sources();
  const open = incident.state === 'resolved' ? [] : [summarize(incident)];
  const pipelines = buildPipelines({ ...sources, incidents: open });
  const pipeline = pipelines.find((candidate) => candidate.name === incident.pipeline);
  if (pipeline === undefined) return [];
  const nodes = sources.topology.nodes.filter((node) => node.pipeline === incident.pipeline);
  const after = downstream(pipeline.edges, [stageId(nodes, incident.culprit)]);
  return pipeline.nodes.filter((node) => isStage(node.kind) && after.has(node.id));
}

/**
 * The series the incident's anomalies are of, ranked by who left its band first, the culprit in front of a tie. Each
 * comes with its curve and band around the incident, so that cause and consequence can be told apart by eye.
 */
async function readHops(
  store: Store,
  incident: Incident,
  anomalies: readonly Anomaly[],
  now: Millis,
): Promise<HopView[]> {
  const first = Math.min(incident.openedAt, ...anomalies.map(onsetOf));
  const end = Math.min((incident.resolvedAt || now) + AFTER_MS, now);
  const from = Math.max(first - BEFORE_MS, end - LONGEST_MS);
  if (end <= from || incident.pipeline === '') return [];
  const step = stepFor(end - from);
  const onset = new Map<string, Anomaly>();
  for (const anomaly of anomalies) {
    const key = fingerprint(anomaly.labels);
    const before = onset.get(key);
    if (before === undefined || onsetOf(anomaly) < onsetOf(before)) onset.set(key, anomaly);
  }
  const rows = anomalies.filter(({ labels }) => labels['signal'] === 'relations');
  const signals = SIGNALS.filter(
    (signal) =>
      anomalies.some(({ labels }) => labels['signal'] === signal) ||
      rows.some((row) => partsOf(row).some((name) => name.split(' ')[0] === signal)),
  );
  if (signals.length === 0) return [];
  const range = { from: stepStart(from, step), to: stepStart(end, step) + step, step };
  const series = await readSignals(store, { ...range, signals, match: { pipeline: incident.pipeline } });
  // A stage whose signals have parted has no curve of its own: those that made it strange stand for it.
  for (const { labels } of series) {
    const row = rows.find(
      (one) => one.labels['stage'] === labels['stage'] && partsOf(one).includes(columnName(labels)),
    );
    if (row !== undefined && !onset.has(fingerprint(labels))) onset.set(fingerprint(labels), row);
  }
  const ranked = series
    .map((one) => ({ one, key: fingerprint(one.labels) }))
    .filter(({ key }) => onset.has(key))
    .sort(
      (a, b) =>
        onsetOf(onset.get(a.key) as Anomaly) - onsetOf(onset.get(b.key) as Anomaly) ||
        Number(b.one.labels['stage'] === incident.culprit) - Number(a.one.labels['stage'] === incident.culprit),
    )
    .slice(0, HOPS);
  const grid = { start: range.from, step: Math.max(step, STEP_MS), count: ranked[0]?.one.values.length ?? 0 };
  const bands = await readBands(store, { keys: ranked.map(({ key }) => key), ...grid });
  return ranked.map(({ one, key }) => {
    const anomaly = onset.get(key) as Anomaly;
    const band = bands.get(key);
    const alert = incident.alerts.find(
      (candidate) => candidate.annotations['anomaly_id'] === anomaly.id || sameSeries(candidate.labels, one.labels),
    );
    const gaps = Array.from(one.values, () => null);
    return {
      stage: one.labels['stage'] ?? '',
      signal: one.labels['signal'] as Signal,
      labels: one.labels,
      onset: onsetOf(anomaly),
      until: endOf(anomalies.filter((other) => other === anomaly || fingerprint(other.labels) === key)),
      sentence: alert?.annotations['summary'] ?? '',
      culprit: one.labels['stage'] === incident.culprit,
      start: one.start,
      step: one.step,
      values: Array.from(one.values, known),
      expected: band?.expected ?? gaps,
      lower: band?.lower ?? gaps,
      upper: band?.upper ?? gaps,
    };
  });
}

/** The signals that made a stage strange, as `columnName` calls them, the strangest first. */
function partsOf({ votes }: Anomaly): string[] {
  return votes.flatMap(({ scorer, weight }) => (weight > 0 ? [scorer] : [])).slice(0, 3);
}

/** When the last of a series' anomalies resolved; 0 while one is open. */
function endOf(anomalies: readonly Anomaly[]): Millis {
  return anomalies.some((anomaly) => anomaly.resolvedAt === 0)
    ? 0
    : Math.max(...anomalies.map((one) => one.resolvedAt));
}

function sameSeries(alert: Readonly<Record<string, string>>, series: Readonly<Record<string, string>>): boolean {
  return Object.entries(series).every(([name, value]) => alert[name] === value);
}
