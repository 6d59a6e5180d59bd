import { describe, expect, test } from 'vitest';
import {
  type ChartModel,
  chartOption,
  gridBoxes,
  type Line,
  type Panel,
  panelScale,
  spacedTicks,
  timeTicks,
  tipRows,
} from '../../ui/charts/options.ts';
import { PALETTES } from '../../ui/charts/palette.ts';
import { createScale } from '../../ui/charts/scale.ts';
import { durationWords } from '../../ui/format.ts';

const START = Date.UTC(2026, 10, 21, 3, 0, 0);
const STEP = 10_000;
const palette = PALETTES.dark;

function panel(id: string, lines: readonly Line[], given: Partial<Panel> = {}): Panel {
  return { id, title: id, caption: '', scale: 'lag', format: durationWords, lines, weight: 1, ...given };
}

function modelWith(panels: readonly Panel[], given: Partial<ChartModel> = {}): ChartModel {
  const count = panels[0]?.lines[0]?.values.length ?? 0;
  return {
    start: START,
    step: STEP,
    count,
    from: START,
    to: START + count * STEP,
    now: 0,
    panels,
    spans: [],
    ...given,
  };
}

interface Drawn {
  readonly id: string;
  readonly type: string;
  readonly stack?: string;
  readonly stackStrategy?: string;
  readonly xAxisIndex: number;
  readonly data: readonly [number, number][];
  readonly lineStyle?: { readonly color?: string; readonly width?: number };
  readonly areaStyle?: unknown;
  readonly markArea?: { readonly data: readonly (readonly { xAxis: number }[])[] };
  readonly markLine?: { readonly data: readonly { xAxis: number }[] };
}

function seriesOf(model: ChartModel): Drawn[] {
  const boxes = gridBoxes(model, 800, 600, false);
  return chartOption(model, boxes, palette, false)['series'] as Drawn[];
}

const observed = (values: readonly (number | null)[], given: Partial<Line> = {}): Line => ({
  name: 'observed',
  role: 'observed',
  values,
  ...given,
});

