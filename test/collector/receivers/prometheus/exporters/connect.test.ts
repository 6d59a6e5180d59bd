import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { connectFacts, taskStates } from '../../../../../collector/receivers/prometheus/exporters/connect.ts';
import type { Point } from '../../../../../collector/receivers/prometheus/points.ts';
import { readText } from '../exposition-text.ts';

const TIME = 1_800_000_000_000;
const payload = readFileSync(new URL('../payloads/connect-debezium.prom', import.meta.url), 'utf8');

const samplesOf = (text: string, target: Record<string, string> = {}) => readText(text, 'text', target).samples;
const textOf = (pairs: Point['attributes']) =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, value?.stringValue]));

function told(text: string) {
  return connectFacts(samplesOf(text), TIME).map(({ name, origin, attributes, data }) => ({
    name,
    service: textOf(origin.attributes)['service.name'],
    ...textOf(attributes),
    ...data,
  }));
}

describe('Kafka Connect through a JMX exporter', () => {
  it('tells the states of tasks, what went to dead letters, and errors by kind', () => {
    const facts = told(payload);
    const state = (connector: string, task: string, word: string) => ({
      name: 'weir.connector.task.state',
      service: connector,
      connector,
      task,
      state: word,
      kind: 'level',
      value: 1,
    });
    expect(facts.filter(({ name }) => name === 'weir.connector.task.state')).toEqual([
      state('inventory', '0', 'running'),
      state('orders-db', '0', 'failed'),
      state('warehouse-sink', '0', 'running'),
      state('warehouse-sink', '1', 'paused'),
    ]);
    const letters = (task: string, value: number) => ({
      name: 'weir.records.dead_lettered',
      service: 'warehouse-sink',
      'messaging.consumer.group.name': 'connect-warehouse-sink',
      reason: 'connector_error',
      connector: 'warehouse-sink',
      task,
      kind: 'counter',
      value,
    });
    expect(facts.filter(({ name }) => name === 'weir.records.dead_lettered')).toEqual([
      letters('0', 17),
      letters('1', 0),
    ]);
    const errors = connectFacts(samplesOf(payload), TIME).filter(({ name }) => name === 'weir.connector.errors');
    expect(errors.map(({ attributes, data }) => [textOf(attributes)['kind'], 'value' in data && data.value])).toEqual([
      ['deadletterqueue_produce_failures', 1],
      ['total_record_failures', 18],
      ['total_records_skipped', 17],
    ]);
    expect(new Set(errors.map(({ data }) => data.kind))).toEqual(new Set(['counter']));
  });

  it.each([
    ['kafka_connect_connector_task_status{connector="c",task="2",state="RUNNING"} 1', 'running'],
    ['kafka_connect_connector_task_metrics_status{connector="c",task="2",status="restarting"} 1', 'restarting'],
    ['kafka_connect_connector_status{connector="c",task="2",status="sleeping"} 1', 'unknown'],
    [
      'kafka_connect_connector_status{connector="c",task="2",status="failed"} 0\nkafka_connect_connector_status{connector="c",task="2",status="running"} 1',
      'running',
    ],
  ])('is understood in other spellings: %s', (text, state) => {
    expect(taskStates(samplesOf(text)).get('c')?.get('2')).toBe(state);
  });

  it('says nothing of a connector as a whole, and nothing of other pages', () => {
    expect(
      told('kafka_connect_connector_status{connector="c",status="running"} 1\nup 1\nkafka_connect_worker_task_count 3'),
    ).toEqual([]);
    expect(told('kafka_connect_task_error_metrics_deadletterqueue_produce_requests{task="0"} 1')).toEqual([]);
    expect(told('kafka_connect_task_error_deadletterqueue_produce_requests{connector="c",task="0"} NaN')).toEqual([]);
  });

  it('belongs to the pipeline that the target names', () => {
    const text = 'kafka_connect_task_error_metrics_deadletterqueue_produce_requests{connector="c",task="0"} 1';
    const [point] = connectFacts(samplesOf(text, { weir_pipeline: 'orders' }), TIME);
    expect(textOf(point?.origin.attributes ?? [])).toEqual({ 'service.name': 'c', 'weir.pipeline': 'orders' });
    expect(point).toMatchObject({ name: 'weir.records.dead_lettered', unit: '{record}', time: TIME });
  });
});
