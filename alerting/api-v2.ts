import { WeirError } from '../core/errors.ts';
import type { Labels } from '../core/labels.ts';
import type { Millis } from '../core/time.ts';
import { alertView, type LiveAlert } from './alerts.ts';
import type { AlertingConfig } from './config.ts';
import { describeConfig } from './describe.ts';
import type { Engine } from './engine.ts';
import { json, type Route } from './http.ts';
import { createMatcher, type Matcher, matchesAll, parseMatchers } from './matchers.ts';
import { parseSilence, type Silence, silenceState } from './silences.ts';

function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  if (value === null || value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw new WeirError('alerting_query_invalid', `query.${name}: "${value}" is neither true nor false`);
}

function filters(query: URLSearchParams): Matcher[] {
  return query.getAll('filter').flatMap((text) => {
    try {
      return parseMatchers(text);
    } catch (error) {
      throw new WeirError('alerting_query_invalid', `query.filter: ${(error as WeirError).message}`);
    }
  });
}

/** A regular expression over receiver names, anchored; absent matches all. */
function receiverFilter(query: URLSearchParams): (names: readonly string[]) => boolean {
  const pattern = query.get('receiver');
  if (pattern === null || pattern === '') return () => true;
  let matcher: Matcher;
  try {
    matcher = createMatcher('receiver', '=~', pattern);
  } catch (error) {
    throw new WeirError('alerting_query_invalid', `query.${(error as WeirError).message}`);
  }
  return (names) => names.some(matcher.matches);
}

const iso = (time: Millis) => new Date(time).toISOString();

interface GettableAlert {
  readonly status: {
    state: string;
    silencedBy: readonly string[];
    inhibitedBy: readonly string[];
    mutedBy: readonly string[];
  };
  readonly receivers: readonly { name: string }[];
}

/** An alert as API v2 shows it. Our `stale` is `active` here; context stands beside the labels under its own key. */
function gettable(engine: Engine, alert: LiveAlert, now: Millis): GettableAlert & Record<string, unknown> {
  const routes = engine.dispatcher.routesOf(alert);
  const by = engine.suppression(alert);
  const mutedBy = [...by.mutedBy, ...routes.flatMap((route) => engine.dispatcher.mutedBy(route, now))];
  const suppressed = by.silencedBy.length + by.inhibitedBy.length + mutedBy.length > 0;
  return {
    labels: alert.labels,
    annotations: alert.annotations,
    context: alert.context,
    receivers: [...new Set(routes.map((route) => route.receiver))].map((name) => ({ name })),
    fingerprint: alert.fingerprint,
    startsAt: iso(alert.startsAt),
    updatedAt: iso(alert.updatedAt),
    endsAt: iso(alert.endsAt),
    generatorURL: alert.generatorURL,
    status: {
      state: suppressed ? 'suppressed' : 'active',
      silencedBy: by.silencedBy,
      inhibitedBy: by.inhibitedBy,
      mutedBy: [...new Set(mutedBy)],
    },
  };
}

/** The filters that `GET /alerts` and `GET /alerts/groups` share. */
function alertFilter(query: URLSearchParams): (shown: GettableAlert, view: Labels) => boolean {
  const [active, silenced, inhibited, muted] = ['active', 'silenced', 'inhibited', 'muted'].map((name) =>
    flag(query, name),
  );
  flag(query, 'unprocessed');
  const matchers = filters(query);
  return ({ status }, view) =>
    (active === true || status.state !== 'active') &&
    (silenced === true || status.silencedBy.length === 0) &&
    (inhibited === true || status.inhibitedBy.length === 0) &&
    (muted === true || status.mutedBy.length === 0) &&
    matchesAll(matchers, view);
}

function gettableSilence(silence: Silence, now: Millis): object {
  return {
    id: silence.id,
    status: { state: silenceState(silence, now) },
    updatedAt: iso(silence.updatedAt),
    matchers: silence.matchers,
    startsAt: iso(silence.startsAt),
    endsAt: iso(silence.endsAt),
    createdBy: silence.createdBy,
    comment: silence.comment,
    annotations: silence.annotations,
  };
}

const SILENCE_ORDER = ['active', 'pending', 'expired'];

