import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MetricsRequest } from '../../../collector/otlp/model.ts';
import { readSignals } from '../../../store/queries/signals.ts';
import { startTestCollector, type TestCollector, waitForRows } from '../../collector/harness.ts';
import { startTestStore, type TestStore } from '../harness.ts';
import { sendMetrics } from './pathway-points.ts';

const S = 10_000;
const AT = Math.floor(Date.now() / 60_000 - 10) * 60_000;
const METRIC = 'rabbitmq_global_messages_dead_lettered_rejected_total';
/** A name that SQL and JSON would like to take apart. */
const ODD = `o'rders\\ "q" {x:String} $1 %s`;

/** A counter at some times, unix milliseconds. */
function counter(
  service: string,
  points: readonly (readonly [at: number, value: number])[],
  temporality = 2,
): MetricsRequest {
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const dataPoints = points.map(([at, value]) => ({
    attributes: [text('queue', 'q')],
    startTimeUnixNano: BigInt(AT - 3_600_000) * 1_000_000n,
    timeUnixNano: BigInt(at) * 1_000_000n,
    asInt: BigInt(value),
  }));
  const sum = { aggregationTemporality: temporality, isMonotonic: true, dataPoints };
  const resource = { attributes: [text('service.name', service), text('weir.pipeline', ODD)] };
  return { resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [{ name: METRIC, sum }] }] }] };
}

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

async function rates(from: number, to: number): Promise<Record<string, number[]>> {
  const series = await readSignals(stand.store, { from, to, step: S, signals: ['dead_letters'] });
  return Object.fromEntries(
    series.map(({ labels, values }) => [`${labels['pipeline']} ${labels['stage']}`, [...values]]),
  );
}

describe('what counters gained', () => {
  test('is nothing in an empty store', async () => {
    expect(await rates(AT, AT + S)).toEqual({});
  });

  test('is told of counters scraped once a minute, also late, and of restarts', async () => {
    await sendMetrics(
      collector.http,
      counter(ODD, [
        [AT - 62_000, 100],
        [AT + 1000, 130],
        [AT + 61_000, 20],
      ]),
    );
    await sendMetrics(
      collector.http,
      counter('often', [
        [AT - 1000, 5],
        [AT + 9000, 5],
        [AT + 19_000, 7],
      ]),
    );
    await sendMetrics(collector.http, counter('first', [[AT + 1000, 40]]));
    await sendMetrics(
      collector.http,
      counter(
        'delta',
        [
          [AT + 1000, 40],
          [AT + 9000, 10],
        ],
        1,
      ),
    );
    await waitForRows(stand.store, 'SELECT SeriesId, Time FROM gauge_10s GROUP BY SeriesId, Time', 8);
    const found = await rates(AT, AT + 7 * S);
    expect(found).toEqual({
      // Thirty more than at the scrape before, which lies six steps and more before the range; then it began anew.
      [`${ODD} ${ODD}`]: [3, 0, 0, 0, 0, 0, 2],
      [`${ODD} often`]: [0, 0.2, 0, 0, 0, 0, 0],
      [`${ODD} first`]: [0, 0, 0, 0, 0, 0, 0],
      [`${ODD} delta`]: [5, 0, 0, 0, 0, 0, 0],
    });
  });
});
