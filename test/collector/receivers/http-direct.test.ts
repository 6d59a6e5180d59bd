import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type Dialled, dial as dialTo, until } from './dial.ts';
import { sendTo } from './http-client.ts';
import { type Listening, type ListeningOptions, listenOn } from './listening.ts';

const PROTOBUF = { 'content-type': 'application/x-protobuf' };
const HEAD = 'POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n';
const usual = (body: string) => `${HEAD}content-length: ${body.length}\r\n\r\n${body}`;
const GET = 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n';

let listening: Listening;
const sockets: Socket[] = [];

async function open(overrides: Record<string, unknown> = {}, options: ListeningOptions = {}): Promise<void> {
  listening = await listenOn('otlp_http', { max_request_bytes: 8 << 20, ...overrides }, options);
}
async function dial(): Promise<Dialled> {
  const dialled = await dialTo(listening.url);
  sockets.push(dialled.socket);
  return dialled;
}
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listening.receiver.stop();
});

const statuses = (heard: string) => [...heard.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
const texts = () => listening.taken.map(({ text }) => text);

/** Lets go of what is held in `consume`, one request at a time. */
function gate(): { readonly consume: () => Promise<void>; readonly pass: () => void } {
  const waiting: (() => void)[] = [];
  return { consume: () => new Promise((next) => waiting.push(next)), pass: () => waiting.shift()?.() };
}

describe('a connection', () => {
  it('may be cut into packets anywhere', async () => {
    await open();
    const text = usual('first') + usual('') + usual('third');
    for (let size = 1; size < 60; size += 7) {
      const { socket, heard } = await dial();
      socket.setNoDelay(true);
      for (let at = 0; at < text.length; at += size) {
        socket.write(text.slice(at, at + size));
        await new Promise((next) => setImmediate(next));
      }
      await until(() => statuses(heard()).length === 3);
      expect(texts().splice(-3)).toEqual(['first', '', 'third']);
      expect(statuses(heard())).toEqual(['200', '200', '200']);
    }
  });

  it('may send what is not usual, before and after what is', async () => {
    await open();
    const { socket, heard } = await dial();
    socket.write(usual('one') + GET);
    await until(() => statuses(heard()).length === 2);
    socket.write(`${HEAD}transfer-encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n`);
    await until(() => statuses(heard()).length === 3);
    socket.write(usual('x'.repeat(700_000)));
    await until(() => statuses(heard()).length === 4);
    expect(statuses(heard())).toEqual(['200', '200', '200', '200']);
    expect(texts()).toEqual(['one', 'two', 'x'.repeat(700_000)]);
    expect(listening.admission.bytes).toBe(0);
  });

  it('is told what is wrong with a head, and closed', async () => {
    await open();
    for (const bad of ['POST /v1/traces HTTP/1.1\r\nhost x\r\n\r\n', 'hello\r\n\r\n', `GET /${'a'.repeat(20_000)}`]) {
      const { socket, heard, closed } = await dial();
      socket.write(bad);
      await closed;
      expect(heard()).toMatch(/^HTTP\/1\.1 4(00|31) /);
    }
  });

  it('gets its answers in the order of its requests, however many it sends ahead', async () => {
    const { consume, pass } = gate();
    await open({}, { consume });
    const { socket, heard } = await dial();
    const bodies = Array.from({ length: 40 }, (_, i) => `${i}-`.padEnd(20_000, 'y'));
    for (const body of bodies) socket.write(usual(body));
    for (let i = 0; i < bodies.length; i++) {
      await until(() => listening.taken.length === i + 1);
      expect(statuses(heard())).toHaveLength(i);
      pass();
      await until(() => statuses(heard()).length === i + 1);
    }
    expect(texts()).toEqual(bodies);
  });

  it('that ends after its request is answered', async () => {
    const { consume, pass } = gate();
    await open({}, { consume });
    const { socket, heard, closed } = await dial();
    socket.end(usual('last words'));
    await until(() => listening.taken.length === 1);
    pass();
    await closed;
    expect(heard()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(heard()).toContain('connection: close');
  });

  it('that goes away in a body leaves nothing behind', async () => {
    await open();
    const { socket } = await dial();
    socket.write(`${HEAD}content-length: 3000000\r\n\r\n${'x'.repeat(100_000)}`);
    await until(() => listening.admission.bytes > 100_000);
    socket.destroy();
    await until(() => listening.admission.bytes === 0);
    expect(listening.taken).toEqual([]);
  });

  it('that waits for its next request is closed when the receiver stops', async () => {
    await open();
    const { socket, heard, closed } = await dial();
    socket.write(usual('one'));
    await until(() => statuses(heard()).length === 1);
    const began = Date.now();
    await listening.receiver.stop();
    await closed;
    expect(Date.now() - began).toBeLessThan(2000);
  });
});

describe('many connections', () => {
  it('share one buffer and mix nothing', async () => {
    const { consume, pass } = gate();
    await open({}, { consume });
    const bodies = Array.from({ length: 12 }, (_, i) => String.fromCharCode(97 + i).repeat(300 + i * 150_000));
    const all = bodies.map(async (body) => {
      const { socket, heard } = await dial();
      const text = usual(body);
      for (let at = 0; at < text.length; at += 50_000) {
        socket.write(text.slice(at, at + 50_000));
        await new Promise((next) => setImmediate(next));
      }
      await until(() => statuses(heard()).length === 1);
    });
    await until(() => listening.taken.length === bodies.length);
    for (let i = 0; i < bodies.length; i++) pass();
    await Promise.all(all);
    expect(texts().sort()).toEqual(bodies);
  });
});

describe('a refusal', () => {
  it('in the middle of a body says why and closes', async () => {
    await open({}, { maxInFlight: 200_000 });
    const other = await dial();
    other.socket.write(`${HEAD}content-length: 1000000\r\n\r\n${'x'.repeat(100_000)}`);
    await until(() => listening.admission.bytes > 100_000);
    const { socket, heard, closed } = await dial();
    socket.write(`${HEAD}content-length: 1000000\r\n\r\n${'x'.repeat(500_000)}`);
    await until(() => heard().includes('retry-after'));
    expect(heard()).toMatch(/^HTTP\/1\.1 503 /);
    socket.end();
    await closed;
    expect(listening.refused).toEqual(['collector_overloaded']);
    other.socket.destroy();
    await until(() => listening.admission.bytes === 0);
  });

  it('of a whole body keeps the connection', async () => {
    let fails = true;
    const consume = async () => {
      if (fails) throw new Error('inside');
    };
    await open({}, { consume });
    const { socket, heard } = await dial();
    socket.write(usual('one'));
    await until(() => statuses(heard()).length === 1);
    fails = false;
    socket.write(usual('two'));
    await until(() => statuses(heard()).length === 2);
    expect(statuses(heard())).toEqual(['500', '200']);
  });

  it('is the same answer that others get', async () => {
    await open({ token: 'a-token-of-some-length' });
    const { socket, heard } = await dial();
    socket.write(usual('one'));
    await until(() => statuses(heard()).length === 1);
    const other = await sendTo(listening.url, '/v1/traces', 'one', {
      headers: { ...PROTOBUF, connection: 'close' },
    });
    expect(heard()).toMatch(/^HTTP\/1\.1 401 /);
    expect(heard().toLowerCase()).toContain('www-authenticate: bearer');
    expect([other.status, other.headers['www-authenticate']]).toEqual([401, 'Bearer']);
    expect(heard().endsWith(other.body.toString('latin1'))).toBe(true);
    expect(listening.refused).toEqual(['collector_unauthenticated', 'collector_unauthenticated']);
  });
});
