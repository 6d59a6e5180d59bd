import { describe, expect, it } from 'vitest';
import { convert } from '../../../../collector/receivers/prometheus/conversion.ts';
import { metricsRequest } from '../../../../collector/receivers/prometheus/request.ts';
import { NO_SERIES, type SeriesState, type Tracked, track } from '../../../../collector/receivers/prometheus/series.ts';
import { readText } from './exposition-text.ts';

const T0 = 1_800_000_000_000;

/** What consecutive scrapes of a target say, a second apart. */
function scrapes(...texts: readonly string[]): Tracked[] {
  let state: SeriesState = NO_SERIES;
  return texts.map((text, i) => {
    const { samples, families } = readText(text, 'text', { job: 'j', instance: 'i:1' });
    const { points } = convert(samples, families, T0 + i * 1000, 'http');
    const tracked = track(points, state, T0 + i * 1000);
    state = tracked.state;
    return tracked;
  });
}

const counter = (value: number) => `# TYPE c counter\nc ${value}\n`;
const starts = (all: readonly Tracked[]) => all.map(({ points }) => (points[0]?.start ?? Number.NaN) - T0);

describe('the start of a series that counts', () => {
  it('is its first point, and after a reset its last point before', () => {
    expect(starts(scrapes(counter(5), counter(9), counter(9), counter(2), counter(3)))).toEqual([0, 0, 0, 2000, 2000]);
  });

  it('is what the target says', () => {
    const text = (value: number, created: number) => `# TYPE c counter\nc_total ${value}\nc_created ${created}\n`;
    const began = T0 / 1000 - 60;
    expect(starts(scrapes(text(5, began), text(6, began), text(1, T0 / 1000 + 1.5)))).toEqual([-60_000, -60_000, 1500]);
  });

  it('is not believed when it lies ahead', () => {
    expect(starts(scrapes(`# TYPE c counter\nc_total 1\nc_created ${T0 / 1000 + 100}\n`))).toEqual([0]);
  });

  it('of a histogram goes by its count', () => {
    const text = (count: number) => `# TYPE h histogram\nh_bucket{le="+Inf"} ${count}\nh_count ${count}\nh_sum 1\n`;
    expect(starts(scrapes(text(5), text(7), text(1)))).toEqual([0, 0, 1000]);
  });

  it('is nothing for a level', () => {
    const [first] = scrapes('a 1');
    expect(first?.points[0]?.start).toBe(undefined);
  });
});

describe('a series that is gone', () => {
  const ended = ({ points }: Tracked) => points.filter(({ data }) => data === undefined).map(({ point }) => point.name);

  it('is told to have ended, once', () => {
    const all = scrapes('a 1\nb 1\n# TYPE h histogram\nh_count 1\n', 'a 1\n', 'a 1\n', '');
    expect(all.map(ended)).toEqual([[], ['b', 'h'], [], ['a']]);
    expect(all.map(({ added }) => added)).toEqual([3, 0, 0, 0]);
    expect(all[1]?.points.find(({ point }) => point.name === 'b')).toMatchObject({ time: T0 + 1000 });
  });

  it('begins anew when it comes again', () => {
    expect(starts(scrapes(counter(5), '', counter(6)))).toEqual([0, 0, 2000]);
  });

  it('is not told of where the target gives the times', () => {
    expect(scrapes(`a 1 ${T0 - 5000}\n`, '').map(ended)).toEqual([[], []]);
  });
});

describe('a request', () => {
  it('has one resource, scope and metric for all that share them', () => {
    const text = `
# HELP a_total About a.
# TYPE a_total counter
a_total{x="1"} 1
a_total{x="2"} 2
b 3
# TYPE s summary
s{quantile="0.5"} 1
s_count 2
s_sum 3
# TYPE h histogram
h_bucket{le="1"} 1
h_bucket{le="+Inf"} 2
h_count 2
h_sum 3
c{job="other"} 1
`;
    const { samples, families } = readText(text);
    for (const { labels } of samples) if (!labels.has('job')) labels.set('job', 'j');
    const { points } = convert(samples, families, T0, 'http');
    const { resourceMetrics = [] } = metricsRequest(track(points, NO_SERIES, T0).points);
    expect(resourceMetrics).toHaveLength(2);
    const [scope] = resourceMetrics[0]?.scopeMetrics ?? [];
    expect(scope?.scope).toEqual({ name: 'weir/prometheus', version: '' });
    const time = BigInt(T0) * 1_000_000n;
    expect(scope?.metrics).toEqual([
      {
        name: 'a_total',
        description: 'About a.',
        unit: '',
        sum: {
          aggregationTemporality: 2,
          isMonotonic: true,
          dataPoints: [1, 2].map((value) => ({
            attributes: [{ key: 'x', value: { stringValue: String(value) } }],
            timeUnixNano: time,
            startTimeUnixNano: time,
            asDouble: value,
          })),
        },
      },
      {
        name: 'b',
        description: '',
        unit: '',
        gauge: { dataPoints: [{ attributes: [], timeUnixNano: time, asDouble: 3 }] },
      },
      expect.objectContaining({
        name: 's',
        summary: {
          dataPoints: [expect.objectContaining({ count: 2n, sum: 3, quantileValues: [{ quantile: 0.5, value: 1 }] })],
        },
      }),
      expect.objectContaining({
        name: 'h',
        histogram: {
          aggregationTemporality: 2,
          dataPoints: [expect.objectContaining({ count: 2n, sum: 3, bucketCounts: [1n, 1n], explicitBounds: [1] })],
        },
      }),
    ]);
  });

  it('marks the end of a series as no recorded value', () => {
    const [, second] = scrapes('a 1', '');
    const { resourceMetrics = [] } = metricsRequest(second?.points ?? []);
    expect(resourceMetrics[0]?.scopeMetrics?.[0]?.metrics?.[0]?.gauge?.dataPoints).toEqual([
      { attributes: [], timeUnixNano: BigInt(T0 + 1000) * 1_000_000n, flags: 1 },
    ]);
  });
});
