import { Counter, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { answerHealth } from '../../core/health.ts';

describe('answerHealth', () => {
  const registry = new Registry();

  it('says the process runs', async () => {
    expect(await answerHealth('/healthz', {}, registry)).toMatchObject({ status: 200, body: 'ok\n' });
  });

  it('is ready when every part is, and names the part that is not with its reason', async () => {
    const ready = await answerHealth('/readyz', { spool: () => ({ ready: true }) }, registry);
    expect(ready?.status).toBe(200);
    const blocked = await answerHealth(
      '/readyz',
      { spool: () => ({ ready: true }), store: () => ({ ready: false, detail: 'engine restarts' }) },
      registry,
    );
    expect(blocked?.status).toBe(503);
    expect(JSON.parse(blocked?.body ?? '')).toEqual({
      ready: false,
      parts: { spool: { ready: true }, store: { ready: false, detail: 'engine restarts' } },
    });
  });

  it('serves the registry as Prometheus text', async () => {
    new Counter({ name: 'weir_test_total', help: 'A test.', registers: [registry] }).inc(3);
    const answer = await answerHealth('/metrics', {}, registry);
    expect(answer?.contentType).toMatch(/^text\/plain/);
    expect(answer?.body).toContain('weir_test_total 3');
  });

  it('leaves other paths alone', async () => {
    expect(await answerHealth('/', {}, registry)).toBeUndefined();
  });
});
