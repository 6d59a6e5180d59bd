import { useMemo } from 'preact/hooks';
import { SIGNAL_FACTS, type Signal } from '../../core/signal.ts';
import { formatDuration } from '../../core/time.ts';
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
import { Quantity } from './quantity.tsx';

const SCORERS: Readonly<Record<string, string>> = {
  threshold: 'Threshold',
  robust: 'Seasonal baseline',
  seasonal: 'Seasonal baseline',
  lstm: 'LSTM',
};

/** A scorer's name as people read it; names not known here stay as they are spelled. */
export function scorerTitle(name: string): string {
  return SCORERS[name] ?? name;
}

/** Surprise of a chance in decades: 1 in 1000 is 3. */
export function decades(p: number): number {
  return p > 0 ? -Math.log10(p) : 12;
}

function partsOf(value: number | null, unit: string): readonly Part[] {
  if (unit === 's') return durationParts(value);
  if (unit === '1') return [percentPart(value)];
  return [{ value: unit === '1/s' ? formatNumber(value) : formatCount(value), unit: unit === '1/s' ? '/s' : '' }];
}

/** Why an alert fired: the value against its band, and how rare each scorer says it is, from the stored votes. */
export function Explain({ anomaly, hop }: { anomaly: AnomalyView; hop: HopView | undefined }) {
  const signal = anomaly.labels['signal'] as Signal;
  const { unit } = SIGNAL_FACTS[signal] ?? { unit: '' };
  const model = useMemo(() => (hop === undefined ? undefined : modelAround(anomaly, hop)), [anomaly, hop]);
  return (
    <div class="explain">
      <div class="explain-left">
        <div class="explain-value" data-state="falling_behind">
          <b class="state-text">
            <Quantity parts={partsOf(anomaly.value, unit)} />
          </b>
          <span class="ink3">expected {formatRange(anomaly.lower, anomaly.upper, unit)}</span>
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
    </div>
  );
}

const FACTS: Readonly<Record<string, string>> = {
  for: 'Held for',
  keep_firing_for: 'Keeps firing',
  minimum_volume: 'Least volume',
  min_volume: 'Least volume',
  history: 'History',
  rung: 'Baseline',
  direction: 'Direction',
  volume: 'Volume',
};

/** Inputs of the decision in words; durations are stored in milliseconds or as text. */
export function factsOf(anomaly: AnomalyView): [string, string][] {
  const facts: [string, string][] = [];
  for (const [key, value] of Object.entries(anomaly.decision)) {
    const title = FACTS[key] ?? FACTS[key.replace(/_ms$/, '')];
    if (title === undefined) continue;
    const text =
      typeof value === 'number'
        ? key.endsWith('_ms') || key === 'for' || key === 'keep_firing_for'
          ? spaced(formatDuration(value))
          : formatNumber(value)
        : /^\d+(ms|s|m|h|d)/.test(value)
          ? spaced(value)
          : value;
    facts.push([title, text]);
  }
  facts.push(['Score', `${anomaly.score.toFixed(1)} of ${anomaly.threshold.toFixed(1)} needed`]);
  return facts.slice(0, 7);
}

/** `2m30s` as the interface writes durations: `2 min 30 s`. */
function spaced(text: string): string {
  return text
    .replace(
      /(\d)(ms|s|m|h|d|w|y)(?=\d|$)/g,
      (_, digit: string, unit: string) => `${digit}\u202f${unit === 'm' ? 'min' : unit} `,
    )
    .trim();
}

function modelAround(anomaly: AnomalyView, hop: HopView): ChartModel {
  const fired = anomaly.firedAt || anomaly.time;
  const from = Math.max(hop.start, anomaly.time - 12 * 60_000);
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
            anomalous: hop.values.map((_, i) => hop.start + i * hop.step >= anomaly.time),
          },
        ],
      },
    ],
  };
}

const FIRST = 0;
const LAST = 9;

function place(value: number): number {
  return ((Math.min(LAST, Math.max(FIRST, value)) - FIRST) / (LAST - FIRST)) * 100;
}

function Scorers({ anomaly }: { anomaly: AnomalyView }) {
  const line = place(anomaly.threshold);
  const votes = [...anomaly.votes].sort((a, b) => b.weight - a.weight);
  return (
    <div class="scorers" data-state="falling_behind">
      <div class="scorers-head">
        <b>How rare each scorer says it is</b>
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
                  weight {vote.weight.toFixed(2)}
                  {against ? ', against' : ''}
                </small>
              </span>
              <span class="scorer-axis">
                <i style={{ width: `${place(value)}%` }} />
                <b style={{ left: `${place(value)}%` }} />
                <em style={{ left: `${place(value)}%` }}>{formatChance(vote.p)}</em>
              </span>
            </div>
          );
        })}
        <div class="scorer together">
          <span class="scorer-name">Together</span>
          <span class="scorer-axis">
            <i style={{ width: `${place(anomaly.score)}%` }} />
            <b style={{ left: `${place(anomaly.score)}%` }} />
            <em style={{ left: `${place(anomaly.score)}%` }}>{formatChance(10 ** -anomaly.score)}</em>
          </span>
        </div>
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
