import { expect, test } from 'vitest';
import { absentAlert, alertLabels, anomalyId, postable } from '../../detector/alerts.ts';
import { EPOCH } from './world.ts';

const alert = { labels: { alertname: 'A' }, annotations: { summary: 's' }, startsAt: EPOCH, resolvedAt: 0 };

test('the identity is the series, the detector, its severity and the source', () => {
  const labels = alertLabels(
    { name: 'LagGrowing', severity: 'critical' },
    { signal: 'lag_seconds', pipeline: 'p', stage: 's', topic: 't', group: '' },
  );
  expect(labels).toEqual({
    alertname: 'LagGrowing',
    pipeline: 'p',
    severity: 'critical',
    signal: 'lag_seconds',
    stage: 's',
    topic: 't',
    weir_source: 'detector',
  });
});

test('a firing alert ends in the near future, a resolved one has ended', () => {
  const now = EPOCH + 60_000;
  expect(postable(alert, now, 40_000)).toEqual({
    labels: alert.labels,
    annotations: alert.annotations,
    startsAt: new Date(EPOCH).toISOString(),
    endsAt: new Date(now + 40_000).toISOString(),
  });
  const resolved = postable({ ...alert, resolvedAt: EPOCH + 30_000 }, now, 40_000);
  expect(resolved.endsAt).toBe(new Date(EPOCH + 30_000).toISOString());
});

test('times are never out of order, whatever the clock did', () => {
  const { startsAt, endsAt } = postable({ ...alert, resolvedAt: EPOCH + 5_000 }, EPOCH - 1_000, 40_000);
  expect(Date.parse(startsAt ?? '')).toBeLessThanOrEqual(Date.parse(endsAt ?? ''));
});

test('the id of an anomaly is the same after a restart, and differs by detector, series and onset', () => {
  const ids = [
    anomalyId('A', 'k', 1),
    anomalyId('B', 'k', 1),
    anomalyId('A', 'l', 1),
    anomalyId('A', 'k', 2),
    anomalyId('A', 'k', 1),
  ];
  expect(new Set(ids).size).toBe(4);
  expect(ids[0]).toMatch(/^[0-9a-f]{16}$/);
});

test('TelemetryAbsent says since when', () => {
  const { summary } = absentAlert(EPOCH, EPOCH + 125_000, 'No telemetry has arrived').annotations;
  expect(summary?.replaceAll('\u202f', ' ')).toBe('No telemetry has arrived for 2 min 5 s; nothing can be judged');
});
