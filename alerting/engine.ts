import type { AlertState } from '../core/alert.ts';
import type { Ownership } from '../core/definition.ts';
import { errorMessage } from '../core/errors.ts';
import type { Incident } from '../core/incident.ts';
import type { Labels } from '../core/labels.ts';
import { fingerprint } from '../core/labels.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Millis } from '../core/time.ts';
import { alertState, alertView, fromDetector, type LiveAlert, mergeAlert, parseAlert, sameLabels } from './alerts.ts';
import type { AlertingConfig } from './config.ts';
import { alertContext } from './context.ts';
import { Incidents, publicIncident } from './correlate.ts';
import type { PipelineEdge } from './culprit.ts';
import { openAlertingDatabase } from './database.ts';
import { createDestinations } from './destinations.ts';
import { Dispatcher } from './dispatch.ts';
import { type InhibitSubject, inhibitedBy } from './inhibit.ts';
import { createAlertingMetrics } from './metrics.ts';
import { type HistoryPort, Mirror } from './mirror.ts';
import { NotificationLog } from './notification-log.ts';
import { type Attempt, Deliveries } from './notify.ts';
import { buildRoute } from './route.ts';
import { Silences } from './silences.ts';
import { clockText } from './wording.ts';

export interface EngineOptions {
  readonly config: AlertingConfig;
  /** The SQLite file. */
  readonly path: string;
  readonly telemetry: Telemetry;
  readonly now: () => Millis;
  readonly random?: () => number;
  readonly history?: HistoryPort | undefined;
  readonly edgesOf?: ((pipeline: string) => readonly PipelineEdge[]) | undefined;
  /** What is declared of the part that an alert's labels name. */
  readonly ownershipOf?: ((labels: Labels) => Ownership) | undefined;
}

/** Why an alert is not told, in the three ways API v2 knows. */
export interface Suppression {
  readonly silencedBy: readonly string[];
  readonly inhibitedBy: readonly string[];
  readonly mutedBy: readonly string[];
}

/** After a start nothing expires for this long: senders get the chance to repeat what they said while we were away. */
const START_GRACE = 60_000;
const KEEP_RESOLVED = 15 * 60_000;
const KEEP_LOG = 5 * 86_400_000;
const KEEP_SILENCES = 5 * 86_400_000;
const KEEP_DELIVERIES = 50_000;
const HOUSEKEEPING = 60_000;

/**
 * Alerts to notifications, without a clock and without HTTP of its own: `tick` does what is due at `now()`.
 * One tick: states of alerts, incidents, groups, decisions; then deliveries start. All of it is a function of the
 * alerts known, the database and the time, so a tick can be repeated or come late without harm.
 */
