import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Response } from 'express';
import { afterEach, describe, expect, test } from 'vitest';
import { createLive, type Live } from '../../api/live.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import type { OverviewView } from '../../core/view.ts';
import { incident, overviewOf } from '../ui/views.ts';
import { follow, until } from './room.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function startLive(read: () => Promise<OverviewView>): Promise<{ live: Live; url: string }> {
  const live = createLive({ read, interval: 20, telemetry: silentTelemetry() });
  const server = createServer((_, response: ServerResponse) => live.attach(response as Response));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  stops.push(async () => {
    live.stop();
    await new Promise((done) => server.close(done));
  });
  return { live, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

describe('the event stream', () => {
  test('sends the overview at once and again only when it changed', async () => {
    let view = overviewOf([], { newest: 1 });
    let reads = 0;
    const { url } = await startLive(async () => ({ ...view, now: ++reads }));
    const client = await follow(url);
    expect(client.response.headers.get('content-type')).toBe('text/event-stream');
    await until(() => reads > 5, 'a few rounds');
    expect(client.events.map((one) => one.event)).toEqual(['overview']);
    view = overviewOf([], { newest: 2 });
    await until(() => client.events.length === 2, 'the change');
    expect(client.events[1]?.data).toMatchObject({ newest: 2 });
    await client.close();
  });

  test('names incidents that are new, changed or gone', async () => {
    let incidents = [incident({ id: 'INC-1', updatedAt: 1 })];
    const { url } = await startLive(async () => overviewOf([], { incidents }));
    const client = await follow(url);
    const changed = () =>
      client.events
        .filter((one) => one.event === 'incidents')
        .map((one) => (one.data as { changed: string[] }).changed);
    await until(() => changed().length === 1, 'the first');
    incidents = [incident({ id: 'INC-1', updatedAt: 2 }), incident({ id: 'INC-2', updatedAt: 2 })];
    await until(() => changed().length === 2, 'a change and a new one');
    incidents = [];
    await until(() => changed().length === 3, 'both gone');
    expect(changed().map((ids) => ids.sort())).toEqual([['INC-1'], ['INC-1', 'INC-2'], ['INC-1', 'INC-2']]);
    await client.close();
  });

  test('one loop serves all, and it rests while nobody is connected', async () => {
    let reads = 0;
    const { live, url } = await startLive(async () => overviewOf([], { newest: ++reads }));
    expect(reads).toBe(0);
    const clients = await Promise.all([follow(url), follow(url), follow(url)]);
    await until(() => clients.every((client) => client.events.length > 2), 'messages for all');
    const before = reads;
    const seen = clients[0]!.events.length;
    await until(() => clients[0]!.events.length > seen + 3, 'more rounds');
    expect(reads - before).toBeLessThan(3 * (clients[0]!.events.length - seen));
    await Promise.all(clients.map((client) => client.close()));
    await until(() => live.clients() === 0, 'all gone');
    await new Promise((done) => setTimeout(done, 100));
    const resting = reads;
    await new Promise((done) => setTimeout(done, 200));
    expect(reads).toBe(resting);
    const again = await follow(url);
    await until(() => again.events.length > 0, 'a browser that comes later');
    await again.close();
  });

  test('a failed read is survived', async () => {
    let reads = 0;
    const { url } = await startLive(async () => {
      if (++reads < 3) throw new Error('the store restarts');
      return overviewOf([]);
    });
    const client = await follow(url);
    await until(() => client.events.length === 1, 'the overview after the failure');
    await client.close();
  });

  test('stop ends every stream', async () => {
    const { live, url } = await startLive(async () => overviewOf([]));
    const client = await follow(url);
    await until(() => client.events.length === 1, 'connected');
    live.stop();
    await client.ended;
    expect(live.clients()).toBe(0);
  });
});
