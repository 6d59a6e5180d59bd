import { describe, expect, test } from 'vitest';
import type { Feedback } from '../../../core/feedback.ts';
import type { Incident } from '../../../core/incident.ts';
import type { Firing, Past } from '../../../detector/backtest/past.ts';
import { pastReportOf, pastReportText } from '../../../detector/backtest/past-report.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const FROM = Date.UTC(2026, 2, 2, 0, 30);
const labels = { signal: 'lag_seconds', pipeline: 'orders', stage: 'enrichment' };

function firing(after: number, more: Partial<Firing> = {}): Firing {
  const firedAt = FROM + after;
  return {
    detector: 'LagGrowing',
    severity: 'critical',
    labels,
    onset: firedAt - 30_000,
    firedAt,
    resolvedAt: firedAt + HOUR,
    value: 1,
    score: 3,
    ...more,
  };
}

function incident(id: string, after: number, more: Partial<Incident> = {}): Incident {
  const openedAt = FROM + after;
  return {
    id,
    title: `incident ${id}`,
    pipeline: 'orders',
    state: 'resolved',
    severity: 'critical',
    openedAt,
    updatedAt: openedAt,
    resolvedAt: openedAt + HOUR,
    acknowledgedBy: '',
    culprit: '',
    reason: '',
    alerts: [],
    timeline: [],
    ...more,
  };
}

function said(verdict: Feedback['verdict'], after: number, more: Partial<Feedback> = {}): Feedback {
  const onset = FROM + after;
  const said = {
    anomalyId: `${verdict}${after}`,
    detector: 'LagGrowing',
    labels,
    by: 'ada',
    verdict,
    note: '',
    time: onset,
  };
  return { ...said, breach: 'score', onset, until: onset + HOUR, expected: 1, reach: 9, ...more };
}

const past = (firings: readonly Firing[], days = 2): Past => {
  return { from: FROM, until: FROM + days * DAY, series: 7, points: 1000, firings };
};
const nothing = { incidents: [], feedback: [] };

describe('pastReportOf', () => {
  test('alerts a day, by detector and by day, and the noisiest hour of the clock', () => {
    const others = [firing(25 * HOUR), firing(25 * HOUR + 600_000, { detector: 'LatencyHigh' })];
    const report = pastReportOf(past([firing(HOUR), ...others]), nothing);
    expect(report).toMatchObject({ days: 2, alerts: 3, alerts_per_day: 1.5, by_day: [1, 2], series: 7, points: 1000 });
    expect(report.detectors).toEqual([
      { name: 'LagGrowing', alerts: 2, per_day: 1 },
      { name: 'LatencyHigh', alerts: 1, per_day: 0.5 },
    ]);
    expect(report.noisiest_hour).toEqual({ from: Date.UTC(2026, 2, 3, 1), alerts: 2 });
    expect(pastReportOf(past([]), nothing).noisiest_hour).toBeNull();
    expect(pastReportOf(past([firing(0)], 0.5), nothing)).toMatchObject({ alerts_per_day: 2, by_day: [1] });
  });

  test('an incident is caught by an alert of its pipeline while it lasts, or up to ten minutes before', () => {
    const caught = (opened: number, some: Partial<Incident>, ...firings: Firing[]) =>
      pastReportOf(past(firings), { ...nothing, incidents: [incident('a', opened, some)] }).incidents[0];
    expect(caught(HOUR, {}, firing(HOUR - 300_000))).toMatchObject({ caught: true, lead_seconds: 300 });
    expect(caught(HOUR, {}, firing(HOUR + 120_000))).toMatchObject({ caught: true, lead_seconds: -120 });
    expect(caught(HOUR, {}, firing(HOUR - 900_000))).toMatchObject({ caught: false });
    expect(caught(HOUR, {}, firing(3 * HOUR))).toMatchObject({ caught: false });
    expect(caught(HOUR, { resolvedAt: 0, state: 'open' }, firing(3 * HOUR))).toMatchObject({ caught: true });
    expect(caught(HOUR, { pipeline: 'billing' }, firing(HOUR))).toMatchObject({ caught: false });
  });

  test('what people said of alerts is held against what would fire again', () => {
    const feedback = [
      said('useful', HOUR),
      said('noise', HOUR),
      said('noise', 20 * HOUR),
      said('noise', HOUR, { detector: 'LatencyHigh' }),
      said('expected', HOUR, { labels: { ...labels, stage: 'gateway' } }),
      said('useful', -5 * DAY),
    ];
    const { called } = pastReportOf(past([firing(HOUR)]), { ...nothing, feedback });
    expect(called).toEqual({
      useful: { said: 1, again: 1 },
      noise: { said: 3, again: 1 },
      expected: { said: 1, again: 0 },
    });
  });
});

describe('pastReportText', () => {
  test('has what somebody who tunes a detector asks for', () => {
    const known = { incidents: [incident('a', HOUR), incident('b', 30 * HOUR)], feedback: [said('noise', HOUR)] };
    expect(pastReportText(pastReportOf(past([firing(HOUR)]), known)).split('\n')).toEqual([
      '2026-03-02 00:30 to 2026-03-04 00:30 UTC: 7 series, 1000 points judged again',
      '1 alerts, 0.50 a day',
      '  LagGrowing: 1, 0.50 a day',
      'by day: 1 0',
      'noisiest hour: 2026-03-02 01:00 UTC, 1 alerts',
      '1 of 2 incidents of that time would have been caught',
      '  missed: incident b (b)',
      '1 of 1 alerts that people called noise would fire again',
      '',
    ]);
    expect(pastReportText(pastReportOf(past([]), nothing))).not.toContain('noisiest');
  });
});
