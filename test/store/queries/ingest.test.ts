import { afterAll, beforeAll, expect, test } from 'vitest';
import { newestTelemetry, readOrigins, readReceived, readServices } from '../../../store/queries/ingest.ts';
import { startTestStore, type TestStore } from '../harness.ts';
import { insertStock } from '../stock-rows.ts';
import { NOON, point, span } from './telemetry-rows.ts';

let stand: TestStore;
beforeAll(async () => {
  stand = await startTestStore();
});
afterAll(() => stand?.stop());

test('an empty store has no newest telemetry, no origins and no services', async () => {
  expect(await newestTelemetry(stand.store)).toBe(0);
  expect(await readOrigins(stand.store)).toEqual([]);
  expect(await readServices(stand.store, 0)).toEqual([]);
});

test('origins are the time ranges of data that is not live, services what speaks', async () => {
  const pipeline = 'orders';
  const generated = { 'weir.origin': 'generated' };
  const day = 86_400_000;
  await insertStock(stand.store, 'otel_traces', [
    span({ pipeline, at: NOON - 3 * day, resource: generated }),
    span({ pipeline, at: NOON - 2 * day, resource: generated }),
  ]);
  await insertStock(stand.store, 'otel_traces', [
    span({ pipeline, at: NOON - day, resource: generated, ms: 2000 }),
    span({ pipeline, at: NOON, resource: { 'weir.console.url': 'http://127.0.0.1:7000/' } }),
    span({ pipeline: 'other', service: 'replayed', at: NOON - 1000, resource: { 'weir.origin': 'replayed' } }),
  ]);
  await insertStock(stand.store, 'otel_metrics_gauge', [
    point({ pipeline, service: 'probe', at: NOON + 5000, value: 1 }),
  ]);
  expect(await readOrigins(stand.store)).toEqual([
    { origin: 'generated', pipeline, service: 'gateway', from: NOON - 3 * day, to: NOON - day },
    { origin: 'replayed', pipeline: 'other', service: 'replayed', from: NOON - 1000, to: NOON - 1000 },
  ]);
  expect(await newestTelemetry(stand.store)).toBe(NOON + 5000);
  expect(await newestTelemetry(stand.store, 'other')).toBe(NOON - 1000);
  expect(await newestTelemetry(stand.store, 'nobody')).toBe(0);
  expect(await readServices(stand.store, NOON)).toEqual([
    {
      pipeline,
      service: 'gateway',
      consoleUrl: 'http://127.0.0.1:7000/',
      firstSeen: NOON - 3 * day,
      lastSeen: NOON,
    },
    { pipeline, service: 'probe', consoleUrl: '', firstSeen: NOON + 5000, lastSeen: NOON + 5000 },
  ]);
});

test('what came since a service was last told of shows in its steps', async () => {
  const [spans, gauges] = ['lively', 'measured'];
  const hour = 3_600_000;
  await insertStock(stand.store, 'otel_traces', [span({ pipeline: spans, service: 'a', at: NOON + hour + 3000 })]);
  const step = { Pipeline: spans, Service: 'a', Kind: 'Server', Source: 'spans', Count: 1 };
  await stand.store.insert('red_10s', [{ ...step, Time: (NOON + hour + 40_000) / 1000 }]);
  await stand.store.insert('gauge_10s', [
    { Pipeline: gauges, Service: 'b', Signal: 'heat', Time: (NOON + hour + 50_000) / 1000, Last: [1, 1] },
  ]);
  expect(await newestTelemetry(stand.store)).toBe(NOON + hour + 50_000);
  expect(await newestTelemetry(stand.store, spans)).toBe(NOON + hour + 40_000);
  expect(await readServices(stand.store, NOON + hour)).toEqual([
    { pipeline: spans, service: 'a', consoleUrl: '', firstSeen: NOON + hour + 3000, lastSeen: NOON + hour + 40_000 },
    { pipeline: gauges, service: 'b', consoleUrl: '', firstSeen: NOON + hour + 50_000, lastSeen: NOON + hour + 50_000 },
  ]);
});

test('times of telemetry are those of spans and watched metrics, of other metrics their minutes', async () => {
  const at = NOON + 7 * 3_600_000;
  expect(await readReceived(stand.store, at, at + 600_000)).toEqual([]);
  const watched = { 'weir.signal': 'heat' };
  const other = (ago: number) =>
    point({ pipeline: 'p', service: 's', metric: 'jvm.memory.used', at: at + ago, value: 1 });
  await insertStock(stand.store, 'otel_traces', [span({ pipeline: 'p', at: at + 11_000, ms: 1 })]);
  await insertStock(stand.store, 'otel_metrics_gauge', [
    other(-1000),
    point({ pipeline: 'p', service: 's', at: at + 39_000, value: 1, attributes: watched }),
    point({ pipeline: 'p', service: 's', at: at + 39_500, value: 1, attributes: watched }),
    other(200_000),
  ]);
  const seconds = (await readReceived(stand.store, at, at + 600_000)).map((time) => (time - at) / 1000);
  expect(seconds).toEqual([0, 10, 30, 180]);
  expect(await readReceived(stand.store, at + 20_000, at + 180_000)).toEqual([at + 30_000]);
});
