import type { IncidentSummary } from '../../core/view.ts';
import { byNeed } from '../answer.ts';
import { read } from '../client.ts';
import { formatAge, plural } from '../format.ts';
import { Detectors } from '../parts/detectors.tsx';
import { IncidentRow } from '../parts/incident-row.tsx';
import { useSelection } from '../parts/selection.ts';
import { useResource } from '../resource.ts';
import { address } from '../router.ts';
import { clock, incidentChanges, location, setQuery, step } from '../state.ts';

const FILTERS = ['', 'open', 'acknowledged', 'resolved'] as const;

/** All incidents: those that need a person first, then the past. */
export function IncidentsPage() {
  const asked = location.value.query.get('state') ?? '';
  const { value, error } = useResource<IncidentSummary[]>(
    'incidents',
    Math.floor(step.value / 3) + incidentChanges.value * 1e9,
    (signal) => read('/api/incidents', { limit: 500 }, signal),
  );
  const all = value ?? [];
  const open = byNeed(all.filter((incident) => incident.state !== 'resolved'));
  const past = all.filter((incident) => incident.state === 'resolved').sort((a, b) => b.resolvedAt - a.resolvedAt);
  const shown = [...open, ...past].filter((incident) => asked === '' || incident.state === asked);
  const at = useSelection(shown.map(({ id }) => address.incident(id)));
  return (
    <div class="incidents-page">
      <header class="answer" data-state={open.length > 0 ? 'falling_behind' : 'healthy'}>
        <div class="answer-text">
          <h1>{value === undefined ? 'Incidents' : sentenceOf(open, past, clock.value)}</h1>
          <p>
            {open.length > 0
              ? 'Worst first. An incident gathers the alerts of one pipeline that began close together.'
              : ''}
          </p>
        </div>
      </header>
      <section class="panel" aria-label="Incidents">
        <header>
          <h2>Incidents</h2>
          <span class="caption">{value === undefined ? '' : all.length}</span>
          <fieldset class="segments" aria-label="Show">
            {FILTERS.map((state) => (
              <button key={state} type="button" aria-pressed={asked === state} onClick={() => setQuery({ state })}>
                {state === '' ? 'All' : state.charAt(0).toUpperCase() + state.slice(1)}
              </button>
            ))}
          </fieldset>
        </header>
        {error === '' ? null : <p class="nothing">Incidents could not be read: {error}</p>}
        {value !== undefined && shown.length === 0 ? (
          <p class="nothing">
            {asked === ''
              ? 'None so far. What the detectors find strange for long enough opens one.'
              : `No incident is ${asked}.`}
          </p>
        ) : null}
        <ul>
          {shown.map((incident, i) => (
            <IncidentRow key={incident.id} incident={incident} now={clock.value} selected={i === at} />
          ))}
        </ul>
      </section>
      <Detectors />
    </div>
  );
}

function sentenceOf(open: readonly IncidentSummary[], past: readonly IncidentSummary[], now: number) {
  if (open.length === 0)
    return past[0] === undefined
      ? 'No incident so far.'
      : `No incident is open. The last one ended ${formatAge(past[0].resolvedAt, now)}.`;
  const waiting = open.filter((incident) => incident.state === 'open').length;
  return (
    <>
      <span class="state-text">{plural(open.length, 'incident')} open.</span>{' '}
      {waiting === 0
        ? 'Somebody is on each of them.'
        : waiting === open.length
          ? 'Nobody has acknowledged yet.'
          : `${plural(waiting, 'waits', 'wait')} for somebody.`}
    </>
  );
}
