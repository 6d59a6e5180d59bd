import { z } from 'zod';
import { durationWords } from '../../core/duration-words.ts';
import { errorMessage, WeirError } from '../../core/errors.ts';
import { positiveDuration } from '../duration.ts';
import {
  alertLine,
  type Notification,
  notificationTitle,
  notificationUrl,
  truncate,
  worstSeverity,
} from '../notification.ts';
import type { Notifier } from '../notifier.ts';
import { readSecret } from '../secret.ts';
import { clockText } from '../wording.ts';
import { assertAccepted, type HttpAnswer, isRetryableStatus, postJson } from './http.ts';

export const SLACK_URL = 'https://slack.com/api/';

export const slackConfig = z
  .strictObject({
    /** Address of an incoming webhook: new messages only, nothing can be updated. */
    api_url: z.url({ protocol: /^https?$/ }).optional(),
    api_url_file: z.string().optional(),
    /** Bot token: one message follows the incident. */
    app_token: z.string().optional(),
    app_token_file: z.string().optional(),
    app_url: z.url({ protocol: /^https?$/ }).optional(),
    channel: z.string().min(1).optional(),
    send_resolved: z.boolean().default(true),
    timeout: positiveDuration('10s'),
  })
  .refine(
    (one) =>
      [one.api_url, one.api_url_file, one.app_token, one.app_token_file].filter((given) => given !== undefined)
        .length <= 1,
    {
      message: 'takes only one of api_url, api_url_file, app_token and app_token_file',
    },
  );
export type SlackConfig = z.infer<typeof slackConfig>;

// Slack's limits are counted in characters; text is kept well under 4000, all blocks under about 13 200 together.
const HEADER_LIMIT = 150;
const SECTION_LIMIT = 3000;
const TEXT_LIMIT = 3500;
const ALERT_LINES = 10;
const LINE_LIMIT = 250;

/** The three characters Slack reads as markup. */
export function escapeMrkdwn(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Cut before escaping, so that no entity is cut in half; escaping can make it five times as long at most. */
function mrkdwn(text: string, limit: number): string {
  let cut = truncate(text, limit);
  while (escapeMrkdwn(cut).length > limit) cut = truncate(cut, Math.floor(cut.length * 0.8));
  return escapeMrkdwn(cut);
}

function stateWord(notification: Notification): string {
  if (notification.status === 'resolved') return 'Resolved';
  return notification.incident?.state === 'acknowledged' ? 'Acknowledged' : 'Firing';
}

/** Message text and blocks of a notification, within every limit of Slack. */
export function slackMessage(notification: Notification): { text: string; blocks: object[] } {
  const { incident, alerts } = notification;
  const word = stateWord(notification);
  const title = notificationTitle(notification);
  const severity = incident?.severity ?? worstSeverity(notification);
  const opened = incident?.openedAt ?? Math.min(...alerts.map((entry) => entry.alert.startsAt));
  const ended = Math.max(...alerts.map((entry) => entry.resolvedAt));
  const when =
    notification.status === 'resolved'
      ? `${clockText(opened)}, over after ${durationWords(Math.max(0, (ended - opened) / 1000))}`
      : `since ${clockText(opened)}`;
  const facts = [
    ['Pipeline', incident?.pipeline],
    ['Stage', incident?.culprit],
    ['Severity', severity],
    ['Time', when],
  ].filter((fact): fact is [string, string] => Boolean(fact[1]));
  const firing = alerts.filter((entry) => entry.resolvedAt === 0);
  const listed = (firing.length > 0 ? firing : alerts).slice(0, ALERT_LINES);
  const rest = (firing.length > 0 ? firing : alerts).length - listed.length;
  const rows = listed.map((entry) => `• ${mrkdwn(alertLine(entry.alert), LINE_LIMIT)}`);
  if (rest > 0) rows.push(`and ${rest} more`);
  const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } });
  const reason = incident?.reason ?? '';
  return {
    text: `*${word}:* ${mrkdwn(title, TEXT_LIMIT)}`,
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: truncate(`${word}: ${title}`, HEADER_LIMIT), emoji: false } },
      ...(reason === '' ? [] : [section(mrkdwn(reason, 1500))]),
      {
        type: 'section',
        fields: facts.map(([name, value]) => ({ type: 'mrkdwn', text: `*${name}*\n${mrkdwn(value, 500)}` })),
      },
      section(truncate(rows.join('\n'), SECTION_LIMIT)),
      {
        type: 'context',
        elements: [
          {
            type: 'mrkdwn',
            text: `<${notificationUrl(notification)}|${incident === undefined ? 'Open in Weir' : `${incident.id} in Weir`}>`,
          },
        ],
      },
    ],
  };
}

