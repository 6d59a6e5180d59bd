import { LIMIT_AHEAD, type Severity } from '../core/alert.ts';
import type { Anomaly } from '../core/anomaly.ts';
import { fingerprint, type Labels } from '../core/labels.ts';
import type { Criticality } from '../core/node.ts';
import type { Millis } from '../core/time.ts';
import { type ActiveAlert, absentAlert, alertAnnotations, alertLabels, anomalyOf } from './alerts.ts';
import { priorityOf } from './priority.ts';
import type { Verdict } from './verdict.ts';
import { type Watch, type Watched, watchOf } from './watched.ts';

/**
 * The alerts to send: all that fire, and those that resolved not long ago. Level, not edge: what is on the board is
 * sent each round.
 */
export interface Board {
  readonly alerts: Map<string, ActiveAlert>;
  /** Takes a verdict in; returns the anomaly to store when the alert fired or resolved. */
  take(watched: Watched, verdict: Verdict, value: number, end: Millis, step: Millis): Anomaly | undefined;
  /** Resolves whatever fires of a series that is no longer watched; returns the anomalies to store. */
  forget(watched: Watched, now: Millis): readonly Anomaly[];
  /** Shows or ends the alert that nothing arrives; `since` 0 ends it. */
  absent(since: Millis, now: Millis, reason: string): void;
  /** Drops what resolved longer than `keep` ago. */
  sweep(now: Millis, keep: Millis): void;
  firing(): number;
}

/** `criticalityOf`: how much a series' part matters, as the definitions of pipelines have it. */
export function createBoard(
  restored: Iterable<readonly [string, ActiveAlert]> = [],
  criticalityOf: (labels: Labels) => Criticality | '' = () => '',
): Board {
  const alerts = new Map<string, ActiveAlert>(restored);

  function resolve(key: string, now: Millis): void {
    const alert = alerts.get(key);
    if (alert && alert.resolvedAt === 0) alerts.set(key, { ...alert, resolvedAt: now });
  }

  /** Follows an alert that fires: its peak, and the severity it is worth by now, which only rises. */
  function follow(watch: Watch, labels: Labels, verdict: Verdict, end: Millis): Severity {
    const { entry } = verdict.watcher;
    const begins = verdict.transition === 'fired';
    watch.peak = begins ? verdict.score : Math.max(watch.peak, verdict.score || watch.peak);
    const course = {
      severity: entry.severity,
      peak: watch.peak,
      threshold: verdict.moved?.threshold ?? entry.decision.score,
      lasts: end - verdict.standing.onset,
      criticality: criticalityOf(labels),
    };
    watch.priority = priorityOf(course, begins ? entry.severity : (watch.priority ?? entry.severity));
    return watch.priority;
  }

  return {
    alerts,
    take(watched, verdict, value, end, step) {
      const { entry } = verdict.watcher;
      const { transition, standing } = verdict;
      // Nearly all verdicts end here: labels are put together for the others alone.
      if (transition !== 'resolved' && standing.phase !== 'firing') return undefined;
      const watch = watchOf(watched, entry.name);
      const labels = alertLabels(entry, watched.labels);
      const key = fingerprint(labels);
      if (transition === 'resolved') {
        resolve(key, end);
        const resolved = watch.anomaly && { ...watch.anomaly, resolvedAt: end };
        watch.anomaly = undefined;
        return resolved;
      }
      if (transition === 'fired') watch.anomaly = anomalyOf(watched, verdict, value, step);
      // A gap has no words of its own, nor have a warning on its way out and a row that is over: the last ones stand.
      const known = alerts.get(key);
      const over =
        verdict.breach === 'none' && (entry.name === LIMIT_AHEAD || watched.labels['signal'] === 'relations');
      const words =
        known && (Number.isNaN(value) || over)
          ? known.annotations
          : alertAnnotations(watched, verdict, value, end, watch.anomaly?.id ?? '');
      const priority = follow(watch, watched.labels, verdict, end);
      const annotations = priority === entry.severity ? words : { ...words, priority };
      alerts.set(key, { labels, annotations, startsAt: standing.onset, resolvedAt: 0 });
      return transition === 'fired' ? watch.anomaly : undefined;
    },

    forget(watched, now) {
      const ended: Anomaly[] = [];
      for (const [name, watch] of watched.watches) {
        if (watch.standing.phase !== 'firing') continue;
        for (const [key, alert] of alerts) {
          if (alert.labels['alertname'] === name && watch.anomaly?.id === alert.annotations['anomaly_id'])
            resolve(key, now);
        }
        if (watch.anomaly) ended.push({ ...watch.anomaly, resolvedAt: now });
      }
      return ended;
    },

    absent(since, now, reason) {
      const alert = absentAlert(since, now, reason);
      const key = fingerprint(alert.labels);
      if (since === 0) resolve(key, now);
      else {
        const known = alerts.get(key);
        alerts.set(key, { ...alert, startsAt: known?.resolvedAt === 0 ? known.startsAt : since });
      }
    },

    sweep(now, keep) {
      for (const [key, { resolvedAt }] of alerts) if (resolvedAt !== 0 && now - resolvedAt > keep) alerts.delete(key);
    },

    firing: () => [...alerts.values()].filter(({ resolvedAt }) => resolvedAt === 0).length,
  };
}
