import type { LineRole } from '../../core/dashboard.ts';
import type { Millis } from '../../core/time.ts';
import type { Known } from '../../core/view.ts';
import { formatClock, formatMoment } from '../format.ts';
import { type Palette, SANS } from './palette.ts';
import { createScale, type Scale, type ScaleKind } from './scale.ts';

export interface Line {
  readonly name: string;
  readonly role: LineRole;
  readonly values: readonly Known[];
  readonly expected?: readonly Known[] | null;
  readonly lower?: readonly Known[] | null;
  readonly upper?: readonly Known[] | null;
  readonly anomalous?: readonly boolean[] | null;
}

export interface Panel {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly scale: ScaleKind;
  readonly format: (value: Known) => string;
  readonly lines: readonly Line[];
  /** Levels at which records are lost, drawn and named, in the panel's unit; the scale holds them. */
  readonly limits?: readonly { readonly value: number; readonly label: string }[];
  /** Share of the height among the panels of its chart. */
  readonly weight: number;
}

export interface ChartModel {
  readonly start: Millis;
  readonly step: Millis;
  readonly count: number;
  /** Ends of the time axis; `now` is a line where it lies inside. */
  readonly from: Millis;
  readonly to: Millis;
  readonly now: Millis;
  readonly panels: readonly Panel[];
  readonly spans: readonly { readonly from: Millis; readonly to: Millis }[];
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

type Option = Record<string, unknown>;

const LEFT = 58;
const RIGHT = 20;
const TITLE = 34;
const AXIS = 26;

/** Where each panel's grid lies: below one another on one time axis, or side by side. */
export function gridBoxes(model: ChartModel, width: number, height: number, beside: boolean): Box[] {
  const count = model.panels.length;
  if (count === 1 && model.panels[0]?.title === '') {
    return [{ left: LEFT, top: 10, width: Math.max(10, width - LEFT - 12), height: Math.max(10, height - 10 - AXIS) }];
  }
  if (beside) {
    const each = width / Math.max(1, count);
    return model.panels.map((_, i) => ({
      left: Math.round(i * each + 52),
      top: TITLE,
      width: Math.max(10, Math.round(each - 52 - 14)),
      height: Math.max(10, height - TITLE - AXIS),
    }));
  }
  const weight = model.panels.reduce((sum, panel) => sum + panel.weight, 0);
  const room = Math.max(10, height - AXIS - TITLE * count);
  let top = TITLE;
  return model.panels.map((panel) => {
    const tall = Math.max(10, Math.round((room * panel.weight) / weight));
    const box = { left: LEFT, top, width: Math.max(10, width - LEFT - RIGHT), height: tall };
    top += tall + TITLE;
    return box;
  });
}

/** The scale of a panel: it holds every value and, where near, the band. */
export function panelScale(panel: Panel): Scale {
  let min = Number.POSITIVE_INFINITY;
  let max = 0;
  const look = (values: readonly Known[] | null | undefined) => {
    for (const value of values ?? []) {
      if (value === null || !Number.isFinite(value)) continue;
      if (value > max) max = value;
      if (value > 0 && value < min) min = value;
    }
  };
  for (const line of panel.lines) {
    look(line.values);
    if (line.role !== 'context') look(line.upper);
  }
  look(panel.limits?.map(({ value }) => value));
  return createScale(panel.scale, Number.isFinite(min) ? min : 0.001, max);
}

/**
 * One ECharts option for a section: one grid per panel, equal time axes, linked cursors.
 * A pure function of the data, the boxes and the palette; see the table "Charts in ECharts terms" of the design.
 */
export function chartOption(model: ChartModel, boxes: readonly Box[], palette: Palette, beside: boolean): Option {
  const scales = model.panels.map(panelScale);
  const label = { color: palette.ink3, fontSize: 11, fontFamily: SANS };
  return {
    animation: false,
    textStyle: { fontFamily: SANS },
    axisPointer: { link: [{ xAxisIndex: 'all' }] },
    tooltip: {
      trigger: 'axis',
      confine: true,
      transitionDuration: 0,
      className: 'chart-tip',
      backgroundColor: 'transparent',
      borderWidth: 0,
      padding: 0,
      extraCssText: '',
      axisPointer: {
        type: 'line',
        lineStyle: { color: palette.ink2, width: 1, type: 'solid' },
        label: { show: false },
      },
    },
    grid: boxes.map((box) => ({ ...box, outerBoundsMode: 'none' })),
    xAxis: boxes.map((_, i) => ({
      type: 'time',
      gridIndex: i,
      min: model.from,
      max: model.to,
      axisLine: { show: false },
      axisTick: { show: false },
      splitLine: { show: false },
      axisLabel: {
        ...label,
        show: beside || i === boxes.length - 1,
        hideOverlap: true,
        customValues: timeTicks(model.from, model.to, boxes[i]?.width ?? 600),
        formatter: (time: number) => axisTime(time, model.to - model.from),
      },
      axisPointer: {
        label: {
          show: beside || i === boxes.length - 1,
          formatter: ({ value }: { value: number }) => formatClock(value, model.to - model.from < 3_600_001),
          backgroundColor: palette.ink1,
          color: palette.bg1,
          padding: [2, 6],
          fontSize: 11,
        },
      },
    })),
    yAxis: scales.map((scale, i) => {
      const heights = spacedTicks(scale, boxes[i]?.height ?? 100).map(scale.to);
      return {
        type: 'value',
        gridIndex: i,
        min: heights[0],
        max: heights.at(-1),
        axisLine: { show: false },
        axisTick: { show: false, customValues: heights },
        splitLine: { lineStyle: { color: palette.line1 } },
        axisLabel: { ...label, customValues: heights, formatter: (height: number) => tickText(scale, height) },
        axisPointer: { show: false },
      };
    }),
    series: model.panels.flatMap((panel, i) => panelSeries(model, panel, scales[i] as Scale, i, palette)),
  };
}

/** The ticks whose labels have at least 15 px to themselves; both ends always stay. */
export function spacedTicks(scale: Scale, pixels: number): number[] {
  const { ticks, to } = scale;
  const low = to(ticks[0] as number);
  const unit = pixels / (to(ticks.at(-1) as number) - low);
  const end = pixels - 15;
  let reached = 0;
  return ticks.filter((tick, i) => {
    if (i === 0 || i === ticks.length - 1) return true;
    const place = (to(tick) - low) * unit;
    if (place - reached < 15 || place > end) return false;
    reached = place;
    return true;
  });
}

function tickText(scale: Scale, height: number): string {
  const value = scale.from(height);
  return Math.abs(value) < 1e-12 ? '0' : scale.format(value);
}

type Datum = [time: number, height: number];

function column(model: ChartModel, values: readonly Known[], to: (value: number, i: number) => number): Datum[] {
  return values.map((value, i) => [
    model.start + i * model.step,
    value === null || !Number.isFinite(value) ? Number.NaN : to(value, i),
  ]);
}

function panelSeries(model: ChartModel, panel: Panel, scale: Scale, i: number, palette: Palette): Option[] {
  const axis = {
    xAxisIndex: i,
    yAxisIndex: i,
    type: 'line',
    symbol: 'none',
    connectNulls: false,
    emphasis: { disabled: true },
  };
  const low = scale.to(scale.ticks[0] as number);
  const high = scale.to(scale.ticks.at(-1) as number);
  const clamp = (height: number) => Math.min(high, Math.max(low, height));
  const marks: Option = {
    ...axis,
    id: `${panel.id}:marks`,
    silent: true,
    data: [],
    markArea: {
      silent: true,
      itemStyle: { color: palette.amber, opacity: palette.incidentOpacity },
      data: model.spans
        .filter((span) => span.to > model.from && span.from < model.to)
        .map((span) => [{ xAxis: Math.max(span.from, model.from) }, { xAxis: Math.min(span.to, model.to) }]),
    },
    markLine: {
      silent: true,
      symbol: 'none',
      animation: false,
      label: { show: false },
      lineStyle: { color: palette.ink1, width: 1, type: 'solid' },
      data: [
        ...(model.now > model.from && model.now < model.to ? [{ xAxis: model.now }] : []),
        ...(panel.limits ?? []).map(({ value, label }) => ({
          yAxis: scale.to(value),
          lineStyle: { color: palette.loss, width: 1.5, type: 'solid' },
          label: {
            ...{ show: true, position: 'insideStartTop', formatter: label, color: palette.lossText },
            ...{ fontSize: 11, fontWeight: 500, fontFamily: SANS },
          },
        })),
      ],
    },
    z: 0,
  };
  const result: Option[] = [marks];
  for (const line of panel.lines) {
    const id = `${panel.id}:${line.name}`;
    if (line.lower && line.upper && line.role !== 'context') {
      const lower = line.lower;
      const base = { ...axis, silent: true, stack: `${id}:band`, stackStrategy: 'all', lineStyle: { width: 0 }, z: 1 };
      const floor = (at: number) => clamp(scale.to(lower[at] ?? 0));
      result.push(
        { ...base, id: `${id}:lower`, data: column(model, lower, (value) => clamp(scale.to(value))) },
        {
          ...base,
          id: `${id}:upper`,
          areaStyle: { color: palette.band, opacity: 0.2 },
          data: column(model, line.upper, (value, at) => Math.max(0, clamp(scale.to(value)) - floor(at))),
        },
      );
    }
    const heights = column(model, line.values, (value) => clamp(scale.to(value)));
    result.push({ ...axis, id, name: line.name, data: heights, silent: true, ...strokeOf(line.role, palette) });
    if (line.anomalous?.some(Boolean) === true) {
      const flags = line.anomalous;
      // A strange part begins at the point before it, so that a single point is a visible stroke.
      const part = heights.map(([time, height], at): Datum => [time, flags[at] || flags[at + 1] ? height : Number.NaN]);
      result.push({
        ...axis,
        id: `${id}:strange`,
        data: part,
        silent: true,
        z: 5,
        lineStyle: { width: 2.75, color: palette.amber },
        itemStyle: { color: palette.amber },
      });
      const onset = flags.findIndex(
        (flag, at) => flag && !flags[at - 1] && !Number.isNaN(heights[at]?.[1] ?? Number.NaN),
      );
      if (onset >= 0 && line.role !== 'p50') {
        result.push({
          xAxisIndex: i,
          yAxisIndex: i,
          id: `${id}:onset`,
          type: 'scatter',
          symbol: 'circle',
          symbolSize: 9,
          silent: true,
          z: 7,
          itemStyle: { color: palette.bg1, borderColor: palette.amber, borderWidth: 2.5, opacity: 1 },
          data: [heights[onset]],
        });
      }
    }
  }
  return result;
}

function strokeOf(role: LineRole, palette: Palette): Option {
  const stroke = (color: string, width: number, z: number): Option => ({
    z,
    lineStyle: { color, width },
    itemStyle: { color },
  });
  switch (role) {
    case 'observed':
      return stroke(palette.ink1, 1.75, 4);
    case 'context':
      return stroke(palette.ink3, 1.25, 3);
    case 'p50':
      return stroke(palette.p50, 1.25, 3);
    case 'p95':
      return stroke(palette.p95, 1.25, 3);
    case 'p99':
      return stroke(palette.p99, 2.25, 4);
  }
}

const TIME_STEPS = [1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 360, 720, 1440, 2880].map((minutes) => minutes * 60_000);

/** Three to seven round times, about one per 130 px. */
export function timeTicks(from: Millis, to: Millis, width: number): Millis[] {
  const want = Math.max(2, Math.min(7, Math.floor(width / 90)));
  const step = TIME_STEPS.find((size) => (to - from) / size <= want) ?? 7 * 86_400_000;
  const ticks: Millis[] = [];
  const margin = ((to - from) / Math.max(1, width)) * 16;
  for (let time = Math.ceil(from / step) * step; time <= to; time += step)
    if (time - from > margin && to - time > margin) ticks.push(time);
  return ticks;
}

function axisTime(time: Millis, length: Millis): string {
  return length > 86_400_000 * 1.5 ? formatMoment(time, 0).split(' ').slice(0, 2).join(' ') : formatClock(time);
}

export interface TipRow {
  readonly name: string;
  readonly value: string;
  readonly expected: string;
  readonly strange: boolean;
}

/** What the one tooltip of a chart says at step `index`: at most 8 rows, strangest first, panels in their order. */
export function tipRows(
  model: ChartModel,
  index: number,
  range: (panel: Panel, line: Line, index: number) => string,
): TipRow[] {
  const rows: TipRow[] = [];
  for (const panel of model.panels) {
    for (const line of panel.lines) {
      const value = line.values[index] ?? null;
      if (value === null) continue;
      rows.push({
        name: line.name,
        value: panel.format(value),
        expected: range(panel, line, index),
        strange: line.anomalous?.[index] === true,
      });
    }
  }
  return [...rows.filter((row) => row.strange), ...rows.filter((row) => !row.strange)].slice(0, 8);
}
