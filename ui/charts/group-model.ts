import type { GroupHistoryView } from '../../core/group-view.ts';
import type { StageState } from '../../core/state.ts';
import type { Known } from '../../core/view.ts';
import { durationWords, formatCount, formatRate } from '../format.ts';
import type { ChartModel, Line, Panel } from './options.ts';

/** The retention is drawn once the lag has reached this share of it: before, its line would squeeze the curve. */
const NEAR_SHARE = 0.02;

const bare = (name: string, role: Line['role'], values: readonly Known[]): Line => ({ name, role, values });

/** Curves of a group: lag in time, records, and what is written beside what it commits. Panels without numbers are left out. */
export function groupModel(view: GroupHistoryView, now: number): ChartModel {
  const known = (values: readonly Known[]) => values.some((value) => value !== null);
  const panels: Panel[] = [];
  const most = view.lagSeconds.reduce<number>((top, value) => Math.max(top, value ?? 0), 0);
  // Lag and headroom are each measured a moment apart: their sum is off by seconds.
  const retention =
    view.retention !== null && view.retention > 600 ? Math.round(view.retention / 60) * 60 : view.retention;
  const limits =
    retention === null || most < retention * NEAR_SHARE
      ? []
      : [{ value: retention, label: `Retention ${durationWords(retention)}: records expire` }];
  if (known(view.lagSeconds)) {
    const lines = [bare('lag', 'observed', view.lagSeconds)];
    panels.push({
      ...{ id: 'lag', title: 'Lag', caption: 'oldest unread record', scale: 'lag', format: durationWords, weight: 1.8 },
      ...{ lines, limits },
    });
  }
  if (known(view.lag)) {
    const lines = [bare('records', 'observed', view.lag)];
    panels.push({
      ...{ id: 'records', title: 'Waiting', caption: 'records', scale: 'count', format: formatCount, weight: 1 },
      lines,
    });
  }
  if (known(view.commitRate) || known(view.endRate)) {
    const lines = [bare('committed', 'observed', view.commitRate), bare('written', 'context', view.endRate)];
    panels.push({
      ...{ id: 'rates', title: 'Pace', caption: 'records/s', scale: 'linear', format: formatRate, weight: 1, lines },
    });
  }
  const { start, step, count } = view;
  return { start, step, count, from: start, to: start + count * step, now, panels, spans: [] };
}

/** The bound of a lag in time beside its number, for the tooltip. */
export function boundText(view: GroupHistoryView, panel: Panel, index: number): string {
  const error = view.lagError[index] ?? null;
  return panel.id === 'lag' && error !== null && error > 0 ? `± ${durationWords(error)}` : '';
}

/** A stretch of steps in one state; steps in which nothing was judged are `null`. */
export interface StateSpan {
  readonly state: StageState | null;
  readonly from: number;
  readonly to: number;
}

/** Equal neighbours as one stretch: indexes of steps, `to` after the last. */
export function stateSpans(states: readonly (StageState | null)[]): StateSpan[] {
  const spans: StateSpan[] = [];
  states.forEach((state, i) => {
    const last = spans.at(-1);
    if (last !== undefined && last.state === state) spans[spans.length - 1] = { ...last, to: i + 1 };
    else spans.push({ state, from: i, to: i + 1 });
  });
  return spans;
}
