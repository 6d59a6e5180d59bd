import { isText, isTime, jsonObject, startContractServer } from './server.ts';

const SEVERITIES = ['critical', 'error', 'warning', 'info'];

/** What is wrong with a body as an event of PagerDuty's Events API v2; empty when nothing is. */
export function pagerdutyViolations(body: Record<string, unknown>): string[] {
  const errors: string[] = [];
  const action = body['event_action'];
  if (!isText(body['routing_key']) || body['routing_key'].length !== 32)
    errors.push("'routing_key' must have 32 characters");
  if (!['trigger', 'acknowledge', 'resolve'].includes(action as string)) errors.push("'event_action' is invalid");
  if (action !== 'trigger' && !isText(body['dedup_key'])) errors.push("'dedup_key' is missing");
  if (isText(body['dedup_key']) && (body['dedup_key'] === '' || body['dedup_key'].length > 255))
    errors.push("'dedup_key' is too long or empty");
  if (action === 'trigger') {
    const payload = (body['payload'] ?? {}) as Record<string, unknown>;
    if (!isText(payload['summary']) || payload['summary'] === '') errors.push("'payload.summary' is missing or blank");
    else if (payload['summary'].length > 1024) errors.push("'payload.summary' is longer than 1024");
    if (!isText(payload['source']) || payload['source'] === '') errors.push("'payload.source' is missing or blank");
    if (!SEVERITIES.includes(payload['severity'] as string)) errors.push("'payload.severity' is invalid");
    if (payload['timestamp'] !== undefined && !isTime(payload['timestamp']))
      errors.push("'payload.timestamp' is not ISO 8601");
    for (const name of ['component', 'group', 'class']) {
      if (payload[name] !== undefined && !isText(payload[name])) errors.push(`'payload.${name}' is not a text`);
    }
    const details = payload['custom_details'];
    if (details !== undefined && (typeof details !== 'object' || details === null))
      errors.push("'payload.custom_details' is not an object");
    for (const link of (body['links'] ?? []) as { href?: unknown; text?: unknown }[]) {
      if (!isText(link.href) || !/^https?:/.test(link.href)) errors.push("'links.href' is invalid");
    }
  }
  return errors;
}

/** A server of the Events API v2 that keeps the open alerts by routing key and dedup key, as the service does. */
export async function startPagerdutyServer() {
  const open = new Map<string, Record<string, unknown>>();
  const events: Record<string, unknown>[] = [];
  const server = await startContractServer((request) => {
    const refuse = (...errors: string[]) => ({
      status: 400,
      body: JSON.stringify({ status: 'invalid event', message: 'Event object is invalid', errors }),
    });
    if (request.path !== '/v2/enqueue') return { status: 404, body: '' };
    if (Buffer.byteLength(request.text) > 512 * 1024) return { status: 413, body: 'too large' };
    const body = jsonObject(request);
    if (isText(body)) return refuse(body);
    const errors = pagerdutyViolations(body);
    if (errors.length > 0) return refuse(...errors);
    events.push(body);
    const key = `${body['routing_key']} ${body['dedup_key']}`;
    if (body['event_action'] === 'trigger') open.set(key, body);
    if (body['event_action'] === 'resolve') open.delete(key);
    return {
      status: 202,
      body: JSON.stringify({ status: 'success', message: 'Event processed', dedup_key: body['dedup_key'] }),
    };
  });
  return Object.assign(server, { open, events });
}