/** Alertmanager's API, version 2, as amtool, Prometheus, Grafana and karma use it. */
export function apiV2Routes(engine: Engine, config: AlertingConfig, now: () => Millis): Route[] {
  const silenceNow = (silence: Silence) => gettableSilence(silence, now());
  return [
    {
      method: 'GET',
      path: '/api/v2/status',
      handle: () =>
        json(200, {
          cluster: { status: 'disabled', peers: [] },
          versionInfo: { version: '0.1.0', revision: 'weir', branch: '', buildUser: '', buildDate: '', goVersion: '' },
          config: { original: describeConfig(config) },
          uptime: iso(engine.startedAt),
        }),
    },
    {
      method: 'GET',
      path: '/api/v2/receivers',
      handle: () =>
        json(
          200,
          config.receivers.map(({ name }) => ({ name })),
        ),
    },
    {
      method: 'GET',
      path: '/api/v2/alerts',
      handle: ({ query }) => {
        const [keep, receiver] = [alertFilter(query), receiverFilter(query)];
        const shown = engine
          .liveAlerts()
          .map((alert) => ({ alert, shown: gettable(engine, alert, now()) }))
          .filter(
            ({ alert, shown }) => keep(shown, alertView(alert)) && receiver(shown.receivers.map(({ name }) => name)),
          );
        shown.sort((a, b) => (a.alert.fingerprint < b.alert.fingerprint ? -1 : 1));
        return json(
          200,
          shown.map((one) => one.shown),
        );
      },
    },
    {
      method: 'POST',
      path: '/api/v2/alerts',
      handle: ({ body, headers }) => {
        if (!Array.isArray(body)) throw new WeirError('alerting_alert_invalid', 'body: is not a list of alerts');
        const problems = engine.post(body, headers['user-agent'] ?? '');
        if (problems.length === 0) return { status: 200, contentType: 'application/json', body: '' };
        const [shown, rest] = [problems.slice(0, 10), problems.length - 10];
        return json(400, `${shown.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`);
      },
    },
    {
      method: 'GET',
      path: '/api/v2/alerts/groups',
      handle: ({ query }) => {
        const [keep, receiver] = [alertFilter(query), receiverFilter(query)];
        const groups = engine.dispatcher.groups().flatMap((group) => {
          if (!receiver([group.route.receiver])) return [];
          const alerts = [...group.members.values()]
            .filter((member) => member.resolvedAt === 0)
            .map((member) => ({ view: alertView(member.alert), shown: gettable(engine, member.alert, now()) }))
            .filter(({ view, shown }) => keep(shown, view))
            .map(({ shown }) => shown);
          if (alerts.length === 0) return [];
          return [{ labels: group.labels, routeLabels: {}, receiver: { name: group.route.receiver }, alerts }];
        });
        return json(200, groups);
      },
    },
    {
      method: 'GET',
      path: '/api/v2/silences',
      handle: ({ query }) => {
        const states = SILENCE_ORDER.filter((state) => flag(query, state));
        const wanted = filters(query);
        // A silence fits a filter when it has a matcher on that label whose value the filter accepts.
        const fits = (silence: Silence) =>
          wanted.every((filter) =>
            silence.matchers.some((matcher) => matcher.name === filter.name && filter.matches(matcher.value)),
          );
        const order = (silence: Silence) => SILENCE_ORDER.indexOf(silenceState(silence, now()));
        const found = engine.silences
          .list()
          .filter((silence) => states.includes(silenceState(silence, now())) && fits(silence));
        return json(200, found.sort((a, b) => order(a) - order(b) || a.endsAt - b.endsAt).map(silenceNow));
      },
    },
    {
      method: 'POST',
      path: '/api/v2/silences',
      handle: ({ body }) => json(200, { silenceID: engine.silences.set(parseSilence(body)) }),
    },
    {
      method: 'GET',
      path: '/api/v2/silence/:id',
      handle: ({ params }) => {
        const silence = engine.silences.find(params['id'] ?? '');
        if (silence === undefined) throw new WeirError('alerting_silence_unknown', `silence ${params['id']} not found`);
        return json(200, silenceNow(silence));
      },
    },
    {
      method: 'DELETE',
      path: '/api/v2/silence/:id',
      handle: ({ params }) => {
        engine.silences.expire(params['id'] ?? '');
        return { status: 200, contentType: 'application/json', body: '' };
      },
    },
  ];
}
