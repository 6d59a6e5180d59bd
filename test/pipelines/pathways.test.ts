import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { encodeRequest } from '../../collector/otlp/encode.ts';
import type { TracesRequest } from '../../collector/otlp/model.ts';
import { createTracePathways } from '../../pipelines/pathways.ts';
import { readCheckpoints } from '../../store/queries/pathways.ts';
import { readPathways } from '../../store/queries/pathways-chains.ts';
import { readPathwayLatency } from '../../store/queries/pathways-latency.ts';
import { startTestCollector, type TestCollector, waitForRows } from '../collector/harness.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { latencyRequest, sendMetrics } from '../store/queries/pathway-points.ts';

let stand: TestStore;
let collector: TestCollector;
beforeAll(async () => {
  stand = await startTestStore();
  collector = await startTestCollector(stand.store);
});
afterAll(async () => {
  await collector?.stop();
  await stand?.stop();
});
beforeEach(async () => {
  for (const table of ['spans', 'trace_times', 'pathways_sampled_10s', 'pathways_10s'])
    await stand.store.client.command({ query: `TRUNCATE TABLE ${table}` });
});

const BEGIN = Math.floor(Date.now() / 3_600_000 - 2) * 3_600_000;
const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });

/** A gateway that sends to `orders`, and a consumer that reads batches of five by links 700 ms later. */
async function sendTraces(count: number): Promise<void> {
  const spanOf = (
    service: string,
    kind: number,
    spec: { trace: number; span: number; at: number; links?: number[] },
  ) => ({
    resource: { attributes: [text('service.name', service), text('weir.pipeline', 'shop')] },
    scopeSpans: [
      {
        spans: [
          {
            traceId: hex(spec.trace, 32),
            spanId: hex(spec.span, 16),
            name: 'work',
            kind,
            startTimeUnixNano: BigInt(spec.at) * 1_000_000n,
            endTimeUnixNano: BigInt(spec.at + 5) * 1_000_000n,
            attributes: [
              text('messaging.system', 'kafka'),
              text('messaging.destination.name', 'orders'),
              ...(kind === 5 ? [text('messaging.consumer.group.name', service)] : []),
            ],
            links: (spec.links ?? []).map((trace) => ({ traceId: hex(trace, 32), spanId: hex(trace, 16) })),
          },
        ],
      },
    ],
  });
  const resourceSpans = [];
  for (let i = 1; i <= count; i++) resourceSpans.push(spanOf('gateway', 4, { trace: i, span: i, at: BEGIN + i }));
  for (let i = 1; i <= count; i += 5) {
    const links = [0, 1, 2, 3, 4].map((k) => i + k);
    resourceSpans.push(spanOf('billing', 5, { trace: 1e6 + i, span: 1e6 + i, at: BEGIN + i + 700, links }));
  }
  const request: TracesRequest = { resourceSpans };
  const response = await fetch(`${collector.http}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: new Uint8Array(encodeRequest('traces', request)),
  });
  expect(response.status).toBe(200);
  await waitForRows(stand.store, 'SELECT 1 FROM spans', count + count / 5);
  await waitForRows(stand.store, 'SELECT TraceId FROM trace_times', count + count / 5);
}

const range = { from: BEGIN, to: BEGIN + 20_000 };
/** When the first ten seconds are read: exporters have had their time. */
const AT = BEGIN + 30_000;

test('spans without an SDK of ours become checkpoints that say they are sampled', async () => {
  await sendTraces(200);
  const pathways = createTracePathways(stand.store, new Registry());
  const derived = await pathways.round(AT, AT);
  expect(derived?.untold).toEqual({ upstream_not_found: 0, too_deep: 0 });
  const [pathway, ...rest] = (await readPathways(stand.store, range)).pathways;
  expect(rest).toEqual([]);
  expect(pathway).toMatchObject({ sampled: true, unseenUpstream: false });
  expect(pathway?.checkpoints).toMatchObject([
    { service: 'gateway', direction: 'out', records: 200, sampled: true, share: 1 },
    { service: 'billing', direction: 'in', destination: 'orders', group: 'billing', records: 200, share: 1 },
  ]);
  const [start, end] = pathway?.checkpoints ?? [];
  const latency = await readPathwayLatency(stand.store, {
    ...{ ...range, step: 10_000, start: start?.hash as string, end: end?.hash as string },
  });
  expect(latency.method).toBe('sampled');
  // Records of a batch waited from 696 to 700 ms.
  expect(latency.overall.p50).toBeGreaterThan(0.69);
  expect(latency.overall.p50).toBeLessThan(0.705);
  // A step is read once, and an insert that is repeated is stored once.
  expect(await pathways.round(AT, AT)).toBeUndefined();
  await createTracePathways(stand.store).round(AT, AT);
  expect((await readPathways(stand.store, range)).pathways[0]?.checkpoints[1]?.records).toBe(200);
});

test('many are sampled by trace, with the share known', async () => {
  await sendTraces(4000);
  await createTracePathways(stand.store).round(AT, AT);
  const [sent] = (await readCheckpoints(stand.store, range)).filter(({ service }) => service === 'gateway');
  expect(sent?.share).toBeCloseTo(1 / 16, 10);
  expect(sent?.records).toBeGreaterThan(3000);
  expect(sent?.records).toBeLessThan(5000);
});

test('a service that reports by itself is not read off traces as well', async () => {
  await sendTraces(20);
  const stop = {
    service: 'gateway',
    hash: '2db29d25116c2b7f',
    parent: '',
    direction: 'out',
    destination: 'orders',
  } as const;
  await sendMetrics(collector.http, latencyRequest(stop, BEGIN + 10_000, { latency: [0], edge: [0] }));
  await waitForRows(stand.store, 'SELECT 1 FROM pathways_10s', 2);
  await createTracePathways(stand.store).round(AT, AT);
  const found = await readCheckpoints(stand.store, range);
  expect(found.map(({ service, sampled, records }) => [service, sampled, records])).toEqual([
    ['gateway', false, 1],
    ['billing', true, 20],
  ]);
  // The way goes on from what one reported to what the traces say of the other.
  const { pathways } = await readPathways(stand.store, range);
  expect(pathways.map(({ checkpoints, unseenUpstream }) => [checkpoints.length, unseenUpstream])).toEqual([[2, false]]);
});

test('nothing to read is no error', async () => {
  expect(await createTracePathways(stand.store).round(AT, AT)).toMatchObject({ rows: [] });
});
