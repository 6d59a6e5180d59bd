import type { GroupHistoryView } from '../../core/group-view.ts';
import { stateSpans } from '../charts/group-model.ts';
import { durationWords, formatMoment } from '../format.ts';
import { STATE_WORDS } from '../states.ts';
import { Glyph } from './glyph.tsx';

/** Which state held when, on the time axis of the charts below. A glyph stands where a state held for long enough to hold one. */
export function StateStrip({
  view,
  now,
}: {
  view: Pick<GroupHistoryView, 'states' | 'start' | 'step' | 'count'>;
  now: number;
}) {
  const spans = stateSpans(view.states);
  const length = (span: { from: number; to: number }) => ((span.to - span.from) * view.step) / 1000;
  const words = spans
    .filter(({ state }) => state !== null)
    .map((span) => `${STATE_WORDS[span.state ?? 'unknown']} for ${durationWords(length(span))}`);
  return (
    <div class="state-strip">
      <span class="state-strip-title">States</span>
      <div class="state-strip-bar" role="img" aria-label={`States in this range: ${words.slice(-12).join(', ')}`}>
        {spans.map((span) => (
          <i
            key={span.from}
            data-state={span.state ?? undefined}
            class={span.state === null ? 'none' : ''}
            style={{ flexGrow: span.to - span.from }}
            title={
              span.state === null
                ? 'Not judged'
                : `${STATE_WORDS[span.state]} from ${formatMoment(view.start + span.from * view.step, now, true)} for ${durationWords(length(span))}`
            }
          >
            {span.state !== null && span.to - span.from > view.count * 0.025 ? (
              <Glyph state={span.state} size={9} quiet />
            ) : null}
          </i>
        ))}
      </div>
    </div>
  );
}
