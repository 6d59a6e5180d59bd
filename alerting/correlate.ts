import { type AlertState, annotatedPriority, type Severity, worstOf } from '../core/alert.ts';
import { WeirError } from '../core/errors.ts';
import type { Incident, IncidentAlert, TimelineEntry } from '../core/incident.ts';
import type { Millis } from '../core/time.ts';
import { type LiveAlert, resolvedAt, sameLabels } from './alerts.ts';
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

/**
 * Whether an alert that fires among `members` is about the very series of `alert`: a warning of what is to come and, however
 * much later, the alert that it came, are one incident.
 */
function speaksOf(members: ReadonlyMap<string, IncidentAlert>, alert: Pick<LiveAlert, 'labels'>): boolean {
  if (alert.labels['signal'] === undefined) return false;
  for (const member of members.values()) {
    if (member.resolvedAt === 0 && sameLabels(seriesOf(member.labels), seriesOf(alert.labels))) return true;
  }
  return false;
}

function seriesOf({ alertname: _name, severity: _severity, ...series }: LiveAlert['labels']): LiveAlert['labels'] {
  return series as LiveAlert['labels'];
}

/** The record without what only correlation uses. */
export function publicIncident(record: IncidentRecord): Incident {
  const { attachedAt: _attached, sinceAt: _since, ...incident } = record;
  return incident;
}

/** What senders call their severities, as one of ours; any other word is a notice. */
const SEVERITY_WORDS: ReadonlyMap<string, Severity> = new Map([
  ['critical', 'critical'],
  ['page', 'critical'],
  ['error', 'critical'],
  ['warning', 'warning'],
]);

/** The worst that the alerts were sent with or have come to be worth. */
function severityOf(alerts: readonly IncidentAlert[]): Severity {
  const all = alerts.flatMap(({ labels, annotations }) => [
    SEVERITY_WORDS.get((labels['severity'] ?? '').toLowerCase()),
    annotatedPriority(annotations),
  ]);
  return worstOf(all.filter((one) => one !== undefined)) ?? 'notice';
}

function memberText(alert: { labels: LiveAlert['labels']; annotations: LiveAlert['annotations'] }): string {
  return alert.annotations['summary'] ?? alert.labels['alertname'] ?? 'alert';
}

/** An incident being worked on: changes gather here and are judged and written once, however many there are. */
interface Draft {
  record: IncidentRecord;
  readonly members: Map<string, IncidentAlert>;
  changed: boolean;
  /** The alerts differ from those of `record`. */
  altered: boolean;
}

function draftOf(record: IncidentRecord): Draft {
  return {
    record,
    members: new Map(record.alerts.map((one) => [one.fingerprint, one])),
    changed: false,
    altered: false,
  };
}

/**
 * The incidents: alerts of one pipeline within a time window are one incident. An incident opens with an alert that
 * fits none, is resolved once all its alerts have been for `resolveHold`, and reopens when its pipeline fires again
 * within the window. `assign` and `settle` gather changes, `write` stores them; what a person does is stored at once.
 */
export class Incidents {
  readonly #store: IncidentStore;
  readonly #options: CorrelateOptions;
  readonly #live = new Map<string, Draft>();
  #next: number;
  /** Set by the owner; called with each changed incident. */
  onChange: (incident: Incident) => void = () => {};
  /** Set by the owner; a pipeline's edges as last read, empty while unknown. */
  edgesOf: (pipeline: string) => readonly PipelineEdge[] = () => [];

  constructor(store: IncidentStore, options: CorrelateOptions, known: readonly IncidentRecord[], lastNumber: number) {
    this.#store = store;
    this.#options = options;
    this.#next = lastNumber + 1;
    for (const record of known) this.#live.set(record.id, draftOf(record));
  }

  find(id: string): IncidentRecord | undefined {
    const draft = this.#live.get(id);
    return draft === undefined ? this.#store.findIncident(id) : this.#finish(draft);
  }

  /** Incidents not resolved. */
  active(): IncidentRecord[] {
    return this.#open().map((draft) => this.#finish(draft));
  }

  #open(): Draft[] {
    return [...this.#live.values()].filter((draft) => draft.record.state !== 'resolved');
  }

