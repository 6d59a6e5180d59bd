import { describe, expect, it } from 'vitest';
import { type IncidentRecord, Incidents } from '../../alerting/correlate.ts';
import { openAlertingDatabase } from '../../alerting/database.ts';
import type { Incident } from '../../core/incident.ts';
import { detectorLabels, NOON, startScenario } from './harness.ts';

const CONFIG = { incidents: { window: '10m', resolve_hold: '30s', onset: '60s' } };
const lag = detectorLabels('lag', 'enrichment', { topic: 'orders' });
const errors = detectorLabels('error_ratio', 'payments', { severity: 'critical' });
const slow = detectorLabels('dependency_p95', 'warehouse-sink', { dependency: 'warehouse' });

type Story = ReturnType<typeof startScenario>;
const incident = (story: Story, id: string) => story.engine.findIncident(id) as Incident;
const members = (story: Story, id: string) => incident(story, id).alerts.map((alert) => alert.labels['signal']);
const fire = (story: Story, labels: Record<string, string>, annotations = {}) =>
  story.post(labels, { from: story.seconds(), until: story.seconds() + 100_000, annotations });
const end = (story: Story, labels: Record<string, string>) => story.post(labels, { from: 0, until: story.seconds() });

describe('an incident', () => {
  it('takes alerts of its pipeline within the window of the last one, and no others', async () => {
    await using story = startScenario(CONFIG);
    fire(story, lag);
    await story.at(500);
    fire(story, errors);
    await story.at(1000);
    fire(story, slow);
    fire(story, { ...errors, pipeline: 'returns' });
    await story.at(1010);
    expect(members(story, 'INC-1')).toEqual(['lag', 'error_ratio', 'dependency_p95']);
    expect(incident(story, 'INC-2').pipeline).toBe('returns');
    await story.at(1700);
    fire(story, detectorLabels('freshness', 'warehouse-sink'));
    await story.at(1710);
    expect(members(story, 'INC-3')).toEqual(['freshness']);
  });

  it('takes the alert that a limit was crossed, however long it was warned of before', async () => {
    await using story = startScenario(CONFIG);
    const warning = { ...lag, alertname: 'LimitAhead', severity: 'warning' };
    fire(story, warning, {
      summary: 'enrichment: lag on orders reaches 900 in about 25 min (chance 80 % within 30 min)',
    });
    await story.at(1500);
    expect(incident(story, 'INC-1')).toMatchObject({ severity: 'warning', culprit: 'enrichment' });
    fire(story, { ...lag, severity: 'critical' });
    fire(story, errors);
    await story.at(1510);
    expect(members(story, 'INC-1')).toEqual(['lag', 'lag', 'error_ratio']);
    expect(incident(story, 'INC-1')).toMatchObject({ severity: 'critical', state: 'open' });
    end(story, warning);
    await story.at(1600);
    expect(incident(story, 'INC-1').state).toBe('open');
  });

  it('does not take the alert of another series so late, nor one of the same once that has resolved', async () => {
    await using story = startScenario(CONFIG);
    fire(story, { ...lag, alertname: 'LimitAhead' });
    await story.at(1500);
    fire(story, { ...lag, topic: 'refunds' });
    await story.at(1510);
    expect(members(story, 'INC-2')).toEqual(['lag']);
    expect(incident(story, 'INC-2').alerts[0]?.labels['topic']).toBe('refunds');
  });

  it('is resolved once all its alerts have been for resolve_hold', async () => {
    await using story = startScenario(CONFIG);
    fire(story, lag);
    fire(story, errors);
    await story.at(60);
    end(story, lag);
    await story.at(200);
    expect(incident(story, 'INC-1').state).toBe('open');
    end(story, errors);
    await story.at(225);
    expect(incident(story, 'INC-1').state).toBe('open');
    await story.at(232);
    expect(incident(story, 'INC-1')).toMatchObject({ state: 'resolved', resolvedAt: NOON + 230_000 });
    expect(incident(story, 'INC-1').alerts.map((alert) => (alert.resolvedAt - NOON) / 1000)).toEqual([60, 200]);
    expect(incident(story, 'INC-1').timeline.map((entry) => entry.kind)).toEqual([
      'opened',
      'alert_firing',
      'alert_firing',
      'alert_resolved',
      'alert_resolved',
      'resolved',
    ]);
  });

  it('comes to matter more with the priority of an alert, which is the same alert, and no less until it is over', async () => {
    await using story = startScenario(CONFIG);
    const words = { value: '40', expected: '10' };
    fire(story, lag, words);
    await story.at(10);
    expect(incident(story, 'INC-1').severity).toBe('warning');
    fire(story, lag, { ...words, value: '30', priority: 'critical' });
    await story.at(20);
    expect(incident(story, 'INC-1')).toMatchObject({
      severity: 'critical',
      alerts: [{ annotations: { value: '40' } }],
    });
    expect(incident(story, 'INC-1').alerts).toHaveLength(1);
    fire(story, lag, { ...words, value: '90' });
    await story.at(30);
    expect(incident(story, 'INC-1').severity).toBe('critical');
    fire(story, lag, { ...words, value: '95', priority: 'whatever' });
    await story.at(40);
    expect(incident(story, 'INC-1').severity).toBe('critical');
  });

  it('is not resolved by an alert that flaps within resolve_hold', async () => {
    await using story = startScenario(CONFIG);
    fire(story, lag);
    await story.at(60);
    end(story, lag);
    await story.at(80);
    fire(story, lag);
    await story.at(300);
    expect(incident(story, 'INC-1').state).toBe('open');
    expect(story.engine.listIncidents(['open'], 10)).toHaveLength(1);
  });

  it('reopens within the window, with the culprit of the new life', async () => {
    await using story = startScenario(CONFIG);
    fire(story, slow, { value: '0.3', expected: '0.02' });
    await story.at(60);
    end(story, slow);
    await story.at(120);
    story.engine.note('INC-1', 'ines', 'index added');
    await story.at(400);
    fire(story, errors, { value: '0.31', expected: '0' });
    await story.at(410);
    expect(incident(story, 'INC-1')).toMatchObject({
      state: 'open',
      culprit: 'payments',
      severity: 'critical',
      resolvedAt: 0,
    });
    expect(incident(story, 'INC-1').timeline.map((entry) => entry.kind)).toContain('reopened');
  });

  it('later than the window is another incident', async () => {
    await using story = startScenario(CONFIG);
    fire(story, lag);
    await story.at(60);
    end(story, lag);
    await story.at(800);
    fire(story, lag);
    await story.at(810);
    expect(story.engine.listIncidents(['open', 'resolved'], 10).map((one) => [one.id, one.state])).toEqual([
      ['INC-2', 'open'],
      ['INC-1', 'resolved'],
    ]);
  });

  it('has the worst severity of its alerts, in its present life', async () => {
    await using story = startScenario(CONFIG);
    fire(story, { ...lag, severity: 'notice' });
    await story.at(5);
    expect(incident(story, 'INC-1').severity).toBe('notice');
    fire(story, errors);
    await story.at(10);
    expect(incident(story, 'INC-1').severity).toBe('critical');
    end(story, errors);
    fire(story, detectorLabels('latency_p95', 'payments'));
    await story.at(20);
    expect(incident(story, 'INC-1').severity).toBe('critical');
    end(story, detectorLabels('latency_p95', 'payments'));
    end(story, { ...lag, severity: 'notice' });
    await story.at(100);
    fire(story, detectorLabels('freshness', 'payments'));
    await story.at(110);
    expect(incident(story, 'INC-1')).toMatchObject({ state: 'open', severity: 'warning' });
  });

  it('keeps the worst numbers of an alert on its way back to normal', async () => {
    await using story = startScenario(CONFIG);
    fire(story, errors, { value: '0.1', expected: '0' });
    await story.at(10);
    fire(story, errors, { value: '0.31', expected: '0' });
    await story.at(20);
    fire(story, errors, { value: '0.01', expected: '0' });
    await story.at(30);
    expect(incident(story, 'INC-1').title).toBe('payments fails 31\u202f% of its work');
  });

  it('writes its timeline once, however often alerts are repeated', async () => {
    await using story = startScenario(CONFIG);
    for (let t = 0; t < 200; t += 10) {
      story.post(lag, { from: 0, until: t + 40 });
      await story.at(t + 10);
    }
    expect(incident(story, 'INC-1').timeline).toHaveLength(2);
  });

  it('resolved by a person is told as resolved, though its alerts go on', async () => {
    await using story = startScenario(CONFIG);
    fire(story, lag);
    await story.at(20);
    story.engine.resolve('INC-1', 'ines');
    await story.at(40);
    expect(story.engine.liveAlerts()).toEqual([]);
    fire(story, errors);
    await story.at(50);
    expect(incident(story, 'INC-1')).toMatchObject({ state: 'open', culprit: 'payments' });
    expect(incident(story, 'INC-1').timeline.at(-1)).toMatchObject({ kind: 'alert_firing' });
  });
});

