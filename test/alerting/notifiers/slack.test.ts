import { describe, expect, it } from 'vitest';
import { createSlack, escapeMrkdwn, slackConfig, slackMessage } from '../../../alerting/notifiers/slack.ts';
import type { WeirError } from '../../../core/errors.ts';
import { blocksViolation, SLACK_TOKEN, startSlackServer } from '../contract/slack.ts';
import { NOON } from '../harness.ts';
import { monstrous, notificationOf, resolved } from '../notifications.ts';

describe('slack', () => {
  it('with a bot token keeps one message that follows the incident', async () => {
    await using server = await startSlackServer();
    const config = slackConfig.parse({ app_token: SLACK_TOKEN, app_url: server.apiUrl, channel: '#orders-data' });
    const notifier = createSlack(config, () => NOON);
    let reference = await notifier.notify(notificationOf(), '');
    reference = await notifier.notify(notificationOf({ reason: 'new alerts added' }), reference);
    reference = await notifier.notify(resolved, reference);
    expect(server.messages).toHaveLength(1);
    expect(server.messages[0]).toMatchObject({ channel: 'C0ORDERS', updates: 2 });
    expect(server.messages[0]?.text).toMatch(/^\*Resolved:\* warehouse-sink waits/);
    // Fires again: an update would reach nobody's attention.
    await notifier.notify(notificationOf(), reference);
    expect(server.messages.map((message) => message.updates)).toEqual([2, 0]);
    expect(server.violations).toEqual([]);
  });

  it('posts anew when the message it followed is gone', async () => {
    await using server = await startSlackServer();
    const config = slackConfig.parse({ app_token: SLACK_TOKEN, app_url: server.apiUrl, channel: 'C0ORDERS' });
    const notifier = createSlack(config, () => NOON);
    const reference = await notifier.notify(resolved, JSON.stringify({ channel: 'C0ORDERS', ts: '1.0' }));
    expect(server.messages).toHaveLength(1);
    expect(JSON.parse(reference)).toEqual({ channel: 'C0ORDERS', ts: server.messages[0]?.ts });
  });

  it.each([
    ['ratelimited', true],
    ['internal_error', true],
    ['channel_not_found', false],
    ['invalid_auth', false],
    ['is_archived', false],
  ])('ok: false with %s: retryable %s', async (name, retryable) => {
    await using server = await startSlackServer();
    const config = slackConfig.parse({ app_token: SLACK_TOKEN, app_url: server.apiUrl, channel: 'C0ORDERS' });
    server.script.push({ status: 200, body: JSON.stringify({ ok: false, error: name }) });
    const error = (await createSlack(config, () => NOON)
      .notify(notificationOf(), '')
      .catch((thrown: unknown) => thrown)) as WeirError;
    expect([error.retryable, error.message]).toEqual([retryable, `Slack answers ${name}`]);
  });

  it('takes the address of chat.postMessage for the base of the API', async () => {
    await using server = await startSlackServer();
    const config = slackConfig.parse({
      app_token: SLACK_TOKEN,
      app_url: `${server.apiUrl}chat.postMessage`,
      channel: 'C0ORDERS',
    });
    const notifier = createSlack(config, () => NOON);
    await notifier.notify(resolved, await notifier.notify(notificationOf(), ''));
    expect(server.messages).toMatchObject([{ updates: 1 }]);
  });

  it('escapes markup, and cuts before escaping', () => {
    expect(escapeMrkdwn('a & <b> "c"')).toBe('a &amp; &lt;b&gt; "c"');
    const { text, blocks } = slackMessage(monstrous);
    expect(text.length).toBeLessThan(4000);
    expect(blocksViolation(blocks)).toBeUndefined();
    expect(JSON.stringify(blocks)).toContain('and 2990 more');
  });

  it('says how long it took when it is over', () => {
    expect(JSON.stringify(slackMessage(resolved).blocks)).toContain('11:59:30 UTC, over after 1\u202fmin 30\u202fs');
  });

  it('the contract refuses what it forbids', async () => {
    expect(blocksViolation([{ type: 'header', text: { type: 'mrkdwn', text: 'x' } }])).toBe('invalid_blocks');
    expect(blocksViolation([{ type: 'header', text: { type: 'plain_text', text: 'x'.repeat(151) } }])).toBe(
      'invalid_blocks',
    );
    expect(blocksViolation([{ type: 'section', text: { type: 'mrkdwn', text: 'x'.repeat(3001) } }])).toBe(
      'invalid_blocks',
    );
    const long = { type: 'section', text: { type: 'mrkdwn', text: 'x'.repeat(2900) } };
    expect(blocksViolation([long, long, long, long, long])).toBe('msg_blocks_too_long');
    await using server = await startSlackServer();
    const call = async (method: string, body: unknown, type = 'application/json', token = SLACK_TOKEN) => {
      const headers = { 'content-type': type, authorization: `Bearer ${token}` };
      return (await (
        await fetch(`${server.apiUrl}${method}`, { method: 'POST', headers, body: JSON.stringify(body) })
      ).json()) as object;
    };
    expect(await call('chat.update', { channel: '#orders-data', ts: '1', text: 'x' })).toEqual({
      ok: false,
      error: 'channel_not_found',
    });
    expect(await call('chat.postMessage', { channel: 'C0ORDERS' })).toEqual({ ok: false, error: 'no_text' });
    expect(await call('chat.postMessage', { channel: 'C0ORDERS', text: 'x' }, 'text/plain')).toEqual({
      ok: false,
      error: 'invalid_json',
    });
    expect(await call('chat.postMessage', { channel: 'C0ORDERS', text: 'x' }, 'application/json', 'no')).toEqual({
      ok: false,
      error: 'invalid_auth',
    });
  });
});