const RETRYABLE_ERRORS = [
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
];
/** The message to follow is gone or cannot be changed; a new one takes its place. */
const LOST_MESSAGE = ['message_not_found', 'cant_update_message', 'edit_window_closed'];

interface ApiAnswer {
  readonly ok: boolean;
  readonly error?: string;
  readonly channel?: string;
  readonly ts?: string;
}

/** HTTP 200 with `ok: false` is a failure. Throws `alerting_notify_refused`. */
function readApiAnswer(answer: HttpAnswer): ApiAnswer {
  if (isRetryableStatus(answer.status)) assertAccepted(answer);
  let said: ApiAnswer;
  try {
    said = JSON.parse(answer.text) as ApiAnswer;
  } catch (error) {
    assertAccepted(answer);
    throw new WeirError('alerting_notify_refused', `the answer is not JSON: ${errorMessage(error)}`, {
      retryable: true,
    });
  }
  if (said.ok === true) return said;
  if (said.error !== undefined && LOST_MESSAGE.includes(said.error)) return said;
  assertAccepted(answer);
  throw new WeirError('alerting_notify_refused', `Slack answers ${said.error ?? 'ok: false'}`, {
    retryable: RETRYABLE_ERRORS.includes(said.error ?? ''),
    ...(answer.retryAfterMs === undefined ? {} : { retryAfterMs: answer.retryAfterMs }),
  });
}

function parseReference(reference: string): { channel: string; ts: string } | undefined {
  if (reference === '') return undefined;
  const { channel, ts } = JSON.parse(reference) as { channel?: string; ts?: string };
  return channel && ts ? { channel, ts } : undefined;
}

/**
 * With a bot token: a first notification posts a message, everything after it updates that message. A group that fires
 * again after it was resolved gets a new message, because an update reaches nobody's attention. With an incoming
 * webhook: one message per notification.
 */
export function createSlack(config: SlackConfig, now: () => number): Notifier {
  const call = async (
    method: string,
    token: string,
    body: object,
    signal: AbortSignal | undefined,
  ): Promise<ApiAnswer> => {
    const base = config.app_url ?? SLACK_URL;
    // Alertmanager's setting names the method chat.postMessage itself; a base without it is meant just as well.
    const root = base.replace(/chat\.postMessage\/?$/, '');
    const url = new URL(method, root.endsWith('/') ? root : `${root}/`).href;
    const headers = { authorization: `Bearer ${token}` };
    return readApiAnswer(
      await postJson({ url, body: JSON.stringify(body), headers, timeoutMs: config.timeout, signal }, now()),
    );
  };
  return {
    integration: 'slack',
    sendResolved: config.send_resolved,
    async notify(notification, reference, signal) {
      const message = slackMessage(notification);
      if (config.app_token === undefined && config.app_token_file === undefined) {
        const url = readSecret({ value: config.api_url, file: config.api_url_file }, 'api_url_file');
        assertAccepted(
          await postJson({ url, body: JSON.stringify(message), timeoutMs: config.timeout, signal }, now()),
        );
        return '';
      }
      const token = readSecret({ value: config.app_token, file: config.app_token_file }, 'app_token_file');
      const followed = notification.reason === 'first notification' ? undefined : parseReference(reference);
      if (followed !== undefined) {
        const updated = await call('chat.update', token, { ...followed, ...message }, signal);
        if (updated.ok) return reference;
      }
      const body = { channel: config.channel, ...message, unfurl_links: false, unfurl_media: false };
      const posted = await call('chat.postMessage', token, body, signal);
      if (!posted.ok) throw new WeirError('alerting_notify_refused', `Slack answers ${posted.error}`);
      return JSON.stringify({ channel: posted.channel, ts: posted.ts });
    },
  };
}
