import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { describeConfig } from '../../alerting/describe.ts';
import { configErrors, parseConfig } from './harness.ts';

describe('alertingConfig', () => {
  it('takes nothing at all: one root route to a receiver without destinations', () => {
    const config = parseConfig({});
    expect(config).toMatchObject({
      listen: { host: '127.0.0.1', port: 9093 },
      external_url: 'http://127.0.0.1:8080',
      global: { resolve_timeout: 300_000 },
      route: { matchers: [], routes: [] },
      receivers: [{ name: 'default', webhook_configs: [], slack_configs: [], pagerduty_configs: [] }],
      incidents: { window: 600_000, resolve_hold: 30_000, onset: 60_000 },
      maintenance: [],
    });
  });

  it('takes the spelling of an Alertmanager file', () => {
    const text = `
global:
  resolve_timeout: 10m
  slack_api_url: https://hooks.slack.example/services/a/b/c
route:
  receiver: team
  group_by: [alertname, cluster]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 3h
  routes:
    - matchers: ['severity="critical"', 'service=~"api|db"']
      receiver: pager
      continue: true
      active_time_intervals: [office]
    - matchers: [severity=notice]
      mute_time_intervals: [office, nights]
receivers:
  - name: team
    slack_configs: [{ channel: '#data', send_resolved: false }]
  - name: pager
    pagerduty_configs: [{ routing_key_file: /run/secrets/pd }]
    webhook_configs: [{ url: 'http://127.0.0.1:9/hook', max_alerts: 5, http_config: { basic_auth: { username: u, password_file: /p } } }]
time_intervals:
  - name: office
    time_intervals: [{ weekdays: ['monday:friday'], times: [{ start_time: '08:00', end_time: '18:00' }], location: Europe/Zurich }]
  - name: nights
    time_intervals: [{ times: [{ start_time: '22:00', end_time: '24:00' }] }]
inhibit_rules:
  - source_matchers: [severity="critical"]
    target_matchers: [severity=~"warning|notice"]
    equal: [pipeline, stage]
business_hours: office
owners: [{ matchers: ['stage="payments"'], owner: team-pay }]
maintenance:
  - { starts_at: 2026-12-01T00:00:00Z, ends_at: 2026-12-01T02:00:00Z, comment: upgrade }
  - { time_interval: nights, matchers: ['pipeline="batch"'] }
`;
    const config = parseConfig(parse(text));
    expect(config.receivers.map((receiver) => receiver.name)).toEqual(['default', 'team', 'pager']);
    expect(config.receivers[1]?.slack_configs[0]).toMatchObject({
      api_url: 'https://hooks.slack.example/services/a/b/c',
      channel: '#data',
      send_resolved: false,
    });
    expect(config.maintenance[0]).toMatchObject({ starts_at: Date.UTC(2026, 11, 1), comment: 'upgrade' });
  });

  it.each<[string, unknown, string]>([
    [
      'an unknown receiver, deep in the tree',
      { route: { routes: [{ routes: [{ receiver: 'nope' }] }] } },
      'route.routes.0.routes.0.receiver: no receiver is named "nope"; known: default',
    ],
    [
      'a receiver defined twice',
      { receivers: [{ name: 'a' }, { name: 'a' }] },
      'receivers.1.name: "a" is defined twice',
    ],
    [
      'an unknown time interval',
      { route: { routes: [{ mute_time_intervals: ['x'] }] } },
      'route.routes.0.mute_time_intervals.0: no time interval is named "x"',
    ],
    [
      'an unknown active interval',
      { route: { routes: [{ active_time_intervals: ['x'] }] } },
      'route.routes.0.active_time_intervals.0',
    ],
    ['an unknown maintenance interval', { maintenance: [{ time_interval: 'x' }] }, 'maintenance.0.time_interval'],
    ['an unknown business interval', { business_hours: 'x' }, 'business_hours: no time interval'],
    [
      'an interval defined twice',
      {
        time_intervals: [
          { name: 'a', time_intervals: [{}] },
          { name: 'a', time_intervals: [{}] },
        ],
      },
      'time_intervals.1.name',
    ],
    ['a root with matchers', { route: { matchers: ['a="b"'] } }, 'route.matchers: the root route takes every alert'],
    ['a root that continues', { route: { continue: true } }, 'route.continue'],
    [
      'a bad matcher',
      { route: { routes: [{ matchers: ['a'] }] } },
      'route.routes.0.matchers.0: matcher "a": expected one of',
    ],
    ['a bad expression', { inhibit_rules: [{ source_matchers: ['a=~"("'] }] }, 'inhibit_rules.0.source_matchers.0'],
    ['a bad duration', { route: { group_wait: '10 parsecs' } }, 'route.group_wait: "10 parsecs" is not a duration'],
    ['a group_interval of nothing', { route: { group_interval: '0s' } }, 'route.group_interval: must be longer than 0'],
    ['a label grouped by twice', { route: { group_by: ['a', 'a'] } }, 'route.group_by: names a label twice'],
    ['... beside labels', { route: { group_by: ['...', 'a'] } }, 'route.group_by: has "..."'],
    ['an unknown key', { route: { group_byy: ['a'] } }, 'route: Unrecognized key: "group_byy"'],
    [
      'no address of a webhook',
      { receivers: [{ name: 'a', webhook_configs: [{}] }] },
      'receivers.0.webhook_configs.0: needs exactly one of url and url_file',
    ],
    [
      'an address and a file',
      { receivers: [{ name: 'a', webhook_configs: [{ url: 'http://a', url_file: 'b' }] }] },
      'needs exactly one of url and url_file',
    ],
    [
      'an address that is none',
      { receivers: [{ name: 'a', webhook_configs: [{ url: 'ftp://a' }] }] },
      'receivers.0.webhook_configs.0.url',
    ],
    [
      'a routing key of 31',
      { receivers: [{ name: 'a', pagerduty_configs: [{ routing_key: 'x'.repeat(31) }] }] },
      'routing_key: must have 32 characters',
    ],
    [
      'both routing keys',
      { receivers: [{ name: 'a', pagerduty_configs: [{ routing_key: 'x'.repeat(32), routing_key_file: 'b' }] }] },
      'needs exactly one of routing_key',
    ],
    [
      'Slack without any address',
      { receivers: [{ name: 'a', slack_configs: [{ channel: '#c' }] }] },
      'receivers.0.slack_configs.0: needs api_url',
    ],
    [
      'a Slack bot without channel',
      { receivers: [{ name: 'a', slack_configs: [{ app_token: 'xoxb' }] }] },
      'receivers.0.slack_configs.0.channel: is needed',
    ],
    [
      'two Slack secrets',
      { receivers: [{ name: 'a', slack_configs: [{ app_token: 'x', api_url: 'https://b' }] }] },
      'takes only one of',
    ],
    [
      'two global Slack secrets',
      { global: { slack_api_url: 'https://a', slack_app_token: 'x' } },
      'global: takes only one of',
    ],
    [
      'bearer and basic',
      {
        receivers: [
          {
            name: 'a',
            webhook_configs: [
              {
                url: 'http://a',
                http_config: { authorization: { credentials: 'x' }, basic_auth: { username: 'u', password: 'p' } },
              },
            ],
          },
        ],
      },
      'exclude each other',
    ],
    ['maintenance without time', { maintenance: [{ comment: 'x' }] }, 'maintenance.0: needs either'],
    [
      'maintenance with both',
      {
        time_intervals: [{ name: 'n', time_intervals: [{}] }],
        maintenance: [{ time_interval: 'n', starts_at: '2026-01-01T00:00:00Z', ends_at: '2026-01-02T00:00:00Z' }],
      },
      'maintenance.0: needs either',
    ],
    [
      'maintenance backwards',
      { maintenance: [{ starts_at: '2026-01-02T00:00:00Z', ends_at: '2026-01-01T00:00:00Z' }] },
      'starts_at must lie before ends_at',
    ],
    ['a token too short', { listen: { token: 'short' } }, 'listen.token'],
    ['an incident window of nothing', { incidents: { window: '0s' } }, 'incidents.window: must be longer than 0'],
  ])('refuses %s', (_name, value, message) => {
    expect(configErrors(value).join('\n')).toContain(message);
  });

  it('refuses a tree that refers to itself, instead of following it for ever', () => {
    const value = parse('route: &loop\n  routes:\n    - *loop\n');
    expect(configErrors(value)).toEqual([': refers to itself: a YAML alias stands inside its own anchor']);
  });

  it('allows an anchor used twice', () => {
    expect(configErrors(parse('route:\n  routes:\n    - &a { matchers: [a=b] }\n    - *a\n'))).toEqual([]);
  });
});

describe('describeConfig', () => {
  it('tells tools the tree and no secret', () => {
    const text = describeConfig(
      parseConfig({
        route: { receiver: 'a', routes: [{ matchers: ['x=~"y|z"'], group_by: ['x'] }] },
        receivers: [{ name: 'a', webhook_configs: [{ url: 'http://secret.example/token' }] }],
        inhibit_rules: [{ source_matchers: ['a=b'], target_matchers: ['c=d'], equal: ['e'] }],
      }),
    );
    expect(text).not.toContain('secret');
    expect(parse(text)).toEqual({
      global: { resolve_timeout: '5m' },
      route: {
        receiver: 'a',
        group_by: ['incident'],
        group_wait: '10s',
        group_interval: '1m',
        repeat_interval: '4h',
        routes: [
          {
            receiver: 'a',
            matchers: ['x=~"y|z"'],
            group_by: ['x'],
            group_wait: '10s',
            group_interval: '1m',
            repeat_interval: '4h',
            continue: false,
          },
        ],
      },
      receivers: [{ name: 'default' }, { name: 'a' }],
      inhibit_rules: [{ source_matchers: ['a="b"'], target_matchers: ['c="d"'], equal: ['e'] }],
    });
  });
});
