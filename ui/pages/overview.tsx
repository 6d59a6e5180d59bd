import { useMemo, useRef } from 'preact/hooks';
import type { DashboardView } from '../../core/dashboard.ts';
import type { SlosView } from '../../core/model-view.ts';
import type { BudgetView } from '../../core/pipeline-page.ts';
import type { OverviewView, PipelineView } from '../../core/view.ts';
import { answerOf, capital, originSentence } from '../answer.ts';
import { Chart } from '../charts/chart.tsx';
import { modelOf, panelsOf, rangeText } from '../charts/panels.ts';
import { read } from '../client.ts';
import { durationParts, durationWords, formatClock, formatMoment, formatRate, plural } from '../format.ts';
import { FlowMap } from '../map/map.tsx';
import { byUrgency, focusStage, gravity, stagesOf } from '../map/neighbours.ts';
import { Stream } from '../map/stream.tsx';
import { Budgets } from '../parts/budgets.tsx';
import { Glyph, StateChip } from '../parts/glyph.tsx';
import { Icon } from '../parts/icon.tsx';
import { IncidentRow } from '../parts/incident-row.tsx';
import { Quantity } from '../parts/quantity.tsx';
import { Reading } from '../parts/reading.tsx';
import { TimeTravel } from '../parts/time-travel.tsx';
import { past } from '../past.ts';
import { useResource } from '../resource.ts';
import { address } from '../router.ts';
import {
  clock,
  incidentChanges,
  location,
  overview,
  overviewError,
  range,
  setQuery,
  settledEnd,
  step,
} from '../state.ts';
import { STATE_WORDS } from '../states.ts';
import { FirstRun } from './first-run.tsx';

/** The answer, the live map, what is open, and the three curves that matter. */
export function OverviewPage() {
  const budgets = useBudgets();
  const shown = useRef<OverviewView | undefined>(undefined);
  const at = past.value;
  const then = useResource<OverviewView | undefined>(`overview|${at ?? ''}`, 0, async (signal) =>
    at === undefined ? undefined : read('/api/overview', { at }, signal),
  );
  const view = at === undefined ? overview.value : (then.value ?? shown.current);
  // While another time is read, the last picture stays.
  shown.current = view;
  const error = at === undefined ? overviewError.value : then.error;
  if (view === undefined) return error === '' ? <Reading /> : <p class="problem">{error}</p>;
  if (view.pipelines.length === 0 && view.newest === 0) return <FirstRun />;
  const sorted = byUrgency(view.pipelines);
  const asked = location.value.query.get('pipeline');
  const open = sorted.find((pipeline) => pipeline.name === asked) ?? sorted[0];
  const folded = sorted.filter((pipeline) => pipeline !== open);
  return (
    <div class={`overview${at === undefined ? '' : ' past'}`} aria-busy={at !== undefined && then.loading}>
      <AnswerLine view={view} />
      {view.problems.map((text) => (
        <p class="problem" key={text}>
          <Glyph state="unknown" /> {text}
        </p>
      ))}
      {open === undefined ? (
        <p class="problem">
          Telemetry arrives, but no stage has been seen yet: spans or consumer-group metrics with a service.name draw
          the map.
        </p>
      ) : (
        <section class="panel map-panel" aria-label={`Flow of ${open.name}`}>
          <MapHead pipeline={open} view={view} />
          <FlowMap pipeline={open} minHeight={folded.length > 2 ? 320 : 372} />
          <Stream pipeline={open} />
          {folded.length === 0 ? null : (
            <div class="lanes">
              {folded.map((pipeline) => (
                <Lane key={pipeline.name} pipeline={pipeline} />
              ))}
            </div>
          )}
        </section>
      )}
      {open === undefined ? null : <TimeTravel />}
      {at === undefined || error === '' ? null : <p class="problem">That time could not be read: {error}</p>}
      <div class={`bottom${budgets.length === 0 ? '' : ' with-budgets'}`}>
        <OpenIncidents view={view} />
        {budgets.length === 0 ? null : <SloBudgets slos={budgets} />}
        {open === undefined ? null : <Curves pipeline={open} />}
      </div>
    </div>
  );
}

