import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  debeziumFacts,
  type StreamingMetrics,
  sourceProgress,
} from '../../../../../collector/receivers/prometheus/exporters/debezium.ts';
import type { Point } from '../../../../../collector/receivers/prometheus/points.ts';
import { readText } from '../exposition-text.ts';

const TIME = 1_800_000_000_000;
const payload = readFileSync(new URL('../payloads/connect-debezium.prom', import.meta.url), 'utf8');

const HEALTHY: StreamingMetrics = {
  behind: 400,
  sinceLast: 100,
  isConnected: true,
  hasQueued: false,
  isFailed: false,
};

describe('how far a source is', () => {
  it.each<[string, Partial<StreamingMetrics>, number | undefined, number | undefined, number | undefined]>([
    ['events come', {}, 0.4, -500, -500],
    ['events come late', { behind: 90_000 }, 90, -90_100, -90_100],
    ['it is quiet: the frozen value is no lag', { behind: 30_000, sinceLast: 600_000 }, 0, -630_000, 0],
    ['it is quiet, and events wait in the queue', { sinceLast: 600_000, hasQueued: true }, 600.4, -600_400, -600_400],
    ['it is quiet, and nobody tells of the queue', { sinceLast: 600_000, hasQueued: undefined }, 0, -600_400, 0],
    ['it is cut off', { isConnected: false, sinceLast: 600_000 }, 600.4, -600_400, -600_400],
    ['its task has failed', { isFailed: true, sinceLast: 600_000 }, 600.4, -600_400, -600_400],
    ['its task has failed at once', { isFailed: true, behind: 0, sinceLast: 0 }, 0.001, 0, 0],
    [
      'its task has failed, and nothing tells since when',
      { isFailed: true, behind: 0, sinceLast: undefined },
      0.001,
      undefined,
      undefined,
    ],
    [
      'it is quiet, and nobody tells of the connection',
      { isConnected: undefined, sinceLast: 600_000 },
      undefined,
      -600_400,
      undefined,
    ],
    ['nothing was read yet', { behind: -1 }, undefined, undefined, undefined],
    ['it says nothing', { behind: undefined }, undefined, undefined, undefined],
    ['nothing tells since when', { sinceLast: -1 }, 0.4, undefined, undefined],
  ])('%s', (_what, metrics, lag, eventTime, watermark) => {
    const at = (offset: number | undefined) => (offset === undefined ? undefined : TIME + offset);
    expect(sourceProgress({ ...HEALTHY, ...metrics }, TIME)).toEqual({
      lag,
      eventTime: at(eventTime),
      watermark: at(watermark),
    });
  });

  it('is never nothing for a failed task, and never negative', () => {
    const metrics = fc.record({
      behind: fc.option(fc.integer({ min: -1, max: 1e9 }), { nil: undefined }),
      sinceLast: fc.option(fc.integer({ min: -1, max: 1e9 }), { nil: undefined }),
      isConnected: fc.option(fc.boolean(), { nil: undefined }),
      hasQueued: fc.option(fc.boolean(), { nil: undefined }),
      isFailed: fc.boolean(),
    });
    fc.assert(
      fc.property(metrics, (one) => {
        const { lag, eventTime, watermark } = sourceProgress(one, TIME);
        if (lag !== undefined) expect(lag).toBeGreaterThanOrEqual(0);
        if (one.isFailed && lag !== undefined) expect(lag).toBeGreaterThan(0);
        if (watermark !== undefined) expect(watermark).toBeGreaterThanOrEqual(eventTime as number);
        if (watermark !== undefined) expect(watermark).toBeLessThanOrEqual(TIME);
      }),
    );
  });
});

const textOf = (pairs: Point['attributes']) =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, value?.stringValue]));

function told(text: string) {
  return debeziumFacts(readText(text).samples, TIME).map(({ name, origin, attributes, data }) => ({
    metric: `${textOf(origin.attributes)['service.name']} ${name}`,
    ...textOf(attributes),
    value: 'value' in data ? data.value : undefined,
  }));
}

const METRICS = (labels: string, behind: number, since: number) =>
  [
    `debezium_metrics_millisecondsbehindsource{context="streaming",${labels}} ${behind}`,
    `debezium_metrics_millisecondssincelastevent{context="streaming",${labels}} ${since}`,
    `debezium_metrics_connected{context="streaming",${labels}} 1`,
  ].join('\n');

describe("Debezium's metrics", () => {
  it('of a quiet database say that nothing is behind; of a failed task they do not', () => {
    const mysql = { 'db.system.name': 'mysql' };
    const postgres = { 'db.system.name': 'postgresql' };
    expect(told(payload)).toEqual([
      { metric: 'inventory weir.source.lag_time', ...mysql, value: 0 },
      { metric: 'inventory weir.event.time', ...mysql, value: TIME - 630_211 },
      { metric: 'inventory weir.watermark', ...mysql, value: TIME },
      { metric: 'orders-db weir.source.lag_time', ...postgres, value: 0.001 },
      { metric: 'orders-db weir.event.time', ...postgres, value: TIME },
      { metric: 'orders-db weir.watermark', ...postgres, value: TIME },
    ]);
  });

  it.each([
    [
      'as older rules write the task',
      'name="db1, task=3",plugin="mongodb"',
      { 'db.system.name': 'mongodb', task: '3' },
    ],
    [
      'of each database of a server',
      'server="db1",plugin="sql_server",task="0",database="shop"',
      { 'db.system.name': 'microsoft.sql_server', 'db.namespace': 'shop', task: '0' },
    ],
    ['of a plugin nobody knows', 'server="db1",plugin="constructor"', { 'db.system.name': 'constructor' }],
  ])('%s', (_what, labels, attributes) => {
    expect(told(METRICS(labels, 250, 50))[0]).toEqual({
      metric: 'db1 weir.source.lag_time',
      ...attributes,
      value: 0.25,
    });
  });

  it('are known without rules too, when the name says which connector it is', () => {
    const text =
      'debezium_sql_server_connector_metrics_millisecondsbehindsource{context="streaming",server="db1"} 1500';
    expect(told(text)).toEqual([
      { metric: 'db1 weir.source.lag_time', 'db.system.name': 'microsoft.sql_server', value: 1.5 },
    ]);
  });

  it('are not called quiet while some task of another name has failed', () => {
    const failed = 'kafka_connect_connector_status{connector="c",task="0",status="failed"} 1';
    const quiet = METRICS('server="db1",plugin="mysql"', 30_000, 60_000);
    const lag = (text: string) => told(text).find(({ metric }) => metric.endsWith('lag_time'))?.value;
    expect(lag(quiet)).toBe(0);
    expect(lag(`${quiet}\n${failed}`)).toBe(undefined);
    expect(lag(`${quiet}\n${failed.replace('"failed"', '"running"')}`)).toBe(0);
    expect(lag(`${quiet}\n${failed.replace('"c"', '"db1"')}`)).toBe(90);
  });

  it('of a snapshot, and of anything else, say nothing', () => {
    expect(told('debezium_metrics_millisecondsbehindsource{context="snapshot",server="a"} 5\nup 1')).toEqual([]);
    expect(told(METRICS('server="",plugin="mysql"', 1, 1))).toEqual([]);
    expect(told(METRICS('server="a",plugin="mysql"', -1, -1))).toEqual([]);
  });
});
