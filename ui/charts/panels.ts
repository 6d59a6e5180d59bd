import { SIGNAL_FACTS, type Signal } from '../../core/signal.ts';
import type { Known, OriginView, SeriesAnswer, SeriesView } from '../../core/view.ts';
import { formatCount, formatPercent, formatRange, formatRate, formatSeconds } from '../format.ts';
import type { ChartModel, Line, LineRole, Panel } from './options.ts';

const FORMAT: Readonly<Record<string, (value: Known) => string>> = {
  s: formatSeconds,
  '1/s': formatRate,
  '1': formatPercent,
  '{record}': formatCount,
};

function formatOf(signal: Signal): (value: Known) => string {
  return FORMAT[SIGNAL_FACTS[signal].unit] ?? formatCount;
}

function line(series: SeriesView, role: LineRole, name: string): Line {
  const { values, expected, lower, upper, anomalous } = series;
  return { name, role, values, expected, lower, upper, anomalous };
}

/** Panels of the stage page, lag first; a panel without any data is left out. */
export function stagePanels(answer: SeriesAnswer): Panel[] {
  const of = (signal: Signal) => answer.series.filter((series) => series.signal === signal);
  const panels: (Panel | undefined)[] = [
    lagPanel(of('lag_seconds'), of('lag')),
    ratePanel(of('throughput'), of('output')),
    latencyPanel(of('latency_p50'), of('latency_p95'), of('latency_p99')),
    several('errors', 'Errors', 'share of what it handles', 'percent', of('error_ratio'), 0.7, () => 'error ratio'),
    several(
      'dependencies',
      'Dependencies',
      'p95 of calls, log scale',
      'log',
      of('dependency_p95'),
      0.9,
      (series) => series.labels['dependency'] ?? 'call',
    ),
    several(
      'freshness',
      'Freshness',
      'age of the newest event handled',
      'lag',
      of('freshness'),
      0.7,
      () => 'freshness',
    ),
    ...of('custom').map((series) =>
      several(
        `custom:${series.key}`,
        series.labels['name'] ?? 'Signal',
        'custom signal',
        'count',
        [series],
        0.7,
        () => series.labels['name'] ?? 'value',
      ),
    ),
  ];
  return panels.filter((panel) => panel !== undefined);
}

function lagPanel(seconds: readonly SeriesView[], records: readonly SeriesView[]): Panel | undefined {
  if (seconds.length === 0) {
    return several('lag', 'Lag', 'records not yet read', 'count', records, 1.6, topicName);
  }
  return several(
    'lag',
    'Lag',
    'oldest unread record',
    'lag',
    seconds,
    1.8,
    seconds.length === 1 ? () => 'observed' : topicName,
  );
}

function topicName(series: SeriesView): string {
  return series.labels['topic'] ?? 'lag';
}

function ratePanel(read: readonly SeriesView[], written: readonly SeriesView[]): Panel | undefined {
  const lines = [
    ...read.map((series) => line(series, 'observed', 'read')),
    ...written.map((series) => line(series, read.length > 0 ? 'context' : 'observed', 'written')),
  ];
  if (lines.length === 0) return undefined;
  return {
    id: 'throughput',
    title: 'Throughput',
    caption: 'records/s',
    scale: 'linear',
    format: formatRate,
    lines,
    weight: 1,
  };
}

function latencyPanel(...groups: readonly (readonly SeriesView[])[]): Panel | undefined {
  const roles = ['p50', 'p95', 'p99'] as const;
  // One amber line says it: of several anomalous percentiles the highest.
  const strangest = groups.findLastIndex((group) => group[0]?.anomalous?.some(Boolean) === true);
  const lines = groups.flatMap((group, i) =>
    group.slice(0, 1).map((series) => {
      const role = roles[i] as LineRole;
      const drawn = line(series, role, role);
      return { ...drawn, ...bandOnlyFor(role === 'p99', series), anomalous: i === strangest ? drawn.anomalous : null };
    }),
  ) as Line[];
  if (lines.length === 0) return undefined;
  return {
    id: 'latency',
    title: 'Latency',
    caption: 'of one unit of work, log scale',
    scale: 'log',
    format: formatSeconds,
    lines,
    weight: 1.1,
  };
}

