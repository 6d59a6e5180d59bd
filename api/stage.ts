import { fingerprint } from '../core/labels.ts';
import { isStage } from '../core/node.ts';
import { SIGNAL_FACTS, type Signal } from '../core/signal.ts';
import type { Millis } from '../core/time.ts';
import type { Known, SignalView, StageView } from '../core/view.ts';
import type { Store } from '../store/client.ts';
import { readAnomalies } from '../store/queries/anomalies.ts';
import { readOrigins } from '../store/queries/ingest.ts';
import type { AlertingClient } from './alerting.ts';
import { type Band, readBands } from './bands.ts';
import { unknown } from './failure.ts';
import { readFeedbackOf } from './feedback-views.ts';
import { homeOf } from './home.ts';
import { buildPipelines, lastKnown, latest, recentMean } from './nodes.ts';
import { type OverviewReader, readIncidentSummaries, recentOrigins } from './overview.ts';
import { readStagePartitions } from './partitions.ts';
import { anomalyView, byKey, isOpen } from './rows.ts';

const DAY_MS = 86_400_000;

/** One stage: its numbers now against what is expected, what it reads, writes and calls, and what was strange today. */
export async function readStage(
  deps: { store: Store; alerting: AlertingClient; overview: OverviewReader },
  pipeline: string,
  stage: string,
  now: Millis,
): Promise<StageView> {
  const { store, alerting, overview } = deps;
  const [sources, incidents, origins] = await Promise.all([
    overview.sources(),
    readIncidentSummaries(alerting),
    readOrigins(store),
  ]);
  const open = incidents.all.filter((incident) => incident.state !== 'resolved');
  const view = buildPipelines({ ...sources, incidents: open }).find((candidate) => candidate.name === pipeline);
  const node = view?.nodes.find((candidate) => candidate.name === stage && isStage(candidate.kind));
  if (view === undefined || node === undefined) {
    throw unknown('api_stage_unknown', `No stage "${stage}" was seen in pipeline "${pipeline}" within the last day`);
  }
  const { id } = node;
  const home = homeOf(sources.topology.definitions, { pipeline, stage });
  const own = sources.series.filter(({ labels }) => home.holds(labels));
  const anomalies = (
    await Promise.all(
      home.matches.map((match) => readAnomalies(store, { from: now - DAY_MS, to: now, match, limit: 200 })),
    )
  )
    .flat()
    .filter(({ labels }) => home.holds(labels))
    .sort((a, b) => b.firedAt - a.firedAt);
  const start = now - (now % 10_000) - 170_000;
  const bands = await readBands(store, {
    keys: own.map((series) => fingerprint(series.labels)),
    start,
    step: 10_000,
    count: 18,
  });
  const strange = byKey(anomalies.filter((anomaly) => isOpen(anomaly, now)));
  const signals = own.map((series): SignalView => {
    const key = fingerprint(series.labels);
    const band = bands.get(key);
    const signal = series.labels['signal'] as Signal;
    return {
      key,
      signal,
      labels: series.labels,
      value: signal === 'throughput' || signal === 'output' ? recentMean(series) : latest(series),
      expected: lastKnown(band?.expected),
      lower: lastKnown(band?.lower),
      upper: lastKnown(band?.upper),
      strange: strange.has(key),
      outside: outsideBand(
        signal,
        signal === 'throughput' || signal === 'output' ? recentMean(series) : latest(series),
        band,
      ),
    };
  });
  const shown = anomalies.slice(0, 50);
  const feedback = await readFeedbackOf(store, shown);
  const name = (of: string) => of.slice(of.indexOf(':') + 1);
  const reads = view.edges
    .filter((edge) => edge.kind === 'consumes' && edge.to === id)
    .map((edge) => ({ topic: name(edge.from), group: edge.group }));
  return {
    now,
    pipeline,
    node,
    reads,
    writes: view.edges.filter((edge) => edge.kind === 'produces' && edge.from === id).map((edge) => name(edge.to)),
    calls: view.edges.filter((edge) => edge.kind === 'calls' && edge.from === id),
    callers: view.edges.filter((edge) => edge.kind === 'calls' && edge.to === id),
    signals,
    partitions: await readStagePartitions(store, reads, now),
    anomalies: shown.map((anomaly) => anomalyView(anomaly, feedback, now)),
    incidents: incidents.all.filter(
      (incident) => incident.pipeline === pipeline && concernsStage(incident.culprit, stage, incident.state),
    ),
    origins: recentOrigins(origins, now).filter((origin) => origin.pipeline === pipeline && origin.service === stage),
  };
}

function outsideBand(signal: Signal, value: Known, band: Band | undefined): boolean {
  const { direction } = SIGNAL_FACTS[signal];
  const lower = lastKnown(band?.lower);
  const upper = lastKnown(band?.upper);
  if (value === null) return false;
  return (
    (direction !== 'down' && upper !== null && value > upper) || (direction !== 'up' && lower !== null && value < lower)
  );
}

/** Open incidents of the pipeline, and past ones that named this stage. */
function concernsStage(culprit: string, stage: string, state: string): boolean {
  return culprit === stage || state !== 'resolved';
}
