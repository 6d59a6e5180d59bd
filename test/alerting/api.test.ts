import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_BODY } from '../../alerting/http.ts';
import type { Incident } from '../../core/incident.ts';
import { call, get, iso, start, stop, story } from './api-client.ts';
import { NOON } from './harness.ts';

beforeEach(() => start());
afterEach(() => stop());

interface Shown {
  labels: Record<string, string>;
  fingerprint: string;
  status: { state: string; silencedBy: string[]; inhibitedBy: string[]; mutedBy: string[] };
  receivers: { name: string }[];
}
const names = (alerts: readonly Shown[]) => alerts.map((alert) => alert.labels['alertname']).sort();

function silence(more: object = {}): object {
  return {
    matchers: [{ name: 'alertname', value: 'Leaf', isRegex: false, isEqual: true }],
    startsAt: iso(0),
    endsAt: iso(3600),
    createdBy: 'ines',
    comment: 'known',
    ...more,
  };
}

describe('GET /api/v2/status', () => {
  it('has every required field, and a configuration tools can read', async () => {
    const { status, value } = await get<{ config: { original: string } }>('/api/v2/status');
    expect(status).toBe(200);
    expect(value).toMatchObject({
      cluster: { status: 'disabled' },
      versionInfo: {
        version: expect.any(String),
        revision: expect.any(String),
        branch: '',
        buildUser: '',
        buildDate: '',
        goVersion: '',
      },
      uptime: iso(0),
    });
    expect(value.config.original).toContain('receiver: team');
    expect((await get('/api/v2/receivers')).value).toEqual([{ name: 'default' }, { name: 'team' }, { name: 'pager' }]);
  });
});

describe('POST /api/v2/alerts', () => {
  it('answers 200 with nothing, and the alert can be read at once', async () => {
    const answer = await call('POST', '/api/v2/alerts', [
      {
        labels: { alertname: 'A', empty: '' },
        annotations: { summary: 's' },
        startsAt: iso(-10),
        endsAt: iso(60),
        generatorURL: 'http://g',
      },
    ]);
    expect([answer.status, answer.text]).toEqual([200, '']);
    const { value } = await get<Shown[]>('/api/v2/alerts');
    expect(value).toEqual([
      {
        labels: { alertname: 'A' },
        annotations: { summary: 's' },
        context: {},
        receivers: [{ name: 'team' }],
        fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
        startsAt: iso(-10),
        updatedAt: iso(0),
        endsAt: iso(60),
        generatorURL: 'http://g',
        status: { state: 'active', silencedBy: [], inhibitedBy: [], mutedBy: [] },
      },
    ]);
  });

  it('fills in what is missing: now, and resolve_timeout', async () => {
    await call('POST', '/api/v2/alerts', [
      { labels: { alertname: 'A' } },
      { labels: { alertname: 'B' }, startsAt: '0001-01-01T00:00:00Z', endsAt: '0001-01-01T00:00:00Z' },
    ]);
    const { value } = await get<object[]>('/api/v2/alerts');
    expect(value).toMatchObject([
      { startsAt: iso(0), endsAt: iso(300) },
      { startsAt: iso(0), endsAt: iso(300) },
    ]);
  });

  it('stores the valid ones of a batch and names the others by path', async () => {
    const { status, value } = await call<string>('POST', '/api/v2/alerts', [
      { labels: { alertname: 'Good' } },
      { labels: { empty: '' } },
      { labels: { alertname: 7 } },
      { labels: { alertname: 'Backwards' }, startsAt: iso(10), endsAt: iso(5) },
      { labels: { alertname: 'When' }, startsAt: 'yesterday' },
      'nothing',
    ]);
    expect(status).toBe(400);
    for (const path of [
      '1.labels: at least one label',
      '2.labels.alertname:',
      '3.endsAt: lies before startsAt',
      '4.startsAt:',
      '5:',
    ]) {
      expect(value).toContain(path);
    }
    expect(names((await get<Shown[]>('/api/v2/alerts')).value)).toEqual(['Good']);
  });

  it.each<[string, unknown, Record<string, string>, number]>([
    ['no list', { labels: {} }, {}, 400],
    ['no JSON', '[{', {}, 400],
    ['text', '[]', { 'content-type': 'text/plain' }, 415],
    ['an unknown encoding', '[]', { 'content-encoding': 'br' }, 415],
    ['broken gzip', '[]', { 'content-encoding': 'gzip' }, 400],
  ])('%s is refused', async (_name, body, headers, status) => {
    const answer = await call<string>('POST', '/api/v2/alerts', body, headers);
    expect(answer.status).toBe(status);
    expect(typeof answer.value).toBe('string');
  });

  it('takes gzip, and refuses what is too large however it is packed', async () => {
    const body = gzipSync(JSON.stringify([{ labels: { alertname: 'Packed' } }]));
    expect((await call('POST', '/api/v2/alerts', body, { 'content-encoding': 'gzip' })).status).toBe(200);
    const bomb = gzipSync(Buffer.alloc(MAX_BODY + 1, ' '));
    expect((await call('POST', '/api/v2/alerts', bomb, { 'content-encoding': 'gzip' })).status).toBe(413);
    expect(names((await get<Shown[]>('/api/v2/alerts')).value)).toEqual(['Packed']);
  });

  it('answers any JSON with 200 or 400, never with 500', async () => {
    const wild = fc.oneof(
      fc.jsonValue(),
      fc.array(
        fc.record(
          {
            labels: fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.jsonValue())),
            startsAt: fc.oneof(fc.string(), fc.constant(iso(0))),
            endsAt: fc.jsonValue(),
          },
          { requiredKeys: [] },
        ),
      ),
    );
    await fc.assert(
      fc.asyncProperty(wild, async (value) => {
        const { status } = await call('POST', '/api/v2/alerts', value);
        expect([200, 400]).toContain(status);
      }),
      { numRuns: 150 },
    );
    await story.at(30);
  });
});