function AnswerLine({ view }: { view: OverviewView }) {
  const now = past.value === undefined ? clock.value : view.now;
  const answer = answerOf(view, now);
  const { incident } = answer;
  return (
    <header class="answer" data-state={answer.state}>
      <div class="answer-text" role="status" aria-live="polite">
        <h1>
          {answer.subject === '' ? null : <span class="state-text">{answer.subject} </span>}
          {answer.rest}
          {answer.more === 0 ? null : <span class="ink3"> And {answer.more} more.</span>}
        </h1>
        <p>
          {answer.detail}{' '}
          {incident === undefined ? null : <a href={address.incident(incident.id)}>Open {incident.id}</a>}
        </p>
      </div>
      {incident === undefined ? null : (
        <div class="answer-count">
          <div class="answer-number state-text">
            <Quantity parts={openFor(now - incident.openedAt)} />
          </div>
          <div class="caption">open since {formatMoment(incident.openedAt, now)} UTC</div>
        </div>
      )}
    </header>
  );
}

/** Whole minutes: a number that ticks every second would move without meaning. */
function openFor(ms: number) {
  return ms < 60_000 ? [{ value: '<1', unit: 'min' }] : durationParts(Math.floor(ms / 60_000) * 60);
}

function MapHead({ pipeline, view }: { pipeline: PipelineView; view: OverviewView }) {
  const stages = stagesOf(pipeline);
  const worst = [...stages].sort((a, b) => gravity(b.state) - gravity(a.state))[0];
  const bad =
    worst === undefined || gravity(worst.state) < 3 ? [] : stages.filter((node) => node.state === worst.state);
  const origins = view.origins.filter((one) => one.pipeline === pipeline.name);
  const origin = originSentence({ origins, now: view.now }, (time) => formatMoment(time, view.now));
  const legend = ['healthy', 'catching_up', 'falling_behind', 'stuck', 'idle', 'dead'] as const;
  return (
    <header>
      <h2>{capital(pipeline.name)}</h2>
      {worst === undefined || bad.length === 0 ? null : (
        <StateChip
          state={worst.state}
          text={`${plural(bad.length, 'stage')} ${STATE_WORDS[worst.state].toLowerCase()}`}
        />
      )}
      <span class="caption">{plural(stages.length, 'stage')}</span>
      {origin === undefined ? null : (
        <span class="notice" title="The resource attribute weir.origin says so">
          <Icon name="clock" size={12} /> {origin}
        </span>
      )}
      <div class="legend" aria-hidden="true">
        {legend.map((state) => (
          <span key={state}>
            <Glyph state={state} quiet size={9} /> {STATE_WORDS[state]}
          </span>
        ))}
      </div>
    </header>
  );
}

