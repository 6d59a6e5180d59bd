import type { PipelinePage, PipelinePages } from '../../core/pipeline-page.ts';
import { capital } from '../answer.ts';
import { read } from '../client.ts';
import { durationWords, formatPercent, formatRate, plural } from '../format.ts';
import { Glyph } from '../parts/glyph.tsx';
import { Icon } from '../parts/icon.tsx';
import { Reading } from '../parts/reading.tsx';
import { useSelection } from '../parts/selection.ts';
import {
  burnText,
  completeness,
  freshGlyph,
  pipelineAnswer,
  pipelineGlyph,
  sloGlyph,
  stalest,
} from '../pipeline-words.ts';
import { useResource } from '../resource.ts';
import { address } from '../router.ts';
import { step } from '../state.ts';

const RANK: Readonly<Record<string, number>> = { stuck: 3, late: 2, falling_behind: 1 };

/** All pipelines: how long records take through each, whether they arrive, and how old what they end in is. */
export function PipelinesPage() {
  const { value, error } = useResource<PipelinePages>('pipelines', step.value, (signal) =>
    read('/api/pipelines', {}, signal),
  );
  const pages = [...(value?.pipelines ?? [])].sort(
    (a, b) => (RANK[pipelineGlyph(b)] ?? 0) - (RANK[pipelineGlyph(a)] ?? 0) || (a.pipeline < b.pipeline ? -1 : 1),
  );
  const at = useSelection(pages.map(({ pipeline }) => address.pipeline(pipeline)));
  if (value === undefined) return error === '' ? <Reading /> : <p class="problem">{error}</p>;
  const [worst] = pages;
  const answer = worst === undefined ? undefined : pipelineAnswer(worst);
  const ill = pages.filter((page) => pipelineAnswer(page).subject !== '').length;
  return (
    <div class="pipelines-page">
      <header class="answer" data-state={answer?.state ?? 'unknown'}>
        <div class="answer-text" role="status" aria-live="polite">
          <h1>
            {worst === undefined || answer === undefined ? (
              'No pipeline was seen yet.'
            ) : answer.subject === '' ? (
              pages.length === 1 ? (
                answer.rest
              ) : (
                `Nothing is wrong with ${plural(pages.length, 'pipeline')}.`
              )
            ) : (
              <>
                <span class="state-text">
                  {capital(worst.pipeline)}: {answer.subject}
                </span>{' '}
                {answer.rest}
              </>
            )}
          </h1>
          <p>{ill > 1 ? `${plural(ill - 1, 'other pipeline')} with something wrong.` : ''}</p>
        </div>
      </header>
      <section class="panel" aria-label="Pipelines">
        {pages.length === 0 ? (
          <p class="nothing">
            A pipeline is what telemetry names with the resource attribute <code>weir.pipeline</code> or{' '}
            <code>service.namespace</code>, or what the configuration declares under <code>pipelines:</code>.
          </p>
        ) : null}
        <ul>
          {pages.map((page, i) => (
            <Row key={page.pipeline} page={page} selected={i === at} />
          ))}
        </ul>
      </section>
    </div>
  );
}

function Row({ page, selected }: { page: PipelinePage; selected: boolean }) {
  const [busiest] = page.pathways;
  const complete = completeness(page);
  const old = stalest(page);
  const [slo] = page.slos;
  const wrong = page.problems.reduce((sum, { records }) => sum + records, 0);
  const state = pipelineGlyph(page);
  return (
    <li>
      <a class={`pipeline-row${selected ? ' selected' : ''}`} href={address.pipeline(page.pipeline)} data-state={state}>
        <Glyph state={state} quiet />
        <b class="ellipsis">{capital(page.pipeline)}</b>
        <span class="ink2 ellipsis pipeline-owner">{page.owner}</span>
        <span>{busiest === undefined ? '' : formatRate(busiest.rate)}</span>
        <Fact name="p99" value={busiest === undefined ? '' : durationWords(busiest.latency.p99)} />
        <Fact name="complete" value={complete === null ? '' : formatPercent(complete)} />
        <Fact name="fresh" value={old === undefined ? '' : durationWords(old.age)} state={old && freshGlyph(old)} />
        <Fact
          name="budget"
          value={slo === undefined ? '' : formatPercent(slo.budgetLeft)}
          state={slo && sloGlyph(slo)}
          hint={slo && burnText(slo)}
        />
        <span class="ink3">{wrong === 0 ? '' : `${plural(wrong, 'record')} went wrong`}</span>
        <Icon name="right" size={12} />
      </a>
    </li>
  );
}

function Fact({
  name,
  value,
  state = '',
  hint = '',
}: {
  name: string;
  value: string;
  state?: string | undefined;
  hint?: string | undefined;
}) {
  const ill = state !== '' && state !== 'healthy' && state !== 'idle' && state !== 'unknown';
  return (
    <span class="ink2" data-state={state} title={hint}>
      {value === '' ? null : (
        <>
          {name} <b class={ill ? 'state-text' : ''}>{value}</b>
        </>
      )}
    </span>
  );
}