describe("Prometheus' way of posting", () => {
  /** What Prometheus 2.42 posted for one rule that fired and was over after a while, and one that always fires. */
  const recorded = readFileSync(join(import.meta.dirname, 'fixtures', 'prometheus-2.42.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { at: string; headers: Record<string, string>; body: string });
  const secondsOf = (time: string) => (Date.parse(time) - NOON) / 1000;

  it('works as recorded: repetition keeps it firing, endsAt resolves it, repeated resolves change nothing', async () => {
    const first = recorded[0] as (typeof recorded)[number];
    story.skip(Math.floor(secondsOf(first.at)));
    const seen: string[] = [];
    for (const { at, headers, body } of recorded) {
      await story.at(Math.ceil(secondsOf(at)));
      const answer = await call('POST', '/api/v2/alerts', body, headers);
      expect([answer.status, answer.text]).toEqual([200, '']);
      const now = names((await get<Shown[]>('/api/v2/alerts')).value).join('+');
      if (seen.at(-1) !== now) seen.push(now);
    }
    expect(seen).toEqual(['KafkaConsumerLag', 'KafkaConsumerLag+Watchdog', 'Watchdog']);
    const { value } = await get<Shown[]>('/api/v2/alerts');
    expect(value[0]?.labels).toEqual({ alertname: 'Watchdog', cluster: 'eu-1', severity: 'none' });
    const incident = (await get<Incident[]>('/api/incidents')).value[0];
    const members = incident?.alerts.map((alert) => [alert.labels['alertname'], alert.resolvedAt !== 0]);
    expect(members?.sort()).toEqual([
      ['KafkaConsumerLag', true],
      ['Watchdog', false],
    ]);
    // It falls silent: what it last said holds to its endsAt.
    await story.at(story.seconds() + 60);
    expect((await get('/api/v2/alerts')).value).toEqual([]);
  });
});

describe('GET /api/v2/alerts', () => {
  beforeEach(async () => {
    const post = (alertname: string, more = {}) =>
      story.post({ alertname, cluster: 'eu', ...more }, { from: -60, until: 600 });
    post('Root');
    post('Leaf');
    post('Silenced');
    post('Pager', { severity: 'critical' });
    await call(
      'POST',
      '/api/v2/silences',
      silence({ matchers: [{ name: 'alertname', value: 'Silenced|Other', isRegex: true }] }),
    );
    await story.at(5);
  });

  it.each<[string, string[]]>([
    ['', ['Leaf', 'Pager', 'Root', 'Silenced']],
    ['?silenced=false', ['Leaf', 'Pager', 'Root']],
    ['?inhibited=false', ['Pager', 'Root', 'Silenced']],
    ['?active=false', ['Leaf', 'Silenced']],
    ['?silenced=false&inhibited=false&unprocessed=false', ['Pager', 'Root']],
    ['?filter=alertname=~"R.*|L.*"', ['Leaf', 'Root']],
    ['?filter=cluster="eu"&filter=severity=""', ['Leaf', 'Root', 'Silenced']],
    ['?filter=pipeline="default"', ['Leaf', 'Pager', 'Root', 'Silenced']],
    ['?receiver=pager', ['Pager']],
    ['?receiver=te.*', ['Leaf', 'Root', 'Silenced']],
    ['?receiver=te', []],
  ])('%s', async (query, expected) => {
    const { status, value } = await get<Shown[]>(`/api/v2/alerts${query}`);
    expect(status).toBe(200);
    expect(names(value)).toEqual(expected);
  });

  it('says what suppresses an alert', async () => {
    const { value } = await get<Shown[]>('/api/v2/alerts');
    const find = (name: string) => value.find((alert) => alert.labels['alertname'] === name) as Shown;
    expect(find('Leaf').status).toEqual({
      state: 'suppressed',
      silencedBy: [],
      inhibitedBy: [find('Root').fingerprint],
      mutedBy: [],
    });
    expect(find('Silenced').status).toMatchObject({ state: 'suppressed', silencedBy: [expect.any(String)] });
    expect(find('Root').status.state).toBe('active');
  });

  it('shows a time interval that mutes its route', async () => {
    const evening = 6.5 * 3600;
    story.skip(evening);
    story.post({ alertname: 'Late', severity: 'critical' }, { from: evening - 60, until: evening + 600 });
    await story.at(evening + 5);
    expect((await get<Shown[]>('/api/v2/alerts?filter=alertname=Late')).value[0]?.status).toMatchObject({
      state: 'suppressed',
      mutedBy: ['evening'],
    });
    expect((await get<Shown[]>('/api/v2/alerts?muted=false&filter=alertname=Late')).value).toEqual([]);
  });

  it.each(['?active=perhaps', '?filter=alertname', '?filter=a=~"("', '?receiver=('])(
    '%s is refused with its place',
    async (query) => {
      const { status, value } = await get<string>(`/api/v2/alerts${query}`);
      expect(status).toBe(400);
      expect(value).toMatch(/^query\./);
    },
  );

  it('groups: labels, receiver and alerts, with the same filters', async () => {
    const { value } =
      await get<{ labels: object; receiver: { name: string }; alerts: Shown[] }[]>('/api/v2/alerts/groups');
    expect(value.map((group) => [group.receiver.name, group.labels, names(group.alerts)])).toEqual([
      ['team', { incident: 'INC-1' }, ['Leaf', 'Root', 'Silenced']],
      ['pager', { incident: 'INC-1' }, ['Pager']],
    ]);
    const filtered = await get<{ alerts: Shown[] }[]>(
      '/api/v2/alerts/groups?receiver=team&silenced=false&inhibited=false',
    );
    expect(filtered.value.map((group) => names(group.alerts))).toEqual([['Root']]);
  });
});

describe('silences', () => {
  it('are made, read, filtered, updated and expired', async () => {
    const made = await call<{ silenceID: string }>('POST', '/api/v2/silences', silence());
    expect(made.status).toBe(200);
    const id = made.value.silenceID;
    expect((await get(`/api/v2/silence/${id}`)).value).toMatchObject({
      id,
      status: { state: 'active' },
      matchers: [{ name: 'alertname', value: 'Leaf', isRegex: false, isEqual: true }],
      createdBy: 'ines',
      comment: 'known',
      startsAt: iso(0),
      endsAt: iso(3600),
      updatedAt: iso(0),
    });
    const kept = await call<{ silenceID: string }>('POST', '/api/v2/silences', silence({ id, endsAt: iso(7200) }));
    expect(kept.value.silenceID).toBe(id);
    const pending = await call<{ silenceID: string }>('POST', '/api/v2/silences', silence({ startsAt: iso(600) }));
    expect((await get<object[]>('/api/v2/silences?active=false')).value).toMatchObject([
      { id: pending.value.silenceID, status: { state: 'pending' } },
    ]);
    expect((await get<object[]>('/api/v2/silences?filter=alertname=~"Le.*"')).value).toHaveLength(2);
    expect((await get<object[]>('/api/v2/silences?filter=alertname="Root"')).value).toEqual([]);
    expect((await call('DELETE', `/api/v2/silence/${id}`)).status).toBe(200);
    expect((await get(`/api/v2/silence/${id}`)).value).toMatchObject({ status: { state: 'expired' }, endsAt: iso(0) });
    expect((await call('DELETE', `/api/v2/silence/${id}`)).status).toBe(200);
    const order = await get<{ status: { state: string } }[]>('/api/v2/silences');
    expect(order.value.map((one) => one.status.state)).toEqual(['pending', 'expired']);
  });

  it.each<[string, object, string]>([
    ['no matchers', { matchers: [] }, 'matchers:'],
    [
      'only matchers of nothing',
      { matchers: [{ name: 'a', value: '.*', isRegex: true }] },
      'matchers: at least one must not match',
    ],
    ['a bad expression', { matchers: [{ name: 'a', value: '(', isRegex: true }] }, 'matchers.0:'],
    ['no name', { matchers: [{ name: '', value: 'x', isRegex: false }] }, 'matchers.0.name:'],
    ['an end before the start', { endsAt: iso(-60) }, 'endsAt:'],
    ['an end in the past', { startsAt: iso(-600), endsAt: iso(-60) }, 'endsAt: must lie in the future'],
    ['no time', { startsAt: 'now' }, 'startsAt:'],
    ['no author', { createdBy: undefined }, 'createdBy:'],
  ])('%s is refused with its place', async (_name, more, message) => {
    const { status, value } = await call<string>('POST', '/api/v2/silences', silence(more));
    expect(status).toBe(400);
    expect(value.startsWith(message)).toBe(true);
  });

  it('an unknown one is 404', async () => {
    expect((await get('/api/v2/silence/none')).status).toBe(404);
    expect((await call('DELETE', '/api/v2/silence/none')).status).toBe(404);
    expect((await call('POST', '/api/v2/silences', silence({ id: 'none' }))).status).toBe(404);
  });
});
