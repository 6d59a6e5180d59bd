import type { DashboardView, LineRole, PanelDefinition, PanelSignal } from '../../core/dashboard.ts';
import { SIGNAL_FACTS, type Signal } from '../../core/signal.ts';
import type { Known, SeriesAnswer, SeriesView } from '../../core/view.ts';
import { durationWords, formatCount, formatPercent, formatRange, formatRate } from '../format.ts';
import type { ChartModel, Line, Panel } from './options.ts';

const FORMAT: Readonly<Record<string, (value: Known) => string>> = {
  s: durationWords,
  '1/s': formatRate,
  '1': formatPercent,
  '{record}': formatCount,
};

function formatOf(unit: string): (value: Known) => string {
  return FORMAT[unit] ?? formatCount;
}

/** A series as a line of its panel; the band stays with it only where the definition says so. */
function line(panel: PanelDefinition, series: SeriesView, role: LineRole, name: string): Line {
  const { values, expected, anomalous } = series;
  const banded = panel.band.includes(series.signal);
  const lower = banded ? series.lower : null;
  const upper = banded ? series.upper : null;
  return { name, role, values, expected, lower, upper, anomalous };
}

/** The panels of a dashboard over the series it came with; one without any data is left out. */
export function panelsOf({ dashboard, series }: DashboardView, focus = ''): Panel[] {
  const dataOf = (panel: PanelDefinition) =>
    series.filter((one) => panel.signals.some(({ signal }) => signal === one.signal));
  return dashboard.panels.flatMap((panel) => {
    const instead = dashboard.panels.find(({ id }) => id === panel.unless);
    if (instead !== undefined && dataOf(instead).length > 0) return [];
    const own = dataOf(panel);
    if (panel.repeat !== '') {
      return own.map((one) => ({
        ...draw(panel, [one], focus),
        id: `${panel.id}:${one.key}`,
        title: one.labels[panel.repeat] ?? panel.title,
      }));
    }
    return own.length === 0 ? [] : [draw(panel, own, focus)];
  });
}

function draw(panel: PanelDefinition, own: readonly SeriesView[], focus: string): Panel {
  const { id, title, subtitle, scale, unit, weight, front } = panel;
  const lines =
    front === 'role'
      ? byRole(panel, own)
      : front === 'strangest'
        ? byStrangeness(panel, own)
        : byStage(panel, own, focus);
  const caption = front === 'focus' && lines[0]?.role === 'observed' ? focus : subtitle;
  return { id, title, caption, scale, format: formatOf(unit), lines, weight };
}

const isStrange = (series: SeriesView) => series.anomalous?.some(Boolean) === true;

/** Lines in the order of the definition. Of a percentile there is one line. */
function byRole(panel: PanelDefinition, own: readonly SeriesView[]): Line[] {
  const observed = panel.signals.some(
    ({ signal, role }) => role === 'observed' && own.some((series) => series.signal === signal),
  );
  const groups = panel.signals.map((drawn) => {
    const list = own.filter((series) => series.signal === drawn.signal);
    const percentile = isPercentile(drawn.role);
    return { drawn, percentile, list: percentile ? list.slice(0, 1) : list };
  });
  // One amber line says it: of several anomalous percentiles the highest.
  const strangest = groups.findLast(({ percentile, list }) => percentile && list.some(isStrange))?.drawn;
  const drawnSeries = groups.flatMap(({ list }) => list);
  return groups.flatMap(({ drawn, percentile, list }) =>
    list.map((series) => {
      const role = drawn.role === 'context' && !observed ? 'observed' : drawn.role;
      const made = line(panel, series, role, nameOf(drawn, series, drawnSeries));
      return percentile && drawn !== strangest ? { ...made, anomalous: null } : made;
    }),
  );
}

function isPercentile(role: LineRole): boolean {
  return role !== 'observed' && role !== 'context';
}

/** The strangest in front; the others stand behind it as context. */
function byStrangeness(panel: PanelDefinition, own: readonly SeriesView[]): Line[] {
  const peak = (series: SeriesView) => series.values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
  const sorted = [...own].sort((a, b) => Number(isStrange(b)) - Number(isStrange(a)) || peak(b) - peak(a));
  const [drawn] = panel.signals;
  return sorted.map((series, i) => line(panel, series, i === 0 ? 'observed' : 'context', nameOf(drawn, series, own)));
}

/** The stage in focus in front, every other stage of the pipeline behind it, each by its worst series. */
function byStage(panel: PanelDefinition, own: readonly SeriesView[], focus: string): Line[] {
  const merged = new Map<string, SeriesView>();
  const last = (candidate: SeriesView) => candidate.values.findLast((value) => value !== null) ?? 0;
  for (const series of own) {
    const stage = series.labels['stage'] ?? '';
    const before = merged.get(stage);
    if (before === undefined || last(series) > last(before)) merged.set(stage, series);
  }
  const front = merged.get(focus);
  const rest = [...merged].filter(([stage]) => stage !== focus);
  return [
    ...(front === undefined ? [] : [line(panel, front, 'observed', focus)]),
    ...rest.map(([stage, series]) => line(panel, series, 'context', stage)),
  ];
}

/** A line's name, which no other line of its panel has: what tells it from its likes follows, such as `Checkout (slow)`. */
function nameOf(drawn: PanelSignal | undefined, series: SeriesView, own: readonly SeriesView[]): string {
  if (drawn === undefined) return '';
  if (own.length === 1 && drawn.alone !== '') return drawn.alone;
  const nameIn = (one: SeriesView) => one.labels[drawn.label] ?? drawn.name;
  const name = nameIn(series);
  const likes = own.filter((one) => one.signal === series.signal && nameIn(one) === name);
  const telling = Object.keys(series.labels)
    .filter((label) => likes.some((one) => one.labels[label] !== series.labels[label]))
    .map((label) => series.labels[label]);
  return telling.length === 0 ? name : `${name} (${telling.join(', ')})`;
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
  return { scale, format: formatOf(SIGNAL_FACTS[signal].unit) };
}
