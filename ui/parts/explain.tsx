import { useMemo } from 'preact/hooks';
import { factsOfSignal, SIGNAL_FACTS, type Signal } from '../../core/signal.ts';
import type { AnomalyView, HopView } from '../../core/view.ts';
import { Chart } from '../charts/chart.tsx';
import type { ChartModel } from '../charts/options.ts';
import { rangeText, signalScale } from '../charts/panels.ts';
import {
  durationParts,
  formatChance,
  formatCount,
  formatNumber,
  formatRange,
  type Part,
  percentPart,
} from '../format.ts';
import { Around } from './around.tsx';
import { decades, factsOf, scorerTitle } from './facts.ts';
import { Quantity } from './quantity.tsx';

function partsOf(value: number | null, unit: string): readonly Part[] {
  if (unit === 's') return durationParts(value);
  if (unit === '1') return [percentPart(value)];
  return [{ value: unit === '1/s' ? formatNumber(value) : formatCount(value), unit: unit === '1/s' ? '/s' : '' }];
}

/** Why an alert fired: the value against its band, and how rare each scorer says it is, from the stored votes. */
export function Explain({ anomaly, hop }: { anomaly: AnomalyView; hop: HopView | undefined }) {
  const signal = anomaly.labels['signal'] as Signal;
  const { unit } = factsOfSignal(signal) ?? { unit: '' };
  const together = signal === 'relations';
  const model = useMemo(() => (hop === undefined ? undefined : modelAround(anomaly, hop)), [anomaly, hop]);
  return (
    <div class="explain">
      <div class="explain-left">
        <div class="explain-value" data-state="falling_behind">
          <b class="state-text">
            {together ? formatChance(10 ** -(anomaly.value ?? 0)) : <Quantity parts={partsOf(anomaly.value, unit)} />}
          </b>
          <span class="ink3">
            {together ? 'minutes of this stage are so' : `expected ${formatRange(anomaly.lower, anomaly.upper, unit)}`}
          </span>
        </div>
        {model === undefined ? null : <Chart model={model} height={170} range={rangeText} />}
        <dl class="facts">
          {factsOf(anomaly).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </div>
      <Scorers anomaly={anomaly} />
      <Around key={anomaly.id} anomaly={anomaly} />
    </div>
  );
}

function modelAround(anomaly: AnomalyView, hop: HopView): ChartModel {
  const fired = anomaly.firedAt || anomaly.time;
  const from = Math.max(hop.start, anomaly.onset - 12 * 60_000);
  const to = Math.min(hop.start + hop.step * hop.values.length, fired + 3 * 60_000);
  const { scale, format } = signalScale(hop.signal);
  return {
    start: hop.start,
    step: hop.step,
    count: hop.values.length,
    from,
    to: Math.max(to, from + hop.step * 2),
    now: fired,
    spans: [],
    panels: [
      {
        id: 'explain',
        title: '',
        caption: '',
        scale,
        format,
        weight: 1,
        lines: [
          {
            name: SIGNAL_FACTS[hop.signal].title,
            role: 'observed',
            values: hop.values.map((value, i) => (hop.start + i * hop.step > to ? null : value)),
            expected: hop.expected,
            lower: hop.lower,
            upper: hop.upper,
            anomalous: hop.values.map((_, i) => hop.start + i * hop.step >= anomaly.onset),
          },
        ],
      },
    ],
  };
}

/** Of a signal among those of a stage: its part in what is strange, and which way it is off. */
function shareText({ weight, score }: AnomalyView['votes'][number]): string {
  return weight === 0 ? 'no part' : `${Math.round(weight * 100)} % of it, too ${score > 0 ? 'high' : 'low'}`;
}

const FIRST = 0;
const LAST = 9;

function place(value: number): number {
  return ((Math.min(LAST, Math.max(FIRST, value)) - FIRST) / (LAST - FIRST)) * 100;
}

function Scorers({ anomaly }: { anomaly: AnomalyView }) {
  const line = place(anomaly.threshold);
  const together = anomaly.labels['signal'] === 'relations';
  const votes = [...anomaly.votes].sort((a, b) => b.weight - a.weight).slice(0, together ? 9 : undefined);
  return (
    <div class="scorers" data-state="falling_behind">
      <div class="scorers-head">
        <b>{together ? 'How far each signal is from what the others foretell' : 'How rare each scorer says it is'}</b>
        <span class="ink3">chance on a normal day</span>
      </div>
      <div class="scorer-rows">
        <div
          class="scorer-zone"
          style={{ left: `calc(var(--names) + (100% - var(--names) - var(--tail)) * ${line / 100})` }}
        >
          <span>fires beyond {formatChance(10 ** -anomaly.threshold)}</span>
        </div>
        {votes.map((vote) => {
          const value = decades(vote.p);
          const rule = vote.weight === 0 && !together;
          const against = value < anomaly.threshold;
          return (
            <div
              class={`scorer${against ? ' against' : ''}`}
              key={vote.scorer}
              title={`score ${formatNumber(vote.score)}, ${formatChance(vote.p)}`}
            >
              <span class="scorer-name">
                {scorerTitle(vote.scorer)}
                <small>
                  {rule ? 'decides alone' : together ? shareText(vote) : `weight ${vote.weight.toFixed(2)}`}
                  {!rule && !together && against ? ', against' : ''}
                </small>
              </span>
              <span class="scorer-axis">
                <i style={{ width: `${place(value)}%` }} />
                <b style={{ left: `${place(value)}%` }} />
                <em style={{ left: `${place(value)}%` }}>
                  {rule ? (against ? 'not passed' : 'passed') : formatChance(vote.p)}
                </em>
              </span>
            </div>
          );
        })}
        {anomaly.score === null ? null : (
          <div class="scorer together">
            <span class="scorer-name">Together</span>
            <span class="scorer-axis">
              <i style={{ width: `${place(anomaly.score)}%` }} />
              <b style={{ left: `${place(anomaly.score)}%` }} />
              <em style={{ left: `${place(anomaly.score)}%` }}>{formatChance(10 ** -anomaly.score)}</em>
            </span>
          </div>
        )}
        <div class="scorer-ticks" aria-hidden="true">
          {[1, 3, 5, 7, 9].map((value) => (
            <span
              key={value}
              style={{ left: `calc(var(--names) + (100% - var(--names) - var(--tail)) * ${place(value) / 100})` }}
            >
              {formatChance(10 ** -value)}
            </span>
          ))}
        </div>
      </div>
    </div>
  );
}
