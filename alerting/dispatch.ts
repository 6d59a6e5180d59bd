import type { AlertState } from '../core/alert.ts';
import type { Incident } from '../core/incident.ts';
import type { Labels } from '../core/labels.ts';
import type { Millis } from '../core/time.ts';
import { alertView, fromDetector, type LiveAlert, resolvedAt } from './alerts.ts';
import { holdingInterval, type NamedIntervals } from './intervals.ts';
import type { Notification, NotifiedAlert } from './notification.ts';
import { decideNotification, type LogEntry, type NotificationLog } from './notification-log.ts';
import type { Notifier } from './notifier.ts';
import { eachRoute, groupLabels, matchRoutes, type Route } from './route.ts';

/** One integration of a receiver. `key` is `receiver/integration/index`. */
export interface Destination {
  readonly key: string;
  readonly receiver: string;
  readonly notifier: Notifier;
}

interface Member {
  alert: LiveAlert;
  /** 0 while it fires here; also set when the alert went on to another group. */
  resolvedAt: Millis;
}

/** Alerts of one route with the same group labels, told together. */
export interface Group {
  readonly key: string;
  route: Route;
  readonly labels: Labels;
  readonly members: Map<string, Member>;
  nextFlush: Millis;
  flushedAt: Millis;
}

/** What a flush decided for one destination: something to send, or nothing (then a pending attempt is withdrawn). */
export interface Outcome {
  readonly group: Group;
  readonly destination: Destination;
  readonly notification: Notification | undefined;
}

export interface DispatchOptions {
  readonly route: Route;
  readonly destinations: ReadonlyMap<string, readonly Destination[]>;
  readonly intervals: NamedIntervals;
  readonly log: NotificationLog;
  readonly externalUrl: string;
  readonly incident: (id: string) => Incident | undefined;
  /** Whether silences, inhibition or maintenance keep this alert from being told. */
  readonly suppressed: (alert: LiveAlert) => boolean;
  /** Whether a notification of the group is under way or waiting for another attempt. */
  readonly pending: (groupKey: string, destination: Destination) => boolean;
}

/** A resolved alert that cannot be delivered is given up after this. */
const RESOLVE_PATIENCE = 6 * 3_600_000;

/** The text of a group's key: route and group labels. */
export function groupKey(route: Route, labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `${route.id}:{${pairs.join(', ')}}`;
}

/**
 * Sorts alerts into groups and decides when each is told. A new group waits `group_wait`, then it is looked at every
 * `group_interval`; the notification log decides whether there is something to say. State is rebuilt at start from
 * the log: a group told as firing exists again, so that its resolve is not lost.
 */
export class Dispatcher {
  readonly #options: DispatchOptions;
  readonly #groups = new Map<string, Group>();
  /** Resolved alerts given up undelivered, for the metric. */
  abandoned = 0;

  constructor(options: DispatchOptions) {
    this.#options = options;
  }

