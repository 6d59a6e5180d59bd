import { useMemo } from 'preact/hooks';
import type { PathwayLatencyView, PathwayView, PipelinePage } from '../../core/pipeline-page.ts';
import { Chart } from '../charts/chart.tsx';
import { pathwayModel } from '../charts/pathway-model.ts';
import { read } from '../client.ts';
import { durationWords, formatRate, plural } from '../format.ts';
import { arrivalGlyph, arrivalHint, arrivalText, checkpointName, methodText, pathwayTitle } from '../pipeline-words.ts';
import { useResource } from '../resource.ts';
import { clock, location, range, setQuery, settledEnd, step } from '../state.ts';
import { Glyph } from './glyph.tsx';

/** The pathways of a pipeline: which there are, and of the one that is chosen its latency over time and its hops. */
export function Pathways({ page }: { page: PipelinePage }) {
  const { pathways, truncated } = page;
  const chosen = pathways.find(({ id }) => id === location.value.query.get('pathway')) ?? pathways[0];
  if (chosen === undefined) {
    return (
      <section class="panel" aria-label="Pathways">
        <header>
          <h2>Pathways</h2>
        </header>
        <p class="nothing">
          No record was followed in the last 5 min. The SDK (<code>@weir/sdk</code>) follows every record by a small
          header in its message; without it, traces whose consumers continue or link to their producers serve, sampled.
        </p>
      </section>
    );
  }
  return (
    <section class="panel pathways" aria-label="Pathways">
      <header>
        <h2>Pathways</h2>
        <span class="caption">
          {plural(pathways.length, 'way')} from end to end{truncated ? ', the busiest' : ''}
        </span>
      </header>
      {pathways.length === 1 ? null : (
        <ul class="pathway-list">
          {pathways.map((pathway) => (
            <li key={pathway.id}>
              <button
                type="button"
                class="pathway-row"
                aria-pressed={pathway === chosen}
                data-state={arrivalGlyph(pathway.arrival)}
                onClick={() => setQuery({ pathway: pathway.id, from_hop: '', to_hop: '' })}
              >
                <Glyph state={arrivalGlyph(pathway.arrival)} size={9} />
                <span class="ellipsis">{pathwayTitle(pathway)}</span>
                {pathway.sampled ? <span class="tag">sampled</span> : null}
                <span class="end">
                  {formatRate(pathway.rate)} <span class="ink3">p99</span> <b>{durationWords(pathway.latency.p99)}</b>
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
      <Latency key={chosen.id} pathway={chosen} />
      <Hops pathway={chosen} />
    </section>
  );
}

function Latency({ pathway }: { pathway: PathwayView }) {
  const { checkpoints } = pathway;
  const { query } = location.value;
  const indexOf = (name: string, fallback: number) => {
    const found = checkpoints.findIndex(({ hash }) => hash === query.get(name));
    return found < 0 ? fallback : found;
  };
  const from = Math.min(indexOf('from_hop', 0), checkpoints.length - 2);
  const to = Math.max(indexOf('to_hop', checkpoints.length - 1), from + 1);
  const [start, end] = [checkpoints[from], checkpoints[to]];
  const length = range.value.length;
  const { value, error } = useResource<PathwayLatencyView>(
    `${start?.hash}|${end?.hash}|${range.value.name}`,
    Math.floor(step.value / 3),
    (signal) => {
      const until = settledEnd();
      const ends = { start: start?.hash, end: end?.hash };
      return read('/api/pathways/latency', { ...ends, from: until - length, to: until }, signal);
    },
  );
  const whole = from === 0 && to === checkpoints.length - 1;
  const model = useMemo(
    () =>
      value === undefined
        ? undefined
        : pathwayModel(value, whole ? 'End to end' : 'Latency', methodText(value.method, pathway.share), clock.peek()),
    [value, whole, pathway.share],
  );
  if (start === undefined || end === undefined) return null;
  return (
    <>
      <div class="pathway-ends">
        <label class="field">
          From
          <select
            aria-label="From checkpoint"
            value={start.hash}
            onChange={(event) => setQuery({ from_hop: event.currentTarget.value })}
          >
            {checkpoints.slice(0, -1).map((checkpoint) => (
              <option key={checkpoint.hash} value={checkpoint.hash}>
                {checkpointName(checkpoint)}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          to
          <select
            aria-label="To checkpoint"
            value={end.hash}
            onChange={(event) => setQuery({ to_hop: event.currentTarget.value })}
          >
            {checkpoints.slice(from + 1).map((checkpoint) => (
              <option key={checkpoint.hash} value={checkpoint.hash}>
                {checkpointName(checkpoint)}
              </option>
            ))}
          </select>
        </label>
        <span class="end ink2">
          {value === undefined ? null : (
            <>
              p50 <b>{durationWords(value.overall.p50)}</b> · p95 <b>{durationWords(value.overall.p95)}</b> · p99{' '}
              <b>{durationWords(value.overall.p99)}</b>
            </>
          )}
        </span>
      </div>
      <div class="pathway-chart">
        {model === undefined ? (
          <p class="nothing">{error === '' ? '' : `This latency could not be read: ${error}`}</p>
        ) : (
          <Chart model={model} height={undefined} range={() => ''} />
        )}
      </div>
    </>
  );
}

/** The hops in the order of the data: where the time goes, and whether what left the one before arrived. */
function Hops({ pathway }: { pathway: PathwayView }) {
  const slowest = Math.max(...pathway.checkpoints.map(({ edge }) => edge.p95 ?? 0), 1e-9);
  return (
    <table class="lag-table hop-table">
      <thead>
        <tr>
          <th>Hop</th>
          <th class="hop-bar-head">p95 of the hop</th>
          <th class="num">p50</th>
          <th class="num">p95</th>
          <th class="num">p99</th>
          <th class="num wide">p99 so far</th>
          <th class="num wide">Rate</th>
          <th>Arrival</th>
        </tr>
      </thead>
      <tbody>
        {pathway.checkpoints.map((checkpoint, i) => {
          const { hash, edge, latency, arrival } = checkpoint;
          const state = arrivalGlyph(arrival);
          return (
            <tr key={hash} data-state={state}>
              <td class="lag-name ellipsis">
                {checkpointName(checkpoint)}
                {i === 0 && pathway.unseenUpstream ? (
                  <span class="ink3"> (what lies before did not report)</span>
                ) : null}
              </td>
              <td class="hop-bar-cell">
                {i === 0 ? null : (
                  <i class="hop-bar" style={{ width: `${(((edge.p95 ?? 0) / slowest) * 100).toFixed(1)}%` }} />
                )}
              </td>
              <td class="num">{i === 0 ? '' : durationWords(edge.p50)}</td>
              <td class="num lag-lag">
                {i === 0 ? <span class="ink3 hop-origin">origin</span> : durationWords(edge.p95)}
              </td>
              <td class="num">{i === 0 ? '' : durationWords(edge.p99)}</td>
              <td class="num wide">{i === 0 ? '' : durationWords(latency.p99)}</td>
              <td class="num wide">{formatRate(checkpoint.rate)}</td>
              <td class="lag-state" title={i === 0 ? '' : arrivalHint(arrival)}>
                {i === 0 ? null : (
                  <>
                    <Glyph state={state} size={9} quiet />{' '}
                    <span class={state === 'stuck' ? 'state-text' : 'ink2'}>{arrivalText(arrival)}</span>
                  </>
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
