import { useMemo } from 'preact/hooks';
import type { DashboardView } from '../../core/dashboard.ts';
import { SIGNAL_FACTS } from '../../core/signal.ts';
import type { EdgeView, SignalView, StageView } from '../../core/view.ts';
import { capital, originSentence, sentence } from '../answer.ts';
import { Chart } from '../charts/chart.tsx';
import { modelOf, panelsOf, rangeText } from '../charts/panels.ts';
import { read } from '../client.ts';
import {
  durationWords,
  formatClock,
  formatCount,
  formatMoment,
  formatRange,
  formatRate,
  formatUnit,
  plural,
} from '../format.ts';
import { Glyph, StateChip } from '../parts/glyph.tsx';
import { Icon } from '../parts/icon.tsx';
import { PartitionBars } from '../parts/partition-bars.tsx';
import { Quantity } from '../parts/quantity.tsx';
import { useResource } from '../resource.ts';
import { address } from '../router.ts';
import { clock, incidentChanges, navigate, range, settledEnd, step } from '../state.ts';
import { kpisOf, signalTitle } from './kpis.ts';

const name = (id: string) => id.slice(id.indexOf(':') + 1);

/** One stage: how far behind, how fast, how slow, how often wrong, against what is expected; all on one time axis. */
export function StagePage({ pipeline, stage }: { pipeline: string; stage: string }) {
  const version = step.value + incidentChanges.value * 1e9;
  const path = `/api/stages/${encodeURIComponent(pipeline)}/${encodeURIComponent(stage)}`;
  const view = useResource<StageView>(path, version, (signal) => read(path, {}, signal));
  const length = range.value.length;
  const curves = useResource<DashboardView>(`${path}|${range.value.name}`, version, (signal) => {
    const to = settledEnd();
    return read('/api/dashboards/stage', { pipeline, stage, from: to - length, to }, signal);
  });
  const model = useMemo(
    () => (curves.value === undefined ? undefined : modelOf(curves.value, panelsOf(curves.value), clock.peek())),
    [curves.value],
  );
  const crumbs = (
    <nav class="crumbs" aria-label="Where you are">
      <a href={address.overview()}>Overview</a>
      <Icon name="right" size={10} />
      <a href={address.overview(pipeline)}>{capital(pipeline)}</a>
      <Icon name="right" size={10} />
      <span class="ink1">{stage}</span>
    </nav>
  );
  if (view.value === undefined) {
    return (
      <div class="stage-page">
        {crumbs}
        <div class="title">
          <h1>{stage}</h1>
        </div>
        {view.error === '' ? <div class="panel kpis" aria-busy="true" /> : <p class="problem">{view.error}</p>}
      </div>
    );
  }
  const { node, reads, writes, incidents, origins, now } = view.value;
  const open =
    incidents.find((incident) => incident.state !== 'resolved' && incident.culprit === stage) ??
    incidents.find((incident) => incident.state !== 'resolved');
  const origin = originSentence({ origins, now }, (time) => formatMoment(time, now));
  const flow = [reads.map((one) => one.topic).join(', '), writes.join(', ')];
  return (
    <div class="stage-page">
      {crumbs}
      <div class="title">
        <h1>{stage}</h1>
        <StateChip state={node.state} />
        {reads.some((one) => one.group !== '') ? (
          <GroupTags groups={[...new Set(reads.map((one) => one.group))]} />
        ) : null}
        {flow[0] === '' && flow[1] === '' ? null : (
          <span class="tag mono">
            {flow[0] === '' ? `→ ${flow[1]}` : flow[1] === '' ? `${flow[0]} →` : `${flow[0]} → ${flow[1]}`}
          </span>
        )}
        {origin === undefined ? null : (
          <span class="notice">
            <Icon name="clock" size={12} /> {origin}
          </span>
        )}
        <div class="actions">
          {node.consoleUrl === '' ? null : (
            <a class="control" href={node.consoleUrl} target="_blank" rel="noopener noreferrer">
              <Icon name="link" /> Console
            </a>
          )}
          <a class="control" href={address.traces({ service: stage })}>
            Traces from this window
          </a>
          {open === undefined ? null : (
            <a class="control primary" href={address.incident(open.id)}>
              Open {open.id}
            </a>
          )}
        </div>
      </div>
      <Kpis view={view.value} />
      <div class="stage-main">
        <section class="panel charts" aria-label="Curves">
          {model === undefined || model.panels.length === 0 ? (
            <p class="nothing">
              {curves.error !== ''
                ? `These curves could not be read: ${curves.error}`
                : model === undefined
                  ? ''
                  : `No numbers since ${formatClock(clock.value - length)} UTC.`}
            </p>
          ) : (
            <Chart
              model={model}
              height={undefined}
              range={rangeText}
              onPick={(time) =>
                navigate(
                  address.traces({
                    service: stage,
                    from: String(Math.round(time - 60_000)),
                    to: String(Math.round(time + 60_000)),
                  }),
                )
              }
            />
          )}
        </section>
        <aside class="stage-side">
          <Reason view={view.value} />
          <Calls title="Depends on" edges={view.value.calls} end="to" strange={view.value.signals} />
          <Calls title="Called by" edges={view.value.callers} end="from" strange={[]} />
          <PartitionBars partitions={view.value.partitions} state={node.state} />
          <Watched signals={view.value.signals} />
        </aside>
      </div>
    </div>
  );
}

