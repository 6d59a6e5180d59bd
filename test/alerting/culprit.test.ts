import { describe, expect, it } from 'vitest';
import { deviation, nameCulprit } from '../../alerting/culprit.ts';
import type { IncidentAlert } from '../../core/incident.ts';
import { fingerprint } from '../../core/labels.ts';
import { detectorLabels, NOON } from './harness.ts';

/** `after` is in seconds. */
function alert(
  signal: string,
  stage: string,
  after = 0,
  value?: number | string,
  expected?: number | string,
  more: Record<string, string> = {},
): IncidentAlert {
  const labels = detectorLabels(signal, stage, more);
  const annotations = {
    ...(value === undefined ? {} : { value: String(value) }),
    ...(expected === undefined ? {} : { expected: String(expected) }),
  };
  return { fingerprint: fingerprint(labels), labels, annotations, startsAt: NOON + after * 1000, resolvedAt: 0 };
}

/** gateway -> orders -> enrichment -> orders.enriched -> payments -> payments (topic) -> warehouse-sink. */
const edges = [
  ['gateway', 'topic:orders'],
  ['topic:orders', 'enrichment'],
  ['enrichment', 'topic:orders.enriched'],
  ['topic:orders.enriched', 'payments'],
  ['payments', 'topic:payments'],
  ['topic:payments', 'warehouse-sink'],
  ['warehouse-sink', 'database:warehouse'],
].map(([from = '', to = '']) => ({ from, to }));

const dependency = { dependency: 'warehouse' };

