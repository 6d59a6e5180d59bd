import type { LimitForecastView } from '../../core/feedback-view.ts';
import { durationWords, formatCount, formatNumber } from '../format.ts';

const KINDS: Readonly<Record<string, string>> = {
  threshold: 'Thresholds',
  slo: 'SLO targets',
  retention: 'Retention',
  capacity: 'Capacities',
};

/** What warnings ahead of limits were worth, by kind of limit, of the longest window they look ahead; nothing without limits. */
export function LimitsAhead({ limits }: { limits: readonly LimitForecastView[] }) {
  const longest = limits.filter(({ kind, window }) => limits.every((one) => one.kind !== kind || one.window <= window));
  if (longest.length === 0) return null;
  return (
    <table class="record-table" aria-label="Warnings ahead of limits">
      <thead>
        <tr>
          <th scope="col">Warnings ahead of</th>
          <th scope="col" class="num" title="Warnings that are over">
            Over
          </th>
          <th scope="col" class="num" title="After which the limit was crossed">
            Came true
          </th>
          <th scope="col" class="num" title="Mean time from a warning to the crossing">
            Ahead
          </th>
          <th scope="col" class="num wide" title="Crossings that were announced, of all">
            Announced
          </th>
          <th
            scope="col"
            class="num wide"
            title="Mean squared distance of stated chances to what happened: 0 is perfect"
          >
            Brier score
          </th>
        </tr>
      </thead>
      <tbody>
        {longest.map(({ kind, series, announced, kept, lead, foreseen, crossings, brier }) => (
          <tr key={kind}>
            <th scope="row" title={`${formatCount(series)} series`}>
              {KINDS[kind] ?? kind}
            </th>
            <td class="num">{formatCount(announced)}</td>
            <td class="num">{formatCount(kept)}</td>
            <td class="num">{lead === null ? '–' : durationWords(lead)}</td>
            <td class="num wide">{`${formatCount(foreseen)} of ${formatCount(crossings)}`}</td>
            <td class="num wide">{formatNumber(brier === null ? null : Number(brier.toFixed(3)))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
