import { z } from 'zod';
import { type Alert, type AlertState, DETECTOR_SOURCE, type PostableAlert } from '../core/alert.ts';
import { WeirError } from '../core/errors.ts';
import { fingerprint, type Labels, labelNames, normalizeLabels } from '../core/labels.ts';
import type { Millis } from '../core/time.ts';

/** An alert with what alerting itself has decided about it. */
export interface LiveAlert extends Alert {
  /** When a person declared it over, 0 if nobody did. Holds until the sender resolves it or it starts anew. */
  readonly dismissedAt: Millis;
  /** The state last written to history, empty before the first. */
  readonly recordedState: AlertState | '';
}

const time = z.iso.datetime({ offset: true });
const labelMap = z.record(z.string(), z.string());

const postableAlert = z.object({
  labels: labelMap,
  annotations: labelMap.optional(),
  startsAt: time.optional(),
  endsAt: time.optional(),
  generatorURL: z.string().optional(),
});

const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * One element of a posted batch, checked. Labels with empty values are removed, `startsAt` defaults to now (or to
 * `endsAt` when that is given and earlier), `endsAt` to now + `resolveTimeout`. Go senders write an unset time as
 * year 1; that counts as unset. Throws `alerting_alert_invalid` whose message starts with `path`.
 */
export function parseAlert(value: unknown, path: string, now: Millis, resolveTimeout: Millis): LiveAlert {
  const parsed = postableAlert.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const at = [path, ...(issue?.path ?? [])].join('.');
    throw new WeirError('alerting_alert_invalid', `${at}: ${issue?.message ?? 'is not an alert'}`);
  }
  const alert = parsed.data as PostableAlert;
  const labels = normalizeLabels(alert.labels);
  const names = labelNames(labels);
  if (names.length === 0) throw new WeirError('alerting_alert_invalid', `${path}.labels: at least one label is needed`);
  for (const name of names) {
    if (name === '' || LONE_SURROGATE.test(name) || LONE_SURROGATE.test(labels[name] as string)) {
      throw new WeirError('alerting_alert_invalid', `${path}.labels: ${JSON.stringify(name)} is not valid UTF-8 text`);
    }
  }
  const given = (text: string | undefined) =>
    text === undefined || text.startsWith('0001-01-01T00:00:00') ? 0 : Date.parse(text);
  const end = given(alert.endsAt);
  const start = given(alert.startsAt) || (end === 0 ? now : Math.min(now, end));
  if (end !== 0 && end < start) {
    throw new WeirError('alerting_alert_invalid', `${path}.endsAt: lies before startsAt`);
  }
  return {
    fingerprint: fingerprint(labels),
    labels,
    annotations: normalizeLabels(alert.annotations ?? {}),
    context: {},
    startsAt: start,
    endsAt: end || now + resolveTimeout,
    updatedAt: now,
    timeout: end === 0,
    generatorURL: alert.generatorURL ?? '',
    dismissedAt: 0,
    recordedState: '',
  };
}

export function fromDetector(alert: Alert): boolean {
  return alert.labels['weir_source'] === DETECTOR_SOURCE;
}

/** True when the sender itself said it is over, as against an `endsAt` that passed without a word. */
export function saidResolved(alert: Alert): boolean {
  return alert.endsAt <= alert.updatedAt;
}

/**
 * Firing while `endsAt` lies ahead. Afterwards: resolved if the sender said so, stale if it is our own detector that
 * fell silent, resolved by expiry for anyone else. Until `grace` (shortly after start-up) nothing resolves by expiry,
 * because its sender may not have had the chance to repeat it.
 */
export function alertState(alert: LiveAlert, now: Millis, grace: Millis = 0): AlertState {
  if (alert.dismissedAt > 0) return 'resolved';
  if (alert.endsAt > now) return 'firing';
  if (saidResolved(alert)) return 'resolved';
  if (fromDetector(alert)) return 'stale';
  return now < grace ? 'firing' : 'resolved';
}

/** When a resolved alert ended. */
export function resolvedAt(alert: LiveAlert): Millis {
  return alert.dismissedAt > 0 ? alert.dismissedAt : alert.endsAt;
}

/**
 * The alert after a newer report of the same identity. The earliest `startsAt` wins and the newest data; an explicit
 * later `endsAt` beats one filled in by us; a newer resolved report wins. A report that starts after the old one
 * ended is a new firing and replaces it.
 */
export function mergeAlert(old: LiveAlert, report: LiveAlert): LiveAlert {
  const ended = saidResolved(old) || (!fromDetector(old) && old.endsAt <= report.updatedAt);
  if (ended && report.startsAt > old.endsAt)
    return { ...report, context: old.context, recordedState: old.recordedState };
  let endsAt = report.endsAt;
  if (saidResolved(report)) {
    if (saidResolved(old) && old.endsAt > endsAt) endsAt = old.endsAt;
  } else if (!old.timeout && old.endsAt > endsAt) {
    endsAt = old.endsAt;
  }
  const over = saidResolved(report) || (old.dismissedAt > 0 && report.startsAt > old.dismissedAt);
  return {
    ...report,
    context: old.context,
    startsAt: Math.min(old.startsAt, report.startsAt),
    endsAt,
    timeout: report.timeout && endsAt === report.endsAt,
    dismissedAt: over ? 0 : old.dismissedAt,
    recordedState: old.recordedState,
  };
}

/** Labels with the context beneath them: what matchers, grouping and inhibition see. Labels win. */
export function alertView(alert: Alert): Labels {
  return { ...alert.context, ...alert.labels };
}

export function sameLabels(a: Labels, b: Labels): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
