import { execFile } from 'node:child_process';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FaultState, serveControl } from '../../examples/order-pipeline/control/server.ts';
import { formatFaults, listFaults, switchFault } from '../../examples/order-pipeline/fault.ts';
import { FAULT_NAMES, FAULTS, type FaultName } from '../../examples/order-pipeline/faults.ts';

const run = promisify(execFile);
const COMMAND = fileURLToPath(new URL('../../examples/order-pipeline/fault.ts', import.meta.url));

let control: { url: string; close(): Promise<void> };
let port: number;
let states: Record<FaultName, FaultState>;

beforeEach(async () => {
  states = Object.fromEntries(FAULT_NAMES.map((name) => [name, { on: false, since: 1 }])) as typeof states;
  control = await serveControl({
    port: 0,
    broker: 'a test',
    states: () => states,
    setFault: (name, on) => {
      states[name] = { on, since: Date.now() };
    },
  });
  port = Number(new URL(control.url).port);
});
afterEach(() => control.close());

/** `fetch` sets Host and Origin itself, so foreign ones are sent by hand. */
function raw(path: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const { body, ...rest } = options;
    const call = request({ host: '127.0.0.1', port, path, ...rest }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    call.on('error', reject);
    call.end(body);
  });
}

describe('fault switch', () => {
  it('lists and switches every fault over HTTP', async () => {
    expect((await listFaults(port)).map(({ name, on }) => [name, on])).toEqual(
      FAULT_NAMES.map((name) => [name, false]),
    );
    for (const name of FAULT_NAMES) {
      expect(await switchFault(name, true, port)).toMatchObject({ name, on: true, stage: FAULTS[name].stage });
      expect(states[name].on).toBe(true);
      expect(await switchFault(name, false, port)).toMatchObject({ on: false });
    }
  });

  it('is a command', async () => {
    const on = await run(process.execPath, [COMMAND, 'slow-consumer', 'on', '--port', String(port)]);
    expect(on.stdout).toMatch(/^on {3}slow-consumer/);
    expect(states['slow-consumer'].on).toBe(true);
    const list = await run(process.execPath, [COMMAND, 'list', '--port', String(port)]);
    expect(list.stdout.trim().split('\n')).toHaveLength(FAULT_NAMES.length);
    expect(list.stdout).toBe(`${formatFaults(await listFaults(port))}\n`);
    await expect(run(process.execPath, [COMMAND, 'no-such', 'on', '--port', String(port)])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('choose slow-consumer'),
    });
    await expect(run(process.execPath, [COMMAND])).rejects.toMatchObject({ code: 2 });
  });

  it('says what is wrong with a request', async () => {
    const post = (path: string, body: string) =>
      raw(path, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    expect(await post('/faults/nonsense', '{"on":true}')).toMatchObject({ status: 404 });
    for (const body of ['', '{', '{"on":1}', 'null', '[]', `{"on":"${'x'.repeat(20_000)}"}`]) {
      expect(await post('/faults/slow-consumer', body)).toMatchObject({ status: 400 });
    }
    expect(await raw('/else')).toMatchObject({ status: 404 });
    expect(Object.values(states).some(({ on }) => on)).toBe(false);
  });

  it('is out of reach for pages of other sites', async () => {
    const body = '{"on":true}';
    for (const headers of [{ origin: 'http://evil.example' }, { host: 'evil.example' }, { origin: 'null' }]) {
      const answer = await raw('/faults/slow-consumer', {
        method: 'POST',
        headers: headers as Record<string, string>,
        body,
      });
      expect(answer.status).toBe(403);
    }
    expect(states['slow-consumer'].on).toBe(false);
  });

  it('is a page that shows the pipeline and a switch for every fault', async () => {
    const response = await fetch(control.url);
    const text = await response.text();
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    for (const name of FAULT_NAMES) expect(text).toContain(`data-name="${name}"`);
    for (const stage of ['gateway', 'enrichment', 'payments', 'warehouse-sink'])
      expect(text).toContain(`<b>${stage}</b>`);
    expect(text).not.toMatch(/https?:\/\/(?!127\.0\.0\.1)/);
  });

  it('says how to reach a demo that is not there', async () => {
    await control.close();
    await expect(listFaults(port)).rejects.toThrow('does not answer');
  });
});
