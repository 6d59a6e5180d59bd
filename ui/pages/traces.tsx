import { useMemo } from 'preact/hooks';
import type { TraceHit, TraceSearchView } from '../../core/view.ts';
import { timeTicks } from '../charts/options.ts';
import { read } from '../client.ts';
import { durationWords, formatClock, formatMoment, formatSecondsShort, plural } from '../format.ts';
import { Glyph } from '../parts/glyph.tsx';
import { useResource } from '../resource.ts';
import { address } from '../router.ts';
import { clock, location, navigate, range, setQuery, step } from '../state.ts';

/** Traces of a window: duration over time, and the table below it. */
export function TracesPage() {
  const { query } = location.value;
  const service = query.get('service') ?? '';
  const slow = query.get('min_ms') ?? '';
  const errors = query.get('errors') ?? '';
  const from = query.get('from') ?? '';
  const to = query.get('to') ?? '';
  const fixed = from !== '' && to !== '';
  const { value, error } = useResource<TraceSearchView>(
    `${service}|${slow}|${errors}|${from}|${to}|${range.value.name}`,
    fixed ? 0 : Math.floor(step.value / 2),
    (signal) => {
      const end = Math.ceil(clock.value / 10_000) * 10_000;
      return read(
        '/api/traces',
        {
          service,
          min_ms: slow,
          errors,
          from: fixed ? from : end - range.value.length,
          to: fixed ? to : end,
          limit: 150,
        },
        signal,
      );
    },
  );
  const hits = value?.hits ?? [];
  return (
    <div class="traces-page">
      <header class="answer">
        <div class="answer-text">
          <h1>
            {value === undefined
              ? 'Traces'
              : `${plural(hits.length, 'trace')}${hits.length >= 150 ? ', the newest' : ''}${service === '' ? '' : ` through ${service}`}.`}
          </h1>
          <p>
            {fixed ? (
              <>
                {formatMoment(Number(from), clock.value, true)} – {formatClock(Number(to), true)} UTC.{' '}
                <button type="button" class="plain-button" onClick={() => setQuery({ from: '', to: '' })}>
                  Back to {range.value.title.toLowerCase()}
                </button>
              </>
            ) : (
              `${range.value.title}. A trace counts when one of its spans fits.`
            )}
          </p>
        </div>
      </header>
      <section class="panel" aria-label="Search">
        <header class="filters">
          <label class="field">
            Service
            <select value={service} onChange={(event) => setQuery({ service: event.currentTarget.value })}>
              <option value="">any</option>
              {[...new Set([...(value?.services ?? []), ...(service === '' ? [] : [service])])].map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </label>
          <label class="field">
            Slower than
            <select value={slow} onChange={(event) => setQuery({ min_ms: event.currentTarget.value })}>
              <option value="">any</option>
              {['10', '100', '500', '1000', '5000'].map((ms) => (
                <option key={ms} value={ms}>
                  {durationWords(Number(ms) / 1000)}
                </option>
              ))}
            </select>
          </label>
          <label class="field check">
            <input
              type="checkbox"
              checked={errors === '1'}
              onChange={(event) => setQuery({ errors: event.currentTarget.checked ? '1' : '' })}
            />
            With errors
          </label>
        </header>
        {error === '' ? null : <p class="nothing">Traces could not be read: {error}</p>}
        {value === undefined ? null : hits.length === 0 ? (
          <p class="nothing">No stored trace fits. Widen the range or the filter.</p>
        ) : (
          <>
            <Scatter hits={hits} from={value.from} to={value.to} />
            <Table hits={hits} />
          </>
        )}
      </section>
    </div>
  );
}

const WIDTH = 1390;
const HEIGHT = 170;
const LEFT = 58;

/** Duration (log) over time; errors are crosses, so that shape tells them too. */
function Scatter({ hits, from, to }: { hits: readonly TraceHit[]; from: number; to: number }) {
  const { low, high } = useMemo(() => {
    const sizes = hits.map((hit) => Math.max(0.01, hit.durationMs));
    return {
      low: Math.floor(Math.log10(Math.min(...sizes))),
      high: Math.max(Math.ceil(Math.log10(Math.max(...sizes))), Math.floor(Math.log10(Math.min(...sizes))) + 1),
    };
  }, [hits]);
  const x = (time: number) => LEFT + ((time - from) / (to - from)) * (WIDTH - LEFT - 20);
  const y = (ms: number) => 12 + (1 - (Math.log10(Math.max(0.01, ms)) - low) / (high - low)) * (HEIGHT - 40);
  const decades = Array.from({ length: high - low + 1 }, (_, i) => low + i);
  return (
    <svg
      class="scatter"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={`${plural(hits.length, 'trace')} by duration over time`}
    >
      {decades.map((power) => (
        <g key={power}>
          <path class="grid-line" d={`M${LEFT} ${y(10 ** power)}H${WIDTH - 20}`} />
          <text x={LEFT - 8} y={y(10 ** power) + 4} text-anchor="end">
            {formatSecondsShort(10 ** power / 1000)}
          </text>
        </g>
      ))}
      {timeTicks(from, to, WIDTH).map((time) => (
        <text key={time} x={x(time)} y={HEIGHT - 6} text-anchor="middle">
          {formatClock(time)}
        </text>
      ))}
      {hits.map((hit) => {
        const at = { cx: x(hit.start), cy: y(hit.durationMs) };
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: every trace is a link in the table below.
          <g
            key={hit.traceId}
            class={hit.errors > 0 ? 'dot bad' : 'dot'}
            onClick={() => navigate(address.trace(hit.traceId))}
          >
            <title>{`${hit.rootName}, ${durationWords(hit.durationMs / 1000)}`}</title>
            {hit.errors > 0 ? (
              <path d={`M${at.cx - 4} ${at.cy - 4}l8 8m0-8l-8 8`} />
            ) : (
              <circle cx={at.cx} cy={at.cy} r="3.5" />
            )}
          </g>
        );
      })}
    </svg>
  );
}

function Table({ hits }: { hits: readonly TraceHit[] }) {
  return (
    <table class="table">
      <thead>
        <tr>
          <th>Started</th>
          <th>Root</th>
          <th>Services</th>
          <th class="num">Spans</th>
          <th class="num">Errors</th>
          <th class="num">Duration</th>
        </tr>
      </thead>
      <tbody>
        {hits.slice(0, 150).map((hit) => (
          <tr key={hit.traceId}>
            <td class="ink3">{formatMoment(hit.start, clock.peek(), true)}</td>
            <td>
              <a href={address.trace(hit.traceId)}>
                <b>{hit.rootService}</b> {hit.rootName}
              </a>
            </td>
            <td class="ink2 ellipsis">{hit.services.join(', ')}</td>
            <td class="num">{hit.spans}</td>
            <td class="num" data-state="stuck">
              {hit.errors > 0 ? (
                <span class="state-text">
                  <Glyph state="stuck" size={8} quiet /> {hit.errors}
                </span>
              ) : (
                <span class="ink3">0</span>
              )}
            </td>
            <td class="num">{durationWords(hit.durationMs / 1000)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
