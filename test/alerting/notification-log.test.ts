import { describe, expect, it } from 'vitest';
import { decideNotification, type LogEntry, NotificationLog } from '../../alerting/notification-log.ts';
import { backoff } from '../../alerting/notify.ts';
import { NOON } from './harness.ts';

function entry(firing: string[], resolved: string[] = [], secondsAgo = 0): LogEntry {
  const time = NOON - secondsAgo * 1000;
  return {
    groupKey: 'g',
    integration: 'team/webhook/0',
    receiver: 'team',
    groupLabels: {},
    time,
    firing,
    resolved,
    alerts: [],
    reference: '',
  };
}

describe('decideNotification', () => {
  it.each<[string, LogEntry | undefined, string[], string[], object, string | undefined]>([
    ['nothing told, something fires', undefined, ['a'], [], {}, 'first notification'],
    ['nothing told, only resolved', undefined, [], ['a'], {}, undefined],
    ['nothing told, both', undefined, ['a'], ['b'], {}, 'first notification'],
    ['the same', entry(['a']), ['a'], [], {}, undefined],
    ['one more', entry(['a']), ['a', 'b'], [], {}, 'new alerts added'],
    ['another one instead', entry(['a']), ['b'], ['a'], {}, 'new alerts added'],
    ['fires again after all was resolved', entry([], ['a']), ['a'], [], {}, 'first notification'],
    ['all resolved', entry(['a', 'b']), [], ['a', 'b'], {}, 'all alerts resolved'],
    [
      'all resolved, also where resolves are not sent',
      entry(['a']),
      [],
      ['a'],
      { sendResolved: false },
      'all alerts resolved',
    ],
    ['all resolved, told already', entry([], ['a']), [], ['a'], {}, undefined],
    ['some resolved', entry(['a', 'b']), ['a'], ['b'], {}, 'some alerts resolved'],
    ['some resolved, told already', entry(['a'], ['b']), ['a'], ['b'], {}, undefined],
    ['some resolved, not wanted', entry(['a', 'b']), ['a'], ['b'], { sendResolved: false }, undefined],
    ['just before the repeat', entry(['a'], [], 3599), ['a'], [], {}, undefined],
    ['at the repeat', entry(['a'], [], 3600), ['a'], [], {}, 'repeat interval elapsed'],
    ['acknowledged: no repeat', entry(['a'], [], 9999), ['a'], [], { quiet: true }, undefined],
    ['acknowledged: news all the same', entry(['a'], [], 9999), ['a', 'b'], [], { quiet: true }, 'new alerts added'],
  ])('%s', (_name, told, firing, resolved, more, expected) => {
    const options = { sendResolved: true, repeatInterval: 3_600_000, quiet: false, now: NOON, ...more };
    expect(decideNotification(told, { firing, resolved }, options)).toBe(expected);
  });
});

describe('NotificationLog', () => {
  it('writes through, and forgets only what was told as resolved', () => {
    const stored = new Map<string, LogEntry>();
    const store = {
      saveLogEntry: (one: LogEntry) => void stored.set(one.groupKey, one),
      deleteLogEntry: (one: LogEntry) => void stored.delete(one.groupKey),
    };
    const log = new NotificationLog(store, [{ ...entry(['a'], [], 100), groupKey: 'old' }]);
    log.put({ ...entry([], ['a'], 100), groupKey: 'done' });
    log.put({ ...entry([], ['a'], 10), groupKey: 'fresh' });
    expect(log.find('done', 'team/webhook/0')).toBeDefined();
    expect(log.find('done', 'team/slack/0')).toBeUndefined();
    log.prune(NOON - 50_000);
    expect(log.entries().map((one) => one.groupKey)).toEqual(['old', 'fresh']);
    expect([...stored.keys()]).toEqual(['fresh']);
  });
});

describe('backoff', () => {
  it('starts at half a second, grows by half, ends at a minute, spread by chance', () => {
    expect([1, 2, 3].map((attempts) => backoff(attempts, 0.5))).toEqual([500, 750, 1125]);
    expect(backoff(50, 0.5)).toBe(60_000);
    expect([backoff(1, 0), backoff(1, 1)]).toEqual([250, 750]);
  });
});
