import { ATTR } from '../../../core/semconv.ts';
import type { Millis } from '../../../core/time.ts';
import type { Exemplar, KeyValue } from '../../otlp/model.ts';
import { type Distribution, histogramOf, summaryOf } from './distributions.ts';
import type { Metadata, Sample, SampleExemplar } from './exposition.ts';
import { type Membership, membershipOf, type Role, unitOf } from './families.ts';
import { type Origin, type Point, type PointData, type ScopeOrigin, textAttribute } from './points.ts';
import { nanoseconds } from './request.ts';

/** Why a sample of a scrape that could be read makes no point. */
export const DROP_REASONS = ['duplicate', 'invalid_bucket', 'invalid_histogram', 'invalid_summary'] as const;
export type DropReason = (typeof DROP_REASONS)[number];

export interface Converted {
  readonly points: Point[];
  /** Samples, or of histograms and summaries series, by reason. */
  readonly dropped: ReadonlyMap<DropReason, number>;
}

/** Labels that say whose a series is, and the attributes of the resource that they become. */
const RESOURCE_LABELS: ReadonlyMap<string, string> = new Map([
  ['job', ATTR.serviceName],
  ['instance', 'service.instance.id'],
  [ATTR.serviceNamespace, ATTR.serviceNamespace],
  ['service_namespace', ATTR.serviceNamespace],
  [ATTR.pipeline, ATTR.pipeline],
  ['weir_pipeline', ATTR.pipeline],
]);
const SCOPE_NAME = 'otel_scope_name';
const SCOPE_VERSION = 'otel_scope_version';
const NOT_ATTRIBUTES = new Set([...RESOURCE_LABELS.keys(), SCOPE_NAME, SCOPE_VERSION]);
const TARGET_INFO = 'target_info';
const DEFAULT_SCOPE: ScopeOrigin = { name: 'weir/prometheus', version: '' };
const NO_EXEMPLARS: Exemplar[] = [];
/** In front of the names of series that several samples make. */
const GROUPED = '\n';

/** A series of several samples while its scrape is read. */
interface Group extends Distribution {
  readonly first: Sample;
  readonly membership: Membership;
  readonly exemplars: SampleExemplar[];
}

/**
 * The samples of a scrape as points of OTLP, as the OpenTelemetry Collector's Prometheus receiver makes them and
 * https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/ has it: `job` and `instance` are
 * the resource's `service.name` and `service.instance.id`, the labels of `target_info` attributes of it; counters are
 * monotonic sums and keep their suffix; infos and state sets are sums that are not; what has no type is a gauge.
 * `scheme` is that of the target. Samples without a time have `time`.
 */
export function convert(
  samples: readonly Sample[],
  families: ReadonlyMap<string, Metadata>,
  time: Millis,
  scheme: string,
): Converted {
  const dropped = new Map<DropReason, number>();
  const drop = (reason: DropReason) => dropped.set(reason, (dropped.get(reason) ?? 0) + 1);
  const places = new Places(samples, scheme);
  const memberships = new Map<string, Membership>();
  const singles = new Map<string, { sample: Sample; membership: Membership }>();
  const groups = new Map<string, Group>();
  const created = new Map<string, Millis>();

  for (const sample of samples) {
    let membership = memberships.get(sample.name);
    if (membership === undefined) {
      membership = membershipOf(sample.name, families);
      memberships.set(sample.name, membership);
    }
    const { role } = membership;
    if (sample.name === TARGET_INFO) continue;
    if (role === 'created') created.set(seriesKey(membership.family, sample.labels), sample.value * 1000);
    else if (role === 'value') {
      const key = seriesKey(sample.name, sample.labels);
      if (singles.has(key)) drop('duplicate');
      else singles.set(key, { sample, membership });
    } else {
      const own = role === 'bucket' ? 'le' : role === 'quantile' ? 'quantile' : '';
      // A page may have a sample of the family's own name beside its buckets: that is a series of its own.
      const key = seriesKey(`${GROUPED}${membership.family}`, sample.labels, own);
      let group = groups.get(key);
      if (group === undefined) {
        group = { first: sample, membership, buckets: new Map(), quantiles: new Map(), exemplars: [] };
        groups.set(key, group);
      }
      const fault = put(group, sample, role, own);
      if (fault !== undefined) drop(fault);
    }
  }

  const points: Point[] = [];
  const add = (
    key: string,
    sample: Sample,
    membership: Membership,
    data: PointData,
    exemplars: Exemplar[],
    own = '',
  ) => {
    const { metric, family, metadata } = membership;
    points.push({
      key,
      ...places.of(sample.labels),
      name: metric,
      description: metadata?.help ?? '',
      unit: unitOf(metadata?.unit ?? ''),
      attributes: attributesOf(sample.labels, own),
      time: sample.timestamp ?? time,
      isDated: sample.timestamp !== undefined,
      created: created.size === 0 ? undefined : created.get(seriesKey(family, sample.labels, own)),
      data,
      exemplars,
    });
  };
  for (const [key, { sample, membership }] of singles) {
    const { type } = membership;
    const kind = type === 'counter' ? 'counter' : type === 'info' || type === 'stateset' ? 'info' : 'level';
    const exemplars = sample.exemplar === undefined ? NO_EXEMPLARS : [exemplarOf(sample.exemplar, time)];
    add(key, sample, membership, { kind, value: sample.value }, exemplars);
  }
  for (const [key, group] of groups) {
    const { first, membership, exemplars } = group;
    const isHistogram = membership.type === 'histogram';
    const data: PointData | undefined = isHistogram ? histogramOf(group) : summaryOf(group);
    if (data === undefined) drop(isHistogram ? 'invalid_histogram' : 'invalid_summary');
    else {
      const shown = exemplars.map((exemplar) => exemplarOf(exemplar, time));
      add(key, first, membership, data, shown, isHistogram ? 'le' : 'quantile');
    }
  }
  return { points, dropped };
}

