import { describe, expect, test } from 'vitest';
import { type Reader, whereabouts } from '../../pipelines/conservation-left.ts';
import type { GroupLagRow } from '../../store/queries/group-lags.ts';
import type { ServiceSeen } from '../../store/queries/ingest.ts';

const NOW = Date.UTC(2026, 5, 1, 12);
const reader: Reader = { pipeline: 'shop', service: 'billing', destination: 'orders', group: 'billing' };
const seen = (ago: number, service = 'billing', pipeline = 'shop'): ServiceSeen => ({
  ...{ pipeline, service, consoleUrl: '', firstSeen: NOW - 3_600_000, lastSeen: NOW - ago },
});
const row = (over: Partial<GroupLagRow>) =>
  ({ cluster: 'main', group: 'billing', topic: 'orders', state: 'healthy', members: 2, ...over }) as GroupLagRow;
const where = (groups: readonly GroupLagRow[], services: readonly ServiceSeen[] = [seen(10_000)]) =>
  whereabouts(reader, groups, services, NOW);

describe('who reads', () => {
  test.each([
    ['members that keep up', [row({})], ''],
    ['members that stand', [row({ state: 'stuck' })], ''],
    ['a group of which no members are reported', [row({ members: Number.NaN })], ''],
    ['no members', [row({ members: 0 })], 'the group billing has no members'],
    ['a dead group', [row({ state: 'dead', members: Number.NaN })], 'the group billing has no members'],
    ['members in one of two clusters', [row({ members: 0 }), row({ cluster: 'other' })], ''],
    ['a group of that name on another topic', [row({ topic: 'payments', members: 0 })], undefined],
    ['another group on the topic', [row({ group: 'audit', members: 0 })], undefined],
    ['a broker that is away', [row({ state: 'unknown' }), row({ group: 'audit', state: 'unknown' })], undefined],
    [
      'a group the broker has forgotten',
      [row({ state: 'unknown', members: 0 }), row({ group: 'audit' })],
      'the broker tells of no group billing any more',
    ],
    [
      'a broker that is away, and another',
      [row({ state: 'unknown' }), row({ group: 'audit', cluster: 'b' })],
      undefined,
    ],
    ['no broker', [], undefined],
  ] as const)('%s', (_name, groups, told) => {
    expect(where(groups)).toBe(told);
  });

  test('a service that says nothing is not there, whatever its group does; another of its name in another pipeline does not count', () => {
    const silent = 'the service billing sends no telemetry any more';
    expect(where([], [seen(310_000)])).toBe(silent);
    expect(where([], [])).toBe(silent);
    expect(where([row({})], [seen(310_000), seen(0, 'billing', 'staging'), seen(0, 'mailer')])).toBe(silent);
    expect(where([], [seen(290_000)])).toBeUndefined();
    expect(where([row({ members: 0 })], [])).toBe('the group billing has no members');
  });
});
