import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSignals } from '../../store/queries/signals.ts';
import { readEventTimes } from '../../store/queries/watermarks.ts';
import { startTestCollector, type TestCollector, waitForRows } from '../collector/harness.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { storeScrapes } from './scrapes.ts';

const STEP = 10_000;
const SCRAPES = 13;
const began = Math.floor(Date.now() / STEP) * STEP - (SCRAPES + 1) * STEP;
const times = Array.from({ length: SCRAPES }, (_, i) => began + i * STEP);
const last = began + (SCRAPES - 1) * STEP;
/** The database is quiet, and cut off from then on. */
const CUT = began + 6 * STEP;
/** The sink's task starts anew here, and counts from 0. */
const RESTART = began + 8 * STEP;

/** A worker with a sink that gives up two records a second, and a source whose database was quiet from the start. */
function page(time: number): string {
  const letters = ((time - (time < RESTART ? began : RESTART)) / 1000) * 2;
  const since = time - began + 600_000;
  const streaming = 'context="streaming",name="inventory",plugin="postgres"';
  return `
kafka_connect_connector_status{connector="warehouse",task="0",status="${time < CUT ? 'running' : 'failed'}",} 1.0
kafka_connect_task_error_deadletterqueue_produce_requests{connector="warehouse",task="0",} ${letters}
debezium_metrics_MilliSecondsBehindSource{${streaming},} 90000.0
debezium_metrics_MilliSecondsSinceLastEvent{${streaming},} ${since}
debezium_metrics_Connected{${streaming},} ${time < CUT ? 1 : 0}
`;
}

let test: TestStore;
let collector: TestCollector;
beforeAll(async () => {
  test = await startTestStore();
  collector = await startTestCollector(test.store);
  await storeScrapes(collector, times, page, { weir_pipeline: 'orders' });
  // Segments are stored beside each other, so the newest rows may come before older ones.
  const metrics = ['weir.records.dead_lettered', 'weir.event.time', 'weir.watermark'];
  const steps = `SELECT MetricName FROM gauge_10s WHERE MetricName IN ('${metrics.join("', '")}') GROUP BY MetricName, Time`;
  await waitForRows(test.store, steps, SCRAPES * metrics.length);
});
afterAll(async () => {
  await collector?.stop();
  await test?.stop();
});

describe('a Connect worker', () => {
  it('gives the dead letters of a sink as a rate, over a restart of its task', async () => {
    const [series] = await readSignals(test.store, {
      from: began + STEP,
      to: last,
      step: STEP,
      signals: ['dead_letters'],
    });
    expect(series?.labels).toEqual({ signal: 'dead_letters', pipeline: 'orders', stage: 'warehouse' });
    const atRestart = (RESTART - began) / STEP - 1;
    const rates = [...(series?.values ?? [])];
    // A count that fell was reset: what it counts since is all that is known.
    const expected = Array.from({ length: SCRAPES - 2 }, (_, i) => (i === atRestart ? 0 : 2));
    expect(rates.map((rate) => Math.round(rate * 100) / 100)).toEqual(expected);
  });

  it('tells the states of tasks as they change', async () => {
    const rows = await test.store.rows<{ state: string; ended: boolean }>(
      `SELECT s.Attributes['state'] AS state, max(p.Flags) = 1 AS ended FROM metric_points AS p
       LEFT ANY JOIN metric_series AS s ON s.SeriesId = p.SeriesId
       WHERE p.MetricName = 'weir.connector.task.state' AND p.ServiceName = 'warehouse' GROUP BY state ORDER BY state`,
    );
    expect(rows.map(({ state, ended }) => [state, Boolean(ended)])).toEqual([
      ['failed', false],
      ['running', true],
    ]);
  });

  it('tells how complete a quiet database is known to be, and that a lost one is not', async () => {
    const facts = await readEventTimes(test.store, began, last + STEP);
    const of = (says: string) => facts.find((fact) => fact.service === 'inventory' && fact.says === says);
    const newest = began - 690_000;
    expect(of('event_time')).toMatchObject({ pipeline: 'orders', latest: newest, furthest: newest });
    expect(of('watermark')).toMatchObject({ furthest: CUT - STEP, latest: newest, sampledAt: last });
    const lags = await test.store.rows<{ lag: number }>(
      `SELECT toFloat64(Value) AS lag FROM metric_points WHERE MetricName = 'weir.source.lag_time' ORDER BY Time`,
    );
    expect(lags.map(({ lag }) => Number(lag))).toEqual(times.map((time) => (time < CUT ? 0 : (time - newest) / 1000)));
  });
});
