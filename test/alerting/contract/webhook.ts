import { isText, isTextMap, isTime, jsonObject, startContractServer } from './server.ts';

const REASONS = [
  'first notification',
  'new alerts added',
  'some alerts resolved',
  'all alerts resolved',
  'repeat interval elapsed',
];

export interface WebhookAlert {
  readonly status: string;
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly fingerprint: string;
}

export interface WebhookMessage {
  readonly status: string;
  readonly receiver: string;
  readonly groupKey: string;
  readonly groupLabels: Record<string, string>;
  readonly commonLabels: Record<string, string>;
  readonly commonAnnotations: Record<string, string>;
  readonly notification_reason: string;
  readonly truncatedAlerts: number;
  readonly alerts: readonly WebhookAlert[];
  readonly incident?: { id: string; title: string; culprit: string; reason: string; url: string };
}

/** What is wrong with a body as version 4 of Alertmanager's webhook, or undefined. */
export function webhookViolation(body: Record<string, unknown>): string | undefined {
  if (body['version'] !== '4') return 'version is not "4"';
  for (const name of ['groupKey', 'status', 'receiver', 'externalURL', 'notification_reason']) {
    if (!isText(body[name]) || body[name] === '') return `${name} is not a text`;
  }
  if (body['status'] !== 'firing' && body['status'] !== 'resolved') return 'status';
  if (!REASONS.includes(body['notification_reason'] as string)) return 'notification_reason';
  for (const name of ['groupLabels', 'commonLabels', 'commonAnnotations', 'routeLabels'])
    if (!isTextMap(body[name])) return name;
  if (!Number.isInteger(body['truncatedAlerts'])) return 'truncatedAlerts';
  const alerts = body['alerts'];
  if (!Array.isArray(alerts) || alerts.length === 0) return 'alerts is empty';
  let firing = false;
  for (const alert of alerts as Record<string, unknown>[]) {
    if (alert['status'] !== 'firing' && alert['status'] !== 'resolved') return 'alert status';
    if (!isTextMap(alert['labels']) || Object.keys(alert['labels'] as object).length === 0) return 'alert labels';
    if (!isTextMap(alert['annotations'])) return 'alert annotations';
    if (!isTime(alert['startsAt']) || !isTime(alert['endsAt'])) return 'alert times';
    if ((alert['status'] === 'firing') !== (alert['endsAt'] === '0001-01-01T00:00:00Z'))
      return 'endsAt of a firing alert is the zero time';
    if (!isText(alert['generatorURL'])) return 'generatorURL';
    if (!isText(alert['fingerprint']) || !/^[0-9a-f]{16}$/.test(alert['fingerprint'])) return 'fingerprint';
    firing ||= alert['status'] === 'firing';
  }
  return firing === (body['status'] === 'firing') ? undefined : 'the group fires if any alert does';
}

/** A receiver of Alertmanager's webhooks that takes nothing else. */
export async function startWebhookServer() {
  const messages: WebhookMessage[] = [];
  const server = await startContractServer((request) => {
    const body = jsonObject(request);
    const wrong = isText(body) ? body : webhookViolation(body);
    if (wrong !== undefined) return { status: 400, body: wrong };
    messages.push(body as unknown as WebhookMessage);
    return { status: 200, body: '' };
  });
  return Object.assign(server, { messages });
}
