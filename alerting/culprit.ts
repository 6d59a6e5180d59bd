import { LIMIT_AHEAD } from '../core/alert.ts';
import type { IncidentAlert } from '../core/incident.ts';
import { factsOfSignal, isShare, type Signal } from '../core/signal.ts';
import type { Millis } from '../core/time.ts';
import { clockText, listText, numberText, percentText, type Quantity, readQuantity, valueText } from './wording.ts';

/** A directed edge of the pipeline, along the flow. */
export interface PipelineEdge {
  readonly from: string;
  readonly to: string;
}

export interface Culprit {
  /** Empty when no alert names a stage. */
  readonly stage: string;
  /** A sentence that names the stage. */
  readonly title: string;
  readonly reason: string;
}

/**
 * How much a signal speaks of the stage's own trouble rather than of being starved by another, best first.
 * A consumer that is starved has low throughput and stale data, but neither errors nor a slow dependency.
 */
const RANKS: readonly (readonly Signal[])[] = [
  ['dependency_p95'],
  ['error_ratio'],
  ['latency_p50', 'latency_p95', 'latency_p99'],
  ['lag', 'lag_seconds', 'loss_seconds'],
  ['custom', 'drop_ratio', 'dead_letters', 'dead_letter_depth', 'schema_violations'],
  ['output'],
  // What a budget is spent on lies before it.
  ['throughput', 'freshness', 'slo_burn'],
];
const OWN_TROUBLE = 3;

function signalOf(alert: IncidentAlert): string {
  return alert.labels['signal'] ?? '';
}

const isPresent = (alert: IncidentAlert) => alert.labels['alertname'] !== LIMIT_AHEAD;

export function stageOf(alert: IncidentAlert): string {
  return alert.labels['stage'] ?? alert.labels['service'] ?? '';
}

/** Position in `RANKS`; alerts of other senders, which carry no signal, stand with `custom`. */
function rankOf(alert: IncidentAlert): number {
  const rank = RANKS.findIndex((signals) => (signals as readonly string[]).includes(signalOf(alert)));
  return rank >= 0 ? rank : 4;
}

/** The alert's number `name`, said in its signal's unit. */
function quantity(alert: IncidentAlert, name: 'value' | 'expected'): Quantity {
  const signal = signalOf(alert);
  const unit = factsOfSignal(signal)?.unit ?? '1';
  return readQuantity(alert.annotations[name], (size) => (isShare(signal) ? percentText(size) : valueText(size, unit)));
}

/** Less than expected; unknown numbers count as less, because silence is the common case. */
function isDown(alert: IncidentAlert): boolean {
  return !(quantity(alert, 'value').size > quantity(alert, 'expected').size);
}

/** How far the value is from what was expected; NaN without numbers. */
export function deviation(alert: Pick<IncidentAlert, 'labels' | 'annotations'>): number {
  const member = { ...alert, fingerprint: '', startsAt: 0, resolvedAt: 0 };
  return Math.abs(quantity(member, 'value').size - quantity(member, 'expected').size);
}

/** For each stage, how many of the other stages the flow reaches it from. */
function upstreamCounts(stages: readonly string[], edges: readonly PipelineEdge[]): Map<string, number> {
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) next.set(from, [...(next.get(from) ?? []), to]);
  const counts = new Map(stages.map((stage) => [stage, 0]));
  for (const start of stages) {
    const seen = new Set([start]);
    const queue = [start];
    for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
      for (const to of next.get(node) ?? []) {
        if (seen.has(to)) continue;
        seen.add(to);
        queue.push(to);
        if (counts.has(to)) counts.set(to, (counts.get(to) ?? 0) + 1);
      }
    }
  }
  return counts;
}

/**
 * The stage most likely at fault.
 *
 * Looked at are the alerts that began within `onset` of the first. The one whose signal ranks best is the culprit;
 * of equal rank the earliest, then the one furthest upstream. Exception, the silent producer: when stages
 * deliver less and none of the alerts speaks of own trouble, everything follows from the stage furthest upstream.
 */
