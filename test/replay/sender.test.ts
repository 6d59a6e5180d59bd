import { describe, expect, test } from 'vitest';
import { parseRetryAfter, type SenderOptions, sendOtlp } from '../../replay/sender.ts';
import { lengthDelimited } from '../../replay/wire.ts';
import { createVirtualClock, startReceiver } from './receiver.ts';

const NOW = Date.UTC(2026, 0, 15, 12, 0, 0);
const request = { signal: 'traces', contentType: 'application/x-protobuf', body: Uint8Array.of(1, 2, 3) } as const;

function options(endpoint: string, more: Partial<SenderOptions> = {}): SenderOptions {
  const clock = createVirtualClock(NOW);
  return {
    endpoint,
    now: clock.now,
    sleep: clock.sleep,
    random: () => 0.5,
    log: () => {},
    patience: 60_000,
    ...more,
  };
}

describe('sendOtlp', () => {
  test('posts the body to the path of the signal, with the token', async () => {
    await using receiver = await startReceiver();
    await sendOtlp(request, options(`${receiver.url}/base/`, { token: 'secret-of-16-characters' }));
    expect(receiver.requests[0]).toMatchObject({
      path: '/base/v1/traces',
      headers: { authorization: 'Bearer secret-of-16-characters', 'content-type': 'application/x-protobuf' },
      body: Buffer.of(1, 2, 3),
    });
  });

  test.each([429, 502, 503, 504])('%i is tried again', async (status) => {
    await using receiver = await startReceiver([{ status }, { status }]);
    await sendOtlp(request, options(receiver.url));
    expect(receiver.requests).toHaveLength(3);
  });

  test.each([400, 404, 408, 413, 500])('%i is final', async (status) => {
    await using receiver = await startReceiver([{ status }]);
    await expect(sendOtlp(request, options(receiver.url))).rejects.toThrow(
      expect.objectContaining({ code: 'replay_send_refused', message: expect.stringContaining(`answered ${status}`) }),
    );
    expect(receiver.requests).toHaveLength(1);
  });

  test('a refusal carries the words of the receiver, in either encoding', async () => {
    const status = Buffer.concat([Uint8Array.of(0x08, 3), lengthDelimited(2, Buffer.from('span without an id'))]);
    await using receiver = await startReceiver([
      { status: 400, body: status },
      { status: 400, headers: { 'content-type': 'application/json' }, body: '{"message":"no spans"}' },
      { status: 400, body: 'not protobuf at all' },
    ]);
    await expect(sendOtlp(request, options(receiver.url))).rejects.toThrow('answered 400: span without an id');
    await expect(sendOtlp(request, options(receiver.url))).rejects.toThrow('answered 400: no spans');
    await expect(sendOtlp(request, options(receiver.url))).rejects.toThrow('answered 400');
  });

  test('a missing token is said', async () => {
    await using receiver = await startReceiver([{ status: 401 }]);
    await expect(sendOtlp(request, options(receiver.url))).rejects.toThrow("give the receiver's token with --token");
  });

  test('a protobuf answer tells how many items were rejected', async () => {
    const partial = lengthDelimited(1, Uint8Array.of(0x08, 0xac, 0x02));
    await using receiver = await startReceiver([
      { status: 200, body: partial },
      { status: 200, body: 'nonsense' },
    ]);
    expect(await sendOtlp(request, options(receiver.url))).toBe(300);
    expect(await sendOtlp(request, options(receiver.url))).toBe(0);
  });

  test('nobody listening is retried until the patience is over', async () => {
    const receiver = await startReceiver();
    await receiver[Symbol.asyncDispose]();
    const waits: number[] = [];
    const clock = createVirtualClock(NOW);
    const sending = sendOtlp(
      request,
      options(receiver.url, {
        now: clock.now,
        sleep: async (ms) => {
          waits.push(ms);
          await clock.sleep(ms);
        },
      }),
    );
    await expect(sending).rejects.toThrow(expect.objectContaining({ code: 'replay_send_failed', retryable: true }));
    expect(waits.slice(0, 4)).toEqual([250, 500, 1000, 2000]);
    expect(Math.max(...waits)).toBe(10_000);
    expect(waits.reduce((sum, ms) => sum + ms)).toBeLessThanOrEqual(60_000);
  });
});

describe('parseRetryAfter', () => {
  test.each([
    ['3', 3000],
    ['0', 0],
    [new Date(NOW + 5000).toUTCString(), 5000],
    [new Date(NOW - 5000).toUTCString(), 0],
    ['soon', undefined],
    [null, undefined],
  ])('%j', (text, expected) => {
    expect(parseRetryAfter(text, NOW)).toBe(expected);
  });
});
