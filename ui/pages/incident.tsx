import { useEffect, useRef, useState } from 'preact/hooks';
import type { IncidentView } from '../../core/view.ts';
import { capital } from '../answer.ts';
import { read, write } from '../client.ts';
import { formatClock, formatMoment, plural } from '../format.ts';
import { Explain } from '../parts/explain.tsx';
import { Feedback } from '../parts/feedback.tsx';
import { StateChip } from '../parts/glyph.tsx';
import { Icon } from '../parts/icon.tsx';
import { incidentAge, incidentState } from '../parts/incident-row.tsx';
import { Reading } from '../parts/reading.tsx';
import { useResource } from '../resource.ts';
import { address } from '../router.ts';
import { clock, incidentChanges, overview, person, setPerson, step } from '../state.ts';
import { Hops } from './hops.tsx';
import { Affected, Alerts, Notifications } from './incident-side.tsx';
import { signalTitle } from './kpis.ts';
import { type Act, Timeline } from './timeline.tsx';

/** One incident: what, since when, where it started, why it fired, who was told, who is affected. */
export function IncidentPage({ id }: { id: string }) {
  const path = `/api/incidents/${encodeURIComponent(id)}`;
  const { value, error, reload } = useResource<IncidentView>(
    path,
    Math.floor(step.value / 2) + incidentChanges.value * 1e9,
    (signal) => read(path, {}, signal),
  );
  const [failure, setFailure] = useState('');
  const act: Act = async (action, text) => {
    setFailure('');
    try {
      await write(`${path}/${action}`, { by: person.value, ...(text === undefined ? {} : { text }) });
      reload();
    } catch (problem) {
      setFailure((problem as Error).message);
    }
  };
  const crumbs = (
    <nav class="crumbs" aria-label="Where you are">
      <a href={address.incidents()}>Incidents</a>
      <Icon name="right" size={10} />
      <span class="mono">{id}</span>
    </nav>
  );
  if (value === undefined) {
    const known = overview.value?.incidents.find((incident) => incident.id === id);
    return (
      <div class="incident-page">
        {crumbs}
        {error !== '' ? (
          <p class="problem">{error}</p>
        ) : (
          <>
            <div class="title">
              <h1>{known?.title ?? ''}</h1>
            </div>
            <Reading />
          </>
        )}
      </div>
    );
  }
  return (
    <div class="incident-page">
      {crumbs}
      <Head view={value} act={act} />
      {failure === '' ? null : (
        <p class="problem" role="alert">
          {failure}
        </p>
      )}
      <div class="incident-main">
        <Timeline view={value} act={act} />
        <div class="incident-middle">
          <Hops view={value} />
          <Why view={value} reload={reload} />
        </div>
        <aside class="incident-side">
          <Notifications list={value.notifications} now={value.now} />
          <Affected view={value} />
          <Alerts view={value} reload={reload} />
        </aside>
      </div>
    </div>
  );
}