/** Three bands over one another would be mud: only the percentile that counts keeps its own. */
function bandOnlyFor(keep: boolean, series: SeriesView): Pick<Line, 'lower' | 'upper'> {
  return keep ? { lower: series.lower, upper: series.upper } : { lower: null, upper: null };
}

function several(
  id: string,
  title: string,
  caption: string,
  scale: Panel['scale'],
  list: readonly SeriesView[],
  weight: number,
  name: (series: SeriesView) => string,
): Panel | undefined {
  const [first] = list;
  if (first === undefined) return undefined;
  // The strangest in front; the others stand behind it as context.
  const strange = (series: SeriesView) => Number(series.anomalous?.some(Boolean) ?? false);
  const peak = (series: SeriesView) => series.values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
  const sorted = [...list].sort((a, b) => strange(b) - strange(a) || peak(b) - peak(a));
  const lines = sorted.map((series, i) => line(series, i === 0 ? 'observed' : 'context', name(series)));
  return { id, title, caption, scale, format: formatOf(first.signal), lines, weight };
}

/** The three panels of the overview: the stage in focus in front, every other stage of the pipeline behind it. */
export function overviewPanels(answer: SeriesAnswer, focus: string): Panel[] {
  const panel = (id: string, title: string, signal: Signal, scale: Panel['scale']): Panel | undefined => {
    const own = answer.series.filter((series) => series.signal === signal);
    if (own.length === 0) return undefined;
    const merged = new Map<string, SeriesView>();
    for (const series of own) {
      const stage = series.labels['stage'] ?? '';
      const before = merged.get(stage);
      const last = (candidate: SeriesView) => candidate.values.findLast((value) => value !== null) ?? 0;
      if (before === undefined || last(series) > last(before)) merged.set(stage, series);
    }
    const front = merged.get(focus);
    const rest = [...merged].filter(([stage]) => stage !== focus);
    const lines = [
      ...(front === undefined ? [] : [line(front, 'observed', focus)]),
      ...rest.map(([stage, series]) => line(series, 'context', stage)),
    ];
    return {
      id,
      title,
      caption: front === undefined ? 'all stages' : focus,
      scale,
      format: formatOf(signal),
      lines,
      weight: 1,
    };
  };
  return [
    panel('throughput', 'Throughput', 'throughput', 'linear'),
    panel('latency', 'Latency p99', 'latency_p99', 'log'),
    panel('lag', 'Lag', 'lag_seconds', 'lag'),
  ].filter((one) => one !== undefined);
}

/** A chart's model from the API's columns. */
export function modelOf(answer: SeriesAnswer, panels: readonly Panel[], now: number): ChartModel {
  return {
    start: answer.start,
    step: answer.step,
    count: answer.count,
    from: answer.start,
    to: answer.start + answer.count * answer.step,
    now,
    panels,
    spans: answer.incidents.map((incident) => ({ from: incident.startedAt, to: incident.resolvedAt || now })),
  };
}

/** The expected range of a line at a step, in words. */
export function rangeText(panel: Panel, at: Line, index: number): string {
  const upper = at.upper?.[index] ?? null;
  const lower = at.lower?.[index] ?? null;
  if (upper === null && lower === null) return '';
  const unit =
    panel.scale === 'percent' ? '1' : panel.id === 'throughput' ? '1/s' : panel.scale === 'count' ? '{record}' : 's';
  return formatRange(lower, upper, unit);
}

/** Whether any of a range's data was not live, for the note beside a chart. */
export function coversOrigin(origins: readonly OriginView[], from: number): boolean {
  return origins.some((origin) => origin.to > from);
}

/** How one signal is drawn on its own. */
export function signalScale(signal: Signal): Pick<Panel, 'scale' | 'format'> {
  const scale =
    signal.startsWith('latency') || signal === 'dependency_p95'
      ? 'log'
      : SIGNAL_FACTS[signal].unit === 's'
        ? 'lag'
        : signal === 'error_ratio'
          ? 'percent'
          : signal === 'lag' || signal === 'custom'
            ? 'count'
            : 'linear';
  return { scale, format: formatOf(signal) };
}