  groups(): Group[] {
    return [...this.#groups.values()];
  }

  routesOf(alert: LiveAlert): Route[] {
    return matchRoutes(this.#options.route, alertView(alert));
  }

  /** Whether some group still has something to tell of the alert. */
  holds(fingerprint: string): boolean {
    return this.groups().some((group) => group.members.has(fingerprint));
  }

  restore(entries: readonly LogEntry[], now: Millis): void {
    const routes = new Map(eachRoute(this.#options.route).map((route) => [route.id, route]));
    for (const entry of entries) {
      if (entry.firing.length === 0) continue;
      const id = entry.groupKey.slice(0, entry.groupKey.lastIndexOf(':{'));
      // The route may have gone from the configuration; its receiver is still owed the resolve.
      const route = routes.get(id) ?? { ...this.#options.route, id, receiver: entry.receiver };
      const due = Math.max(now, entry.time + route.groupInterval);
      const group = this.#groups.get(entry.groupKey) ?? this.#create(entry.groupKey, route, entry.groupLabels, due);
      group.flushedAt = Math.max(group.flushedAt, entry.time);
      for (const told of entry.alerts) {
        if (entry.firing.includes(told.alert.fingerprint))
          group.members.set(told.alert.fingerprint, { alert: told.alert, resolvedAt: 0 });
      }
    }
  }

  #create(key: string, route: Route, labels: Labels, nextFlush: Millis): Group {
    const group: Group = { key, route, labels, members: new Map(), nextFlush, flushedAt: 0 };
    this.#groups.set(key, group);
    return group;
  }

  /**
   * The first look at a new group. An alert that began longer than `group_wait` ago has been waited for already and is
   * told at once; but our detector knows the start of an anomaly only in hindsight, so its alerts always wait.
   */
  #firstFlush(route: Route, alert: LiveAlert, now: Millis): Millis {
    const old = !fromDetector(alert) && alert.startsAt + route.groupWait < now;
    return old ? now : now + route.groupWait;
  }

  /** Brings the groups up to date with all known alerts. */
  take(alerts: readonly { readonly alert: LiveAlert; readonly state: AlertState }[], now: Millis): void {
    const present = new Map<string, Set<string>>();
    const known = new Map(alerts.map((entry) => [entry.alert.fingerprint, entry]));
    for (const { alert, state } of alerts) {
      if (state === 'resolved') continue;
      const view = alertView(alert);
      for (const route of matchRoutes(this.#options.route, view)) {
        const labels = groupLabels(route, view);
        const key = groupKey(route, labels);
        const group = this.#groups.get(key) ?? this.#create(key, route, labels, this.#firstFlush(route, alert, now));
        // A group rebuilt from the log may not know the route as it is configured now.
        group.route = route;
        group.members.set(alert.fingerprint, { alert, resolvedAt: 0 });
        present.set(key, (present.get(key) ?? new Set()).add(alert.fingerprint));
      }
    }
    for (const group of this.#groups.values()) {
      for (const [fingerprint, member] of group.members) {
        if (member.resolvedAt !== 0 || present.get(group.key)?.has(fingerprint)) continue;
        const entry = known.get(fingerprint);
        const over = entry?.state === 'resolved' ? entry.alert : undefined;
        if (over !== undefined) member.alert = over;
        member.resolvedAt = over === undefined ? now : resolvedAt(over);
      }
    }
  }

  /** Looks at every group whose time has come. */
  flush(now: Millis): Outcome[] {
    const outcomes: Outcome[] = [];
    for (const group of this.#groups.values()) {
      if (group.nextFlush > now) continue;
      group.nextFlush = now + group.route.groupInterval;
      group.flushedAt = now;
      const muted = this.mutedBy(group.route, now).length > 0;
      for (const destination of this.#options.destinations.get(group.route.receiver) ?? []) {
        outcomes.push({ group, destination, notification: this.#decide(group, destination, muted, now) });
      }
    }
    return outcomes;
  }

  /** Names of the time intervals that keep a route quiet now. */
  mutedBy(route: Route, now: Millis): string[] {
    const { intervals } = this.#options;
    const mute = holdingInterval(intervals, route.muteTimeIntervals, now);
    if (mute !== undefined) return [mute];
    const inactive =
      route.activeTimeIntervals.length > 0 && holdingInterval(intervals, route.activeTimeIntervals, now) === undefined;
    return inactive ? [...route.activeTimeIntervals] : [];
  }

  /**
   * Firing alerts pass the muters. A resolved one that was told as firing passes always: whoever was told of a
   * trouble is told of its end.
   */
  #decide(group: Group, destination: Destination, muted: boolean, now: Millis): Notification | undefined {
    const entry = this.#options.log.find(group.key, destination.key);
    const told = new Set(entry?.firing);
    const alerts: NotifiedAlert[] = [];
    let heldBack = false;
    for (const [fingerprint, member] of group.members) {
      if (member.resolvedAt === 0 && (muted || this.#options.suppressed(member.alert))) {
        heldBack ||= told.has(fingerprint);
        continue;
      }
      if (member.resolvedAt !== 0 && !told.has(fingerprint)) continue;
      alerts.push({ alert: member.alert, resolvedAt: member.resolvedAt });
    }
    const firing = alerts.filter((one) => one.resolvedAt === 0).map((one) => one.alert.fingerprint);
    const resolved = alerts.filter((one) => one.resolvedAt !== 0).map((one) => one.alert.fingerprint);
    // A told alert that is only muted still fires: "all resolved" would be a lie.
    if (firing.length === 0 && (resolved.length === 0 || heldBack)) return undefined;
    const incident = this.#incidentOf(group);
    const reason = decideNotification(
      entry,
      { firing, resolved },
      {
        sendResolved: destination.notifier.sendResolved,
        repeatInterval: group.route.repeatInterval,
        quiet: incident?.state === 'acknowledged',
        now,
      },
    );
    if (reason === undefined) return undefined;
    const byStart = (a: NotifiedAlert, b: NotifiedAlert) =>
      Number(a.resolvedAt !== 0) - Number(b.resolvedAt !== 0) || a.alert.startsAt - b.alert.startsAt;
    return {
      groupKey: group.key,
      receiver: group.route.receiver,
      status: firing.length > 0 ? 'firing' : 'resolved',
      reason,
      groupLabels: group.labels,
      alerts: alerts.sort(byStart),
      incident,
      externalUrl: this.#options.externalUrl,
      time: now,
    };
  }

  /** The incident all members share, if they do. */
  #incidentOf(group: Group): Incident | undefined {
    const ids = new Set([...group.members.values()].map((member) => member.alert.context['incident'] ?? ''));
    const named = group.labels['incident'];
    const id = named ?? (ids.size === 1 ? [...ids][0] : undefined);
    return id ? this.#options.incident(id) : undefined;
  }

  /**
   * Lets go of resolved alerts that everyone who was told of them knows about, and of empty groups. While a
   * notification is under way it is open who was told what, so nothing is let go.
   */
  prune(now: Millis): void {
    for (const group of this.#groups.values()) {
      const destinations = this.#options.destinations.get(group.route.receiver) ?? [];
      if (destinations.some((one) => this.#options.pending(group.key, one))) continue;
      for (const [fingerprint, member] of group.members) {
        if (member.resolvedAt === 0) continue;
        const owed = destinations.some((one) =>
          this.#options.log.find(group.key, one.key)?.firing.includes(fingerprint),
        );
        if (owed && now - member.resolvedAt <= RESOLVE_PATIENCE) continue;
        if (owed) this.abandoned++;
        group.members.delete(fingerprint);
      }
      if (group.members.size === 0) this.#groups.delete(group.key);
    }
  }
}