  /** Stores every incident that changed. */
  write(): void {
    for (const draft of this.#live.values()) {
      if (!draft.changed) continue;
      draft.changed = false;
      this.#store.saveIncident(this.#finish(draft));
      this.onChange(publicIncident(draft.record));
    }
  }

  /** The record of a draft, with culprit, title, reason and severity (the worst) of the alerts of its present life. */
  #finish(draft: Draft): IncidentRecord {
    if (!draft.altered) return draft.record;
    draft.altered = false;
    const alerts = [...draft.members.values()];
    const present = alerts.filter((one) => one.resolvedAt === 0 || one.resolvedAt >= draft.record.sinceAt);
    const culprit = nameCulprit(present, this.edgesOf(draft.record.pipeline), this.#options.onset);
    draft.record = {
      ...draft.record,
      alerts,
      title: culprit.title,
      culprit: culprit.stage,
      reason: culprit.reason,
      severity: severityOf(present),
    };
    return draft.record;
  }

  #change(draft: Draft, change: Partial<IncidentRecord>, entry?: TimelineEntry): void {
    const { timeline } = draft.record;
    const more =
      entry === undefined ? {} : { updatedAt: entry.time, timeline: [...timeline, entry].slice(-TIMELINE_LIMIT) };
    draft.record = { ...draft.record, ...change, ...more };
    draft.changed = true;
  }

  /** The incident of a firing alert; joins, reopens or opens one as needed. `current` is the incident it was last in. */
  assign(alert: LiveAlert, pipeline: string, current: string, now: Millis): string {
    const own = this.#live.get(current);
    const member = own?.members.get(alert.fingerprint);
    if (own !== undefined && own.record.state !== 'resolved' && member !== undefined) {
      if (member.resolvedAt !== 0) return this.#attach(own, alert, now);
      this.#refresh(own, member, alert);
      return current;
    }
    const { window } = this.#options;
    const mine = [...this.#live.values()]
      .filter((draft) => draft.record.pipeline === pipeline)
      .sort((a, b) => b.record.openedAt - a.record.openedAt);
    const joins = ({ record, members }: Draft) =>
      record.state !== 'resolved' &&
      (now - record.attachedAt <= window || members.has(alert.fingerprint) || speaksOf(members, alert));
    const draft =
      mine.find(joins) ?? mine.find(({ record }) => record.state === 'resolved' && now - record.resolvedAt <= window);
    if (draft?.record.state === 'resolved') {
      const entry: TimelineEntry = { time: now, kind: 'reopened', text: 'Incident reopened' };
      this.#change(draft, { state: 'open', resolvedAt: 0, acknowledgedBy: '', sinceAt: now }, entry);
    }
    return this.#attach(draft ?? this.#create(pipeline, now), alert, now);
  }

  #create(pipeline: string, now: Millis): Draft {
    const draft = draftOf({
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
    });
    this.#live.set(draft.record.id, draft);
    return draft;
  }

  #attach(draft: Draft, alert: LiveAlert, now: Millis): string {
    const { fingerprint, labels, annotations, startsAt } = alert;
    // The newest stands last.
    draft.members.delete(fingerprint);
    draft.members.set(fingerprint, { fingerprint, labels, annotations, startsAt, resolvedAt: 0 });
    draft.altered = true;
    this.#change(draft, { attachedAt: now }, { time: now, kind: 'alert_firing', text: memberText(alert), fingerprint });
    return draft.record.id;
  }

  /**
   * Newer words of a member that keeps firing, not worth a line in the timeline. Where both carry numbers the worst
   * stays: an alert on its way back to normal must not talk the incident small.
   */
  #refresh(draft: Draft, before: IncidentAlert, alert: LiveAlert): void {
    const said = deviation(alert) < deviation(before) ? before.annotations : alert.annotations;
    // What an alert has come to be worth is not taken back while it lasts.
    const priority = worstOf([before, alert].flatMap((one) => annotatedPriority(one.annotations) ?? []));
    const annotations = priority === undefined ? said : { ...said, priority };
    if (before.startsAt === alert.startsAt && sameLabels(before.annotations, annotations)) return;
    draft.members.set(alert.fingerprint, { ...before, annotations, startsAt: alert.startsAt });
    draft.altered = true;
    draft.changed = true;
  }

  /** Marks what has resolved, and resolves incidents that are over. `stateOf` is undefined for a forgotten alert. */
  settle(stateOf: (fingerprint: string) => { state: AlertState; alert: LiveAlert } | undefined, now: Millis): void {
    for (const draft of this.#open()) {
      let last = 0;
      for (const member of draft.members.values()) {
        let ended = member.resolvedAt;
        if (ended === 0) {
          const found = stateOf(member.fingerprint);
          const elsewhere =
            found !== undefined && (found.alert.context['incident'] ?? draft.record.id) !== draft.record.id;
          if (found !== undefined && found.state !== 'resolved' && !elsewhere) ended = Number.POSITIVE_INFINITY;
          else {
            const over = found?.state === 'resolved' ? resolvedAt(found.alert) : now;
            ended = Math.min(now, Math.max(over, member.startsAt));
            this.#end(draft, member, ended, now);
          }
        }
        last = Math.max(last, ended);
      }
      if (now - last < this.#options.resolveHold) continue;
      const entry: TimelineEntry = { time: now, kind: 'resolved', text: 'All alerts resolved' };
      this.#change(draft, { state: 'resolved', resolvedAt: now }, entry);
    }
    for (const [id, { record, changed }] of this.#live) {
      if (!changed && record.state === 'resolved' && now - record.resolvedAt > this.#options.window)
        this.#live.delete(id);
    }
  }

  #end(draft: Draft, member: IncidentAlert, ended: Millis, now: Millis): void {
    draft.members.set(member.fingerprint, { ...member, resolvedAt: ended });
    draft.altered = true;
    const { fingerprint } = member;
    this.#change(draft, {}, { time: now, kind: 'alert_resolved', text: memberText(member), fingerprint });
  }

  /** Throws `alerting_incident_unknown`. */
  #require(id: string): Draft {
    const live = this.#live.get(id);
    if (live !== undefined) return live;
    const record = this.#store.findIncident(id);
    if (record === undefined) throw new WeirError('alerting_incident_unknown', `incident ${id} not found`);
    const draft = draftOf(record);
    this.#live.set(id, draft);
    return draft;
  }

  /** Throws `alerting_incident_unknown`, or `alerting_incident_over` when it is resolved already. */
  #requireActive(id: string): Draft {
    const draft = this.#require(id);
    if (draft.record.state === 'resolved') throw new WeirError('alerting_incident_over', `incident ${id} is resolved`);
    return draft;
  }

  #stored(draft: Draft): Incident {
    this.write();
    return publicIncident(draft.record);
  }

  /** Throws `alerting_incident_unknown`, or `alerting_incident_over` when it is resolved already. */
  acknowledge(id: string, by: string, now: Millis): Incident {
    const draft = this.#requireActive(id);
    const entry: TimelineEntry = { time: now, kind: 'acknowledged', text: `Acknowledged by ${by}` };
    this.#change(draft, { state: 'acknowledged', acknowledgedBy: by }, entry);
    return this.#stored(draft);
  }

  /** Throws `alerting_incident_unknown`. */
  note(id: string, by: string, text: string, now: Millis): Incident {
    const draft = this.#require(id);
    this.#change(draft, {}, { time: now, kind: 'note', text: `${by}: ${text}` });
    return this.#stored(draft);
  }

  /** A person declares it over; the caller dismisses its alerts. Throws as `acknowledge`. */
  resolve(id: string, by: string, now: Millis): Incident {
    const draft = this.#requireActive(id);
    for (const member of draft.members.values()) {
      if (member.resolvedAt === 0) draft.members.set(member.fingerprint, { ...member, resolvedAt: now });
    }
    draft.altered = true;
    this.#change(
      draft,
      { state: 'resolved', resolvedAt: now },
      { time: now, kind: 'resolved', text: `Resolved by ${by}` },
    );
    return this.#stored(draft);
  }

  /** Writes a line about a notification, if the incident is known. */
  record(id: string, entry: TimelineEntry): void {
    if (this.find(id) === undefined) return;
    this.#change(this.#require(id), {}, entry);
    this.write();
  }
}
