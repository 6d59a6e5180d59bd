import { describe, expect, it } from 'vitest';
import { alertContext, maintenanceConfig, ownerConfig } from '../../alerting/context.ts';
import { namedIntervalConfig } from '../../alerting/intervals.ts';
import type { Alert } from '../../core/alert.ts';
import { fingerprint, type Labels } from '../../core/labels.ts';
import { NOON } from './harness.ts';

const intervals = [
  { name: 'office', time_intervals: [{ times: [{ start_time: '08:00', end_time: '18:00' }] }] },
  { name: 'nights', time_intervals: [{ times: [{ start_time: '22:00', end_time: '24:00' }] }] },
].map((one) => namedIntervalConfig.parse(one));
const named = new Map(intervals.map((one) => [one.name, one.time_intervals]));

const rules = {
  maintenance: [
    {
      matchers: ['pipeline="orders"', 'owner=""'],
      starts_at: '2026-11-17T13:00:00Z',
      ends_at: '2026-11-17T14:00:00Z',
      comment: 'upgrade',
    },
    { matchers: ['pipeline="batch"'], time_interval: 'nights' },
  ].map((one) => maintenanceConfig.parse(one)),
  owners: [
    { matchers: ['stage="payments"'], owner: 'team-pay' },
    { matchers: ['pipeline=~"orders|returns"'], owner: 'team-data' },
  ].map((one) => ownerConfig.parse(one)),
  business_hours: 'office',
};

function context(labels: Labels, hours = 0, incident = 'INC-1', with_ = rules as Partial<typeof rules>): Labels {
  const now = NOON + hours * 3_600_000;
  const alert: Alert = {
    fingerprint: fingerprint(labels),
    labels,
    annotations: {},
    context: {},
    startsAt: now,
    endsAt: now,
    updatedAt: now,
    timeout: false,
    generatorURL: '',
  };
  return alertContext(alert, incident, { maintenance: [], owners: [], ...with_ }, named, now);
}

describe('alertContext', () => {
  it('names pipeline, stage, incident, the first owner that fits, and business time', () => {
    expect(context({ pipeline: 'orders', stage: 'payments' })).toEqual({
      pipeline: 'orders',
      stage: 'payments',
      incident: 'INC-1',
      owner: 'team-pay',
      business_hours: 'true',
    });
    expect(context({ pipeline: 'orders', stage: 'gateway' }, 8)).toMatchObject({
      owner: 'team-data',
      business_hours: 'false',
    });
  });

  it('takes the service for the stage, and default for the pipeline', () => {
    expect(context({ service: 'db' }, 0, '', {})).toEqual({ pipeline: 'default', stage: 'db' });
  });

  it.each<[string, Labels, number, string | undefined]>([
    ['before the window', { pipeline: 'orders' }, 0.9, undefined],
    ['at its start', { pipeline: 'orders' }, 1, 'upgrade'],
    ['at its end', { pipeline: 'orders' }, 2, undefined],
    ['another pipeline', { pipeline: 'returns' }, 1.5, undefined],
    ['a time interval, without a comment', { pipeline: 'batch' }, 10.5, 'true'],
    ['outside the time interval', { pipeline: 'batch' }, 9.5, undefined],
  ])('maintenance: %s', (_name, labels, hours, expected) => {
    expect(context(labels, hours)['maintenance']).toBe(expected);
  });
});

describe('what is declared', () => {
  const of = (labels: Labels, rulesOf: Partial<typeof rules> = {}) => {
    const alert = {
      fingerprint: fingerprint(labels),
      labels,
      annotations: {},
      context: {},
      startsAt: NOON,
      endsAt: NOON,
      updatedAt: NOON,
      timeout: false,
      generatorURL: '',
    };
    const declared = { pipeline: 'shop', owner: 'shop-team', criticality: 'high' } as const;
    return alertContext(alert, '', { maintenance: [], owners: [], ...rulesOf }, named, NOON, declared);
  };

  it('gives owner, criticality and the pipeline of what names none', () => {
    expect(of({ stage: 'checkout' })).toMatchObject({ pipeline: 'shop', owner: 'shop-team', criticality: 'high' });
  });

  it('comes after the rules that name an owner', () => {
    expect(of({ stage: 'payments' }, { owners: rules.owners })).toMatchObject({
      owner: 'team-pay',
      criticality: 'high',
    });
  });
});

it('has the priority that an alert has come to be worth, if it is one', () => {
  const labels = { pipeline: 'orders' };
  const base = { fingerprint: fingerprint(labels), labels, context: {}, startsAt: NOON, endsAt: NOON, updatedAt: NOON };
  const told = (priority: string) =>
    alertContext({ ...base, annotations: { priority }, timeout: false, generatorURL: '' }, '', rules, named, NOON);
  expect(told('critical')['priority']).toBe('critical');
  expect(told('a lot')).not.toHaveProperty('priority');
});
