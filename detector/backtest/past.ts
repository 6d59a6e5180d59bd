import type { Severity } from '../../core/alert.ts';
import type { PipelineDefinition } from '../../core/definition.ts';
import { fingerprint, type Labels } from '../../core/labels.ts';
import type { Millis } from '../../core/time.ts';
import type { DetectorConfig } from '../config.ts';
import type { Foresight } from '../foresight.ts';
import { replay } from '../history.ts';
import type { DetectorPort } from '../port.ts';
import type { Point } from '../scorer.ts';
import { rowLength } from '../stage-rows.ts';
import { newStages } from '../stages.ts';
import type { PointVerdicts, Verdict } from '../verdict.ts';
import { createCatalogue, createWatched, type Watched } from '../watched.ts';

/** An alert that a detector would have raised. */
export interface Firing {
  readonly detector: string;
  readonly severity: Severity;
  readonly labels: Labels;
  /** Start of the first strange step, of the one it fired in, and end of the one it resolved in (0: not until the end). */
  readonly onset: Millis;
  readonly firedAt: Millis;
  resolvedAt: Millis;
  /** Of the step it fired in; the score is NaN where a rule decided before there was one. */
  readonly value: number;
  readonly score: number;
}

export interface PastOptions {
  readonly config: DetectorConfig;
  readonly port: Pick<DetectorPort, 'readSignals' | 'readReceived'> & Partial<Pick<DetectorPort, 'readRetentions'>>;
  /** The days judged are those before it. */
  readonly until: Millis;
  readonly days: number;
  /** Forecasts as the running detector has them, where it has. */
  readonly foresight?: Foresight | undefined;
  /** Is told of each step of each series, history included. */
  readonly onPoint?: ((watched: Watched, said: Readonly<PointVerdicts>, point: Point) => void) | undefined;
  /** Declared pipelines, whose SLOs have targets to warn of. */
  readonly definitions?: readonly PipelineDefinition[];
}

export interface Past {
  readonly from: Millis;
  readonly until: Millis;
  readonly series: number;
  /** Steps of all series that were looked at, those before `from` included. */
  readonly points: number;
  readonly firings: readonly Firing[];
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/**
 * Judges the stored signals of the last days again, step by step, with the code and the configuration of the running
 * detector, and keeps what would have fired. As much history as the detector loads of a new series is learned first.
 * Nothing is written, and what people said of alerts is not applied: it was said afterwards.
 */
export async function judgePast(options: PastOptions): Promise<Past> {
  const { config, port, until, days, foresight, onPoint } = options;
  const { step } = config;
  const end = Math.floor(until / step) * step;
  const from = Math.ceil((end - days * DAY_MS) / step) * step;
  const begin = from - Math.ceil(config.history / step) * step;
  const catalogue = createCatalogue(config, foresight, options.definitions);
  if (port.readRetentions) catalogue.limits.retain(await port.readRetentions(until));
  // Hours are enough to learn which series there were.
  const hours = { from: Math.floor(begin / HOUR_MS) * HOUR_MS, to: Math.ceil(end / HOUR_MS) * HOUR_MS, step: HOUR_MS };
  const known = await port.readSignals({ ...hours, signals: catalogue.signals });
  const batch = known
    .filter(({ labels }) => catalogue.watchersOf(labels).length > 0)
    .map(({ labels }) => createWatched(labels, begin, begin));
  const labels = known.map((series) => series.labels);
  const stages = newStages(catalogue, labels, new Map(), begin, begin);
  const firings: Firing[] = [];
  const open = new Map<string, Firing>();
  /** Takes what was said of a step, or row, of `length` at `time`. */
  function tell(labels: Labels, verdicts: readonly Verdict[], time: Millis, length: Millis, value?: number): void {
    for (const { watcher, transition, standing, score } of verdicts) {
      if (transition !== 'fired' && transition !== 'resolved') continue;
      const { name, severity } = watcher.entry;
      const key = fingerprint({ ...labels, alertname: name });
      if (transition === 'resolved') {
        const firing = open.get(key);
        if (firing) firing.resolvedAt = time + length;
        open.delete(key);
      } else if (time >= from) {
        const at = { onset: standing.onset, firedAt: time, resolvedAt: 0 };
        const firing = { detector: name, severity, labels, ...at, value: value ?? score, score };
        open.set(key, firing);
        firings.push(firing);
      }
    }
  }

  if (batch.length + stages.length === 0) return { from, until: end, series: 0, points: 0, firings };
  const { points } = await replay(
    {
      catalogue,
      port,
      step,
      forgetAfter: config.forget_after,
      stages,
      onPoint(watched, said, point) {
        onPoint?.(watched, said, point);
        tell(watched.labels, said.verdicts, point.time, step, point.value);
      },
      onRow: ({ stage, start, verdicts }) => tell(stage.watched.labels, verdicts, start, rowLength(step)),
    },
    batch,
    end,
  );
  firings.sort((a, b) => a.firedAt - b.firedAt || (a.detector < b.detector ? -1 : 1));
  return { from, until: end, series: batch.length, points, firings };
}