export function openEngine(options: EngineOptions) {
  const { config, telemetry, now } = options;
  const database = openAlertingDatabase(options.path);
  const startedAt = now();
  const grace = startedAt + START_GRACE;
  const intervals = new Map(config.time_intervals.map((one) => [one.name, one.time_intervals]));
  const alerts = new Map(database.loadAlerts().map((alert) => [alert.fingerprint, alert]));
  const silences = new Silences(database, now, database.loadSilences());
  const log = new NotificationLog(database, database.loadLog());
  const mirror = new Mirror(database, options.history, telemetry, now);
  const { window, resolve_hold, onset } = config.incidents;
  const incidents = new Incidents(
    database,
    { window, resolveHold: resolve_hold, onset },
    database.loadIncidents(startedAt - window),
    database.lastIncidentNumber(),
  );
  incidents.onChange = (incident) => mirror.incident(incident);
  incidents.edgesOf = options.edgesOf ?? incidents.edgesOf;
  const incident = (id: string): Incident | undefined => {
    const record = incidents.find(id);
    return record === undefined ? undefined : publicIncident(record);
  };
  const stateOf = (alert: LiveAlert): AlertState => alertState(alert, now(), grace);
  const dispatcher = new Dispatcher({
    route: buildRoute(config.route),
    destinations: createDestinations(config, now),
    intervals,
    log,
    externalUrl: config.external_url,
    incident,
    suppressed: (alert) => {
      const by = suppression(alert);
      return by.silencedBy.length + by.inhibitedBy.length + by.mutedBy.length > 0;
    },
    pending: (key, destination) => deliveries.has(key, destination),
  });
  const deliveries = new Deliveries({ log, now, random: options.random ?? Math.random, onAttempt });
  const metrics = createAlertingMetrics(telemetry.registry, {
    alertStates: () => [...alerts.values()].map(stateOf),
    incidentStates: () => incidents.active().map((record) => record.state),
    groups: () => dispatcher.groups().length,
    waiting: () => deliveries.waiting,
    outbox: () => database.outboxSize(),
  });
  let heardDetector = Math.max(0, ...[...alerts.values()].filter(fromDetector).map((alert) => alert.updatedAt));
  let tidiedAt = startedAt;
  let closed = false;
  dispatcher.restore(log.entries(), startedAt);

  /** What can inhibit now; one list serves all alerts of a round. */
  let firingSubjects: { time: Millis; list: readonly InhibitSubject[] } | undefined;

  function save(alert: LiveAlert): void {
    alerts.set(alert.fingerprint, alert);
    firingSubjects = undefined;
    database.saveAlert(alert);
  }

  function firing(): readonly InhibitSubject[] {
    if (firingSubjects?.time !== now()) {
      const live = [...alerts.values()].filter((alert) => stateOf(alert) !== 'resolved');
      firingSubjects = {
        time: now(),
        list: live.map((alert) => ({ fingerprint: alert.fingerprint, view: alertView(alert) })),
      };
    }
    return firingSubjects.list;
  }

  function suppression(alert: LiveAlert): Suppression {
    const view = alertView(alert);
    const subject = { fingerprint: alert.fingerprint, view };
    return {
      silencedBy: silences.silencedBy(view),
      inhibitedBy: config.inhibit_rules.length === 0 ? [] : inhibitedBy(config.inhibit_rules, subject, firing()),
      mutedBy: alert.context['maintenance'] ? ['maintenance'] : [],
    };
  }

  function onAttempt(attempt: Attempt): void {
    const { destination, notification, status, attempts, error } = attempt;
    const id = notification.incident?.id ?? '';
    metrics.notifications.inc({ integration: destination.notifier.integration, status });
    const delivery = {
      time: now(),
      incident: id,
      groupKey: notification.groupKey,
      receiver: destination.receiver,
      integration: destination.notifier.integration,
      status,
      reason: notification.reason,
      attempts,
      error,
      alerts: notification.alerts.length,
    };
    database.transaction(() => {
      database.appendDelivery(delivery);
      mirror.delivery(delivery);
      const place = `${destination.receiver} by ${destination.notifier.integration}`;
      if (status === 'delivered')
        incidents.record(id, { time: now(), kind: 'notified', text: `Told ${place}: ${notification.reason}` });
      else if (status === 'failed' || attempts === 1) {
        incidents.record(id, { time: now(), kind: 'notification_failed', text: `Could not tell ${place}: ${error}` });
      }
    });
    if (status === 'delivered') return;
    const fields = {
      event: 'alerting_notification_failed',
      receiver: destination.receiver,
      integration: destination.key,
      status,
      attempts,
      error,
    };
    telemetry.log[status === 'failed' ? 'error' : 'warn'](fields, 'a notification was not delivered');
  }

  function take(report: LiveAlert): void {
    const old = alerts.get(report.fingerprint);
    save(old === undefined ? report : mergeAlert(old, report));
  }

  /** Our own alert about the detector: it fires while some alert of its went stale and nothing came since. */
  function watchDetector(): void {
    const stale = [...alerts.values()].filter((alert) => stateOf(alert) === 'stale');
    const silent = stale.length > 0 && stale.some((alert) => heardDetector < alert.endsAt);
    const labels = {
      alertname: 'detector_silent',
      pipeline: 'weir',
      severity: 'warning',
      stage: 'detector',
      weir_source: 'alerting',
    };
    const known = alerts.get(fingerprint(labels));
    const fires = known !== undefined && stateOf(known) === 'firing';
    if (!silent && !fires) return;
    if (silent && fires && known.endsAt - now() > 60_000) return;
    const since = silent ? heardDetector : (known?.startsAt ?? now());
    const alert = {
      labels,
      annotations: {
        summary: `The detector is silent since ${clockText(since)}`,
        description: `The detector is silent, ${stale.length} of its alerts may be out of date`,
      },
      startsAt: new Date(since).toISOString(),
      endsAt: new Date(silent ? now() + 300_000 : now()).toISOString(),
    };
    take(parseAlert(alert, 'detector_silent', now(), config.global.resolve_timeout));
  }

  /** Contexts, incidents and recorded states of all alerts. */
  function correlate(): void {
    const time = now();
    for (const alert of alerts.values()) {
      const state = stateOf(alert);
      const declared = options.ownershipOf?.(alert.labels);
      let context = alertContext(alert, alert.context['incident'] ?? '', config, intervals, time, declared);
      // Planned work opens no incident; one that is open already keeps its alerts.
      if (state !== 'resolved' && !context['maintenance']) {
        const id = incidents.assign(alert, context['pipeline'] ?? 'default', context['incident'] ?? '', time);
        context = alertContext(alert, id, config, intervals, time, declared);
      }
      const changed = alert.recordedState !== state;
      if (!changed && sameLabels(context, alert.context)) continue;
      save({ ...alert, context, recordedState: state });
      if (!changed) continue;
      const { labels, annotations, startsAt, endsAt } = alert;
      mirror.history({ time, fingerprint: alert.fingerprint, labels, annotations, context, state, startsAt, endsAt });
    }
    incidents.settle((print) => {
      const alert = alerts.get(print);
      return alert === undefined ? undefined : { state: stateOf(alert), alert };
    }, time);
    incidents.write();
  }

  function dispatch(): void {
    const time = now();
    dispatcher.take(
      [...alerts.values()].map((alert) => ({ alert, state: stateOf(alert) })),
      time,
    );
    for (const { group, destination, notification } of dispatcher.flush(time)) {
      if (notification === undefined) deliveries.withdraw(group.key, destination);
      else deliveries.offer(destination, notification);
    }
    dispatcher.prune(time);
    metrics.abandoned(dispatcher.abandoned);
    metrics.mirrorDropped(mirror.dropped);
  }

  function tidy(): void {
    const time = now();
    if (time - tidiedAt < HOUSEKEEPING) return;
    tidiedAt = time;
    for (const alert of alerts.values()) {
      const over = stateOf(alert) === 'resolved' && Math.max(alert.endsAt, alert.updatedAt) < time - KEEP_RESOLVED;
      if (!over || dispatcher.holds(alert.fingerprint)) continue;
      alerts.delete(alert.fingerprint);
      database.deleteAlert(alert.fingerprint);
    }
    silences.prune(time - KEEP_SILENCES);
    log.prune(time - KEEP_LOG);
    database.trimDeliveries(KEEP_DELIVERIES);
  }

  return {
    startedAt,
    silences,
    dispatcher,
    suppression,
    stateOf,
    /** Alerts that are not resolved. */
    liveAlerts: (): LiveAlert[] => [...alerts.values()].filter((alert) => stateOf(alert) !== 'resolved'),
    deliveriesOf: (incidentId: string | undefined, limit: number) =>
      database.listDeliveries({ incident: incidentId, limit }),
    findIncident: incident,
    listIncidents: (states: readonly string[], limit: number): Incident[] =>
      database.listIncidents({ states, limit }).map(publicIncident),

    /** Valid alerts are stored even when others of the batch are not; the answer is what is wrong with those. */
    post(batch: readonly unknown[], sender = ''): string[] {
      const problems: string[] = [];
      const time = now();
      database.transaction(() => {
        batch.forEach((value, i) => {
          try {
            const report = parseAlert(value, String(i), time, config.global.resolve_timeout);
            if (fromDetector(report)) heardDetector = time;
            metrics.received.inc({ status: report.endsAt > time ? 'firing' : 'resolved' });
            take(report);
          } catch (error) {
            metrics.dropped.inc({ reason: 'invalid' });
            problems.push(errorMessage(error));
          }
        });
      });
      // A detector with nothing to report says so with an empty batch.
      if (sender.toLowerCase().startsWith('weir-detector')) heardDetector = time;
      return problems;
    },

    acknowledge: (id: string, by: string): Incident => database.transaction(() => incidents.acknowledge(id, by, now())),
    note: (id: string, by: string, text: string): Incident =>
      database.transaction(() => incidents.note(id, by, text, now())),
    /** Declares an incident over: its alerts count as resolved until their sender says so or they start anew. */
    resolve(id: string, by: string): Incident {
      return database.transaction(() => {
        const resolved = incidents.resolve(id, by, now());
        for (const member of resolved.alerts) {
          const alert = alerts.get(member.fingerprint);
          if (alert !== undefined && alert.context['incident'] === id && stateOf(alert) !== 'resolved')
            save({ ...alert, dismissedAt: now() });
        }
        return resolved;
      });
    },

    /** Does what is due now and starts deliveries. Throws only if the database fails. */
    tick(): void {
      database.transaction(() => {
        watchDetector();
        correlate();
        dispatch();
        tidy();
      });
      deliveries.run();
      mirror.run();
    },
    /** Resolves when nothing is under way. */
    async settled(): Promise<void> {
      await deliveries.settled();
      await mirror.settled();
    },
    /** Safe twice. */
    async close(deadline: Millis = 3000): Promise<void> {
      if (closed) return;
      closed = true;
      metrics.unregister();
      await deliveries.stop(deadline);
      await mirror.settled();
      database.close();
    },
  };
}
export type Engine = ReturnType<typeof openEngine>;
