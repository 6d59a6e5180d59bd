import type { Registry } from 'prom-client';
import type { Health } from './service.ts';

export type HealthChecks = Readonly<Record<string, () => Health>>;

export interface HealthAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/**
 * The three endpoints every role serves: `/healthz` (the process runs), `/readyz` (every part can do its work, with
 * the reasons where not), `/metrics` (Prometheus text). Undefined for any other path.
 */
export async function answerHealth(
  path: string,
  checks: HealthChecks,
  registry: Registry,
): Promise<HealthAnswer | undefined> {
  if (path === '/healthz') return { status: 200, contentType: 'text/plain', body: 'ok\n' };
  if (path === '/metrics') {
    return { status: 200, contentType: registry.contentType, body: await registry.metrics() };
  }
  if (path !== '/readyz') return undefined;
  const parts = Object.fromEntries(Object.entries(checks).map(([name, check]) => [name, check()]));
  const ready = Object.values(parts).every((part) => part.ready);
  return {
    status: ready ? 200 : 503,
    contentType: 'application/json',
    body: `${JSON.stringify({ ready, parts })}\n`,
  };
}