function Head({ view, act }: { view: IncidentView; act: Act }) {
  const { summary, affected } = view;
  const now = clock.value;
  const open = summary.state !== 'resolved';
  const [asking, setAsking] = useState<'ack' | 'resolve' | undefined>(undefined);
  const [name, setName] = useState(person.value);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (asking !== undefined) field.current?.focus();
  }, [asking]);
  const decide = (action: 'ack' | 'resolve') => {
    if (person.value === '' || asking === action) {
      if (name.trim() === '') {
        setAsking(action);
        return;
      }
      setPerson(name.trim());
    }
    setAsking(undefined);
    void act(action);
  };
  const state = incidentState(summary);
  const late = affected.filter((node) => node.state !== 'healthy' && node.state !== 'idle').length;
  return (
    <header>
      <div class="title">
        <h1>{summary.title}</h1>
        <StateChip
          state={state}
          text={open ? (summary.state === 'acknowledged' ? 'Acknowledged' : 'Open') : 'Resolved'}
        />
        <span class="tag">{capital(summary.severity)}</span>
        <div class="actions">
          {asking === undefined ? null : (
            <form
              class="who"
              onSubmit={(event) => {
                event.preventDefault();
                decide(asking);
              }}
            >
              <label>
                <span class="unseen">Your name</span>
                <input
                  value={name}
                  placeholder="Your name"
                  maxLength={80}
                  ref={field}
                  onInput={(event) => setName(event.currentTarget.value)}
                />
              </label>
            </form>
          )}
          {summary.state === 'open' ? (
            <button type="button" class="control" onClick={() => decide('ack')}>
              Acknowledge
            </button>
          ) : null}
          {open ? (
            <button type="button" class="control primary" onClick={() => decide('resolve')}>
              Resolve
            </button>
          ) : null}
        </div>
      </div>
      <p class="incident-sentence">
        {open
          ? `Open ${incidentAge(summary, now)} since ${formatMoment(summary.openedAt, now)} UTC.`
          : `Lasted ${incidentAge(summary, now)}, from ${formatMoment(summary.openedAt, now)} to ${formatMoment(summary.resolvedAt, now)} UTC.`}{' '}
        {plural(summary.alerts, 'alert')} in one incident
        {summary.firing > 0 && summary.firing < summary.alerts ? `, ${summary.firing} still firing` : ''}.{' '}
        {summary.culprit === '' ? null : (
          <>
            Culprit: <a href={address.stage(summary.pipeline, summary.culprit)}>{summary.culprit}</a>.{' '}
            {/[.!?]$/.test(summary.reason) || summary.reason === '' ? summary.reason : `${summary.reason}.`}{' '}
          </>
        )}
        {late > 0 ? `${plural(late, 'stage')} downstream affected. ` : ''}
        {summary.acknowledgedBy === '' ? null : `${summary.acknowledgedBy} acknowledged.`}
      </p>
    </header>
  );
}

function Why({ view, reload }: { view: IncidentView; reload: () => void }) {
  const fired = view.anomalies.filter((anomaly) => anomaly.firedAt > 0 && anomaly.votes.length > 0);
  const culprit = fired.findIndex((anomaly) => anomaly.labels['stage'] === view.summary.culprit);
  const [asked, setAsked] = useState<string | undefined>(undefined);
  const anomaly = fired.find((one) => one.id === asked) ?? fired[Math.max(0, culprit)];
  if (anomaly === undefined) return null;
  const key = JSON.stringify(anomaly.labels);
  const hop =
    view.hops.find((one) => JSON.stringify(one.labels) === key) ??
    view.hops.find((one) => one.stage === anomaly.labels['stage'] && one.signal === anomaly.labels['signal']);
  return (
    <section class="panel why" aria-label="Why the alert fired">
      <header>
        <h2>Why the alert fired</h2>
        {fired.length === 1 ? (
          <span class="caption ellipsis">
            {signalTitle(anomaly.labels)} of {anomaly.labels['stage']}, {formatClock(anomaly.firedAt, true)}
          </span>
        ) : (
          <label class="pick">
            <span class="unseen">Alert</span>
            <select value={anomaly.id} onChange={(event) => setAsked(event.currentTarget.value)}>
              {fired.map((one) => (
                <option key={one.id} value={one.id}>
                  {signalTitle(one.labels)} of {one.labels['stage']}, {formatClock(one.firedAt, true)}
                </option>
              ))}
            </select>
          </label>
        )}
        <span class="side">{anomaly.detector}</span>
      </header>
      <Explain anomaly={anomaly} hop={hop} />
      <div class="explain-feedback">
        <Feedback
          key={anomaly.id}
          anomaly={anomaly}
          title={`${signalTitle(anomaly.labels)} of ${anomaly.labels['stage']}`}
          reload={reload}
        />
      </div>
    </section>
  );
}