/** The groups it reads as, each a link to its page. */
function GroupTags({ groups }: { groups: readonly string[] }) {
  return (
    <>
      {groups
        .filter((group) => group !== '')
        .map((group) => (
          <a class="tag" key={group} href={address.group('', group)}>
            group {group}
          </a>
        ))}
    </>
  );
}

function Kpis({ view }: { view: StageView }) {
  return (
    <section class="panel kpis" aria-label="Numbers now">
      {kpisOf(view).map(({ label, parts, context, state }) => (
        <div class="kpi" key={label} data-state={state}>
          <h2>{label}</h2>
          <div class="kpi-value">
            <Quantity parts={parts} />
          </div>
          <p class="ellipsis" title={context}>
            {context}
          </p>
        </div>
      ))}
    </section>
  );
}

function Reason({ view }: { view: StageView }) {
  const { node, anomalies, now } = view;
  const recent = anomalies.filter((anomaly) => anomaly.firedAt > 0).slice(0, 4);
  return (
    <section class="panel" aria-label="Why this state">
      <header>
        <h2>Why this state</h2>
      </header>
      <p class="side-text">{node.reason === '' ? 'Nothing is out of the ordinary.' : sentence(capital(node.reason))}</p>
      {recent.map((anomaly) => (
        <div class="row small" key={anomaly.id}>
          <Glyph state={anomaly.resolvedAt === 0 ? 'falling_behind' : 'healthy'} size={9} />
          <span class="ellipsis">{signalTitle(anomaly.labels)}</span>
          <span class="end ink3">
            {formatMoment(anomaly.onset, now)}
            {anomaly.resolvedAt === 0 ? ' – now' : ` – ${formatMoment(anomaly.resolvedAt, now)}`}
          </span>
        </div>
      ))}
    </section>
  );
}

function Calls({
  title,
  edges,
  end,
  strange,
}: {
  title: string;
  edges: readonly EdgeView[];
  end: 'to' | 'from';
  strange: readonly SignalView[];
}) {
  if (edges.length === 0) return null;
  return (
    <section class="panel" aria-label={title}>
      <header>
        <h2>{title}</h2>
      </header>
      {edges.map((edge) => {
        const signal = strange.find(
          (one) => one.signal === 'dependency_p95' && one.labels['dependency'] === name(edge[end]),
        );
        const was = signal?.strange && signal.expected !== null ? `, was ${durationWords(signal.expected)}` : '';
        return (
          <div class="row small" key={edge[end]} data-state={signal?.strange ? 'falling_behind' : 'healthy'}>
            <Glyph
              state={signal?.strange ? 'falling_behind' : edge.rate === 0 || edge.rate === null ? 'idle' : 'healthy'}
              size={9}
            />
            <span class="ellipsis">{name(edge[end])}</span>
            <span class={`end ${signal?.strange ? 'state-text' : 'ink3'}`}>
              {edge.p95 === null ? formatRate(edge.rate) : `p95 ${durationWords(signal?.value ?? edge.p95)}${was}`}
            </span>
          </div>
        );
      })}
    </section>
  );
}

/** Signals that are listed; the others are as expected and one click away. */
const MOST_WATCHED = 6;

function Watched({ signals }: { signals: readonly SignalView[] }) {
  const rank = (one: SignalView) => (one.strange ? 2 : one.outside ? 1 : 0);
  const sorted = [...signals].sort((a, b) => rank(b) - rank(a));
  const shown = Math.max(MOST_WATCHED, sorted.filter((one) => one.strange).length);
  const rest = sorted.slice(shown);
  return (
    <section class="panel" aria-label="Watched signals">
      <header>
        <h2>Watched signals</h2>
        <span class="side">now, expected</span>
      </header>
      {sorted.slice(0, shown).map((one) => (
        <WatchedRow key={one.key} one={one} />
      ))}
      {rest.length === 0 ? null : (
        <details class="more">
          <summary>{plural(rest.length, 'other signal')}</summary>
          {rest.map((one) => (
            <WatchedRow key={one.key} one={one} />
          ))}
        </details>
      )}
      {sorted.length === 0 ? <p class="nothing">No signal was seen in the last minutes.</p> : null}
    </section>
  );
}

function WatchedRow({ one }: { one: SignalView }) {
  const { unit } = SIGNAL_FACTS[one.signal];
  const banded = one.lower !== null || one.upper !== null;
  return (
    <div
      class="row small"
      data-state={one.strange ? 'falling_behind' : 'healthy'}
      title={one.outside && !one.strange ? 'Outside its band, not long or far enough to be an anomaly' : ''}
    >
      <Glyph state={one.strange ? 'falling_behind' : banded && !one.outside ? 'healthy' : 'idle'} size={9} />
      <span class="ellipsis">{signalTitle(one.labels)}</span>
      <span class="end">
        <b class={one.strange ? 'state-text' : ''}>
          {one.signal === 'custom' ? formatCount(one.value) : formatUnit(one.value, unit)}
        </b>{' '}
        <span class="ink3">{banded ? formatRange(one.lower, one.upper, unit) : ''}</span>
      </span>
    </div>
  );
}
