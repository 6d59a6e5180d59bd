import { describe, expect, it } from 'vitest';
import { convert } from '../../../../collector/receivers/prometheus/conversion.ts';
import type { ExpositionFormat } from '../../../../collector/receivers/prometheus/exposition.ts';
import { membershipOf, unitOf } from '../../../../collector/receivers/prometheus/families.ts';
import type { Point } from '../../../../collector/receivers/prometheus/points.ts';
import { readText } from './exposition-text.ts';

const TIME = 1_800_000_000_000;
const TARGET = { job: 'shop', instance: 'shop-1:9090' };

function converted(text: string, format: ExpositionFormat = 'text', target: Record<string, string> = TARGET) {
  const { samples, families } = readText(text, format, target);
  return convert(samples, families, TIME, 'http');
}

const textOf = (pairs: Point['attributes']) =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, value?.stringValue]));

const shown = ({ points }: { points: readonly Point[] }) =>
  points.map(({ name, attributes, data }) => ({ name, ...textOf(attributes), ...data }));

describe('kinds of metrics', () => {
  it('of the text format: counters keep their name, what has no type is a level', () => {
    const text = `
# TYPE requests_total counter
requests_total{code="200"} 5
# TYPE temperature gauge
temperature -3.5
nobody_said 1
# TYPE odd untyped
odd 2
`;
    expect(shown(converted(text))).toEqual([
      { name: 'requests_total', code: '200', kind: 'counter', value: 5 },
      { name: 'temperature', kind: 'level', value: -3.5 },
      { name: 'nobody_said', kind: 'level', value: 1 },
      { name: 'odd', kind: 'level', value: 2 },
    ]);
  });

  it('of OpenMetrics: infos and state sets go both ways, gauge histograms are levels, counters know when they began', () => {
    const text = `# TYPE hits counter
# UNIT hits seconds
# HELP hits Time spent.
hits_total{a="1"} 17.5
hits_created{a="1"} 1700000000.25
# TYPE build info
build_info{version="2"} 1
# TYPE mode stateset
mode{mode="on"} 1
mode{mode="off"} 0
# TYPE waiting gaugehistogram
waiting_bucket{le="1"} 3
waiting_bucket{le="+Inf"} 4
waiting_gcount 4
# EOF
`;
    const result = converted(text, 'openmetrics');
    expect(shown(result)).toEqual([
      { name: 'hits_total', a: '1', kind: 'counter', value: 17.5 },
      { name: 'build_info', version: '2', kind: 'info', value: 1 },
      { name: 'mode', mode: 'on', kind: 'info', value: 1 },
      { name: 'mode', mode: 'off', kind: 'info', value: 0 },
      { name: 'waiting_bucket', le: '1', kind: 'level', value: 3 },
      { name: 'waiting_bucket', le: '+Inf', kind: 'level', value: 4 },
      { name: 'waiting_gcount', kind: 'level', value: 4 },
    ]);
    expect(result.points[0]).toMatchObject({ unit: 's', description: 'Time spent.', created: 1_700_000_000_250 });
  });

  it('make one point of all samples of a histogram, whatever their order', () => {
    const text = `
# TYPE latency_seconds histogram
latency_seconds_count{path="/a"} 10
latency_seconds_bucket{path="/a",le="+Inf"} 10
latency_seconds_bucket{le="0.5",path="/a"} 7
latency_seconds_bucket{path="/a",le="0.1"} 4
latency_seconds_sum{path="/a"} 3.25
latency_seconds_bucket{path="/b",le="0.1"} 1
latency_seconds_bucket{path="/b",le="+Inf"} 3
`;
    expect(shown(converted(text))).toEqual([
      {
        name: 'latency_seconds',
        path: '/a',
        kind: 'histogram',
        bounds: [0.1, 0.5],
        counts: [4, 3, 3],
        count: 10,
        sum: 3.25,
      },
      {
        name: 'latency_seconds',
        path: '/b',
        kind: 'histogram',
        bounds: [0.1],
        counts: [1, 2],
        count: 3,
        sum: undefined,
      },
    ]);
  });

  it('and of a summary', () => {
    const text = `
# TYPE rpc_seconds summary
rpc_seconds{quantile="0.99"} 2
rpc_seconds{quantile="0.5"} NaN
rpc_seconds_sum 17
rpc_seconds_count 20
`;
    expect(shown(converted(text))).toEqual([
      {
        name: 'rpc_seconds',
        kind: 'summary',
        quantiles: [
          { quantile: 0.5, value: Number.NaN },
          { quantile: 0.99, value: 2 },
        ],
        count: 20,
        sum: 17,
      },
    ]);
  });
});

