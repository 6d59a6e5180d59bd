import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from '../goals.ts';
import { type MarkerReport, Markers } from '../marker.ts';
import { startPlatform } from '../platform.ts';
import { countItems } from '../tables.ts';
import type { Context } from './context.ts';
import { drive, throughputNumbers } from './throughput.ts';

const EVERY_MS = 250;

function markerNumbers({ sent, lost, ack, visible, query }: MarkerReport): Record<string, number | string> {
  return {
    'markers sent': sent,
    'markers lost': lost,
    'marker ack p50 ms': ack.p50,
    'marker ack p99 ms': ack.p99,
    'visible p50 ms': visible.p50,
    'visible p99 ms': visible.p99,
    'visible max ms': visible.max,
    'looking for it, p50 ms': query.p50,
    'looking for it, queries': query.count,
  };
}

/**
 * Half load: requests of 512 spans fall due at even times, whether or not answers come, and each waits from when it was
 * due. A span on its own is sent every quarter of a second and looked for until a query sees it.
 */
export async function latency(context: Context): Promise<Outcome> {
  await using stack = new AsyncDisposableStack();
  const platform = await startPlatform({ dataDir: context.folder(), set: context.set });
  stack.defer(() => platform.stop());
  const markers = new Markers(platform.otlp, platform.store, EVERY_MS);
  const paced = { ...context, connections: Math.max(16, context.connections) };
  let seen: MarkerReport | undefined;
  const report = await drive(paced, platform, {
    signal: 'traces',
    seconds: context.seconds,
    rate: context.rate,
    batch: 512,
    endBeside: async () => {
      seen = await markers.end();
    },
  });
  seen ??= await markers.end();
  const expected = report.load.acked + seen.sent - seen.lost;
  const stored = await countItems(platform.store, 'traces');
  const numbers = {
    'asked items/s': context.rate,
    ...throughputNumbers(report),
    ...markerNumbers(seen),
    'count() equals acknowledged': stored === expected ? 'yes' : `NO: ${stored - expected}`,
  };
  const goals = { ack_p99: report.load.latency.p99, visible_p99: seen.visible.p99 };
  return { scenario: 'latency', goals, numbers, detail: { report, seen } };
}

/** Nothing but the markers. */
export async function idle(context: Context): Promise<Outcome> {
  await using stack = new AsyncDisposableStack();
  const platform = await startPlatform({ dataDir: context.folder(), set: context.set });
  stack.defer(() => platform.stop());
  const markers = new Markers(platform.otlp, platform.store, EVERY_MS);
  await sleep(context.seconds * 1000);
  const seen = await markers.end();
  return { scenario: 'idle', goals: {}, numbers: markerNumbers(seen), detail: seen };
}
