import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createIngest } from '../../collector/ingest.ts';
import { malformed } from '../../collector/otlp/decode.ts';
import { encodeRequest } from '../../collector/otlp/encode.ts';
import { Rejections } from '../../collector/otlp/rejections.ts';
import type { LimitName } from '../../collector/reader/limits.ts';
import type { ReadContext, ReadOutcome } from '../../collector/reader/reader.ts';
import type { LeanTable } from '../../collector/reader/tables.ts';
import { metric } from './harness.ts';
import { folder, openSpool } from './spool/harness.ts';

const NOW = 1_700_000_000_000;
const DAY = 86_400_000;

/** An ingest whose reader makes one span or log of each request, its text the request's bytes. */
async function start(
  options: { tables?: LeanTable[]; dated?: boolean; maxBytes?: number; diverted?: (Uint8Array | undefined)[] } = {},
) {
  const directory = await folder();
  const maxBytes = options.maxBytes ?? 1 << 30;
  const opened = await openSpool(directory, { now: () => NOW, maxBytes });
  const { spool, source, telemetry } = opened;
  const calls: { context: ReadContext; bytes: Uint8Array }[] = [];
  const next = { rejections: new Rejections(), limited: new Map<LimitName, number>() };
  const reader = {
    digest: (bytes: Uint8Array) => Buffer.from(bytes).toString('hex').padEnd(32, 'f').slice(0, 32),
    read(_: string, bytes: Uint8Array, context: ReadContext): ReadOutcome {
      calls.push({ context, bytes });
      if (bytes.length === 0) throw malformed('no bytes', '');
      const tables = (options.tables ?? ['spans']).filter((table) => !context.skip?.has(table));
      for (const table of tables) source.read(table, [Buffer.from(bytes).toString()]);
      return { accepted: 1, dated: options.dated ?? true, tables, ...next };
    },
  };
  const oldest = (signal: string, now: number) => now - (signal === 'logs' ? 2 : 30) * DAY;
  const takeDiverted = () => options.diverted?.shift();
  const ingest = createIngest({
    ...{ spool, reader: () => reader, takeDiverted, telemetry },
    ...{ now: () => NOW, oldest, maxFuture: DAY },
  });
  const send = (text: string) => ingest.consume('otlp_http', 'traces', 'protobuf', Buffer.from(text));
  const count = (name: string, labels = 'receiver="otlp_http",signal="traces"') =>
    metric(telemetry, `weir_collector_${name}_total{${labels}}`);
  return { ...opened, directory, ingest, calls, next, send, count };
}

