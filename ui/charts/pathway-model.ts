import type { PathwayLatencyView } from '../../core/pipeline-page.ts';
import { durationWords, formatRate } from '../format.ts';
import type { ChartModel, Panel } from './options.ts';

/** Latency of a pathway over time, and how many records it is of. */
export function pathwayModel(view: PathwayLatencyView, title: string, caption: string, now: number): ChartModel {
  const { start, step, count } = view;
  const panels: Panel[] = [
    {
      ...{ id: 'latency', title, caption, scale: 'log', format: durationWords, weight: 2 },
      lines: [
        { name: 'p50', role: 'p50', values: view.p50 },
        { name: 'p95', role: 'p95', values: view.p95 },
        { name: 'p99', role: 'p99', values: view.p99 },
      ],
    },
    {
      ...{
        id: 'rate',
        title: 'Records',
        caption: 'that reach the end, records/s',
        scale: 'linear',
        format: formatRate,
      },
      ...{ weight: 1, lines: [{ name: 'records', role: 'observed', values: view.rate }] },
    },
  ];
  return { start, step, count, from: start, to: start + count * step, now, panels, spans: [] };
}
