import { stepFor } from '../../../api/request.ts';
import type { Signal } from '../../../core/signal.ts';
import { overview } from '../../../dashboards/overview.ts';
import { stage } from '../../../dashboards/stage.ts';
import { readSignals } from '../../../store/queries/signals.ts';
import { readTopology } from '../../../store/queries/topology.ts';
import type { Outcome } from '../goals.ts';
import { startPlatform } from '../platform.ts';
import { diskUse } from '../tables.ts';
import type { Context } from './context.ts';
import { fillDay, median, timed } from './history.ts';

const DEFAULT_SPANS = 10_000_000;
/** Every request holds spans of every service, so that each series has points all day. */
const SERVICES = 50;
const REPEATS = 7;

/**
 * The product's own queries for each panel of its dashboards over 24 hours of 50 services with 20 operations each, through
 * the store's HTTP interface, at the step the interface asks for. The goal is held against the slowest panel.
 */
export async function dashboards(context: Context): Promise<Outcome> {
  await using stack = new AsyncDisposableStack();
  const platform = await startPlatform({ dataDir: context.folder(), set: context.set });
  stack.defer(() => platform.stop());
  const { store } = platform;
  const { load, from, to } = await fillDay(context, platform, context.spans ?? DEFAULT_SPANS, SERVICES);
  const step = stepFor(to - from);
  const range = { from: to - Math.floor((to - from) / step) * step, to, step };
  const panel =
    (signals: readonly Signal[], match = {}) =>
    () =>
      readSignals(store, { ...range, signals, match });
  const queries: Record<string, () => Promise<unknown>> = {};
  for (const { id, signals } of overview.panels) {
    queries[`overview, ${id}`] = panel(signals.map(({ signal }) => signal));
  }
  for (const { id, signals } of stage.panels) {
    queries[`stage, ${id}`] = panel(
      signals.map(({ signal }) => signal),
      { stage: 'checkout-service' },
    );
  }
  queries['topology'] = () => readTopology(store, { at: to, window: to - from });
  const numbers: Record<string, number | string> = { 'spans filled in': load.acked, 'step s': step / 1000 };
  let slowest = 0;
  for (const [name, query] of Object.entries(queries)) {
    const times: number[] = [];
    for (let i = 0; i < REPEATS; i++) times.push((await timed(query)).ms);
    numbers[`${name} first ms`] = times[0] as number;
    numbers[`${name} median ms`] = median(times);
    slowest = Math.max(slowest, median(times));
  }
  return { scenario: 'dashboards', goals: { dashboards: slowest }, numbers, detail: { use: await diskUse(store) } };
}
