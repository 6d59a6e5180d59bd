import { factsOfSignal, SIGNAL_FACTS, type Signal } from '../../core/signal.ts';
import type { SignalView, StageView } from '../../core/view.ts';
import {
  durationParts,
  formatChange,
  formatRange,
  formatRate,
  formatRecords,
  type Part,
  percentPart,
} from '../format.ts';
import { lossRange } from '../lag-words.ts';
import { growthText } from '../map/words.ts';

/** One number of the strip: what it is, the number, and what to hold it against. */
export interface Kpi {
  readonly label: string;
  readonly parts: readonly Part[];
  readonly context: string;
  readonly state: string;
}

/** The numbers of the strip: those this stage has, in the order of how much they matter. */
export function kpisOf(view: StageView): Kpi[] {
  const { node, signals } = view;
  const of = (signal: Signal) =>
    signals.filter((one) => one.signal === signal).sort((a, b) => (b.value ?? -1) - (a.value ?? -1))[0];
  const state = (signal: SignalView | undefined) => (signal?.strange === true ? 'falling_behind' : '');
  const expected = (signal: SignalView | undefined) =>
    signal === undefined || (signal.lower === null && signal.upper === null)
      ? 'no band yet'
      : `expected ${formatRange(signal.lower, signal.upper, SIGNAL_FACTS[signal.signal].unit)}`;
  const kpis: Kpi[] = [];
  const lag = of('lag_seconds');
  if (node.lagSeconds !== null) {
    const grows = growthText(node.lagGrowth);
    const records = node.lag === null ? '' : formatRecords(node.lag);
    kpis.push({
      label: 'Lag',
      parts: durationParts(node.lagSeconds),
      context: [grows, records].filter((text) => text !== undefined && text !== '').join(' · ') || expected(lag),
      state: state(lag),
    });
  }
  const [losing] = view.partitions
    .filter(({ lossExpected, loss }) => lossExpected && typeof loss === 'number')
    .sort((a, b) => Number(a.loss) - Number(b.loss));
  if (losing !== undefined) {
    const seconds = Math.max(0, Number(losing.loss));
    kpis.push({ label: 'Until data loss', parts: durationParts(seconds), context: lossRange(losing), state: 'stuck' });
  }
  const throughput = of('throughput');
  const arriving = view.reads.length > 0;
  if (node.rate !== null) {
    const parts = [{ value: formatRate(node.rate).replace('/s', ''), unit: '/s' }];
    kpis.push({
      label: arriving ? 'Read' : 'Throughput',
      parts,
      context: node.rateChange === null ? expected(throughput) : `${formatChange(node.rateChange)} of what is expected`,
      state: state(throughput),
    });
  }
  const output = of('output');
  if (node.output !== null)
    kpis.push({
      label: 'Written',
      parts: [{ value: formatRate(node.output).replace('/s', ''), unit: '/s' }],
      context: expected(output),
      state: state(output),
    });
  const p99 = of('latency_p99');
  if (p99 !== undefined)
    kpis.push({ label: 'Latency p99', parts: durationParts(p99.value), context: expected(p99), state: state(p99) });
  const errors = of('error_ratio');
  if (errors !== undefined)
    kpis.push({ label: 'Errors', parts: [percentPart(errors.value)], context: expected(errors), state: state(errors) });
  const freshness = of('freshness');
  if (freshness !== undefined)
    kpis.push({
      label: 'Freshness',
      parts: durationParts(freshness.value),
      context: expected(freshness),
      state: state(freshness),
    });
  const slowest = of('dependency_p95');
  if (slowest !== undefined && kpis.length < 6) {
    kpis.push({
      label: `${slowest.labels['dependency'] ?? 'Dependency'} p95`,
      parts: durationParts(slowest.value),
      context: expected(slowest),
      state: state(slowest),
    });
  }
  return kpis.slice(0, 6);
}

/** A series in words: `Throughput`, `Lag in time on orders`, `p95 of calls to warehouse`. */
export function signalTitle(labels: Readonly<Record<string, string>>): string {
  const title = factsOfSignal(labels['signal'])?.title ?? labels['signal'] ?? '';
  if (labels['dependency'] !== undefined) return `p95 of calls to ${labels['dependency']}`;
  if (labels['name'] !== undefined) return labels['name'];
  return labels['topic'] === undefined ? title : `${title} on ${labels['topic']}`;
}
