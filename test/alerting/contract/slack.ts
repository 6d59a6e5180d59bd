import { type ContractAnswer, isText, jsonObject, startContractServer } from './server.ts';

interface TextObject {
  readonly type?: unknown;
  readonly text?: unknown;
  readonly emoji?: unknown;
}

/** What is wrong with blocks by Slack's limits, as the error name it answers with; undefined when nothing is. */
export function blocksViolation(blocks: unknown): string | undefined {
  if (blocks === undefined) return undefined;
  if (!Array.isArray(blocks) || blocks.length > 50) return 'invalid_blocks';
  let total = 0;
  const bad = (object: TextObject | undefined, limit: number, types = ['mrkdwn', 'plain_text']): boolean => {
    if (object === undefined || !types.includes(object.type as string) || !isText(object.text) || object.text === '')
      return true;
    if (object.emoji !== undefined && object.type !== 'plain_text') return true;
    if (object.type === 'mrkdwn' && /&(?!amp;|lt;|gt;)/.test(object.text)) return true;
    total += object.text.length;
    return object.text.length > limit;
  };
  for (const block of blocks as Record<string, unknown>[]) {
    switch (block['type']) {
      case 'header':
        if (bad(block['text'] as TextObject, 150, ['plain_text'])) return 'invalid_blocks';
        break;
      case 'section': {
        const fields = (block['fields'] ?? []) as TextObject[];
        if (block['text'] === undefined && fields.length === 0) return 'invalid_blocks';
        if (block['text'] !== undefined && bad(block['text'] as TextObject, 3000)) return 'invalid_blocks';
        if (fields.length > 10 || fields.some((field) => bad(field, 2000))) return 'invalid_blocks';
        break;
      }
      case 'context': {
        const elements = block['elements'] as TextObject[] | undefined;
        if (elements === undefined || elements.length === 0 || elements.length > 10) return 'invalid_blocks';
        if (elements.some((element) => bad(element, 2000))) return 'invalid_blocks';
        break;
      }
      case 'divider':
        break;
      default:
        return 'invalid_blocks';
    }
  }
  return total > 13_200 ? 'msg_blocks_too_long' : undefined;
}

export interface SlackMessage {
  readonly channel: string;
  readonly ts: string;
  text: string;
  blocks: unknown;
  updates: number;
}

const CHANNELS: Readonly<Record<string, string>> = { '#orders-data': 'C0ORDERS', C0ORDERS: 'C0ORDERS' };
export const SLACK_TOKEN = 'xoxb-contract-token';

/**
 * Slack's `chat.postMessage`, `chat.update` (HTTP 200 with `ok`) and one incoming webhook (text answers). Keeps the
 * messages of the channel as people would see them.
 */
export async function startSlackServer() {
  const messages: SlackMessage[] = [];
  let clock = 1_763_680_000;

  const webhook = (body: Record<string, unknown> | string): ContractAnswer => {
    if (isText(body)) return { status: 400, body: 'invalid_payload' };
    if (!isText(body['text']) || body['text'] === '') return { status: 400, body: 'no_text' };
    if (body['text'].length > 40_000 || 'ts' in body) return { status: 400, body: 'invalid_payload' };
    const wrong = blocksViolation(body['blocks']);
    if (wrong !== undefined) return { status: 400, body: wrong };
    messages.push({ channel: 'webhook', ts: String(clock++), text: body['text'], blocks: body['blocks'], updates: 0 });
    return { status: 200, body: 'ok', headers: { 'content-type': 'text/html' } };
  };

  const call = (method: string, body: Record<string, unknown>): Record<string, unknown> => {
    const fail = (error: string) => ({ ok: false, error });
    if (!isText(body['text']) || body['text'] === '') return fail('no_text');
    if (body['text'].length > 40_000) return fail('msg_too_long');
    const wrong = blocksViolation(body['blocks']);
    if (wrong !== undefined) return fail(wrong);
    if (method === 'chat.postMessage') {
      const channel = CHANNELS[String(body['channel'])];
      if (channel === undefined) return fail('channel_not_found');
      const ts = `${clock++}.000100`;
      messages.push({ channel, ts, text: body['text'], blocks: body['blocks'], updates: 0 });
      return { ok: true, channel, ts };
    }
    // An update takes the id of the channel, never its name.
    if (!/^[CDG][A-Z0-9]+$/.test(String(body['channel']))) return fail('channel_not_found');
    const message = messages.find((one) => one.channel === body['channel'] && one.ts === body['ts']);
    if (message === undefined) return fail('message_not_found');
    Object.assign(message, { text: body['text'], blocks: body['blocks'], updates: message.updates + 1 });
    return { ok: true, channel: message.channel, ts: message.ts };
  };

  const server = await startContractServer((request) => {
    const body = jsonObject(request);
    if (request.path === '/services/T0/B0/secret') return webhook(body);
    const method = /^\/api\/(chat\.postMessage|chat\.update)$/.exec(request.path)?.[1];
    if (method === undefined) return { status: 404, body: 'unknown_method' };
    const answer = (value: object) => ({ status: 200, body: JSON.stringify(value) });
    if (request.headers.authorization !== `Bearer ${SLACK_TOKEN}`) return answer({ ok: false, error: 'invalid_auth' });
    return answer(isText(body) ? { ok: false, error: 'invalid_json' } : call(method, body));
  });
  return Object.assign(server, {
    messages,
    webhookUrl: `${server.url}/services/T0/B0/secret`,
    apiUrl: `${server.url}/api/`,
  });
}
