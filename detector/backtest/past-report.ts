import type { Feedback } from '../../core/feedback.ts';
import type { Incident } from '../../core/incident.ts';
import { fingerprint } from '../../core/labels.ts';
import type { Millis } from '../../core/time.ts';
import type { Firing, Past } from './past.ts';

/** What is known of the days that were judged. */
export interface Known {
  readonly incidents: readonly Incident[];
  /** What people say of alerts. */
  readonly feedback: readonly Feedback[];
}

export interface PastReport {
  readonly from: Millis;
  readonly until: Millis;
  readonly days: number;
  readonly series: number;
  readonly points: number;
  readonly alerts: number;
  readonly alerts_per_day: number;
  readonly detectors: readonly { readonly name: string; readonly alerts: number; readonly per_day: number }[];
  /** Alerts that fired in each day from `from` on. */
  readonly by_day: readonly number[];
  readonly noisiest_hour: { readonly from: Millis; readonly alerts: number } | null;
  readonly incidents: readonly {
    readonly id: string;
    readonly title: string;
    readonly caught: boolean;
    readonly lead_seconds: number;
  }[];
  /** Of what people called useful (and noise, or expected), how much would have fired again. */
  readonly called: Readonly<Record<Feedback['verdict'], { readonly said: number; readonly again: number }>>;
  readonly firings: readonly Firing[];
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** A firing this long before an incident was opened, or after, still belongs to it. */
const NEAR_MS = 600_000;

/** Puts what would have fired beside what is known to have happened. */
export function pastReportOf(past: Past, known: Known): PastReport {
  const { from, until, series, points, firings } = past;
  const days = (until - from) / DAY_MS;
  const names = [...new Set(firings.map(({ detector }) => detector))];
  const detectors = names
    .map((name) => ({ name, alerts: firings.filter(({ detector }) => detector === name).length }))
    .sort((a, b) => b.alerts - a.alerts || (a.name < b.name ? -1 : 1))
    .map(({ name, alerts }) => ({ name, alerts, per_day: alerts / days }));
  const byDay = new Array<number>(Math.ceil(days)).fill(0);
  for (const { firedAt } of firings) byDay[Math.floor((firedAt - from) / DAY_MS)]!++;
  return {
    from,
    until,
    days,
    series,
    points,
    alerts: firings.length,
    alerts_per_day: firings.length / days,
    detectors,
    by_day: byDay,
    noisiest_hour: noisiestHour(firings),
    incidents: known.incidents.map((incident) => ({
      id: incident.id,
      title: incident.title,
      ...caught(incident, firings, until),
    })),
    called: calledOf(known.feedback, past),
    firings,
  };
}

function noisiestHour(firings: readonly Firing[]): PastReport['noisiest_hour'] {
  const hours = new Map<Millis, number>();
  let most: PastReport['noisiest_hour'] = null;
  for (const { firedAt } of firings) {
    const from = Math.floor(firedAt / HOUR_MS) * HOUR_MS;
    const alerts = (hours.get(from) ?? 0) + 1;
    hours.set(from, alerts);
    if (most === null || alerts > most.alerts) most = { from, alerts };
  }
  return most;
}

/** An incident is caught when an alert of its pipeline fires while it lasts, or little before. */
function caught(
  incident: Incident,
  firings: readonly Firing[],
  until: Millis,
): { caught: boolean; lead_seconds: number } {
  const { openedAt, pipeline } = incident;
  const end = incident.resolvedAt === 0 ? until : incident.resolvedAt;
  const first = firings.find(
    ({ firedAt, resolvedAt, labels }) =>
      (labels['pipeline'] ?? '') === pipeline &&
      firedAt <= end &&
      (resolvedAt === 0 || resolvedAt >= openedAt) &&
      firedAt >= openedAt - NEAR_MS,
  );
  return { caught: first !== undefined, lead_seconds: first === undefined ? 0 : (openedAt - first.firedAt) / 1000 };
}

/** An alert would fire again when one of its detector and series overlaps it. */
function calledOf(feedback: readonly Feedback[], { from, until, firings }: Past): PastReport['called'] {
  const called = { useful: { said: 0, again: 0 }, noise: { said: 0, again: 0 }, expected: { said: 0, again: 0 } };
  for (const one of feedback) {
    if (one.onset >= until || one.until < from) continue;
    called[one.verdict].said++;
    const again = firings.some(
      (firing) =>
        firing.detector === one.detector &&
        fingerprint(firing.labels) === fingerprint(one.labels) &&
        firing.onset <= one.until &&
        (firing.resolvedAt === 0 || firing.resolvedAt >= one.onset),
    );
    if (again) called[one.verdict].again++;
  }
  return called;
}

const clock = (time: Millis) => new Date(time).toISOString().slice(0, 16).replace('T', ' ');

/** The report as text for a terminal. */
export function pastReportText(report: PastReport): string {
  const { from, until, series, points, alerts, alerts_per_day, noisiest_hour, incidents, called } = report;
  const lines = [
    `${clock(from)} to ${clock(until)} UTC: ${series} series, ${points} points judged again`,
    `${alerts} alerts, ${alerts_per_day.toFixed(2)} a day`,
    ...report.detectors.map((one) => `  ${one.name}: ${one.alerts}, ${one.per_day.toFixed(2)} a day`),
  ];
  if (alerts > 0) lines.push(`by day: ${report.by_day.join(' ')}`);
  if (noisiest_hour !== null)
    lines.push(`noisiest hour: ${clock(noisiest_hour.from)} UTC, ${noisiest_hour.alerts} alerts`);
  const found = incidents.filter((one) => one.caught);
  lines.push(`${found.length} of ${incidents.length} incidents of that time would have been caught`);
  for (const one of incidents) if (!one.caught) lines.push(`  missed: ${one.title} (${one.id})`);
  for (const [verdict, { said, again }] of Object.entries(called)) {
    if (said > 0) lines.push(`${again} of ${said} alerts that people called ${verdict} would fire again`);
  }
  return `${lines.join('\n')}\n`;
}
