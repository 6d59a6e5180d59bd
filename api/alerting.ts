import { errorMessage } from '../core/errors.ts';
import type { Incident } from '../core/incident.ts';
import type { IncidentSummary, NotificationView } from '../core/view.ts';
import { RequestError } from './failure.ts';

const TIMEOUT_MS = 5000;

/** What the API asks of alerting, over HTTP. Every call throws `RequestError`: alerting's own status, or 502 when it cannot be reached. */
export interface AlertingClient {
  incidents(filter: { state?: string; limit?: number }): Promise<Incident[]>;
  incident(id: string): Promise<Incident>;
  notifications(incident: string): Promise<NotificationView[]>;
  /** Any other call, passed on as it is. */
  forward(method: string, path: string, body?: unknown): Promise<unknown>;
}

export function createAlertingClient(url: string | (() => string), token?: string): AlertingClient {
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const base = (typeof url === 'string' ? url : url()).replace(/\/$/, '');
    let response: Response;
    let text: string;
    try {
      response = await fetch(base + path, {
        method,
        headers: {
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      text = await response.text();
    } catch (error) {
      throw new RequestError(502, 'api_alerting_unreachable', `Alerting does not answer: ${causeOf(error)}`);
    }
    if (!response.ok) {
      const status = response.status >= 400 && response.status < 500 && response.status !== 401 ? response.status : 502;
      throw new RequestError(
        status,
        'api_alerting_refused',
        sentenceOf(text) ?? `Alerting answered ${response.status}`,
      );
    }
    if (text === '') return null;
    try {
      return JSON.parse(text);
    } catch {
      throw new RequestError(502, 'api_alerting_unreadable', 'Alerting answered something that is not JSON');
    }
  };
  const e = encodeURIComponent;
  return {
    async incidents({ state, limit }) {
      const query = new URLSearchParams();
      if (state !== undefined) query.set('state', state);
      if (limit !== undefined) query.set('limit', String(limit));
      return (await call('GET', `/api/incidents?${query}`)) as Incident[];
    },
    async incident(id) {
      return (await call('GET', `/api/incidents/${e(id)}`)) as Incident;
    },
    async notifications(incident) {
      return ((await call('GET', `/api/notifications?incident=${e(incident)}`)) as Record<string, unknown>[]).map(
        parseNotification,
      );
    },
    forward: call,
  };
}

/** fetch says only that it failed; why stands in its cause. */
function causeOf(error: unknown): string {
  const cause = (error as { cause?: unknown }).cause;
  return cause instanceof Error ? cause.message || errorMessage(error) : errorMessage(error);
}

function sentenceOf(text: string): string | undefined {
  try {
    const body = JSON.parse(text) as unknown;
    if (typeof body === 'string') return body;
    const { error, message } = body as { error?: unknown; message?: unknown };
    if (typeof message === 'string') return message;
    if (typeof error === 'string') return error;
    const inner = (error as { message?: unknown } | undefined)?.message;
    return typeof inner === 'string' ? inner : undefined;
  } catch {
    return text.length > 0 && text.length < 300 ? text.trim() : undefined;
  }
}

function parseNotification(row: Readonly<Record<string, unknown>>): NotificationView {
  const text = (name: string) => String(row[name] ?? '');
  const number = (name: string) => Number(row[name] ?? 0) || 0;
  const time = row['time'];
  return {
    time: typeof time === 'number' ? time : Date.parse(String(time)) || 0,
    receiver: text('receiver'),
    integration: text('integration'),
    status: text('status'),
    reason: text('reason'),
    attempts: number('attempts'),
    error: text('error'),
    alerts: Array.isArray(row['alerts']) ? row['alerts'].length : number('alerts'),
  };
}

export function summarize(incident: Incident): IncidentSummary {
  const {
    id,
    title,
    pipeline,
    state,
    severity,
    openedAt,
    updatedAt,
    resolvedAt,
    acknowledgedBy,
    culprit,
    reason,
    alerts,
  } = incident;
  return {
    id,
    title,
    pipeline,
    state,
    severity,
    startedAt: Math.min(openedAt, ...alerts.map((alert) => alert.startsAt)),
    openedAt,
    updatedAt,
    resolvedAt,
    acknowledgedBy,
    culprit,
    reason,
    alerts: alerts.length,
    firing: alerts.filter((alert) => alert.resolvedAt === 0).length,
  };
}
