import { describe, expect, test } from 'vitest';
import type { HopView, SpanView } from '../../core/view.ts';
import { stripOf } from '../../ui/charts/strip.ts';
import { foldedScale, waterfallOf } from '../../ui/pages/waterfall.ts';
import { address, parseRoute } from '../../ui/router.ts';

function span(id: string, parent: string, start: number, durationMs: number, given: Partial<SpanView> = {}): SpanView {
  return {
    traceId: 't',
    spanId: id,
    parentSpanId: parent,
    service: 's',
    name: id,
    kind: 'Internal',
    start,
    durationMs,
    error: false,
    message: '',
    attributes: {},
    resource: {},
    links: [],
    events: [],
    ...given,
  };
}

describe('waterfall', () => {
  const sent = span('send', 'root', 10, 2, {
    kind: 'Producer',
    attributes: { 'messaging.destination.name': 'orders' },
  });
  const root = span('root', '', 0, 15, { kind: 'Server' });
  const processed = span('process', 'send', 112, 8, { kind: 'Consumer' });
  const query = span('query', 'process', 114, 3, { kind: 'Client' });

  test('is a tree in order of start, with the wait in the topic as a row', () => {
    const { rows, start, end, waiting } = waterfallOf([query, processed, root, sent]);
    expect(rows.map((row) => `${row.kind} ${row.span.name} ${row.depth}`)).toEqual([
      'span root 0',
      'span send 1',
      'wait process -1',
      'span process 0',
      'span query 1',
    ]);
    expect(rows[2]).toMatchObject({ topic: 'orders', start: 12, end: 112 });
    expect([start, end]).toEqual([0, 120]);
    expect(waiting).toBeCloseTo(100 / 120);
  });

  test('a consumer that only links to its message waits as well', () => {
    const linked = { ...processed, parentSpanId: '', links: [{ traceId: 't', spanId: 'send' }] };
    expect(waterfallOf([root, sent, linked]).rows.some((row) => row.kind === 'wait')).toBe(true);
  });

  test('spans whose parent is missing or that form a circle are shown once', () => {
    const orphan = span('orphan', 'gone', 5, 1);
    const a = span('a', 'b', 1, 1);
    const b = span('b', 'a', 2, 1);
    const names = waterfallOf([root, orphan, a, b]).rows.map((row) => row.span.name);
    expect(names.sort()).toEqual(['a', 'b', 'orphan', 'root']);
  });

  test('a wait that dwarfs the work is folded, and the scale stays in order', () => {
    const late = span('late', 'send', 100_000, 20, { kind: 'Consumer' });
    const flow = waterfallOf([root, sent, late]);
    const { at, folds } = foldedScale(flow);
    expect(folds).toEqual([{ from: 15, to: 100_000 }]);
    expect(at(0)).toBe(0);
    expect(at(100_020)).toBeCloseTo(1);
    expect(at(15)).toBeGreaterThan(0.3);
    let previous = -1;
    for (let time = 0; time <= 100_020; time += 97) {
      expect(at(time)).toBeGreaterThanOrEqual(previous);
      previous = at(time);
    }
  });

  test('without such a wait the scale is true', () => {
    const { at, folds } = foldedScale(waterfallOf([root, sent, processed]));
    expect(folds).toEqual([]);
    expect(at(60)).toBeCloseTo(0.5);
  });
});

describe('residual strip', () => {
  const hop: HopView = {
    stage: 'b',
    signal: 'lag_seconds',
    labels: {},
    onset: 30_000,
    until: 0,
    sentence: '',
    culprit: true,
    start: 0,
    step: 10_000,
    values: [1, 1, null, 11, 21],
    expected: [1, 1, 1, 1, 1],
    lower: [0, 0, 0, 0, 0],
    upper: [2, 2, 2, 2, 2],
  };

  test('draws observed minus expected, breaks at gaps, marks the onset', () => {
    const strip = stripOf(hop, 0, 50_000, 500, 40);
    expect(strip.line.match(/M/g)).toHaveLength(2);
    expect(strip.strange).toMatch(/^M300 /);
    expect(strip.area).toMatch(/Z$/);
    expect(strip.band).toMatch(/^M0 /);
    expect(strip.onsetX).toBe(300);
    const over = stripOf({ ...hop, until: 35_000 }, 0, 50_000, 500, 40);
    expect(over.strange).not.toContain('L');
  });

  test('without a band there is none, and a flat line does not divide by zero', () => {
    const flat = {
      ...hop,
      values: [3, 3, 3],
      expected: [null, null, null],
      lower: [null, null, null],
      upper: [null, null, null],
      onset: 900_000,
    };
    const strip = stripOf(flat, 0, 30_000, 300, 40);
    expect(strip.band).toBe('');
    expect(strip.line).not.toContain('NaN');
    expect(strip.onsetX).toBeNaN();
    expect(strip.area).toBe('');
  });
});

describe('addresses', () => {
  test.each([
    ['/', { page: 'overview' }],
    ['/stages/orders/warehouse%20sink', { page: 'stage', pipeline: 'orders', stage: 'warehouse sink' }],
    ['/incidents', { page: 'incidents' }],
    ['/incidents/INC-481', { page: 'incident', id: 'INC-481' }],
    ['/traces/abc', { page: 'trace', id: 'abc' }],
    ['/nowhere', { page: 'lost', path: '/nowhere' }],
    ['/incidents/a/b', { page: 'lost', path: '/incidents/a/b' }],
    ['/stages/%E0%A4%A/x', { page: 'stage', pipeline: '%E0%A4%A', stage: 'x' }],
  ])('%s', (path, route) => {
    expect(parseRoute(path)).toEqual(route);
  });

  test('are read back as they were written', () => {
    expect(parseRoute(address.stage('a/b', 'c d?'))).toEqual({ page: 'stage', pipeline: 'a/b', stage: 'c d?' });
    expect(parseRoute(address.incident('INC 1'))).toEqual({ page: 'incident', id: 'INC 1' });
    expect(address.traces({ service: 'x y' })).toBe('/traces?service=x+y');
  });
});