describe('series of a panel', () => {
  test('lag is carried as its cube root, gaps stay gaps', () => {
    const drawn = seriesOf(modelWith([panel('lag', [observed([8, null, 27])])]));
    const line = drawn.find((one) => one.id === 'lag:observed');
    expect(line?.data.map(([, height]) => height)).toEqual([2, Number.NaN, 3]);
    expect(line?.data[2]?.[0]).toBe(START + 2 * STEP);
  });

  test('the band is two stacked lines in the heights of its scale', () => {
    const line = observed([8, 8], { lower: [1, null], upper: [27, null] });
    const drawn = seriesOf(modelWith([panel('lag', [line])]));
    const lower = drawn.find((one) => one.id.endsWith(':lower'));
    const upper = drawn.find((one) => one.id.endsWith(':upper'));
    expect(lower?.stack).toBe(upper?.stack);
    expect(lower?.stackStrategy).toBe('all');
    expect(lower?.data.map(([, height]) => height)).toEqual([1, Number.NaN]);
    expect(upper?.data.map(([, height]) => height)).toEqual([2, Number.NaN]);
    expect(upper?.areaStyle).toBeDefined();
  });

  test('context lines have no band', () => {
    const drawn = seriesOf(
      modelWith([panel('lag', [{ ...observed([1], { lower: [0], upper: [2] }), role: 'context' }])]),
    );
    expect(drawn.some((one) => one.id.endsWith(':upper'))).toBe(false);
  });

  test('the anomalous part is drawn again in amber, from the point before it, with a ring at its onset', () => {
    const drawn = seriesOf(
      modelWith([panel('lag', [observed([1, 1, 64, 125], { anomalous: [false, false, true, true] })])]),
    );
    const strange = drawn.find((one) => one.id === 'lag:observed:strange');
    expect(strange?.lineStyle?.color).toBe(palette.amber);
    expect(strange?.data.map(([, height]) => height)).toEqual([Number.NaN, 1, 4, 5]);
    const onset = drawn.find((one) => one.type === 'scatter');
    expect(onset?.data).toEqual([[START + 2 * STEP, 4]]);
  });

  test('nothing strange, nothing amber', () => {
    const drawn = seriesOf(modelWith([panel('lag', [observed([1, 2], { anomalous: [false, false] })])]));
    expect(JSON.stringify(drawn.filter((one) => !one.id.endsWith(':marks')))).not.toContain(palette.amber);
  });

  test('incidents are areas cut to the axis; now is a line only inside it', () => {
    const spans = [
      { from: START - 60_000, to: START + STEP },
      { from: START - 120_000, to: START - 60_000 },
    ];
    const inside = seriesOf(modelWith([panel('lag', [observed([1, 1, 1])])], { spans, now: START + STEP }));
    expect(inside[0]?.markArea?.data).toEqual([[{ xAxis: START }, { xAxis: START + STEP }]]);
    expect(inside[0]?.markLine?.data).toEqual([{ xAxis: START + STEP }]);
    const outside = seriesOf(modelWith([panel('lag', [observed([1, 1, 1])])], { now: START + 900_000 }));
    expect(outside[0]?.markLine?.data).toEqual([]);
  });

  test('ids are stable and unique, so that an update replaces what it should', () => {
    const lines = [observed([1]), { ...observed([2]), name: 'other', role: 'context' as const }];
    const model = modelWith([panel('a', lines), panel('b', lines)]);
    const ids = seriesOf(model).map((one) => one.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(seriesOf(model).map((one) => one.id)).toEqual(ids);
  });
});

describe('axes', () => {
  const two = modelWith([panel('a', [observed([1, 2])], { weight: 3 }), panel('b', [observed([1, 2])])]);

  test('all panels share their time axis and cursor; only the lowest is labelled', () => {
    const option = chartOption(two, gridBoxes(two, 800, 400, false), palette, false) as {
      xAxis: { min: number; max: number; axisLabel: { show: boolean } }[];
      axisPointer: { link: unknown };
      animation: boolean;
    };
    expect(option.xAxis.map(({ min, max }) => [min, max])).toEqual([
      [two.from, two.to],
      [two.from, two.to],
    ]);
    expect(option.xAxis.map((axis) => axis.axisLabel.show)).toEqual([false, true]);
    expect(option.axisPointer.link).toEqual([{ xAxisIndex: 'all' }]);
    expect(option.animation).toBe(false);
  });

  test('heights go by weight and stay inside', () => {
    const [a, b] = gridBoxes(two, 800, 400, false);
    expect((a?.height ?? 0) / (b?.height ?? 1)).toBeCloseTo(3, 0);
    expect((b?.top ?? 0) + (b?.height ?? 0)).toBeLessThanOrEqual(400);
    expect(a?.left).toBe(58);
  });

  test('side by side every panel labels its own time', () => {
    const boxes = gridBoxes(two, 800, 200, true);
    expect(boxes[1]?.left).toBeGreaterThan((boxes[0]?.left ?? 0) + (boxes[0]?.width ?? 0));
    const option = chartOption(two, boxes, palette, true) as { xAxis: { axisLabel: { show: boolean } }[] };
    expect(option.xAxis.every((axis) => axis.axisLabel.show)).toBe(true);
  });

  test('a chart too small to draw still has boxes of positive size', () => {
    for (const box of gridBoxes(two, 20, 20, false)) {
      expect(box.width).toBeGreaterThan(0);
      expect(box.height).toBeGreaterThan(0);
    }
  });

  test('time ticks are round, inside, and few', () => {
    for (const hours of [0.25, 1, 3, 12, 24, 168]) {
      const ticks = timeTicks(START + 1234, START + 1234 + hours * 3_600_000, 900);
      expect(ticks.length).toBeGreaterThanOrEqual(2);
      expect(ticks.length).toBeLessThanOrEqual(8);
      for (const tick of ticks) expect(tick % 60_000).toBe(0);
    }
  });

  test('labels that would overlap are left out, ends never', () => {
    const scale = createScale('lag', 0, 3000);
    const roomy = spacedTicks(scale, 400);
    const tight = spacedTicks(scale, 40);
    expect(roomy.length).toBeGreaterThan(tight.length);
    expect(tight[0]).toBe(0);
    expect(tight.at(-1)).toBe(roomy.at(-1));
  });
});

describe('scales', () => {
  test('lag goes by the cube root on ends that rarely change', () => {
    expect(createScale('lag', 0, 0.6).ticks.at(-1)).toBe(createScale('lag', 0, 0.9).ticks.at(-1));
    expect(createScale('lag', 0, 1500).ticks.at(-1)).toBe(3600);
    const scale = createScale('lag', 0, 100);
    expect(scale.from(scale.to(60))).toBeCloseTo(60);
  });

  test('latency goes by decades and holds its ends', () => {
    const scale = createScale('log', 0.004, 0.8);
    expect(scale.ticks.map((tick) => Number(tick.toPrecision(3)))).toEqual([0.001, 0.01, 0.1, 1]);
    expect(scale.to(0)).toBe(scale.to(0.001));
  });

  test('everything else is linear from zero on round steps', () => {
    expect(createScale('linear', 1, 184).ticks).toEqual([0, 100, 200]);
    expect(createScale('percent', 0, 0).ticks.at(-1)).toBeGreaterThanOrEqual(0.01);
    for (const max of [1, 7, 42, 999, 123_456]) {
      const { ticks } = createScale('linear', 0, max);
      expect(ticks[0]).toBe(0);
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(max);
      expect(ticks.length).toBeLessThanOrEqual(6);
    }
  });

  test('a panel fits its values and the band of the line in front', () => {
    const wide = panel('a', [observed([1], { upper: [4000], lower: [0] })]);
    expect(panelScale(wide).ticks.at(-1)).toBe(7200);
    const context = panel('a', [observed([1]), { ...observed([2], { upper: [4000], lower: [0] }), role: 'context' }]);
    expect(panelScale(context).ticks.at(-1)).toBeLessThan(60);
    expect(panelScale(panel('a', [observed([null, null])], { scale: 'log' })).ticks.length).toBeGreaterThan(1);
  });
});

describe('tooltip', () => {
  test('strangest first, gaps left out, at most eight rows', () => {
    const lines = Array.from(
      { length: 10 },
      (_, i): Line => ({ ...observed([i === 3 ? null : i]), name: `l${i}`, anomalous: [i === 7] }),
    );
    const rows = tipRows(modelWith([panel('a', lines)]), 0, () => '≤ 2 s');
    expect(rows).toHaveLength(8);
    expect(rows[0]).toMatchObject({ name: 'l7', strange: true, expected: '≤ 2 s' });
    expect(rows.some((row) => row.name === 'l3')).toBe(false);
  });
});