export function nameCulprit(
  alerts: readonly IncidentAlert[],
  edges: readonly PipelineEdge[] = [],
  onset: Millis = 60_000,
): Culprit {
  // What is to come says where it began only while nothing has.
  const present = alerts.filter(isPresent);
  if (present.length > 0 && present.length < alerts.length) return nameCulprit(present, edges, onset);
  const first = Math.min(...alerts.map((alert) => alert.startsAt));
  const early = alerts.filter((alert) => alert.startsAt <= first + onset);
  const stages = [...new Set(early.map(stageOf))].filter((stage) => stage !== '');
  const upstream = upstreamCounts(stages, edges);
  const depth = (alert: IncidentAlert) => upstream.get(stageOf(alert)) ?? Number.POSITIVE_INFINITY;
  const byFlow = (a: IncidentAlert, b: IncidentAlert) =>
    depth(a) - depth(b) || a.startsAt - b.startsAt || rankOf(a) - rankOf(b);
  const byRank = (a: IncidentAlert, b: IncidentAlert) =>
    rankOf(a) - rankOf(b) || a.startsAt - b.startsAt || depth(a) - depth(b);

  const starved = early.filter((alert) => ['output', 'throughput'].includes(signalOf(alert)) && isDown(alert));
  const silentProducer = starved.length > 0 && early.every((alert) => rankOf(alert) > OWN_TROUBLE);
  const known = edges.length > 0;
  const ranked = silentProducer
    ? [...starved].sort(known ? byFlow : (a, b) => a.startsAt - b.startsAt || byRank(a, b))
    : [...early].sort(byRank);
  const chosen = ranked[0];
  if (chosen === undefined) return { stage: '', title: 'No alert', reason: '' };
  const stage = stageOf(chosen);
  const mates = early.filter((alert) => stageOf(alert) === stage);
  const title = (isPresent(chosen) ? undefined : chosen.annotations['summary']) ?? titleOf(chosen, mates);
  return { stage, title, reason: reasonOf(chosen, alerts) };
}

/** `(p95 312 ms instead of 20 ms)`, or nothing without numbers. */
function insteadText(alert: IncidentAlert, what: string): string {
  const [value, expected] = [quantity(alert, 'value'), quantity(alert, 'expected')];
  if (value.text === '') return '';
  return ` (${what}${value.text}${expected.text === '' ? '' : ` instead of ${expected.text}`})`;
}

function fallingBehind(stage: string, lag: IncidentAlert): string {
  const topic = lag.labels['topic'];
  return `${stage} is falling behind${topic ? ` on ${topic}` : ''}`;
}

/** How much less or more than expected, in words: `67 % less than expected`, `2.1 times what is expected`. */
function amountText(alert: IncidentAlert): string {
  const [value, expected] = [quantity(alert, 'value').size, quantity(alert, 'expected').size];
  if (!Number.isFinite(value) || !(expected > 0)) return isDown(alert) ? 'less than expected' : 'more than expected';
  if (value <= expected) return `${percentText(1 - value / expected)} less than expected`;
  return `${numberText(value / expected, 2)} times what is expected`;
}

/** Nothing at all, or under 2 % of what is expected. */
function isSilent(alert: IncidentAlert): boolean {
  const value = quantity(alert, 'value').size;
  return value === 0 || value < quantity(alert, 'expected').size * 0.02;
}

