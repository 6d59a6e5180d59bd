import { LineChart, ScatterChart } from 'echarts/charts';
import {
  AxisPointerComponent,
  GridComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TooltipComponent,
} from 'echarts/components';
import { type ECharts, init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { formatMoment, UNKNOWN } from '../format.ts';
import { theme } from '../state.ts';
import { type Box, type ChartModel, chartOption, gridBoxes, type Line, type Panel, tipRows } from './options.ts';
import { PALETTES } from './palette.ts';

use([
  LineChart,
  ScatterChart,
  GridComponent,
  TooltipComponent,
  AxisPointerComponent,
  MarkAreaComponent,
  MarkLineComponent,
  CanvasRenderer,
]);

export interface ChartProps {
  readonly model: ChartModel;
  readonly height: number | undefined;
  /** Panels side by side instead of below one another. */
  readonly beside?: boolean;
  /** The expected range of a line at a step, in words; empty when there is none. */
  readonly range: (panel: Panel, line: Line, index: number) => string;
  /** A click at a time, with the panel it fell into. */
  readonly onPick?: (time: number) => void;
}

/** A section of charts: one ECharts instance for its life, whatever changes. */
export function Chart({ model, height, beside: wanted = false, range, onPick }: ChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts>(undefined);
  const latest = useRef({ model, range, onPick });
  latest.current = { model, range, onPick };
  const [size, setSize] = useState({ width: 0, height: 0 });

  const beside = wanted && size.width > 640;

  useEffect(() => {
    const element = frame.current as HTMLDivElement;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const instance = init(canvas.current as HTMLDivElement, null, { renderer: 'canvas', width: 300, height: 150 });
    chart.current = instance;
    instance.getZr().on('click', (event: { offsetX: number; offsetY: number }) => {
      const at = instance.convertFromPixel({ xAxisIndex: 0 }, event.offsetX) as unknown as number;
      if (Number.isFinite(at)) latest.current.onPick?.(at);
    });
    return () => instance.dispose();
  }, []);

  const boxes = useMemo(
    () => gridBoxes(model, size.width, size.height, beside),
    [model, size.width, size.height, beside],
  );
  const palette = PALETTES[theme.value];
  useEffect(() => {
    const instance = chart.current;
    if (instance === undefined || size.width === 0 || size.height === 0) return;
    instance.resize({ width: size.width, height: size.height });
    const option = chartOption(model, boxes, palette, beside);
    const tooltip = option['tooltip'] as Record<string, unknown>;
    tooltip['formatter'] = (params: { axisValue?: number }[]) => tipHtml(latest.current, params[0]?.axisValue);
    instance.setOption(option, { replaceMerge: ['series', 'grid', 'xAxis', 'yAxis'] });
  }, [model, boxes, palette, size.width, size.height, beside]);

  return (
    <figure
      class="chart"
      ref={frame}
      style={height === undefined ? undefined : { height: `${height}px` }}
      aria-label={describe(model)}
    >
      <div class="chart-canvas" ref={canvas} aria-hidden="true" />
      {model.panels.map((panel, i) => (
        <PanelTitle key={panel.id} panel={panel} box={boxes[i]} beside={beside} />
      ))}
    </figure>
  );
}

function PanelTitle({ panel, box, beside }: { panel: Panel; box: Box | undefined; beside: boolean }) {
  if (box === undefined || box.width <= 10 || panel.title === '') return null;
  const banded = panel.lines.some((line) => line.upper && line.role !== 'context');
  const strange = panel.lines.some((line) => line.anomalous?.some(Boolean));
  const left = beside ? box.left - 38 : 14;
  return (
    <figcaption
      class="chart-title"
      style={{ left: `${left}px`, top: `${box.top - 28}px`, width: `${box.left + box.width - left}px` }}
    >
      <b>{panel.title}</b>
      <span class="ellipsis">{panel.caption}</span>
      <span class="chart-legend">
        {banded && !beside && <i class="key band">expected</i>}
        {!beside && box.width > 400
          ? panel.lines.slice(0, 3).map((line) => (
              <i key={line.name} class={`key ${line.role}`}>
                {line.name}
              </i>
            ))
          : null}
        {strange && <i class="key strange">anomalous</i>}
      </span>
    </figcaption>
  );
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function tipHtml({ model, range }: Pick<ChartProps, 'model' | 'range'>, time: number | undefined): string {
  if (time === undefined) return '';
  const index = Math.round((time - model.start) / model.step);
  const rows = tipRows(model, index, range);
  const at = model.start + index * model.step;
  const head = `<div class="tip-head">${escapeHtml(formatMoment(at, model.now, true))} UTC</div>`;
  if (rows.length === 0) return `<div class="tip">${head}<div class="tip-none">no data</div></div>`;
  const lines = rows.map(
    (row) =>
      `<tr${row.strange ? ' class="strange"' : ''}><th>${escapeHtml(row.name)}</th><td>${escapeHtml(row.value)}</td><td>${escapeHtml(row.expected)}</td></tr>`,
  );
  return `<div class="tip">${head}<table>${lines.join('')}</table></div>`;
}

/** What a screen reader hears: the last value of each line. */
function describe(model: ChartModel): string {
  return model.panels
    .map((panel) => {
      const lines = panel.lines.map((line) => {
        const last = line.values.findLast((value) => value !== null) ?? null;
        return `${line.name} ${last === null ? UNKNOWN : panel.format(last)}${line.anomalous?.at(-1) ? ', anomalous' : ''}`;
      });
      return `${panel.title}: ${lines.join(', ')}`;
    })
    .join('. ');
}
