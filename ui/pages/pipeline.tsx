import type { PipelinePage as Page } from '../../core/pipeline-page.ts';
import { capital } from '../answer.ts';
import { read } from '../client.ts';
import { durationParts, durationWords, formatCount, formatRate, type Part, percentPart, plural } from '../format.ts';
import { Budgets } from '../parts/budgets.tsx';
import { Glyph } from '../parts/glyph.tsx';
import { Icon } from '../parts/icon.tsx';
import { Pathways } from '../parts/pathways.tsx';
import { Quantity } from '../parts/quantity.tsx';
import {
  arrivalGlyph,
  arrivalText,
  burnText,
  completeness,
  freshGlyph,
  heldBackBy,
  pipelineAnswer,
  problemTitle,
  sloGlyph,
  stalest,
} from '../pipeline-words.ts';
import { useResource } from '../resource.ts';
import { address } from '../router.ts';
import { step } from '../state.ts';

/** One pipeline from end to end: how long records take, whether they arrive, how old the result is, and what went wrong. */
export function PipelinePage({ pipeline }: { pipeline: string }) {
  const path = `/api/pipelines/${encodeURIComponent(pipeline)}`;
  const { value, error } = useResource<Page>(path, step.value, (signal) => read(path, {}, signal));
  const crumbs = (
    <nav class="crumbs" aria-label="Where you are">
      <a href={address.pipelines()}>Pipelines</a>
      <Icon name="right" size={10} />
      <span class="ink1">{capital(pipeline)}</span>
    </nav>
  );
  if (value === undefined) {
    return (
      <div class="stage-page">
        {crumbs}
        <div class="title">
          <h1>{capital(pipeline)}</h1>
        </div>
        {error === '' ? <div class="panel kpis" aria-busy="true" /> : <p class="problem">{error}</p>}
      </div>
    );
  }
  const answer = pipelineAnswer(value);
  return (
    <div class="stage-page pipeline-page">
      {crumbs}
      <div class="title">
        <h1>{capital(pipeline)}</h1>
        {value.owner === '' ? null : <span class="tag">owner {value.owner}</span>}
        {value.criticality === '' ? null : <span class="tag">criticality {value.criticality}</span>}
        <span class="caption">{value.description}</span>
        <div class="actions">
          <a class="control" href={address.overview(pipeline)}>
            <Icon name="map" /> On the map
          </a>
        </div>
      </div>
      <p class="pipeline-answer" role="status" aria-live="polite" data-state={answer.state}>
        {answer.subject === '' ? null : <b class="state-text">{answer.subject}</b>} {answer.rest}
      </p>
      <Numbers page={value} />
      <div class="pipeline-main">
        <Pathways page={value} />
        <aside class="stage-side">
          <Freshness page={value} />
          <Slos page={value} />
          <Wrong page={value} />
        </aside>
      </div>
    </div>
  );
}

function Numbers({ page }: { page: Page }) {
  const [busiest] = page.pathways;
  const complete = completeness(page);
  const old = stalest(page);
  const [slo] = page.slos;
  const wrong = page.problems.reduce((sum, { records }) => sum + records, 0);
  const waiting = page.deadLetters.reduce((sum, { depth }) => sum + (depth ?? 0), 0);
  return (
    <section class="panel kpis" aria-label="Numbers now">
      {busiest === undefined ? null : (
        <>
          <Kpi
            title="End to end p99"
            parts={durationParts(busiest.latency.p99)}
            note={`p50 ${durationWords(busiest.latency.p50)} · p95 ${durationWords(busiest.latency.p95)}`}
          />
          <Kpi
            title="Reach the end"
            parts={[{ value: formatRate(busiest.rate).replace('/s', ''), unit: '/s' }]}
            note={busiest.sampled ? 'estimated from sampled traces' : 'last 5 min'}
          />
        </>
      )}
      {complete === null ? null : (
        <Kpi
          title="Complete"
          parts={[percentPart(complete)]}
          note={arrivalText(busiest?.arrival ?? null)}
          state={arrivalGlyph(busiest?.arrival ?? null)}
        />
      )}
      {old === undefined ? null : (
        <Kpi
          title={`${old.node} fresh`}
          parts={durationParts(old.age)}
          note={heldBackBy(old) === '' ? 'age of its newest complete event' : `held back by ${heldBackBy(old)}`}
          state={freshGlyph(old)}
        />
      )}
      {slo === undefined ? null : (
        <Kpi
          title="Least error budget"
          parts={[percentPart(slo.budgetLeft)]}
          note={`${slo.slo}: ${burnText(slo)}`}
          state={sloGlyph(slo)}
        />
      )}
      {wrong + waiting === 0 ? null : (
        <Kpi
          title="Went wrong"
          parts={[{ value: formatCount(wrong), unit: '' }]}
          note={
            waiting === 0 ? 'records in the last hour' : `records in 1 h · ${formatCount(waiting)} dead letters wait`
          }
        />
      )}
    </section>
  );
}

