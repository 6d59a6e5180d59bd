import { useState } from 'preact/hooks';
import type { TimelineEntry } from '../../core/incident.ts';
import type { HopView, IncidentView, NotificationView } from '../../core/view.ts';
import { capital } from '../answer.ts';
import { stripOf } from '../charts/strip.ts';
import { read, write } from '../client.ts';
import { formatAbsolute, formatClock, formatMoment, formatSeconds, plural } from '../format.ts';
import { Explain } from '../parts/explain.tsx';
import { Glyph, type GlyphState, StateChip } from '../parts/glyph.tsx';
import { Icon, type IconName } from '../parts/icon.tsx';
import { incidentAge, incidentState } from '../parts/incident-row.tsx';
import { useResource } from '../resource.ts';
import { address } from '../router.ts';
import { clock, incidentChanges, person, setPerson, step } from '../state.ts';
import { signalTitle } from './stage.tsx';

type Act = (action: 'ack' | 'resolve' | 'note', text?: string) => Promise<void>;

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
    return (
      <div class="incident-page">
        {crumbs}
        {error === '' ? <div class="title" aria-busy="true" /> : <p class="problem">{error}</p>}
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
          <Why view={value} />
        </div>
        <aside class="incident-side">
          <Notifications list={value.notifications} now={value.now} />
          <Affected view={value} />
          <Alerts view={value} />
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
                  autoFocus
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

const KIND_GLYPH: Partial<Record<TimelineEntry['kind'], GlyphState>> = {
  opened: 'falling_behind',
  alert_firing: 'falling_behind',
  alert_resolved: 'healthy',
  resolved: 'healthy',
  reopened: 'falling_behind',
  notification_failed: 'stuck',
};
const KIND_ICON: Partial<Record<TimelineEntry['kind'], IconName>> = {
  notified: 'bell',
  acknowledged: 'person',
  note: 'person',
};

function Timeline({ view, act }: { view: IncidentView; act: Act }) {
  const [text, setText] = useState('');
  const [by, setBy] = useState(person.value);
  const send = (event: Event) => {
    event.preventDefault();
    const name = (person.value === '' ? by : person.value).trim();
    if (text.trim() === '' || name === '') return;
    setPerson(name);
    void act('note', text.trim()).then(() => setText(''));
  };
  return (
    <section class="panel timeline" aria-label="Timeline">
      <header>
        <h2>Timeline</h2>
        <span class="side">UTC</span>
      </header>
      <ol>
        {view.timeline.map((entry, i) => {
          const glyph = KIND_GLYPH[entry.kind];
          return (
            <li key={`${entry.time}-${i}`} title={formatAbsolute(entry.time)}>
              <time>{formatClock(entry.time)}</time>
              <span class="mark">
                {glyph === undefined ? (
                  <Icon name={KIND_ICON[entry.kind] ?? 'check'} size={12} />
                ) : (
                  <Glyph state={glyph} quiet />
                )}
              </span>
              <span class={entry.kind === 'opened' || entry.kind === 'resolved' ? 'strong' : ''}>
                {entry.kind === 'note' ? `“${entry.text}”` : entry.text}
              </span>
            </li>
          );
        })}
      </ol>
      <form class="note" onSubmit={send}>
        <label>
          <span class="unseen">Add a note</span>
          <textarea
            rows={2}
            placeholder="Add a note"
            value={text}
            maxLength={4000}
            onInput={(event) => setText(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) send(event);
            }}
          />
        </label>
        {text.trim() === '' ? null : (
          <div class="note-foot">
            {person.value === '' ? (
              <input
                value={by}
                placeholder="Your name"
                aria-label="Your name"
                maxLength={80}
                onInput={(event) => setBy(event.currentTarget.value)}
              />
            ) : (
              <span class="ink3">as {person.value}</span>
            )}
            <button type="submit" class="control">
              Add note
            </button>
          </div>
        )}
      </form>
    </section>
  );
}

function Hops({ view }: { view: IncidentView }) {
  const { hops, summary } = view;
  const from = Math.min(...hops.map((hop) => hop.start));
  const to = Math.max(...hops.map((hop) => hop.start + hop.step * hop.values.length));
  return (
    <section class="panel hops" aria-label="Where it started">
      <header>
        <h2>Where it started</h2>
        <span class="caption ellipsis">{hops.length > 0 ? 'signals ranked by who left their band first' : ''}</span>
        {hops.length > 0 ? (
          <span class="side">
            observed − expected, {formatClock(from)} – {formatClock(to)}
          </span>
        ) : null}
      </header>
      {hops.length === 0 ? (
        <p class="nothing">
          {summary.reason === ''
            ? 'No stored anomaly belongs to these alerts, so their order is not known.'
            : summary.reason}
        </p>
      ) : null}
      <ol>
        {hops.map((hop, i) => (
          <Hop
            key={`${hop.stage}|${JSON.stringify(hop.labels)}`}
            hop={hop}
            rank={i + 1}
            from={from}
            to={to}
            pipeline={summary.pipeline}
            reason={hop.culprit && i === hops.findIndex((one) => one.culprit) ? summary.reason : ''}
          />
        ))}
      </ol>
    </section>
  );
}