describe('nameCulprit', () => {
  it('a slow database: the stage that waits for it, though its lag was seen first', () => {
    const culprit = nameCulprit([
      alert('lag_seconds', 'warehouse-sink', 0, 90, 2, { topic: 'payments' }),
      alert('latency_p95', 'warehouse-sink', 10, 0.4, 0.05),
      alert('dependency_p95', 'warehouse-sink', 20, 0.312, 0.02, dependency),
    ]);
    expect(culprit).toEqual({
      stage: 'warehouse-sink',
      title: 'warehouse-sink waits for warehouse (p95 312\u202fms instead of 20\u202fms)',
      reason: 'Calls to warehouse take 312\u202fms at p95, expected 20\u202fms, since 12:00:20 UTC.',
    });
  });

  it('a budget that burns at the end of a flow: the stage before it that sends less', () => {
    const culprit = nameCulprit(
      [alert('slo_burn', 'warehouse-sink', 0, 1.2, 0, { slo: 'fresh' }), alert('output', 'gateway', 10, 0, 100)],
      edges,
    );
    expect(culprit.stage).toBe('gateway');
  });

  it('a warning of what is to come: its own words while it is alone, and no culprit beside what is', () => {
    const summary = 'enrichment: lag in time on orders reaches 15 min in about 17 min (chance 93 % within 30 min)';
    const warning: IncidentAlert = {
      ...alert('lag_seconds', 'enrichment', 0, undefined, undefined, { topic: 'orders', alertname: 'LimitAhead' }),
      annotations: { summary, description: 'Pipeline orders. It is 8 min now.' },
    };
    expect(nameCulprit([warning])).toEqual({
      stage: 'enrichment',
      title: summary,
      reason: 'Pipeline orders. It is 8 min now, since 12:00:00 UTC.',
    });
    const slow = alert('latency_p95', 'payments', 600, 0.812, 0.04);
    expect(nameCulprit([warning, slow])).toEqual(nameCulprit([slow]));
  });

  it('a slow consumer: falling behind, though those after it starve first', () => {
    const culprit = nameCulprit(
      [
        alert('throughput', 'payments', 0, 20, 100),
        alert('output', 'payments', 0, 20, 100),
        alert('lag_seconds', 'enrichment', 30, 169, 12, { topic: 'orders' }),
        alert('latency_p95', 'enrichment', 30, 0.812, 0.04),
      ],
      edges,
    );
    expect(culprit.stage).toBe('enrichment');
    expect(culprit.title).toBe('enrichment is falling behind on orders');
    expect(culprit.reason).toContain('Also affected: payments.');
  });

  it('an error burst', () => {
    const culprit = nameCulprit(
      [alert('lag', 'payments', 0, 900, 10), alert('error_ratio', 'payments', 20, 0.31, 0.004)],
      edges,
    );
    expect(culprit.title).toBe('payments fails 31\u202f% of its work');
    expect(culprit.reason).toBe('Error ratio is 31\u202f%, expected 0.4\u202f%, since 12:00:20 UTC.');
  });

  it('a silent producer: the stage furthest upstream, though one downstream was seen first', () => {
    const alerts = [
      alert('throughput', 'payments', 0, 0, 100),
      alert('output', 'enrichment', 10, 0, 100),
      alert('output', 'gateway', 20, 0, 100),
      alert('freshness', 'warehouse-sink', 25, 95, 3),
    ];
    expect(nameCulprit(alerts, edges)).toMatchObject({ stage: 'gateway', title: 'gateway stopped producing' });
    // Without a topology the first one seen is the best guess.
    expect(nameCulprit(alerts)).toMatchObject({ stage: 'payments', title: 'payments stopped receiving' });
  });

  it('a silent producer is not excused by its own throughput', () => {
    const alerts = [alert('throughput', 'gateway', 0, 0.5, 100), alert('output', 'gateway', 10, 0, 100)];
    expect(nameCulprit(alerts, edges).title).toBe('gateway stopped producing');
  });

  it('between equal rank the earliest, then the furthest upstream', () => {
    const early = alert('error_ratio', 'payments', 0, 0.2, 0);
    const late = alert('error_ratio', 'enrichment', 10, 0.2, 0);
    expect(nameCulprit([late, early], edges).stage).toBe('payments');
    const same = alert('error_ratio', 'enrichment', 0, 0.2, 0);
    expect(nameCulprit([early, same], edges).stage).toBe('enrichment');
  });

  it('an alert that began after the onset cannot take the blame', () => {
    const culprit = nameCulprit([
      alert('lag', 'enrichment', 0, 900, 10),
      alert('dependency_p95', 'warehouse-sink', 61, 0.3, 0.02, dependency),
    ]);
    expect(culprit.stage).toBe('enrichment');
    const wider = nameCulprit(
      [alert('lag', 'enrichment'), alert('dependency_p95', 'warehouse-sink', 61, 0.3, 0.02, dependency)],
      [],
      90_000,
    );
    expect(wider.stage).toBe('warehouse-sink');
  });

  it('a cycle in the topology does no harm', () => {
    const cycle = [...edges, { from: 'warehouse-sink', to: 'gateway' }];
    expect(nameCulprit([alert('output', 'gateway', 0, 0, 1), alert('output', 'payments', 0, 0, 1)], cycle).stage).toBe(
      'gateway',
    );
  });

  it('alerts of others keep their own words and name the stage', () => {
    const labels = { alertname: 'DiskFull', service: 'db1' };
    const disk = {
      fingerprint: fingerprint(labels),
      labels,
      annotations: { summary: 'The disk is full' },
      startsAt: NOON,
      resolvedAt: 0,
    };
    expect(nameCulprit([disk])).toEqual({
      stage: 'db1',
      title: 'db1: The disk is full',
      reason: 'The disk is full, since 12:00:00 UTC.',
    });
    expect(nameCulprit([{ ...disk, labels: { alertname: 'Up' }, annotations: {} }])).toMatchObject({
      stage: '',
      title: 'Up',
    });
    const built = {
      ...disk,
      labels: { ...labels, signal: 'constructor' },
      annotations: { ...disk.annotations, value: '3' },
    };
    expect(nameCulprit([built]).reason).toBe('The disk is full, since 12:00:00 UTC.');
    expect(nameCulprit([])).toEqual({ stage: '', title: 'No alert', reason: '' });
  });
});

