import { SEVERITIES } from '../core/alert.ts';
import { isStage } from '../core/node.ts';
import type { IncidentSummary, NodeView, OverviewView, PipelineView } from '../core/view.ts';
import { durationWords, formatAge, formatSecondsShort, plural } from './format.ts';
import { gravity, stagesOf } from './map/neighbours.ts';
import type { GlyphState } from './states.ts';

/** The first thing a page says: what is wrong, since when, who is on it. */
export interface Answer {
  readonly state: GlyphState;
  /** Subject and state, in the state's colour; empty when nothing is wrong. */
  readonly subject: string;
  /** The consequence, or that all is well. */
  readonly rest: string;
  readonly detail: string;
  readonly incident: IncidentSummary | undefined;
  readonly more: number;
}

const LATE_MS = 60_000;
/** Below this the end of a pipeline counts as on time. */
const LATE_SECONDS = 60;

export const IS: Readonly<Record<NodeView['state'], string>> = {
  healthy: 'is healthy',
  idle: 'is idle',
  unknown: 'sends no data',
  catching_up: 'is catching up',
  rebalancing: 'is rebalancing',
  rewound: 'was rewound',
  falling_behind: 'is falling behind',
  no_commits: 'commits nothing',
  stuck: 'is stuck',
  dead: 'is dead',
};

/** Incidents by what needs a person first: unanswered, then the severest, then the oldest. */
export function byNeed(incidents: readonly IncidentSummary[]): IncidentSummary[] {
  return [...incidents].sort(
    (a, b) =>
      Number(a.state === 'acknowledged') - Number(b.state === 'acknowledged') ||
      SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) ||
      a.openedAt - b.openedAt,
  );
}

export function answerOf(view: OverviewView, now: number): Answer {
  const stages = view.pipelines.flatMap(stagesOf);
  const [incident, ...others] = byNeed(view.incidents);
  if (incident !== undefined) return incidentAnswer(view, incident, others.length, now);
  const silent = now - view.newest;
  if (view.newest > 0 && silent > LATE_MS) {
    return {
      state: 'unknown',
      subject: `Nothing has arrived for ${formatSecondsShort(silent / 1000)}.`,
      rest: 'What you see is the last that is known.',
      detail:
        'No state changes and nothing resolves while data is late. Check that the senders run and reach this collector.',
      incident: undefined,
      more: 0,
    };
  }
  const troubled = stages
    .filter((node) => gravity(node.state) >= 3)
    .sort((a, b) => gravity(b.state) - gravity(a.state));
  const worst = troubled[0];
  if (worst !== undefined) {
    const more = troubled.length - 1;
    return {
      state: worst.state,
      subject: `${worst.name} ${IS[worst.state]}.`,
      rest: waits(worst),
      detail: [
        sentence(capital(worst.reason)),
        more > 0 ? `${plural(more, 'other stage')} not healthy.` : '',
        'No incident is open.',
      ]
        .filter((text) => text !== '')
        .join(' '),
      incident: undefined,
      more: 0,
    };
  }
  const blind = stages.filter((node) => node.state === 'unknown').length;
  const well = stages.length - blind;
  const last =
    view.lastResolvedAt > 0 ? `Last incident ${formatAge(view.lastResolvedAt, now)}.` : 'No incident so far.';
  return {
    state: well === 0 ? 'unknown' : 'healthy',
    subject: '',
    rest:
      blind === 0
        ? `All ${plural(stages.length, 'stage')} healthy.`
        : well === 0
          ? `${plural(blind, 'stage')} seen, none judged yet.`
          : `${plural(well, 'stage')} healthy, ${blind} without recent data.`,
    detail: last,
    incident: undefined,
    more: 0,
  };
}

function incidentAnswer(view: OverviewView, incident: IncidentSummary, more: number, now: number): Answer {
  const pipeline = view.pipelines.find((candidate) => candidate.name === incident.pipeline);
  const culprit = pipeline?.nodes.find((node) => isStage(node.kind) && node.name === incident.culprit);
  const stated = culprit !== undefined && gravity(culprit.state) >= 3;
  const who =
    incident.state === 'acknowledged' && incident.acknowledgedBy !== ''
      ? `${incident.acknowledgedBy} is on it.`
      : 'Nobody has acknowledged it.';
  return {
    state: stated ? culprit.state : 'falling_behind',
    subject: stated ? `${culprit.name} ${IS[culprit.state]}.` : sentence(incident.title),
    rest: (pipeline === undefined ? '' : consequence(pipeline)) || (culprit === undefined ? '' : waits(culprit)),
    detail: [
      sentence(incident.reason),
      `Open for ${formatSecondsShort(Math.max(1, (now - incident.openedAt) / 1000))}.`,
      who,
    ]
      .filter((text) => text !== '')
      .join(' '),
    incident,
    more,
  };
}

export function sentence(text: string): string {
  return text === '' || /[.!?]$/.test(text) ? text : `${text}.`;
}

function waits(node: NodeView): string {
  return node.lagSeconds !== null && node.lagSeconds >= 1
    ? `Its oldest unread record waits ${durationWords(node.lagSeconds)}.`
    : '';
}

/** What the end of the pipeline notices: how late events reach its last stage. */
export function consequence(pipeline: PipelineView): string {
  const ends = stagesOf(pipeline).filter(
    (node) => !pipeline.edges.some((edge) => edge.from === node.id && edge.kind === 'produces'),
  );
  const latest = ends
    .filter((node) => (node.freshness ?? 0) >= LATE_SECONDS)
    .sort((a, b) => (b.freshness ?? 0) - (a.freshness ?? 0))[0];
  if (latest === undefined) return '';
  return `${capital(pipeline.name)} reach ${latest.name} ${durationWords(latest.freshness)} late.`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `History before 14:02 is generated.` Undefined when everything shown is live. */
export function originSentence(
  view: Pick<OverviewView, 'origins' | 'now'>,
  moment: (time: number) => string,
): string | undefined {
  const words = new Set(view.origins.map((origin) => origin.origin));
  if (words.size === 0) return undefined;
  const until = Math.max(...view.origins.map((origin) => origin.to));
  const kinds = [...words].sort().join(' and ');
  return view.now - until < LATE_MS ? `This data is ${kinds}.` : `History before ${moment(until)} is ${kinds}.`;
}
