import type { SpanView } from '../../core/view.ts';

/** One line of the waterfall: a span, or the wait of a message in a topic before its consumer. */
export interface WaterfallRow {
  readonly kind: 'span' | 'wait';
  readonly span: SpanView;
  readonly depth: number;
  readonly start: number;
  readonly end: number;
  /** Of a wait: the topic. */
  readonly topic: string;
}

export interface Waterfall {
  readonly rows: readonly WaterfallRow[];
  readonly start: number;
  readonly end: number;
  /** Share of the trace's time spent waiting in topics, 0..1. */
  readonly waiting: number;
}

const topicOf = (span: SpanView) =>
  span.attributes['messaging.destination.name'] ?? span.attributes['messaging.destination'] ?? '';
export const isWork = (span: SpanView) => span.kind === 'Consumer' || span.kind === 'Server';

/** Spans as a tree in order of their start, with the time between producing and consuming as rows of its own. */
export function waterfallOf(spans: readonly SpanView[]): Waterfall {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const children = new Map<string, SpanView[]>();
  const roots: SpanView[] = [];
  for (const span of spans) {
    const parent = parentOf(span, byId);
    if (parent === undefined) roots.push(span);
    else children.set(parent.spanId, [...(children.get(parent.spanId) ?? []), span]);
  }
  const rows: WaterfallRow[] = [];
  const seen = new Set<string>();
  const byStart = (a: SpanView, b: SpanView) => a.start - b.start;
  const visit = (span: SpanView, depth: number): void => {
    if (seen.has(span.spanId)) return;
    seen.add(span.spanId);
    const parent = parentOf(span, byId);
    if (span.kind === 'Consumer' && parent?.kind === 'Producer') {
      const sent = parent.start + parent.durationMs;
      if (span.start > sent)
        rows.push({
          kind: 'wait',
          span,
          depth: depth - 1,
          start: sent,
          end: span.start,
          topic: topicOf(span) || topicOf(parent),
        });
    }
    rows.push({ kind: 'span', span, depth, start: span.start, end: span.start + span.durationMs, topic: '' });
    for (const child of (children.get(span.spanId) ?? []).sort(byStart))
      visit(child, child.kind === 'Consumer' ? 0 : depth + 1);
  };
  for (const root of roots.sort(byStart)) visit(root, 0);
  for (const span of [...spans].sort(byStart)) visit(span, 0);
  const start = Math.min(...rows.map((row) => row.start));
  const end = Math.max(...rows.map((row) => row.end));
  const waited = union(rows.filter((row) => row.kind === 'wait'));
  return { rows, start, end, waiting: end > start ? waited / (end - start) : 0 };
}

/** The span that caused this one: its parent, or of a consumer the message it links to. */
function parentOf(span: SpanView, byId: ReadonlyMap<string, SpanView>): SpanView | undefined {
  const parent = byId.get(span.parentSpanId);
  if (parent !== undefined && parent !== span) return parent;
  for (const link of span.links) {
    const linked = byId.get(link.spanId);
    if (linked !== undefined && linked !== span) return linked;
  }
  return undefined;
}

function union(rows: readonly { start: number; end: number }[]): number {
  let total = 0;
  let reached = Number.NEGATIVE_INFINITY;
  for (const row of [...rows].sort((a, b) => a.start - b.start)) {
    total += Math.max(0, row.end - Math.max(row.start, reached));
    reached = Math.max(reached, row.end);
  }
  return total;
}

/** A time scale that folds waits far longer than everything else to a fixed share of the width, 0..1. */
export interface FoldedScale {
  readonly at: (time: number) => number;
  readonly folds: readonly { readonly from: number; readonly to: number }[];
}

const FOLD_SHARE = 0.1;
const FOLD_RATIO = 20;

export function foldedScale({ rows, start, end }: Waterfall): FoldedScale {
  const busy = rows.filter((row) => row.kind === 'span').map((row) => [row.start, row.end] as const);
  busy.sort((a, b) => a[0] - b[0]);
  const gaps: { from: number; to: number }[] = [];
  let reached = start;
  for (const [from, to] of busy) {
    if (from > reached) gaps.push({ from: reached, to: from });
    reached = Math.max(reached, to);
  }
  const quiet = gaps.reduce((sum, gap) => sum + gap.to - gap.from, 0);
  const work = Math.max(1, end - start - quiet);
  const folds = gaps.filter((gap) => gap.to - gap.from > FOLD_RATIO * work);
  const folded = folds.reduce((sum, gap) => sum + gap.to - gap.from, 0);
  const unit = (1 - FOLD_SHARE * folds.length) / Math.max(1e-9, end - start - folded);
  const at = (time: number) => {
    let position = 0;
    let from = start;
    for (const fold of folds) {
      if (time <= fold.from) break;
      position += (Math.min(time, fold.from) - from) * unit;
      position += FOLD_SHARE * Math.min(1, (time - fold.from) / (fold.to - fold.from));
      from = fold.to;
      if (time < fold.to) return position;
    }
    return Math.min(1, position + Math.max(0, time - from) * unit);
  };
  return { at, folds };
}
