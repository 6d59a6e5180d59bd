import type { AddressInfo } from 'node:net';
import { createAlertingApi } from '../../alerting/api.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import { NOON, parseConfig, startScenario } from './harness.ts';

export const CONFIG = {
  route: {
    receiver: 'team',
    routes: [{ matchers: ['severity="critical"'], receiver: 'pager', mute_time_intervals: ['evening'] }],
  },
  receivers: [{ name: 'team' }, { name: 'pager' }],
  time_intervals: [{ name: 'evening', time_intervals: [{ times: [{ start_time: '18:00', end_time: '24:00' }] }] }],
  inhibit_rules: [{ source_matchers: ['alertname="Root"'], target_matchers: ['alertname="Leaf"'], equal: ['cluster'] }],
};

export let story: ReturnType<typeof startScenario>;
export let base: string;
export let stop: () => Promise<void>;

export async function start(config: object = CONFIG): Promise<void> {
  story = startScenario(config);
  const server = createAlertingApi({
    engine: story.engine,
    config: parseConfig(config),
    telemetry: silentTelemetry(),
    now: story.now,
    health: { alerting: () => ({ ready: true }) },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  stop = async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await story[Symbol.asyncDispose]();
  };
}

export async function call<T = unknown>(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
) {
  const response = await fetch(base + path, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined
      ? {}
      : { body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body) }),
  });
  const text = await response.text();
  let value: unknown = text;
  if (response.headers.get('content-type')?.startsWith('application/json') && text !== '') value = JSON.parse(text);
  return { status: response.status, value: value as T, text, headers: response.headers };
}
export const get = <T = unknown>(path: string) => call<T>('GET', path);
export const iso = (seconds: number) => new Date(NOON + seconds * 1000).toISOString();