function Lane({ pipeline }: { pipeline: PipelineView }) {
  const stages = stagesOf(pipeline);
  const worst = [...stages].sort((a, b) => gravity(b.state) - gravity(a.state))[0];
  const rate = Math.max(0, ...stages.map((node) => node.rate ?? node.output ?? 0));
  const p95 = Math.max(...stages.map((node) => node.p95 ?? Number.NaN).filter((value) => !Number.isNaN(value)));
  const fresh = Math.max(...stages.map((node) => node.freshness ?? Number.NaN).filter((value) => !Number.isNaN(value)));
  const bad =
    worst === undefined || gravity(worst.state) < 3 ? [] : stages.filter((node) => node.state === worst.state);
  const phrase =
    bad.length > 0
      ? `${plural(bad.length, 'stage')} ${STATE_WORDS[worst?.state ?? 'unknown'].toLowerCase()}`
      : stages.every((node) => node.state === 'healthy')
        ? 'All healthy'
        : `${plural(stages.length, 'stage')}`;
  return (
    <button
      type="button"
      class="lane"
      onClick={() => setQuery({ pipeline: pipeline.name })}
      aria-label={`Open ${pipeline.name}: ${phrase}`}
    >
      <Glyph state={worst?.state ?? 'unknown'} quiet />
      <span class="lane-name ellipsis">{capital(pipeline.name)}</span>
      <span class="ticks" aria-hidden="true">
        {stages.map((node) => (
          <i
            key={node.id}
            data-state={node.state}
            class={gravity(node.state) >= 3 ? 'bad' : node.state === 'idle' ? 'idle' : ''}
          />
        ))}
      </span>
      <span class="lane-rate">{rate > 0 ? formatRate(rate) : ''}</span>
      <span class="lane-p95 ink2">
        {Number.isFinite(p95) ? (
          <>
            p95 <b>{durationWords(p95)}</b>
          </>
        ) : null}
      </span>
      <span class="lane-fresh ink2">
        {Number.isFinite(fresh) ? (
          <>
            fresh <b>{durationWords(fresh)}</b>
          </>
        ) : null}
      </span>
      <span class="phrase" data-state={worst?.state}>
        <span class={bad.length > 0 ? 'state-text' : ''}>{phrase}</span>
      </span>
      <Icon name="right" size={12} />
    </button>
  );
}

function OpenIncidents({ view }: { view: OverviewView }) {
  return (
    <section class="panel open-incidents" aria-label="Open incidents">
      <header>
        <h2>Open incidents</h2>
        <span class="caption">{view.incidents.length}</span>
        <a class="side" href={address.incidents()}>
          All incidents
        </a>
      </header>
      {view.incidents.length === 0 ? (
        <p class="nothing">
          {view.lastResolvedAt > 0
            ? `None. The last one was resolved at ${formatMoment(view.lastResolvedAt, view.now)} UTC.`
            : 'None so far.'}
        </p>
      ) : (
        <ul>
          {view.incidents.slice(0, 6).map((incident) => (
            <IncidentRow key={incident.id} incident={incident} now={clock.value} />
          ))}
        </ul>
      )}
    </section>
  );
}

/** Error budgets of every pipeline, read every half minute: they move slowly. */
function useBudgets(): readonly BudgetView[] {
  const { value } = useResource('slos', Math.floor(step.value / 3), (signal) =>
    read<SlosView>('/api/slos', {}, signal),
  );
  return value?.slos ?? [];
}

function SloBudgets({ slos }: { slos: readonly BudgetView[] }) {
  return (
    <section class="panel slo-budgets" aria-label="SLO budgets">
      <header>
        <h2>SLO budgets</h2>
        <span class="caption">{slos.length}</span>
        <span class="side">{past.value === undefined ? 'left' : 'left now, not then'}</span>
      </header>
      <Budgets slos={slos.slice(0, 6)} linked />
    </section>
  );
}

function Curves({ pipeline }: { pipeline: PipelineView }) {
  const focus = focusStage(pipeline);
  const length = range.value.length;
  const { value, error } = useResource<DashboardView>(
    `${pipeline.name}|${range.value.name}|${past.value ?? ''}`,
    Math.floor(step.value) + incidentChanges.value * 1e9,
    (signal) => {
      const to = past.value ?? settledEnd();
      return read('/api/dashboards/overview', { pipeline: pipeline.name, from: to - length, to }, signal);
    },
  );
  const model = useMemo(
    () =>
      value === undefined
        ? undefined
        : modelOf(value, panelsOf(value, focus?.name ?? ''), past.peek() ?? overview.value?.now ?? 0),
    [value, focus?.name],
  );
  return (
    <section class="panel curves" aria-label="Curves">
      {model === undefined || model.panels.length === 0 ? (
        <p class="nothing">
          {error !== ''
            ? `These curves could not be read: ${error}`
            : value === undefined
              ? ''
              : `No numbers for ${pipeline.name} since ${formatClock(clock.value - length)} UTC.`}
        </p>
      ) : (
        <Chart model={model} height={undefined} beside range={rangeText} />
      )}
    </section>
  );
}
