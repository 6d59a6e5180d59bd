import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodeRequest } from '../../../collector/otlp/encode.ts';
import { startTestStore, type TestStore } from '../../store/harness.ts';
import { metric, startTestCollector, waitForRows } from '../harness.ts';
import { texts } from './wire-items.ts';

let store: TestStore;
beforeAll(async () => {
  store = await startTestStore();
}, 60_000);
afterAll(() => store?.stop());

it('a collector stores what its processors leave, and answers as if it had stored all', {
  timeout: 60_000,
}, async () => {
  const processors = {
    filter: [{ rule: 'health', signal: 'traces', name: 'GET /healthz' }],
    attributes: [{ keys: ['user.email'], action: 'redact' }],
  };
  const { http, telemetry, stop } = await startTestCollector(store.store, { processors });
  const now = BigInt(Date.now()) * 1_000_000n;
  const span = (name: string, spanId: string) => ({
    ...{ name, spanId, traceId: '0af7651916cd43dd8448eb211c80319c', kind: 2 },
    ...{ startTimeUnixNano: now - 5_000_000n, endTimeUnixNano: now, attributes: texts({ 'user.email': 'a@b.org' }) },
  });
  const spans = [span('GET /healthz', '00000000000000aa'), span('GET /orders', '00000000000000bb')];
  const resource = { attributes: texts({ 'service.name': 'shop', 'user.email': 'c@d.org' }) };
  try {
    const answer = await fetch(`${http}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: Buffer.from(encodeRequest('traces', { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] })),
    });
    expect(answer.status).toBe(200);
    // An empty message: no partial success.
    expect((await answer.arrayBuffer()).byteLength).toBe(0);
    const rows = await waitForRows(store.store, 'SELECT SpanName, Attributes FROM spans', 1);
    expect(rows).toEqual([{ SpanName: 'GET /orders', Attributes: { 'user.email': '****' } }]);
    const resources = await waitForRows(store.store, 'SELECT ResourceAttributes FROM resource_scopes', 1);
    expect(resources).toEqual([{ ResourceAttributes: { 'service.name': 'shop', 'user.email': '****' } }]);
    const sample = 'weir_collector_processor_dropped_total{processor="filter",rule="health"}';
    expect(await metric(telemetry, sample)).toBe(1);
    expect(await metric(telemetry, 'weir_collector_dropped_total{signal="traces",reason="filtered"}')).toBe(1);
  } finally {
    await stop();
  }
});
