import { type AlertState, SEVERITIES, type Severity } from '../core/alert.ts';
import { WeirError } from '../core/errors.ts';
import type { Incident, IncidentAlert, TimelineEntry } from '../core/incident.ts';
import type { Labels } from '../core/labels.ts';
import type { Millis } from '../core/time.ts';
import { type LiveAlert, resolvedAt } from './alerts.ts';
import { deviation, nameCulprit, type PipelineEdge } from './culprit.ts';

/** An incident with what correlation needs to know of it. */
export interface IncidentRecord extends Incident {
  /** When an alert last joined; the window for joining runs from here. */
  readonly attachedAt: Millis;
  /** Start of the present life: the opening, or the last reopening. */
  readonly sinceAt: Millis;
}

export interface CorrelateOptions {
  /** An alert joins the pipeline's incident within this time of the one that joined last. */
  readonly window: Millis;
  /** How long all alerts must be resolved before the incident is. */
  readonly resolveHold: Millis;
  /** Alerts that began within this of the first one can name the culprit. */
  readonly onset: Millis;
}

export interface IncidentStore {
  saveIncident(incident: IncidentRecord): void;
  findIncident(id: string): IncidentRecord | undefined;
}

const TIMELINE_LIMIT = 500;

/** The record without what only correlation uses. */
export function publicIncident(record: IncidentRecord): Incident {
  const { attachedAt: _attached, sinceAt: _since, ...incident } = record;
  return incident;
}

function severityOf(alerts: readonly IncidentAlert[]): Severity {
  const words: Readonly<Record<string, Severity>> = {
    critical: 'critical',
    page: 'critical',
    error: 'critical',
    warning: 'warning',
  };
  const worst = Math.max(
    0,
    ...alerts.map((alert) => SEVERITIES.indexOf(words[(alert.labels['severity'] ?? '').toLowerCase()] ?? 'notice')),
  );
  return SEVERITIES[worst] as Severity;
}

function withEntry(record: IncidentRecord, entry: TimelineEntry): IncidentRecord {
  return { ...record, updatedAt: entry.time, timeline: [...record.timeline, entry].slice(-TIMELINE_LIMIT) };
}

function memberText(alert: { labels: LiveAlert['labels']; annotations: LiveAlert['annotations'] }): string {
  return alert.annotations['summary'] ?? alert.labels['alertname'] ?? 'alert';
}

function sameLabels(a: Labels, b: Labels): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/**
 * The incidents: alerts of one pipeline within a time window are one incident. An incident opens with an alert that
 * fits none, is resolved once all its alerts have been for `resolveHold`, and reopens when its pipeline fires again
 * within the window. Written through to the store at every change.
 */
export class Incidents {
  readonly #store: IncidentStore;
  readonly #options: CorrelateOptions;
  readonly #live = new Map<string, IncidentRecord>();
  #next: number;
  /** Set by the owner; called with each changed incident. */
  onChange: (incident: Incident) => void = () => {};
  /** Set by the owner; a pipeline's edges as last read, empty while unknown. */
  edgesOf: (pipeline: string) => readonly PipelineEdge[] = () => [];

  constructor(store: IncidentStore, options: CorrelateOptions, known: readonly IncidentRecord[], lastNumber: number) {
    this.#store = store;
    this.#options = options;
    this.#next = lastNumber + 1;
    for (const record of known) this.#live.set(record.id, record);
  }

  find(id: string): IncidentRecord | undefined {
    return this.#live.get(id) ?? this.#store.findIncident(id);
  }

  /** Incidents not resolved. */
  active(): IncidentRecord[] {
    return [...this.#live.values()].filter((record) => record.state !== 'resolved');
  }

  #save(record: IncidentRecord): IncidentRecord {
    this.#live.set(record.id, record);
    this.#store.saveIncident(record);
    this.onChange(publicIncident(record));
    return record;
  }

  /**
   * The incident of a firing alert; joins, reopens or opens one as needed. `current` is the incident it was last in.
   */
  assign(alert: LiveAlert, pipeline: string, current: string, now: Millis): string {
    const own = this.#live.get(current);
    const member = own?.alerts.find((one) => one.fingerprint === alert.fingerprint);
    if (own !== undefined && own.state !== 'resolved' && member !== undefined) {
      if (member.resolvedAt !== 0) this.#attach(own, alert, now);
      else this.#refresh(own, alert);
      return own.id;
    }
    const { window } = this.#options;
    const mine = [...this.#live.values()]
      .filter((record) => record.pipeline === pipeline)
      .sort((a, b) => b.openedAt - a.openedAt);
    const open = mine.find(
      (record) =>
        record.state !== 'resolved' &&
        (now - record.attachedAt <= window || record.alerts.some((one) => one.fingerprint === alert.fingerprint)),
    );
    if (open !== undefined) return this.#attach(open, alert, now);
    const recent = mine.find((record) => record.state === 'resolved' && now - record.resolvedAt <= window);
    return recent !== undefined ? this.#reopen(recent, alert, now) : this.#open(alert, pipeline, now);
  }

  #open(alert: LiveAlert, pipeline: string, now: Millis): string {
    const record: IncidentRecord = {
      id: `INC-${this.#next++}`,
      title: '',
      pipeline,
      state: 'open',
      severity: 'notice',
      openedAt: now,
      updatedAt: now,
      resolvedAt: 0,
      acknowledgedBy: '',
      culprit: '',
      reason: '',
      alerts: [],
      timeline: [{ time: now, kind: 'opened', text: 'Incident opened' }],
      attachedAt: now,
      sinceAt: now,
    };
    return this.#attach(record, alert, now);
  }

