import type { DefinitionIndex } from '../core/definition.ts';
import { fingerprint, type Labels } from '../core/labels.ts';
import type { Signal } from '../core/signal.ts';
import type { Millis } from '../core/time.ts';
import type { IncidentSummary, SeriesAnswer } from '../core/view.ts';
import type { Store } from '../store/client.ts';
import { readAnomalies } from '../store/queries/anomalies.ts';
import type { LevelRetention } from '../store/queries/level.ts';
import { readSignals } from '../store/queries/signals.ts';
import { readBands } from './bands.ts';
import { homeOf } from './home.ts';
import type { Range } from './request.ts';
import { anomalousSteps, byKey, seriesView } from './rows.ts';

export interface SeriesRequest extends Range {
  readonly signals: readonly Signal[] | undefined;
  /** Labels that must be equal: pipeline, stage and so on. */
  readonly match: Labels;
  readonly definitions: DefinitionIndex;
  readonly retention: LevelRetention | undefined;
}

/** Series of a range in columns, each with its band and its anomalous steps, and the incidents of that time. */
export async function readSeries(
  store: Store,
  request: SeriesRequest,
  incidents: readonly IncidentSummary[],
  now: Millis,
): Promise<SeriesAnswer> {
  const { from, to, step, signals, match, definitions } = request;
  const home = homeOf(definitions, match);
  const optional = {
    ...(signals === undefined ? {} : { signals }),
    ...(request.retention === undefined ? {} : { retention: request.retention }),
  };
  const read = await Promise.all(
    home.matches.map((named) =>
      Promise.all([
        readSignals(store, { from, to, step, match: named, now, ...optional }),
        readAnomalies(store, { from, to, match: named, limit: 5000 }),
      ]),
    ),
  );
  const series = read.flatMap(([found]) => found.filter(({ labels }) => home.holds(labels)));
  const anomalies = read.flatMap(([, found]) => found);
  const start = series[0]?.start ?? from;
  // Of long ago only a coarser rollup may be left, which comes in longer steps.
  const length = series[0]?.step ?? step;
  const count = series[0]?.values.length ?? Math.round((to - from) / length);
  const grid = { start, step: length, count };
  const bands = await readBands(store, { keys: series.map((one) => fingerprint(one.labels)), ...grid });
  const strange = byKey(anomalies);
  return {
    ...grid,
    series: series.map((one) => {
      const key = fingerprint(one.labels);
      return seriesView(one, bands.get(key), anomalousSteps(strange.get(key) ?? [], grid, now));
    }),
    incidents: incidents.filter(
      (incident) => incident.startedAt < to && (incident.resolvedAt || now) > from && concerns(incident, match),
    ),
  };
}

function concerns(incident: IncidentSummary, match: Labels): boolean {
  return match['pipeline'] === undefined || incident.pipeline === match['pipeline'];
}