function titleOf(alert: IncidentAlert, mates: readonly IncidentAlert[]): string {
  const { dataset, topic, pipeline } = alert.labels;
  const stage = stageOf(alert) || dataset || topic || pipeline || 'A stage';
  const signal = signalOf(alert);
  const mate = (...signals: string[]) => mates.find((other) => signals.includes(signalOf(other)));
  switch (signal) {
    case 'dependency_p95':
      return `${stage} waits for ${alert.labels['dependency'] ?? 'a dependency'}${insteadText(alert, 'p95 ')}`;
    case 'error_ratio': {
      const ratio = quantity(alert, 'value').text;
      return ratio === '' ? `${stage} fails more of its work than expected` : `${stage} fails ${ratio} of its work`;
    }
    case 'latency_p50':
    case 'latency_p95':
    case 'latency_p99': {
      const lag = mate('lag', 'lag_seconds');
      if (lag !== undefined) return fallingBehind(stage, lag);
      return `${stage} is slow${insteadText(alert, `${signal.slice('latency_'.length)} `)}`;
    }
    case 'lag':
    case 'lag_seconds':
      return fallingBehind(stage, alert);
    case 'loss_seconds': {
      const left = quantity(alert, 'value').text;
      return `retention takes what ${stage} has not read${left === '' ? '' : ` in ${left}`}`;
    }
    case 'output':
    case 'throughput': {
      const output = mate('output');
      if (output !== undefined && isDown(output) && isSilent(output)) return `${stage} stopped producing`;
      if (isDown(alert) && isSilent(alert)) return `${stage} stopped receiving`;
      return `${stage} ${signal === 'output' ? 'produces' : 'handles'} ${amountText(alert)}`;
    }
    case 'freshness': {
      const age = quantity(alert, 'value').text;
      return age === '' ? `${stage} is late` : `${stage} is late: its newest complete event is ${age} old`;
    }
    case 'drop_ratio': {
      const share = quantity(alert, 'value').text;
      const from = topic === undefined || topic === stage ? '' : ` from ${topic}`;
      return `${stage} misses ${share === '' ? 'records' : `${share} of its records`}${from}`;
    }
    case 'slo_burn':
      return `${stage} burns the error budget of ${alert.labels['slo'] ?? 'an SLO'}`;
    case 'dead_letters':
      return `${stage} gives records up as dead letters${insteadText(alert, '')}`;
    case 'schema_violations':
      return `${stage} gets records that break their schema${insteadText(alert, '')}`;
    default: {
      if (signal === 'custom' && alert.labels['name'])
        return `${alert.labels['name']} of ${stage} is off${insteadText(alert, '')}`;
      const said = alert.annotations['summary'] ?? alert.labels['alertname'] ?? 'an alert fires';
      const named = stageOf(alert);
      return named === '' || said.includes(named) ? said : `${named}: ${said}`;
    }
  }
}

/** What moved, by how much, since when; then who else is affected. */
function reasonOf(alert: IncidentAlert, alerts: readonly IncidentAlert[]): string {
  const signal = signalOf(alert);
  const facts = factsOfSignal(signal);
  const dependency = alert.labels['dependency'];
  const what =
    signal === 'dependency_p95' && dependency !== undefined
      ? `Calls to ${dependency} take`
      : facts === undefined || signal === 'custom'
        ? ''
        : `${facts.title} is`;
  const [value, expected] = [quantity(alert, 'value'), quantity(alert, 'expected')];
  const since = `since ${clockText(alert.startsAt)}`;
  let sentence: string;
  if (what === '' || value.text === '') {
    const said = alert.annotations['description'] ?? alert.annotations['summary'] ?? alert.labels['alertname'] ?? '';
    sentence = `${said.replace(/\.\s*$/, '') || 'An alert fires'}, ${since}.`;
  } else {
    const instead = expected.text === '' ? '' : `, expected ${expected.text}`;
    sentence = `${what} ${value.text}${signal === 'dependency_p95' ? ' at p95' : ''}${instead}, ${since}.`;
  }
  const others = [...new Set(alerts.map(stageOf))].filter((stage) => stage !== '' && stage !== stageOf(alert));
  return others.length === 0 ? sentence : `${sentence} Also affected: ${listText(others.sort())}.`;
}
