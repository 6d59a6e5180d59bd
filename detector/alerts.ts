import { DETECTOR_SOURCE, type PostableAlert, type Severity } from '../core/alert.ts';
import type { Anomaly } from '../core/anomaly.ts';
import { durationWords } from '../core/duration-words.ts';
import { fingerprint, type Labels, normalizeLabels } from '../core/labels.ts';
import { SIGNAL_FACTS, type Signal } from '../core/signal.ts';
import type { Millis } from '../core/time.ts';
import { inputsAhead } from './ahead/votes.ts';
import { annotationsAhead } from './ahead/words.ts';
import { type DetectorEntry, directionOf } from './config.ts';
import type { ThresholdInForce } from './feedback.ts';
import { rowAnnotations } from './stage-words.ts';
import type { Verdict } from './verdict.ts';
import { decisionInputs, meanOdds, strikingRule } from './votes.ts';
import type { Watched } from './watched.ts';
import { chanceWords, rangeWords, valueWords } from './wording.ts';

/** Streams that find a point less rare than this are not named among those that speak for an alert. */
const TELLING = 0.01;

/** An alert as the detector keeps it: sent each round while firing, and for a while after it resolved. */
export interface ActiveAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAt: Millis;
  /** 0 while firing. */
  readonly resolvedAt: Millis;
}

/** Identity of an alert: the series' labels, the detector's name and severity, and who says so. */
export function alertLabels(entry: Pick<DetectorEntry, 'name' | 'severity'>, series: Labels): Labels {
  return normalizeLabels({
    ...series,
    alertname: entry.name,
    severity: entry.severity,
    weir_source: DETECTOR_SOURCE,
  });
}

/** The words of an alert about one judged point. `end` is the end of that point's step. */
export function alertAnnotations(
  watched: Watched,
  verdict: Verdict,
  value: number,
  end: Millis,
  anomalyId: string,
): Labels {
  if (verdict.outlook) return annotationsAhead(subject(watched.labels), watched.labels, verdict.outlook, anomalyId);
  const signal = watched.labels['signal'] as Signal;
  if (signal === 'relations') {
    const words = rowAnnotations(watched.labels, verdict.votes, verdict.score, end - verdict.standing.onset);
    return { ...words, anomaly_id: anomalyId };
  }
  const range = rangeWords(signal, verdict.lower, verdict.upper);
  const expected = Number.isNaN(verdict.expected) ? range : valueWords(signal, verdict.expected);
  const since = durationWords((end - verdict.standing.onset) / 1000);
  return {
    summary: `${subject(watched.labels)} is ${valueWords(signal, value)}, expected ${range}, for ${since}`,
    description: describe(watched.labels, verdict),
    anomaly_id: anomalyId,
    value: valueWords(signal, value),
    expected,
  };
}

