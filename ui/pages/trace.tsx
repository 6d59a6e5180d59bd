import { useMemo } from 'preact/hooks';
import type { SpanView, TraceView } from '../../core/view.ts';
import { read } from '../client.ts';
import { durationWords, formatAbsolute, formatMoment, formatPercent, plural } from '../format.ts';
import { Glyph, StateChip } from '../parts/glyph.tsx';
import { Icon } from '../parts/icon.tsx';
import { Duration } from '../parts/quantity.tsx';
import { Reading } from '../parts/reading.tsx';
import { useResource } from '../resource.ts';
import { address } from '../router.ts';
import { clock, location, setQuery } from '../state.ts';
import { foldedScale, isWork, type WaterfallRow, waterfallOf } from './waterfall.ts';

/** One trace as a waterfall, with the time messages waited in topics. */
export function TracePage({ id }: { id: string }) {
  const { value, error } = useResource<TraceView>(id, 0, (signal) =>
    read(`/api/traces/${encodeURIComponent(id)}`, {}, signal),
  );
  const flow = useMemo(() => (value === undefined ? undefined : waterfallOf(value.spans)), [value]);
  const scale = useMemo(() => (flow === undefined ? undefined : foldedScale(flow)), [flow]);
  const crumbs = (
    <nav class="crumbs" aria-label="Where you are">
      <a href={address.traces()}>Traces</a>
      <Icon name="right" size={10} />
      <span class="mono">{id}</span>
    </nav>
  );
  if (value === undefined || flow === undefined || scale === undefined) {
    return (
      <div class="trace-page">
        {crumbs}
        {error === '' ? <Reading /> : <p class="problem">{error}</p>}
      </div>
    );
  }
  const first = flow.rows[0]?.span;
  const failed = value.spans.filter((span) => span.error).length;
  const services = new Set(value.spans.map((span) => span.service));
  const asked = location.value.query.get('span');
  const chosen = value.spans.find((span) => span.spanId === asked) ?? value.spans.find((span) => span.error) ?? first;
  return (
    <div class="trace-page">
      {crumbs}
      <div class="title">
        <h1>{first?.name ?? id}</h1>
        <StateChip state={failed > 0 ? 'stuck' : 'healthy'} text={durationWords((flow.end - flow.start) / 1000)} />
        <span class="tag">{plural(services.size, 'service')}</span>
        <span class="tag">{plural(value.spans.length, 'span')}</span>
        <span class="tag">{failed === 0 ? 'no errors' : plural(failed, 'error')}</span>
        <span class="tag">started {formatMoment(flow.start, clock.peek(), true)} UTC</span>
      </div>
      {flow.waiting > 0.005 ? (
        <section class="panel true-scale" aria-label="Where the time went">
          <p>
            <b>Where the time went</b> <span class="ink3">true scale</span>{' '}
            <span class="end">{formatPercent(flow.waiting)} waiting in topics</span>
          </p>
          <div class="scale-bar">
            {flow.rows.map((row, i) => (
              <i
                key={i}
                class={barClass(row)}
                style={barStyle((time) => (time - flow.start) / Math.max(1e-9, flow.end - flow.start), row)}
              />
            ))}
          </div>
        </section>
      ) : null}
      <div class="trace-main">
        <section class="panel waterfall" aria-label="Waterfall">
          {flow.rows.map((row, i) => (
            <Row
              key={i}
              row={row}
              at={scale.at}
              folds={scale.folds.length > 0}
              chosen={row.kind === 'span' && row.span === chosen}
            />
          ))}
          {scale.folds.length > 0 ? (
            <p class="nothing">Waits that dwarf the work are folded: the scale restarts after each break.</p>
          ) : null}
        </section>
        {chosen === undefined ? null : <Details span={chosen} />}
      </div>
    </div>
  );
}

function barClass(row: WaterfallRow): string {
  if (row.kind === 'wait') return 'bar wait';
  return row.span.error ? 'bar bad' : isWork(row.span) ? 'bar work' : 'bar call';
}

function barStyle(at: (time: number) => number, row: WaterfallRow) {
  const left = at(row.start) * 100;
  return { left: `${left.toFixed(3)}%`, width: `max(2px, ${(at(row.end) * 100 - left).toFixed(3)}%)` };
}

function Row({
  row,
  at,
  folds,
  chosen,
}: {
  row: WaterfallRow;
  at: (time: number) => number;
  folds: boolean;
  chosen: boolean;
}) {
  const { span } = row;
  const right = at(row.end);
  const label = durationWords((row.end - row.start) / 1000);
  const content = (
    <>
      <span class="wf-name" style={{ paddingLeft: `${14 + Math.max(0, Math.min(6, row.depth)) * 16}px` }}>
        {row.kind === 'wait' ? (
          <span class="ink2">
            <Icon name="topic" size={12} /> <span class="mono">{row.topic}</span> {label} in the topic
          </span>
        ) : (
          <>
            {row.depth === 0 ? <b>{span.service} </b> : null}
            <span class={span.error ? 'state-text' : row.depth === 0 ? 'ink2' : ''} data-state="stuck">
              {span.error ? <Glyph state="dead" size={8} /> : null} {span.name}
            </span>
          </>
        )}
      </span>
      <span class="wf-bars">
        <i class={`${barClass(row)}${folds && row.kind === 'wait' ? ' folded' : ''}`} style={barStyle(at, row)} />
        <em
          class={right > 0.82 ? 'before' : ''}
          style={
            right > 0.82
              ? { right: `${((1 - at(row.start)) * 100).toFixed(2)}%` }
              : { left: `${(right * 100).toFixed(2)}%` }
          }
        >
          {label}
        </em>
      </span>
    </>
  );
  if (row.kind === 'wait') return <div class="wf-row">{content}</div>;
  return (
    <button
      type="button"
      class={`wf-row${chosen ? ' chosen' : ''}`}
      aria-pressed={chosen}
      onClick={() => setQuery({ span: span.spanId })}
    >
      {content}
    </button>
  );
}

function Details({ span }: { span: SpanView }) {
  const attributes = Object.entries(span.attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  const resource = Object.entries(span.resource).sort(([a], [b]) => (a < b ? -1 : 1));
  return (
    <aside class="panel details" aria-label="Span">
      <header>
        <h2 class="mono ellipsis">{span.name}</h2>
        <span class="side">{span.kind}</span>
      </header>
      <div class="details-head">
        <div class="details-value">
          <Duration seconds={span.durationMs / 1000} />
        </div>
        <p class="ink2">
          {span.service}, {formatAbsolute(span.start)}
        </p>
        {span.error ? (
          <p class="state-text" data-state="stuck">
            <Glyph state="dead" size={9} />{' '}
            {span.message === '' ? (span.attributes['error.type'] ?? 'failed') : span.message}
          </p>
        ) : null}
      </div>
      <Pairs pairs={attributes} />
      {span.events.length === 0 ? null : (
        <>
          <h3>Events</h3>
          {span.events.map((event, i) => (
            <div class="pair" key={i}>
              <code>{event.name}</code>
              <span>+{durationWords((event.time - span.start) / 1000)}</span>
            </div>
          ))}
        </>
      )}
      <h3>Resource</h3>
      <Pairs pairs={resource} />
    </aside>
  );
}

function Pairs({ pairs }: { pairs: readonly (readonly [string, string])[] }) {
  return (
    <dl class="pairs">
      {pairs.map(([name, value]) => (
        <div class="pair" key={name}>
          <dt class="mono">{name}</dt>
          <dd class="mono" title={value}>
            {value}
          </dd>
        </div>
      ))}
    </dl>
  );
}
