import type { HopView, IncidentView } from '../../core/view.ts';
import { stripOf } from '../charts/strip.ts';
import { formatClock } from '../format.ts';
import { address } from '../router.ts';
import { signalTitle } from './kpis.ts';

/** The signals behind the incident, ranked by who left its band first. */
export function Hops({ view }: { view: IncidentView }) {
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
            first={i === hops.findIndex((one) => one.culprit)}
            reason={summary.reason}
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
  first,
  reason,
}: {
  hop: HopView;
  rank: number;
  from: number;
  to: number;
  pipeline: string;
  first: boolean;
  reason: string;
}) {
  const strip = stripOf(hop, from, to, STRIP_WIDTH, STRIP_HEIGHT);
  const sentence = first && reason !== '' ? reason : hop.sentence;
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
          <path class="strip-area" d={strip.area} />
          {Number.isNaN(strip.onsetX) ? null : <path class="strip-onset" d={`M${strip.onsetX} 0V${STRIP_HEIGHT}`} />}
          <path class="strip-line" d={strip.line} />
          <path class="strip-strange" d={strip.strange} />
        </svg>
        {sentence === '' ? null : <span class="hop-sentence">{sentence}</span>}
      </span>
      {first ? <span class="hop-named">culprit</span> : null}
    </li>
  );
}