/** `enrichment: lag in time of orders`: the stage, the signal in words, and what it is about. */
function subject(labels: Labels): string {
  const signal = labels['signal'] as Signal;
  const title = signal === 'custom' ? (labels['name'] ?? 'signal') : lowerFirst(SIGNAL_FACTS[signal].title);
  const about = labels['dependency'] ?? labels['topic'];
  const place = labels['dependency'] ? 'to' : 'on';
  return `${labels['stage'] ?? 'pipeline'}: ${title}${about ? ` ${place} ${about}` : ''}`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function describe(labels: Labels, verdict: Verdict): string {
  const pipeline = `Pipeline ${labels['pipeline'] ?? 'default'}.`;
  if (verdict.breach === 'rule') return `${pipeline} ${ruleWords(verdict)}`;
  if (verdict.breach === 'stopped') return `${pipeline} The flow stopped while more was expected.`;
  const scorers = verdict.votes.filter(({ weight, p }) => weight > 0 && p < TELLING).map(({ scorer }) => scorer);
  return `${pipeline} A value this unusual is seen in ${chanceWords(meanOdds(verdict.votes))} points of this series (${scorers.join(', ')}).`;
}

function ruleWords({ votes, facts }: Verdict): string {
  const rule = strikingRule(votes)?.scorer;
  if (rule === 'state') return `The group is ${facts?.['state']}: records wait and nobody takes them.`;
  if (rule === 'frozen')
    return 'The value repeats to the last bit, which it never did: what reports it may stand still.';
  return 'The value passed a fixed limit.';
}

/** The anomaly of a verdict that just fired, with all inputs of the decision. */
export function anomalyOf(watched: Watched, verdict: Verdict, value: number, step: Millis): Anomaly {
  const { entry } = verdict.watcher;
  const { decision, query } = entry;
  const { standing } = verdict;
  const time = standing.firedAt - step;
  return {
    id: anomalyId(entry.name, watched.key, standing.onset),
    detector: entry.name,
    labels: watched.labels,
    time,
    firedAt: standing.firedAt,
    resolvedAt: 0,
    value: verdict.outlook?.value ?? value,
    expected: verdict.expected,
    lower: verdict.lower,
    upper: verdict.upper,
    score: verdict.score,
    threshold: verdict.moved?.threshold ?? decision.score,
    direction: directionOf(entry),
    severity: entry.severity,
    votes: verdict.votes,
    decision: {
      breach: verdict.breach,
      onset: standing.onset,
      score: decision.score,
      ...movedInputs(verdict.moved),
      for: decision.for,
      keep_firing_for: decision.keep_firing_for,
      min_history: decision.min_history,
      min_change: decision.min_change,
      min_difference: decision.min_difference,
      min_volume: decision.min_volume,
      ...(Number.isFinite(decision.min_value) ? { min_value: decision.min_value } : {}),
      ...(Number.isFinite(decision.min_expected) ? { min_expected: decision.min_expected } : {}),
      ...(decision.stopped_below === undefined ? {} : { stopped_below: decision.stopped_below }),
      history: watched.history,
      ...(verdict.outlook ? inputsAhead(verdict.outlook) : {}),
      ...(verdict.inputs ? { noise: verdict.noise, ...decisionInputs(verdict.inputs) } : {}),
      ...verdict.facts,
      query: JSON.stringify({
        signal: query.signal,
        match: matchOf(watched.labels, query),
        from: time,
        to: time + step,
        step,
      }),
    },
  };
}

/** Labels by which the inputs are found: a row is of all signals of its stage. */
function matchOf({ pipeline, stage }: Labels, { signal, match }: DetectorEntry['query']): Labels {
  return signal === 'relations' ? normalizeLabels({ pipeline: pipeline ?? '', stage: stage ?? '' }) : match;
}

/** What people said that moved the threshold, as it stands in a decision; its shift is `threshold - score`. */
function movedInputs(moved: ThresholdInForce | undefined): Anomaly['decision'] {
  if (moved === undefined) return {};
  return {
    feedback_noise: moved.noise,
    feedback_noise_people: moved.noisePeople,
    feedback_useful: moved.useful,
    feedback_useful_people: moved.usefulPeople,
    feedback_shift: moved.threshold - moved.configured,
  };
}

/** Stable over restarts: the same onset of the same series seen by the same detector is the same anomaly. */
export function anomalyId(detector: string, seriesKey: string, onset: Millis): string {
  return fingerprint({ detector, series: seriesKey, onset: String(onset) });
}

/** `POST /api/v2/alerts` form. A firing alert ends `life` from now unless it is sent again; a resolved one has ended. */
export function postable(alert: ActiveAlert, now: Millis, life: Millis): PostableAlert {
  const endsAt = alert.resolvedAt === 0 ? now + life : Math.min(alert.resolvedAt, now);
  return {
    labels: alert.labels,
    annotations: alert.annotations,
    startsAt: new Date(Math.min(alert.startsAt, endsAt)).toISOString(),
    endsAt: new Date(endsAt).toISOString(),
  };
}

/** The alert that says nothing arrives: a rule about Weir itself, with the same shape as all others. */
export function absentAlert(since: Millis, now: Millis, reason: string): ActiveAlert {
  const severity: Severity = 'warning';
  return {
    labels: {
      alertname: 'TelemetryAbsent',
      pipeline: 'weir',
      severity,
      signal: 'custom',
      stage: 'collector',
      weir_source: DETECTOR_SOURCE,
    },
    annotations: {
      summary: `${reason} for ${durationWords((now - since) / 1000)}; nothing can be judged`,
      description: 'Alerts that were firing are kept as they are until telemetry comes back.',
    },
    startsAt: since,
    resolvedAt: 0,
  };
}