const STRIP_WIDTH = 460;
const STRIP_HEIGHT = 38;

function Hop({
  hop,
  rank,
  from,
  to,
  pipeline,
  reason,
}: {
  hop: HopView;
  rank: number;
  from: number;
  to: number;
  pipeline: string;
  reason: string;
}) {
  const strip = stripOf(hop, from, to, STRIP_WIDTH, STRIP_HEIGHT);
  const sentence = reason !== '' ? reason : hop.sentence;
  return (
    <li class={`hop${hop.culprit ? ' named' : ''}`} data-state="falling_behind">
      <span class="rank">{rank}</span>
      <span class="hop-name">
        <a href={address.stage(pipeline, hop.stage)}>{hop.stage}</a>
        <small>
          {signalTitle(hop.labels)}, {formatClock(hop.onset, true)}
        </small>
      </span>
      <span class="hop-curve">
        <svg
          viewBox={`0 0 ${STRIP_WIDTH} ${STRIP_HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`${signalTitle(hop.labels)} of ${hop.stage} left its band at ${formatClock(hop.onset, true)}`}
        >
          <path class="strip-band" d={strip.band} />
          {Number.isNaN(strip.onsetX) ? null : <path class="strip-onset" d={`M${strip.onsetX} 0V${STRIP_HEIGHT}`} />}
          <path class="strip-line" d={strip.line} />
          <path class="strip-strange" d={strip.strange} />
        </svg>
        {sentence === '' ? null : <span class="hop-sentence">{sentence}</span>}
      </span>
      {hop.culprit ? <span class="hop-named">culprit</span> : null}
    </li>
  );
}

function Why({ view }: { view: IncidentView }) {
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
    <section class="panel" aria-label="Why the alert fired">
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
    </section>
  );
}

const INTEGRATION_ICON: Readonly<Record<string, IconName>> = {
  pagerduty: 'siren',
  slack: 'hash',
  email: 'mail',
  webhook: 'chain',
};

function Notifications({ list, now }: { list: readonly NotificationView[]; now: number }) {
  return (
    <section class="panel" aria-label="Notifications">
      <header>
        <h2>Notifications</h2>
        <span class="side">{list.length === 0 ? '' : list.length}</span>
      </header>
      {list.length === 0 ? (
        <p class="nothing">Nobody has been told yet. Groups wait for their group_wait, then go where the routes say.</p>
      ) : null}
      {list.slice(-12).map((one, i) => (
        <div
          class="row notification"
          key={`${one.time}-${i}`}
          title={formatAbsolute(one.time)}
          data-state={one.status === 'failed' ? 'stuck' : 'healthy'}
        >
          <Icon name={INTEGRATION_ICON[one.integration.toLowerCase()] ?? 'bell'} />
          <span class="ellipsis">
            {capital(one.integration)} <span class="ink3">{one.receiver}</span>
            <small class="ellipsis">
              {one.error === ''
                ? [one.reason, plural(one.alerts, 'alert')].filter((text) => text !== '').join(', ')
                : one.error}
            </small>
          </span>
          <span class="end">
            {formatMoment(one.time, now, true)}
            <small class={one.status === 'failed' ? 'state-text' : ''}>
              {one.status}
              {one.attempts > 1 ? `, try ${one.attempts}` : ''}
            </small>
          </span>
        </div>
      ))}
    </section>
  );
}

function Affected({ view }: { view: IncidentView }) {
  if (view.affected.length === 0) return null;
  return (
    <section class="panel" aria-label="Downstream">
      <header>
        <h2>Downstream</h2>
        <span class="side">now</span>
      </header>
      {view.affected.map((node) => (
        <div class="row small" key={node.id} data-state={node.state}>
          <Glyph state={node.state} size={9} />
          <a class="ellipsis plain" href={address.stage(view.summary.pipeline, node.name)}>
            {node.name}
          </a>
          <span class="end ink2">
            {node.freshness !== null
              ? `fresh ${formatSeconds(node.freshness)}`
              : node.lagSeconds !== null
                ? `lag ${formatSeconds(node.lagSeconds)}`
                : ''}
          </span>
        </div>
      ))}
    </section>
  );
}

function Alerts({ view }: { view: IncidentView }) {
  const { alerts, now } = view;
  return (
    <section class="panel" aria-label="Alerts">
      <header>
        <h2>Alerts</h2>
        <span class="side">{alerts.length}</span>
      </header>
      {alerts.map((alert) => (
        <div
          class="row alert"
          key={alert.fingerprint}
          data-state={alert.resolvedAt === 0 ? 'falling_behind' : 'healthy'}
        >
          <Glyph state={alert.resolvedAt === 0 ? 'falling_behind' : 'healthy'} size={10} />
          <span>
            {alert.annotations['summary'] || alert.labels['alertname'] || alert.fingerprint}
            <small>
              {alert.labels['severity']} · {formatMoment(alert.startsAt, now, true)}
              {alert.resolvedAt === 0 ? '' : ` – ${formatMoment(alert.resolvedAt, now, true)}`}
            </small>
          </span>
        </div>
      ))}
    </section>
  );
}