describe('the record', () => {
  it('of an incident long over can still be noted, and its timeline is bounded', () => {
    const database = openAlertingDatabase(':memory:');
    const incidents = new Incidents(database, { window: 600_000, resolveHold: 30_000, onset: 60_000 }, [], 41);
    const alert = {
      fingerprint: 'f',
      labels: lag,
      annotations: {},
      context: {},
      startsAt: NOON,
      endsAt: NOON + 1,
      updatedAt: NOON,
      timeout: false,
      generatorURL: '',
      dismissedAt: 0,
      recordedState: '' as const,
    };
    const id = incidents.assign(alert, 'orders', '', NOON);
    expect(id).toBe('INC-42');
    incidents.resolve(id, 'ines', NOON + 1);
    incidents.settle(() => undefined, NOON + 3_600_000);
    for (let i = 0; i < 600; i++) incidents.note(id, 'ines', `n${i}`, NOON + 3_600_000 + i);
    const record = database.findIncident(id) as IncidentRecord;
    expect(record.timeline).toHaveLength(500);
    expect(record.timeline.at(-1)?.text).toBe('ines: n599');
    expect(() => incidents.note('INC-1', 'ines', 'x', NOON)).toThrow(/not found/);
    database.close();
  });

  it('names the culprit by the topology when there is one', () => {
    const database = openAlertingDatabase(':memory:');
    const incidents = new Incidents(database, { window: 600_000, resolveHold: 30_000, onset: 60_000 }, [], 0);
    incidents.edgesOf = (pipeline) => (pipeline === 'orders' ? [{ from: 'gateway', to: 'payments' }] : []);
    const alert = (stage: string, startsAt: number) => ({
      fingerprint: stage,
      labels: detectorLabels('output', stage),
      annotations: { value: '0', expected: '100' },
      context: {},
      startsAt,
      endsAt: startsAt + 60_000,
      updatedAt: startsAt,
      timeout: false,
      generatorURL: '',
      dismissedAt: 0,
      recordedState: '' as const,
    });
    incidents.assign(alert('payments', NOON), 'orders', '', NOON);
    const id = incidents.assign(alert('gateway', NOON + 20_000), 'orders', '', NOON + 20_000);
    expect(incidents.find(id)).toMatchObject({
      culprit: 'gateway',
      title: 'gateway stopped producing',
      reason: expect.stringContaining('Also affected: payments.'),
    });
    database.close();
  });
});