describe('what cannot be a point is counted, and the rest is kept', () => {
  it.each([
    ['a sample that stands twice', 'a{x="1",y="2"} 1\na{y="2",x="1"} 2', { duplicate: 1 }, 1],
    [
      'a bucket that stands twice',
      '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="1.0"} 2\nh_count 3',
      { duplicate: 1 },
      1,
    ],
    [
      'a bucket without a bound',
      '# TYPE h histogram\nh_bucket 1\nh_bucket{le="x"} 1\nh_count 3',
      { invalid_bucket: 2 },
      1,
    ],
    [
      'buckets that fall',
      '# TYPE h histogram\nh_bucket{le="1"} 4\nh_bucket{le="2"} 3\nh_count 4',
      { invalid_histogram: 1 },
      0,
    ],
    ['a histogram that counts nothing', '# TYPE h histogram\nh_sum 4', { invalid_histogram: 1 }, 0],
    ['a count that is none', '# TYPE h histogram\nh_count NaN', { invalid_histogram: 1 }, 0],
    ['a summary with a negative count', '# TYPE s summary\ns_count -1', { invalid_summary: 1 }, 0],
  ])('%s', (_what, text, dropped, points) => {
    const result = converted(`${text}\n`);
    expect(Object.fromEntries(result.dropped)).toEqual(dropped);
    expect(result.points).toHaveLength(points);
  });
});

describe('whose a point is', () => {
  it('job and instance name the resource; other labels of the target are attributes', () => {
    const [point] = converted('a{x="1"} 1', 'text', { ...TARGET, env: 'prod', service_namespace: 'orders' }).points;
    expect(textOf(point?.origin.attributes ?? [])).toEqual({
      'service.name': 'shop',
      'service.instance.id': 'shop-1:9090',
      'service.namespace': 'orders',
      'server.address': 'shop-1',
      'server.port': '9090',
      'url.scheme': 'http',
    });
    expect(textOf(point?.attributes ?? [])).toEqual({ x: '1', env: 'prod' });
  });

  it('target_info describes the resource and is no metric', () => {
    const { points } = converted('# TYPE target_info gauge\ntarget_info{version="7",service_name="x"} 1\na 1\n');
    expect(points.map(({ name }) => name)).toEqual(['a']);
    expect(textOf(points[0]?.origin.attributes ?? [])).toMatchObject({ version: '7', service_name: 'x' });
  });

  it('a federated page speaks for many', () => {
    const { samples, families } = readText('up{job="a",instance="a:1"} 1\nup{job="b",instance="b:1"} 0\n');
    const { points } = convert(samples, families, TIME, 'https');
    expect(points.map(({ origin }) => textOf(origin.attributes)['service.name'])).toEqual(['a', 'b']);
    expect(new Set(points.map(({ key }) => key)).size).toBe(2);
  });

  it('and a sample with the name of a histogram beside it is a series of its own', () => {
    const { points, dropped } = converted('# TYPE f histogram\nf 3\nf_count 7\n');
    expect(shown({ points })).toEqual([
      { name: 'f', kind: 'level', value: 3 },
      { name: 'f', kind: 'histogram', bounds: [], counts: [7], count: 7, sum: undefined },
    ]);
    expect(dropped.size).toBe(0);
    expect(new Set(points.map(({ key }) => key)).size).toBe(2);
  });

  it('a scope is what OpenTelemetry wrote as labels', () => {
    const [point] = converted('a{otel_scope_name="lib",otel_scope_version="1",x="y"} 1').points;
    expect(point?.scope).toMatchObject({ name: 'lib', version: '1' });
    expect(textOf(point?.attributes ?? [])).toEqual({ x: 'y' });
  });
});

describe('an exemplar', () => {
  it('has its trace where its labels name one', () => {
    const trace = 'ab'.repeat(16);
    const text = `# TYPE h histogram\nh_bucket{le="+Inf"} 1 # {trace_id="${trace}",span_id="${'cd'.repeat(8)}",user="u"} 0.5 1700000000\nh_count 1\n# TYPE c counter\nc_total 1 # {trace_id="short"} 2\n# EOF\n`;
    const [counter, histogram] = converted(text, 'openmetrics').points;
    expect(histogram?.exemplars).toEqual([
      {
        traceId: trace,
        spanId: 'cd'.repeat(8),
        asDouble: 0.5,
        timeUnixNano: 1_700_000_000_000_000_000n,
        filteredAttributes: [{ key: 'user', value: { stringValue: 'u' } }],
      },
    ]);
    expect(counter?.exemplars).toEqual([
      {
        asDouble: 2,
        timeUnixNano: BigInt(TIME) * 1_000_000n,
        filteredAttributes: [{ key: 'trace_id', value: { stringValue: 'short' } }],
      },
    ]);
  });
});

describe('families', () => {
  const families = new Map([
    ['h', { type: 'histogram', help: '', unit: '' }],
    ['h_count', { type: 'gauge', help: '', unit: '' }],
    ['c', { type: 'counter', help: '', unit: '' }],
    ['g', { type: 'gauge', help: '', unit: '' }],
  ] as const);

  it.each([
    ['h_bucket', 'h', 'h', 'bucket'],
    ['h_count', 'h_count', 'h_count', 'value'],
    ['h', 'h', 'h', 'value'],
    ['c_total', 'c_total', 'c', 'value'],
    ['c_created', 'c_created', 'c', 'created'],
    ['g_total', 'g_total', 'g_total', 'value'],
    ['other_sum', 'other_sum', 'other_sum', 'value'],
  ])('%s is stored as %s, of %s', (name, metric, family, role) => {
    expect(membershipOf(name, families)).toMatchObject({ metric, family, role });
  });

  it('have units of UCUM where there is one', () => {
    expect(['seconds', 'bytes', 'ratio', 'widgets', ''].map(unitOf)).toEqual(['s', 'By', '1', 'widgets', '']);
    expect(unitOf('constructor')).toBe('constructor');
  });
});
