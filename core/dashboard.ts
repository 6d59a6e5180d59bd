import type { Signal } from './signal.ts';
import type { SeriesAnswer } from './view.ts';

/**
 * A page of curves as data. What to draw is stated once in `dashboards/`, read by the API, and drawn by the interface,
 * which knows nothing of it but these types. An empty text is "none".
 */
export const PANEL_SCALES = ['linear', 'log', 'lag', 'percent', 'count'] as const;
export type PanelScale = (typeof PANEL_SCALES)[number];

/** How a line is drawn: `observed` is the point of its panel, `context` stands behind it, percentiles are one hue. */
export const LINE_ROLES = ['observed', 'context', 'p50', 'p95', 'p99'] as const;
export type LineRole = (typeof LINE_ROLES)[number];

/**
 * Who stands in front. `role`: each line as its role says; where nothing is observed, what would be context is.
 * `strangest`: the anomalous series, then the highest; the others are context. `focus`: one line for each stage, its
 * worst series, and the stage in focus in front; the focus is also the subtitle.
 */
export const PANEL_FRONTS = ['role', 'strangest', 'focus'] as const;
export type PanelFront = (typeof PANEL_FRONTS)[number];

export interface PanelSignal {
  readonly signal: Signal;
  readonly role: LineRole;
  /** What its lines are called, and the label whose value names them instead where a series has it. */
  readonly name: string;
  readonly label: string;
  /** What it is called where it is the only series. */
  readonly alone: string;
}

export interface PanelDefinition {
  readonly id: string;
  readonly title: string;
  readonly subtitle: string;
  readonly signals: readonly PanelSignal[];
  readonly front: PanelFront;
  readonly scale: PanelScale;
  /** UCUM unit of all its signals. */
  readonly unit: string;
  /** The signals whose expected band is drawn and told: three bands over one another would be mud. */
  readonly band: readonly Signal[];
  /** Share of the height among the panels of its page. */
  readonly weight: number;
  /** The panel that takes its place where that one has data. */
  readonly unless: string;
  /** The label that makes a panel of each series, titled by its value. */
  readonly repeat: string;
}

export interface Dashboard {
  readonly id: string;
  readonly title: string;
  readonly panels: readonly PanelDefinition[];
}

/** A dashboard and the series it draws: the answer of `/api/dashboards/:id`. */
export interface DashboardView extends SeriesAnswer {
  readonly dashboard: Dashboard;
}

/** Every signal of a dashboard, once, in the order of its panels. */
export function signalsOf(dashboard: Dashboard): Signal[] {
  return [...new Set(dashboard.panels.flatMap((panel) => panel.signals.map(({ signal }) => signal)))];
}