describe('titles', () => {
  it.each<[string, IncidentAlert, string]>([
    [
      'latency alone',
      alert('latency_p99', 'enrichment', 0, 1.5, 0.2),
      'enrichment is slow (p99 1.5\u202fs instead of 200\u202fms)',
    ],
    ['latency without numbers', alert('latency_p95', 'enrichment'), 'enrichment is slow'],
    ['lag without topic', alert('lag', 'enrichment', 0, 900, 10), 'enrichment is falling behind'],
    [
      'dependency without numbers',
      alert('dependency_p95', 'sink', 0, undefined, undefined, dependency),
      'sink waits for warehouse',
    ],
    ['errors without numbers', alert('error_ratio', 'payments'), 'payments fails more of its work than expected'],
    ['less output', alert('output', 'gateway', 0, 330, 1000), 'gateway produces 67\u202f% less than expected'],
    ['more output', alert('output', 'gateway', 0, 2100, 1000), 'gateway produces 2.1 times what is expected'],
    ['more throughput', alert('throughput', 'gateway', 0, 1500, 1000), 'gateway handles 1.5 times what is expected'],
    ['throughput without numbers', alert('throughput', 'gateway'), 'gateway handles less than expected'],
    [
      'freshness',
      alert('freshness', 'sink', 0, 254, 3),
      'sink is late: its newest complete event is 4\u202fmin 14\u202fs old',
    ],
    [
      'freshness of a dataset',
      alert('freshness', '', 0, 254, 3, { dataset: 'sales' }),
      'sales is late: its newest complete event is 4\u202fmin 14\u202fs old',
    ],
    [
      'missing records',
      alert('drop_ratio', 'billing', 0, 0.012, 0, { topic: 'orders' }),
      'billing misses 1.2\u202f% of its records from orders',
    ],
    ['missing records, without a number', alert('drop_ratio', 'billing', 0), 'billing misses records'],
    [
      'a budget',
      alert('slo_burn', 'billing', 0, 1.3, 0, { slo: 'errors', window: 'fast' }),
      'billing burns the error budget of errors',
    ],
    [
      'dead letters',
      alert('dead_letters', 'billing', 0, 2, 0.1),
      'billing gives records up as dead letters (2/s instead of 0.1/s)',
    ],
    [
      'schema violations',
      alert('schema_violations', 'billing', 0, 2, 0.1),
      'billing gets records that break their schema (2/s instead of 0.1/s)',
    ],
    [
      'custom',
      alert('custom', 'sink', 0, 312, 20, { name: 'queue.depth' }),
      'queue.depth of sink is off (312 instead of 20)',
    ],
    [
      'words instead of numbers',
      alert('dependency_p95', 'sink', 0, '312\u202fms', '4 – 20\u202fms', dependency),
      'sink waits for warehouse (p95 312\u202fms instead of 4 – 20\u202fms)',
    ],
    [
      'errors in words',
      alert('error_ratio', 'payments', 0, '31\u202f%', '0.4\u202f%'),
      'payments fails 31\u202f% of its work',
    ],
    ['output in words', alert('output', 'gateway', 0, '0/s', '1,840/s'), 'gateway stopped producing'],
    [
      'less output in words',
      alert('output', 'gateway', 0, '920/s', '1,840/s'),
      'gateway produces 50\u202f% less than expected',
    ],
    [
      'output against a range in words',
      alert('output', 'gateway', 0, '920/s', 'at least 1,700/s'),
      'gateway produces less than expected',
    ],
  ])('%s', (_name, one, title) => {
    expect(nameCulprit([one]).title).toBe(title);
  });
});

it('deviation reads numbers and words alike', () => {
  expect(deviation(alert('dependency_p95', 'sink', 0, '312\u202fms', '20\u202fms'))).toBeCloseTo(0.292);
  expect(deviation(alert('lag', 'sink', 0, 900, 10))).toBe(890);
  expect(deviation(alert('lag', 'sink'))).toBeNaN();
});
