import type { Anomaly } from '../core/anomaly.ts';
import { fingerprint } from '../core/labels.ts';
import { isStage, nodeId } from '../core/node.ts';
import type { Series } from '../core/series.ts';
import type { Signal } from '../core/signal.ts';
import type { StageState } from '../core/state.ts';
import type { Millis } from '../core/time.ts';
import type { EdgeView, IncidentSummary, Known, NodeView, PipelineView } from '../core/view.ts';
import type { StageStatus } from '../store/queries/states.ts';
import type { LiveEdge, LiveNode, Topology } from '../store/queries/topology.ts';
import { type Band, known } from './bands.ts';
import { homeOf } from './home.ts';
import { isOpen } from './rows.ts';

/** Everything the map is made of, as read from the store and from alerting. */
export interface MapSources {
  readonly now: Millis;
  readonly topology: Topology;
  readonly states: readonly StageStatus[];
  readonly series: readonly Series[];
  readonly bands: ReadonlyMap<string, Band>;
  readonly anomalies: readonly Anomaly[];
  readonly incidents: readonly IncidentSummary[];
  /** Seconds 95 of 100 records took from a topic's writer to a stage, by `hopKey`. */
  readonly hops: ReadonlyMap<string, number>;
}

export function hopKey(pipeline: string, topic: string, stage: string): string {
  return JSON.stringify([pipeline, topic, stage]);
}

/** Pipelines with their nodes and edges; a stage nothing is known of now is `unknown`, never healthy. */
export function buildPipelines(sources: MapSources): PipelineView[] {
  const names = new Set(sources.topology.nodes.map((node) => node.pipeline));
  return [...names].sort().map((name) => {
    const nodes = sources.topology.nodes.filter((node) => node.pipeline === name);
    const edges = sources.topology.edges
      .filter((edge) => edge.pipeline === name)
      .map((edge) => edgeView(edge, sources.hops.get(hopKey(name, edge.from, edge.to))));
    const open = sources.incidents.filter((incident) => incident.pipeline === name && incident.state !== 'resolved');
    const culprits = new Map(open.map((incident) => [stageId(nodes, incident.culprit), incident.id]));
    const affected = downstream(edges, [...culprits.keys()]);
    return {
      name,
      nodes: nodes.map((node) => nodeView(node, edges, sources, culprits, affected)),
      edges,
    };
  });
}

/** The id of the stage of that name: a service, or what is known as a job or a group alone. */
export function stageId(nodes: readonly Pick<LiveNode, 'kind' | 'node'>[], stage: string): string {
  return nodeId(nodes.find(({ kind, node }) => node === stage && isStage(kind))?.kind ?? 'service', stage);
}

function edgeView(edge: LiveEdge, hopP95?: number): EdgeView {
  return {
    from: nodeId(edge.fromKind, edge.from),
    to: nodeId(edge.toKind, edge.to),
    kind: edge.kind,
    group: edge.group,
    rate: known(edge.rate),
    p95: known(edge.p95),
    errorRatio: known(edge.errorRatio),
    lag: known(edge.lag),
    lagSeconds: known(edge.lagSeconds),
    hopP95: known(hopP95),
  };
}

/** Everything work flows to from `starts`, without them. A call's answer flows back, so called databases do not count. */
export function downstream(edges: readonly EdgeView[], starts: readonly string[]): Set<string> {
  const found = new Set<string>();
  const queue = [...starts];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    for (const edge of edges) {
      if (edge.from !== id || edge.kind === 'calls' || found.has(edge.to) || starts.includes(edge.to)) continue;
      found.add(edge.to);
      queue.push(edge.to);
    }
  }
  return found;
}

function nodeView(
  node: LiveNode,
  edges: readonly EdgeView[],
  sources: MapSources,
  culprits: ReadonlyMap<string, string>,
  affected: ReadonlySet<string>,
): NodeView {
  const id = nodeId(node.kind, node.node);
  const { kind, system, standing, seen, gone, owner, criticality } = node;
  const declared = { standing, seen, gone, owner, criticality };
  const base = { id, name: node.node, kind, system, consoleUrl: webAddress(node.consoleUrl), ...declared };
  const place = { culpritOf: culprits.get(id) ?? '', affected: affected.has(id) };
  if (!isStage(kind)) return { ...base, ...place, ...dataNumbers(node, id, edges, sources) };
  const home = homeOf(sources.topology.definitions, { pipeline: node.pipeline, stage: node.node });
  const status = sources.states.find(({ pipeline, stage }) => home.holds({ pipeline, stage }));
  const own = sources.series.filter(({ labels }) => home.holds(labels));
  const of = (signal: Signal) => own.filter((series) => series.labels['signal'] === signal);
  const [throughput] = of('throughput');
  const lagSeries = slowest(of('lag_seconds'));
  const lag = of('lag').reduce<Known>((sum, series) => add(sum, latest(series)), null);
  const limits = of('lag_seconds')
    .map((series) => lastKnown(sources.bands.get(fingerprint(series.labels))?.upper))
    .filter((edge) => edge !== null);
  return {
    ...base,
    ...place,
    state: status?.state ?? 'unknown',
    reason:
      status?.reason ?? (seen ? 'No state was judged in the last minutes' : 'Declared, but nothing was seen of it'),
    rate: throughput === undefined ? null : recentMean(throughput),
    output: of('output').reduce<Known>((sum, series) => add(sum, recentMean(series)), null),
    p95: latestOf(of('latency_p95')),
    errorRatio: latestOf(of('error_ratio')),
    lag,
    lagSeconds: lagSeries === undefined ? known(status?.lagSeconds) : latest(lagSeries),
    lagGrowth: lagSeries === undefined ? null : slope(lagSeries),
    freshness: latestOf(of('freshness')),
    lagLimit: limits.length === 0 ? null : Math.max(...limits, 1),
    rateChange: throughput === undefined ? null : change(throughput, sources.bands.get(fingerprint(throughput.labels))),
  };
}