/** The reason when the sample has no place in its group. */
function put(group: Group, sample: Sample, role: Role, own: string): DropReason | undefined {
  if (role === 'sum') group.sum = sample.value;
  else if (role === 'count') group.count = sample.value;
  else {
    const bound = boundOf(sample.labels.get(own));
    if (bound === undefined) return 'invalid_bucket';
    const into = role === 'bucket' ? group.buckets : group.quantiles;
    if (into.has(bound)) return 'duplicate';
    into.set(bound, sample.value);
  }
  if (sample.exemplar !== undefined) group.exemplars.push(sample.exemplar);
  return undefined;
}

function boundOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const word = text.toLowerCase();
  if (word === '+inf' || word === 'inf') return Number.POSITIVE_INFINITY;
  const bound = Number(text);
  return text.trim() === '' || Number.isNaN(bound) ? undefined : bound;
}

/** The same for every order of the labels; `own` is one that tells the samples of a series apart. */
function seriesKey(name: string, labels: ReadonlyMap<string, string>, own = ''): string {
  let key = name;
  for (const label of [...labels.keys()].sort()) {
    if (label !== own) key += `\n${label}\n${labels.get(label)}`;
  }
  return key;
}

function attributesOf(labels: ReadonlyMap<string, string>, own: string): KeyValue[] {
  const attributes: KeyValue[] = [];
  for (const [name, value] of labels) {
    if (name !== own && !NOT_ATTRIBUTES.has(name)) attributes.push(textAttribute(name, value));
  }
  return attributes;
}

function exemplarOf({ labels, value, timestamp }: SampleExemplar, time: Millis): Exemplar {
  const trace = labels.get('trace_id');
  const span = labels.get('span_id');
  const [isTrace, isSpan] = [/^[0-9a-f]{32}$/.test(trace ?? ''), /^[0-9a-f]{16}$/.test(span ?? '')];
  const rest = [...labels].filter(([name]) => !((isTrace && name === 'trace_id') || (isSpan && name === 'span_id')));
  return {
    timeUnixNano: nanoseconds(timestamp ?? time),
    asDouble: value,
    filteredAttributes: rest.map(([name, text]) => textAttribute(name, text)),
    ...(isTrace ? { traceId: trace as string } : {}),
    ...(isSpan ? { spanId: span as string } : {}),
  };
}

/** Resources and scopes of a scrape, made once each. */
class Places {
  readonly #origins = new Map<string, Origin>();
  readonly #scopes = new Map<string, ScopeOrigin>();
  readonly #infos = new Map<string, KeyValue[]>();
  readonly #scheme: string;

  constructor(samples: readonly Sample[], scheme: string) {
    this.#scheme = scheme;
    for (const { name, labels } of samples) {
      if (name !== TARGET_INFO) continue;
      const key = JSON.stringify([labels.get('job'), labels.get('instance')]);
      this.#infos.set(key, attributesOf(labels, ''));
    }
  }

  of(labels: ReadonlyMap<string, string>): { origin: Origin; scope: ScopeOrigin } {
    let key = '';
    for (const label of RESOURCE_LABELS.keys()) key += `${labels.get(label) ?? ''}\n`;
    let origin = this.#origins.get(key);
    if (origin === undefined) {
      origin = this.#originOf(labels);
      this.#origins.set(key, origin);
    }
    const name = labels.get(SCOPE_NAME);
    if (name === undefined) return { origin, scope: DEFAULT_SCOPE };
    const version = labels.get(SCOPE_VERSION) ?? '';
    const scopeKey = `${name}\n${version}`;
    let scope = this.#scopes.get(scopeKey);
    if (scope === undefined) {
      scope = { name, version };
      this.#scopes.set(scopeKey, scope);
    }
    return { origin, scope };
  }

  #originOf(labels: ReadonlyMap<string, string>): Origin {
    const attributes = new Map<string, string>();
    for (const [label, attribute] of RESOURCE_LABELS) {
      const value = labels.get(label);
      if (value !== undefined) attributes.set(attribute, value);
    }
    const [job, instance] = [labels.get('job'), labels.get('instance')];
    const [, host, port] = /^(.+):(\d+)$/.exec(instance ?? '') ?? [];
    if (host !== undefined && port !== undefined) attributes.set('server.address', host).set('server.port', port);
    attributes.set('url.scheme', this.#scheme);
    for (const { key, value } of this.#infos.get(JSON.stringify([job, instance])) ?? []) {
      if (key !== undefined) attributes.set(key, value?.stringValue ?? '');
    }
    return { attributes: [...attributes].map(([name, value]) => textAttribute(name, value)) };
  }
}
