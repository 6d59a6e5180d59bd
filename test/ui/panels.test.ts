import { describe, expect, test } from 'vitest';
import type { Signal } from '../../core/signal.ts';
import type { SeriesAnswer, SeriesView } from '../../core/view.ts';
import { overview } from '../../dashboards/overview.ts';
import { stage } from '../../dashboards/stage.ts';
import { modelOf, panelsOf, rangeText, signalScale } from '../../ui/charts/panels.ts';
import { incident } from './views.ts';

const START = 1_795_000_000_000;

function series(signal: Signal, given: Partial<SeriesView> & { labels?: Record<string, string> } = {}): SeriesView {
  const labels = { signal, pipeline: 'orders', stage: 'b', ...given.labels };
  return {
    key: JSON.stringify(labels),
    signal,
    values: [1, 2],
    expected: null,
    lower: null,
    upper: null,
    anomalous: null,
    ...given,
    labels,
  };
}

function answer(list: readonly SeriesView[], given: Partial<SeriesAnswer> = {}): SeriesAnswer {
  return { start: START, step: 10_000, count: 2, series: list, incidents: [], ...given };
}

const stagePanels = (given: SeriesAnswer) => panelsOf({ ...given, dashboard: stage });
const overviewPanels = (given: SeriesAnswer, focus: string) => panelsOf({ ...given, dashboard: overview }, focus);

describe('panels of a stage', () => {
  test('only those with data, lag first', () => {
    const panels = stagePanels(
      answer([series('throughput'), series('latency_p99'), series('lag_seconds', { labels: { topic: 'orders' } })]),
    );
    expect(panels.map((panel) => panel.id)).toEqual(['lag', 'throughput', 'latency']);
    expect(stagePanels(answer([]))).toEqual([]);
  });

  test('percentiles are one panel and only p99 keeps its band', () => {
    const banded = { lower: [0, 0], upper: [1, 1] };
    const [panel] = stagePanels(
      answer([series('latency_p50', banded), series('latency_p95', banded), series('latency_p99', banded)]),
    );
    expect(panel?.lines.map((line) => line.role)).toEqual(['p50', 'p95', 'p99']);
    expect(panel?.lines.map((line) => line.upper !== null)).toEqual([false, false, true]);
    expect(panel?.scale).toBe('log');
  });

  test('of several anomalous percentiles only the highest is amber', () => {
    const strange = { anomalous: [false, true] };
    const [panel] = stagePanels(
      answer([series('latency_p50', strange), series('latency_p95', strange), series('latency_p99')]),
    );
    expect(panel?.lines.map((line) => line.anomalous?.some(Boolean) ?? false)).toEqual([false, true, false]);
  });

  test('the strangest dependency stands in front of the others', () => {
    const calm = series('dependency_p95', { labels: { dependency: 'cache' }, values: [9, 9] });
    const strange = series('dependency_p95', { labels: { dependency: 'db' }, anomalous: [false, true] });
    const [panel] = stagePanels(answer([calm, strange]));
    expect(panel?.lines.map((line) => [line.name, line.role])).toEqual([
      ['db', 'observed'],
      ['cache', 'context'],
    ]);
  });

  test('lines that would share a name are told apart by what differs', () => {
    const burn = (slo: string, window: string) => series('slo_burn', { labels: { slo, window }, values: [1, 2] });
    const [panel] = stagePanels(answer([burn('Checkout', 'fast'), burn('Checkout', 'slow'), burn('Payments', 'fast')]));
    expect(panel?.lines.map(({ name }) => name)).toEqual(['Checkout (fast)', 'Checkout (slow)', 'Payments']);
  });

  test('what is written stands behind what is read; a source shows what it writes', () => {
    const both = stagePanels(answer([series('throughput'), series('output')]))[0];
    expect(both?.lines.map((line) => line.role)).toEqual(['observed', 'context']);
    const source = stagePanels(answer([series('output')]))[0];
    expect(source?.lines.map((line) => line.role)).toEqual(['observed']);
  });

  test('lag in records serves where lag in time is not known', () => {
    expect(stagePanels(answer([series('lag')]))[0]).toMatchObject({ title: 'Lag', scale: 'count', weight: 1.6 });
    expect(stagePanels(answer([series('lag'), series('lag_seconds')])).map((panel) => panel.id)).toEqual(['lag']);
  });

  test('each custom signal is a panel of its own', () => {
    const panels = stagePanels(
      answer([series('custom', { labels: { name: 'queue' } }), series('custom', { labels: { name: 'cost' } })]),
    );
    expect(panels.map((panel) => panel.title)).toEqual(['queue', 'cost']);
  });
});

describe('panels of the overview', () => {
  test('the stage in focus is in front, one line per stage', () => {
    const list = [
      series('lag_seconds', { labels: { stage: 'a', topic: 'x' }, values: [1, 1] }),
      series('lag_seconds', { labels: { stage: 'a', topic: 'y' }, values: [5, 5] }),
      series('lag_seconds', { labels: { stage: 'b', topic: 'z' }, values: [2, 2] }),
    ];
    const [panel] = overviewPanels(answer(list), 'b');
    expect(panel?.lines.map((line) => [line.name, line.role, line.values[1]])).toEqual([
      ['b', 'observed', 2],
      ['a', 'context', 5],
    ]);
  });
});

describe('the model', () => {
  test('spans the grid and runs open incidents up to now', () => {
    const now = START + 15_000;
    const list = [
      incident({ startedAt: START + 5000 }),
      incident({ id: 'INC-2', startedAt: START, resolvedAt: START + 8000 }),
    ];
    const model = modelOf(answer([], { incidents: list }), [], now);
    expect(model.to).toBe(START + 20_000);
    expect(model.spans).toEqual([
      { from: START + 5000, to: now },
      { from: START, to: START + 8000 },
    ]);
  });

  test('the range in words comes in the unit of its panel', () => {
    const banded = series('throughput', { lower: [170, 170], upper: [196, 196] });
    const [panel] = stagePanels(answer([banded]));
    expect(rangeText(panel!, panel!.lines[0]!, 0)).toBe('170 – 196/s');
    expect(rangeText(panel!, { ...panel!.lines[0]!, lower: null, upper: null }, 0)).toBe('');
  });

  test.each([
    ['lag_seconds', 'lag'],
    ['latency_p95', 'log'],
    ['dependency_p95', 'log'],
    ['error_ratio', 'percent'],
    ['throughput', 'linear'],
    ['lag', 'count'],
  ] as const)('%s alone is drawn on the scale %s', (signal, scale) => {
    expect(signalScale(signal).scale).toBe(scale);
  });
});