/** A topic, a database or an outside service: what its readers and callers measure. */
function dataNumbers(node: LiveNode, id: string, edges: readonly EdgeView[], sources: MapSources) {
  const used = edges.filter((edge) => (node.kind === 'topic' ? edge.from === id : edge.to === id));
  const most = (read: (edge: EdgeView) => Known) => used.reduce<Known>((top, edge) => larger(top, read(edge)), null);
  const home = homeOf(sources.topology.definitions, { pipeline: node.pipeline, dependency: node.node });
  const strange = sources.anomalies.some((anomaly) => home.holds(anomaly.labels) && isOpen(anomaly, sources.now));
  const rate = used.reduce<Known>((sum, edge) => add(sum, edge.rate), null);
  const state: StageState = strange ? 'falling_behind' : rate === null || rate === 0 ? 'unknown' : 'healthy';
  return {
    state,
    reason: strange ? 'Calls to it are slower than expected' : node.seen ? '' : 'Declared, but nothing was seen of it',
    rate,
    output: null,
    p95: node.kind === 'topic' ? null : most((edge) => edge.p95),
    errorRatio: most((edge) => edge.errorRatio),
    lag: most((edge) => edge.lag),
    lagSeconds: node.kind === 'topic' ? most((edge) => edge.lagSeconds) : null,
    lagGrowth: null,
    freshness: null,
    lagLimit: null,
    rateChange: null,
  };
}

/** An address the page may link to: http or https, else ''. */
export function webAddress(text: string): string {
  try {
    const url = new URL(text);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : '';
  } catch {
    return '';
  }
}

/** The last value that is not a gap. */
export function latest(series: Series): Known {
  return known(series.values.findLast((value) => !Number.isNaN(value)));
}

function latestOf(list: readonly Series[]): Known {
  return list.reduce<Known>((top, series) => larger(top, latest(series)), null);
}

/** Mean of the last minute without its two newest steps, which may still fill. */
export function recentMean(series: Series): Known {
  const recent = [...series.values.slice(-8, -2)].filter((value) => !Number.isNaN(value));
  if (recent.length === 0) return latest(series);
  return recent.reduce((sum, value) => sum + value, 0) / recent.length;
}

function slowest(list: readonly Series[]): Series | undefined {
  return list.reduce<Series | undefined>(
    (top, series) => (top === undefined || (latest(series) ?? -1) > (latest(top) ?? -1) ? series : top),
    undefined,
  );
}

/** Least-squares slope of the last five minutes, in units per second; null with fewer than six points. */
export function slope(series: Series): Known {
  const points: [number, number][] = [];
  const count = Math.round(300_000 / series.step);
  series.values.slice(-count).forEach((value, i) => {
    if (!Number.isNaN(value)) points.push([(i * series.step) / 1000, value]);
  });
  if (points.length < 6) return null;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const top = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const bottom = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return bottom === 0 ? null : top / bottom;
}

/** How far the recent mean lies outside its band, relative to what was expected; null inside it. */
export function change(series: Series, band: Band | undefined): Known {
  const value = recentMean(series);
  const expected = lastKnown(band?.expected);
  if (value === null || expected === null || expected <= 0) return null;
  const lower = lastKnown(band?.lower) ?? expected;
  const upper = lastKnown(band?.upper) ?? expected;
  return value < lower || value > upper ? value / expected - 1 : null;
}

export function lastKnown(values: readonly Known[] | undefined): Known {
  return values?.findLast((value) => value !== null) ?? null;
}

function add(a: Known, b: Known): Known {
  return a === null ? b : b === null ? a : a + b;
}

function larger(a: Known, b: Known): Known {
  return a === null ? b : b === null ? a : Math.max(a, b);
}
