import type { IncidentSummary } from '../../core/view.ts';
import { capital } from '../answer.ts';
import { formatAbsolute, formatSecondsShort, plural } from '../format.ts';
import { address } from '../router.ts';
import type { GlyphState } from '../states.ts';
import { Glyph } from './glyph.tsx';

/** The glyph of an incident: amber while someone is needed, healthy once it is over. */
export function incidentState(incident: IncidentSummary): GlyphState {
  if (incident.state === 'resolved') return 'healthy';
  return incident.severity === 'notice' ? 'unknown' : 'falling_behind';
}

export function incidentAge(incident: IncidentSummary, now: number): string {
  return formatSecondsShort(Math.max(1, ((incident.resolvedAt || now) - incident.openedAt) / 1000));
}

/** One incident in a list: what, where, for how long, who. */
export function IncidentRow({
  incident,
  now,
  selected = false,
}: {
  incident: IncidentSummary;
  now: number;
  selected?: boolean;
}) {
  const who =
    incident.state === 'acknowledged'
      ? incident.acknowledgedBy === ''
        ? 'acknowledged'
        : `acknowledged by ${incident.acknowledgedBy}`
      : incident.state;
  return (
    <li class={`incident-row${selected ? ' selected' : ''}`}>
      <a href={address.incident(incident.id)} title={`Opened ${formatAbsolute(incident.openedAt)}`}>
        <Glyph state={incidentState(incident)} quiet />
        <span class="mono incident-id ellipsis">{incident.id}</span>
        <span class="incident-what">
          <b class="ellipsis">{incident.title}</b>
          <span class="ellipsis">
            {[capital(incident.pipeline), incident.severity, plural(incident.alerts, 'alert')]
              .filter((part) => part !== '')
              .join(' · ')}
          </span>
        </span>
        <span class="incident-when">
          <b>{incidentAge(incident, now)}</b>
          <span>{who}</span>
        </span>
      </a>
    </li>
  );
}