describe('a request', () => {
  it('is durable when it is answered, and counted', async () => {
    const { send, close, texts, count } = await start();
    expect(await send('first')).toEqual({ accepted: 1, rejected: 0, message: '' });
    await send('second');
    await close();
    expect(await texts()).toEqual(['first', 'second']);
    expect([await count('received'), await count('accepted'), await count('repeated')]).toEqual([2, 2, 0]);
  });

  it('is durable with the points of it that are stored as those of another series', async () => {
    const { send, close, texts, count } = await start({ diverted: [Buffer.from('sum of first')] });
    expect(await send('first')).toEqual({ accepted: 1, rejected: 0, message: '' });
    await send('second');
    await close();
    expect(await texts()).toEqual(['first', 'sum of first', 'second']);
    expect(await count('accepted')).toBe(2);
  });

  it('tells its sender of faults, not of what a filter drops', async () => {
    const { send, close, next, count } = await start();
    next.rejections.add('filtered', 'a filter drops it', () => 'span 0', 5);
    expect(await send('first')).toEqual({ accepted: 1, rejected: 0, message: '' });
    next.rejections.add('invalid_time', 'no time', () => 'span 7', 2);
    expect(await send('second')).toEqual({ accepted: 1, rejected: 2, message: '2 spans refused: no time at span 7' });
    await close();
    expect(await count('dropped', 'signal="traces",reason="filtered"')).toBe(10);
  });

  it('is stored once however often it comes, and answered each time', async () => {
    const { send, close, texts, count, calls } = await start({ tables: ['resource_scopes', 'spans'] });
    const answers = await Promise.all([send('same'), send('same'), send('same')]);
    expect(answers.every(({ accepted }) => accepted === 1)).toBe(true);
    expect(calls.map(({ context }) => [...(context.skip ?? [])])).toEqual([[], ['spans'], ['spans']]);
    await close();
    // What describes others may be told again.
    expect(await texts()).toEqual(['same', 'same', 'same', 'same']);
    expect([await count('received'), await count('accepted'), await count('repeated')]).toEqual([3, 1, 2]);
  });

  it('is another one each time when its items have no time of their own', async () => {
    const { send, close, texts } = await start({ dated: false });
    await send('same');
    await send('same');
    await close();
    expect(await texts()).toEqual(['same', 'same']);
  });

  it('is read within the bounds of what is kept', async () => {
    const { ingest, calls } = await start();
    await ingest.consume('kafka_lag', 'logs', 'protobuf', Buffer.from('x'));
    const nanos = (time: number) => BigInt(time) * 1_000_000n;
    const context = { now: nanos(NOW), oldest: nanos(NOW - 2 * DAY), newest: nanos(NOW + DAY) };
    expect(calls[0]?.context).toEqual(context);
  });

  it('may come as JSON, and is then read as the protobuf it stands for', async () => {
    const { ingest, calls } = await start();
    const json = '{"resourceSpans":[{"schemaUrl":"here"}]}';
    await ingest.consume('otlp_http', 'traces', 'json', Buffer.from(json));
    expect(calls[0]?.bytes).toEqual(encodeRequest('traces', { resourceSpans: [{ schemaUrl: 'here' }] }));
    const broken = ingest.consume('otlp_http', 'traces', 'json', Buffer.from('{'));
    await expect(broken).rejects.toMatchObject({ code: 'collector_request_malformed' });
  });

  it('tells what was refused and what was cut of it', async () => {
    const { send, next, count } = await start();
    next.rejections.add('invalid_time', 'no time', () => 'spans[1]', 3);
    next.limited.set('links', 7);
    expect(await send('x')).toEqual({ accepted: 1, rejected: 3, message: '3 spans refused: no time at spans[1]' });
    expect(await count('received')).toBe(4);
    expect(await count('dropped', 'signal="traces",reason="invalid_time"')).toBe(3);
    expect(await count('limited', 'signal="traces",limit="links"')).toBe(7);
  });

  it('that cannot be read leaves nothing behind', async () => {
    const { send, close, texts, count } = await start();
    await expect(send('')).rejects.toMatchObject({ code: 'collector_request_malformed' });
    await send('after');
    await close();
    expect(await texts()).toEqual(['after']);
    expect(await count('received')).toBe(1);
  });
});

describe('a spool in trouble', () => {
  it('is told to the sender as something to try again, and nothing is counted as taken', async () => {
    const { send, directory, count } = await start();
    await rm(join(directory, 'spans'), { recursive: true });
    await expect(send('x')).rejects.toMatchObject({ code: 'collector_spool_failed', retryable: true });
    expect(await count('accepted')).toBe(0);
    await mkdir(join(directory, 'spans'));
    await send('x');
    expect(await count('accepted')).toBe(1);
  });

  it('turns requests away unread', async () => {
    const { ingest, send, calls, count } = await start({ maxBytes: 50 });
    await send('x'.repeat(100));
    expect(ingest.refusal()).toContain('spool.max_bytes');
    const error = await send('y').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'collector_spool_refused', retryable: true, retryAfterMs: 5000 });
    expect(calls).toHaveLength(1);
    ingest.refused('otlp_http', 'traces', error);
    const labels = 'receiver="otlp_http",signal="traces",code="collector_spool_refused"';
    expect(await count('refused_requests', labels)).toBe(1);
    // What is durable already is acknowledged all the same.
    expect(await send('x'.repeat(100))).toMatchObject({ accepted: 1 });
  });
});
