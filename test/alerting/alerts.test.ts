import { describe, expect, it } from 'vitest';
import { alertState, alertView, type LiveAlert, mergeAlert, parseAlert, resolvedAt } from '../../alerting/alerts.ts';
import { fingerprint } from '../../core/labels.ts';
import { detectorLabels, NOON } from './harness.ts';

const labels = { alertname: 'A' };
const at = (seconds: number) => NOON + seconds * 1000;
const iso = (seconds: number) => new Date(at(seconds)).toISOString();

/** A report received `now` seconds after noon; times in seconds, absent ones not sent. */
function report(now: number, from?: number, until?: number, more: object = {}): LiveAlert {
  const alert = {
    labels,
    ...(from === undefined ? {} : { startsAt: iso(from) }),
    ...(until === undefined ? {} : { endsAt: iso(until) }),
    ...more,
  };
  return parseAlert(alert, '0', at(now), 300_000);
}
const span = (alert: LiveAlert) => [(alert.startsAt - NOON) / 1000, (alert.endsAt - NOON) / 1000];

describe('parseAlert', () => {
  it.each<[string, LiveAlert, [number, number], boolean]>([
    ['no times: now and resolve_timeout', report(10), [10, 310], true],
    ['a start only', report(10, 5), [5, 310], true],
    ['an end only: it starts now', report(10, undefined, 60), [10, 60], false],
    ['an end in the past only: it starts and ends then', report(10, undefined, 5), [5, 5], false],
    ['both', report(10, 1, 60), [1, 60], false],
  ])('%s', (_name, alert, expected, timeout) => {
    expect(span(alert)).toEqual(expected);
    expect(alert.timeout).toBe(timeout);
  });

  it('removes empty labels before it takes the fingerprint', () => {
    const alert = report(0, 0, 60, { labels: { b: '2', a: '1', none: '' } });
    expect(alert.labels).toEqual({ a: '1', b: '2' });
    expect(alert.fingerprint).toBe(fingerprint({ a: '1', b: '2' }));
  });

  it('takes names in UTF-8, and refuses what is none', () => {
    expect(report(0, 0, 60, { labels: { 'größe.µ': '≥ 1' } }).labels).toEqual({ 'größe.µ': '≥ 1' });
    expect(() => report(0, 0, 60, { labels: { a: '\ud800' } })).toThrow(/not valid UTF-8/);
  });
});

describe('mergeAlert', () => {
  it('keeps the earliest start', () => {
    expect(span(mergeAlert(report(0, 0, 60), report(10, 5, 70)))).toEqual([0, 70]);
    expect(span(mergeAlert(report(0, 5, 60), report(10, 0, 70)))).toEqual([0, 70]);
  });

  it('an explicit later end beats a filled-in one and is not shortened by a heartbeat', () => {
    expect(span(mergeAlert(report(0, 0, 900), report(10)))).toEqual([0, 900]);
    expect(mergeAlert(report(0, 0, 900), report(10)).timeout).toBe(false);
    expect(span(mergeAlert(report(0, 0), report(10, 0, 60)))).toEqual([0, 60]);
  });

  it('a newer resolved report wins over a later end', () => {
    const merged = mergeAlert(report(0, 0, 900), report(10, 0, 8));
    expect(span(merged)).toEqual([0, 8]);
    expect(alertState(merged, at(10))).toBe('resolved');
  });

  it('of two resolved reports the later end holds', () => {
    expect(span(mergeAlert(report(10, 0, 9), report(20, 0, 5)))).toEqual([0, 9]);
  });

  it('takes the newest annotations, and keeps the context', () => {
    const old = { ...report(0, 0, 60, { annotations: { summary: 'old' } }), context: { incident: 'INC-1' } };
    const merged = mergeAlert(old, report(10, 0, 70, { annotations: { summary: 'new' } }));
    expect(merged).toMatchObject({
      annotations: { summary: 'new' },
      context: { incident: 'INC-1' },
      updatedAt: at(10),
    });
  });

  it('a report that starts after the end of the last firing is a new firing', () => {
    const merged = mergeAlert(report(10, 0, 10), report(60, 50, 120));
    expect(span(merged)).toEqual([50, 120]);
  });

  it('a stale alert of the detector is the same firing when it is heard of again', () => {
    const old = report(0, 0, 40, { labels: detectorLabels('lag', 's') });
    expect(span(mergeAlert(old, report(600, 590, 640, { labels: detectorLabels('lag', 's') })))).toEqual([0, 640]);
  });

  it('a dismissal holds against heartbeats, ends with the resolve or with a new start', () => {
    const dismissed = { ...report(0, 0, 60), dismissedAt: at(20) };
    expect(mergeAlert(dismissed, report(30, 0, 90)).dismissedAt).toBe(at(20));
    expect(mergeAlert(dismissed, report(30, 0, 30)).dismissedAt).toBe(0);
    expect(mergeAlert(dismissed, report(30, 25, 90)).dismissedAt).toBe(0);
  });
});

describe('alertState', () => {
  const detector = { labels: detectorLabels('lag', 's') };
  it.each<[string, LiveAlert, number, number, string]>([
    ['before its end', report(0, 0, 60), 59, 0, 'firing'],
    ['at its end', report(0, 0, 60), 60, 0, 'resolved'],
    ['said to be over', report(60, 0, 60), 60, 0, 'resolved'],
    ['the detector silent', report(0, 0, 60, detector), 60, 0, 'stale'],
    ['the detector said so', report(60, 0, 60, detector), 60, 0, 'resolved'],
    ['expired shortly after a start', report(0, 0, 60), 60, 100, 'firing'],
    ['expired after the grace', report(0, 0, 60), 100, 100, 'resolved'],
    ['said to be over, in the grace', report(60, 0, 60), 60, 100, 'resolved'],
  ])('%s', (_name, alert, now, grace, state) => {
    expect(alertState(alert, at(now), at(grace))).toBe(state);
  });

  it('a dismissed alert is resolved, at the time of its dismissal', () => {
    const alert = { ...report(0, 0, 600), dismissedAt: at(30) };
    expect(alertState(alert, at(31))).toBe('resolved');
    expect(resolvedAt(alert)).toBe(at(30));
    expect(resolvedAt(report(60, 0, 50))).toBe(at(50));
  });
});

it('context lies beneath the labels and is not identity', () => {
  const alert = { ...report(0), context: { pipeline: 'default', alertname: 'other' } };
  expect(alertView(alert)).toEqual({ alertname: 'A', pipeline: 'default' });
  expect(alert.fingerprint).toBe(fingerprint(labels));
});