function Kpi({
  title,
  parts,
  note,
  state = '',
}: {
  title: string;
  parts: readonly Part[];
  note: string;
  state?: string;
}) {
  const ill = state === 'stuck' || state === 'late' || state === 'falling_behind';
  return (
    <div class="kpi" data-state={state}>
      <h2 class="ellipsis">{title}</h2>
      <div class={`kpi-value${ill ? ' state-text' : ''}`}>
        <Quantity parts={parts} />
      </div>
      <p class="ellipsis" title={note}>
        {note}
      </p>
    </div>
  );
}

/** Parts that are listed: those that are late first. */
const MOST_PARTS = 8;

function Freshness({ page }: { page: Page }) {
  const rank = (state: string) => (state === 'stalled' ? 2 : state === 'behind' ? 1 : 0);
  const sorted = [...page.freshness]
    .filter(({ kind }) => kind !== 'topic')
    .sort((a, b) => rank(b.state) - rank(a.state));
  return (
    <section class="panel" aria-label="Freshness">
      <header>
        <h2>Freshness</h2>
        <span class="side">complete up to</span>
      </header>
      {sorted.slice(0, MOST_PARTS).map((part) => {
        const state = freshGlyph(part);
        const holder = heldBackBy(part);
        return (
          <div class="row small" key={`${part.kind}:${part.node}`} data-state={state} title={part.reason}>
            <Glyph state={state} size={9} />
            <span class="ellipsis">{part.node}</span>
            <span class="end">
              {holder === '' || state === 'healthy' ? null : <span class="ink3">held by {holder} </span>}
              <b class={state === 'healthy' || state === 'idle' ? '' : 'state-text'}>
                {part.age === null ? '–' : `${durationWords(part.age)} ago`}
              </b>
            </span>
          </div>
        );
      })}
      {sorted.length > MOST_PARTS ? (
        <p class="side-text">And {plural(sorted.length - MOST_PARTS, 'other part')}.</p>
      ) : null}
      {sorted.length === 0 ? (
        <p class="nothing">
          Say when events happened: the SDK's <code>eventTime</code>, an engine's watermark metrics, or the gauge{' '}
          <code>weir.event.time</code>.
        </p>
      ) : null}
    </section>
  );
}

function Slos({ page }: { page: Page }) {
  return (
    <section class="panel" aria-label="SLO budgets">
      <header>
        <h2>SLO budgets</h2>
        <span class="side">left</span>
      </header>
      {page.slos.length === 0 ? (
        <p class="nothing">
          None is declared. Write them under <code>pipelines:</code> in the configuration, for freshness, latency or
          errors.
        </p>
      ) : (
        <Budgets slos={page.slos} />
      )}
    </section>
  );
}

function Wrong({ page }: { page: Page }) {
  const { problems, deadLetters } = page;
  return (
    <section class="panel" aria-label="Records that went wrong">
      <header>
        <h2>Records that went wrong</h2>
        <span class="side">last hour</span>
      </header>
      {problems.map(({ stage, topic, signal, records, rate }) => (
        <div class="row small" key={`${stage}/${topic}/${signal}`}>
          <span class="ellipsis">
            {problemTitle(signal)} <span class="ink3">{stage || topic}</span>
          </span>
          <span class="end">
            <b>{formatCount(records)}</b>{' '}
            <span class="ink3">{rate === null || rate === 0 ? '' : `now ${formatRate(rate)}`}</span>
          </span>
        </div>
      ))}
      {deadLetters.map((letters) => (
        <div class="row small" key={letters.topic}>
          <span class="mono ellipsis">{letters.topic}</span>
          <span class="end">
            <b>{formatCount(letters.depth)}</b>{' '}
            <span class="ink3">
              wait
              {letters.oldestAge === null
                ? ''
                : `, oldest ${letters.oldestIsBound ? '> ' : ''}${durationWords(letters.oldestAge)}`}
            </span>
          </span>
        </div>
      ))}
      {problems.length + deadLetters.length === 0 ? (
        <p class="nothing">
          None reported. The SDK's <code>deadLetter()</code> and <code>violation()</code>, and topics named as
          dead-letter topics, are shown here.
        </p>
      ) : null}
    </section>
  );
}