  #reopen(record: IncidentRecord, alert: LiveAlert, now: Millis): string {
    const opened = { ...record, state: 'open' as const, resolvedAt: 0, acknowledgedBy: '', sinceAt: now };
    return this.#attach(withEntry(opened, { time: now, kind: 'reopened', text: 'Incident reopened' }), alert, now);
  }

  #attach(record: IncidentRecord, alert: LiveAlert, now: Millis): string {
    const { fingerprint, labels, annotations, startsAt } = alert;
    const member: IncidentAlert = { fingerprint, labels, annotations, startsAt, resolvedAt: 0 };
    const others = record.alerts.filter((one) => one.fingerprint !== fingerprint);
    const joined = { ...record, alerts: [...others, member], attachedAt: now };
    const entry: TimelineEntry = { time: now, kind: 'alert_firing', text: memberText(alert), fingerprint };
    return this.#save(this.#judge(withEntry(joined, entry))).id;
  }

  /**
   * Newer words of a member that keeps firing, not worth a line in the timeline. Where both carry numbers the worst
   * stays: an alert on its way back to normal must not talk the incident small.
   */
  #refresh(record: IncidentRecord, alert: LiveAlert): void {
    const before = record.alerts.find((one) => one.fingerprint === alert.fingerprint);
    if (before === undefined) return;
    const annotations = deviation(alert) < deviation(before) ? before.annotations : alert.annotations;
    if (before.startsAt === alert.startsAt && sameLabels(before.annotations, annotations)) return;
    const alerts = record.alerts.map((one) =>
      one === before ? { ...one, annotations, startsAt: alert.startsAt } : one,
    );
    this.#save(this.#judge({ ...record, alerts }));
  }

  /** Culprit, title, reason and severity (the worst so far) from the alerts of the incident's present life. */
  #judge(record: IncidentRecord): IncidentRecord {
    const present = record.alerts.filter((one) => one.resolvedAt === 0 || one.resolvedAt >= record.sinceAt);
    const culprit = nameCulprit(present, this.edgesOf(record.pipeline), this.#options.onset);
    return {
      ...record,
      title: culprit.title,
      culprit: culprit.stage,
      reason: culprit.reason,
      severity: severityOf(present),
    };
  }

  /** Marks what has resolved, and resolves incidents that are over. `stateOf` is undefined for a forgotten alert. */
  settle(stateOf: (fingerprint: string) => { state: AlertState; alert: LiveAlert } | undefined, now: Millis): void {
    for (let record of this.active()) {
      for (const member of record.alerts) {
        if (member.resolvedAt !== 0) continue;
        const found = stateOf(member.fingerprint);
        if (
          found !== undefined &&
          found.state !== 'resolved' &&
          (found.alert.context['incident'] ?? record.id) === record.id
        )
          continue;
        const ended =
          found?.state === 'resolved' ? Math.min(now, Math.max(resolvedAt(found.alert), member.startsAt)) : now;
        const alerts = record.alerts.map((one) => (one === member ? { ...one, resolvedAt: ended || now } : one));
        const entry: TimelineEntry = {
          time: now,
          kind: 'alert_resolved',
          text: memberText(member),
          fingerprint: member.fingerprint,
        };
        record = this.#save(withEntry({ ...record, alerts }, entry));
      }
      const last = Math.max(
        ...record.alerts.map((one) => (one.resolvedAt === 0 ? Number.POSITIVE_INFINITY : one.resolvedAt)),
      );
      if (now - last < this.#options.resolveHold) continue;
      const over = { ...record, state: 'resolved' as const, resolvedAt: now };
      this.#save(withEntry(over, { time: now, kind: 'resolved', text: 'All alerts resolved' }));
    }
    for (const record of this.#live.values()) {
      if (record.state === 'resolved' && now - record.resolvedAt > this.#options.window) this.#live.delete(record.id);
    }
  }

  #require(id: string): IncidentRecord {
    const record = this.find(id);
    if (record === undefined) throw new WeirError('alerting_incident_unknown', `incident ${id} not found`);
    return record;
  }

  /** Throws `alerting_incident_unknown`, or `alerting_incident_over` when it is resolved already. */
  acknowledge(id: string, by: string, now: Millis): Incident {
    const record = this.#require(id);
    if (record.state === 'resolved') throw new WeirError('alerting_incident_over', `incident ${id} is resolved`);
    const entry: TimelineEntry = { time: now, kind: 'acknowledged', text: `Acknowledged by ${by}` };
    return publicIncident(this.#save(withEntry({ ...record, state: 'acknowledged', acknowledgedBy: by }, entry)));
  }

  note(id: string, by: string, text: string, now: Millis): Incident {
    const entry: TimelineEntry = { time: now, kind: 'note', text: `${by}: ${text}` };
    return publicIncident(this.#save(withEntry(this.#require(id), entry)));
  }

  /** A person declares it over. The caller dismisses its alerts first. Throws as `acknowledge`. */
  resolve(id: string, by: string, now: Millis): Incident {
    const record = this.#require(id);
    if (record.state === 'resolved') throw new WeirError('alerting_incident_over', `incident ${id} is resolved`);
    const alerts = record.alerts.map((one) => (one.resolvedAt === 0 ? { ...one, resolvedAt: now } : one));
    const over = { ...record, alerts, state: 'resolved' as const, resolvedAt: now };
    return publicIncident(this.#save(withEntry(over, { time: now, kind: 'resolved', text: `Resolved by ${by}` })));
  }

  /** Writes a line about a notification, if the incident is known. */
  record(id: string, entry: TimelineEntry): void {
    const record = this.find(id);
    if (record !== undefined) this.#save(withEntry(record, entry));
  }
}
