import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KafkaBroker } from '../../examples/order-pipeline/broker/kafka.ts';
import { startOtlpServer } from '../sdk/otlp-server.ts';
import { installNode, OLDEST_NODE, runProgram } from '../sdk/program.ts';
import { freshTopic, startTestBroker } from './broker.ts';

const CLIENT = 3;
const PRODUCER = 4;
const CONSUMER = 5;

let broker: KafkaBroker;
const nodes: Record<string, string> = { current: process.execPath };

beforeAll(async () => {
  [broker, nodes['oldest']] = await Promise.all([startTestBroker(), installNode(OLDEST_NODE)]);
}, 300_000);
afterAll(() => broker?.stop());

const programs = [
  { program: 'kafka.mjs', preload: '--import', node: 'oldest', service: 'program' },
  { program: 'kafka.cjs', preload: '--require', node: 'oldest', service: 'program' },
  { program: 'kafka.mjs', preload: '--import', node: 'current', service: 'program' },
  { program: 'kafka.cjs', preload: '--require', node: 'current', service: 'program' },
  { program: 'kafka-by-hand.mjs', preload: undefined, node: 'current', service: 'by-hand' },
] as const;

describe.each(programs)('$program ($preload) on the $node Node', ({ program, preload, node, service }) => {
  it('traces every record, with group and event time', { timeout: 120_000 }, async () => {
    await using server = await startOtlpServer();
    const topic = await freshTopic(broker, 1);
    const { stdout } = await runProgram({
      node: nodes[node] as string,
      program,
      url: server.url,
      env: { KAFKA_BROKERS: broker.brokers, TOPIC: topic },
      ...(preload === undefined ? {} : { preload }),
    });
    expect(JSON.parse(stdout)).toEqual({ seen: 5, inBatches: 5 });

    const spans = server.spans.filter((span) => span.attributes['messaging.destination.name'] === topic);
    const sent = spans.filter((span) => span.kind === PRODUCER);
    expect(sent).toHaveLength(5);
    for (const span of sent) {
      expect(span).toMatchObject({
        service,
        name: `send ${topic}`,
        attributes: { 'messaging.system': 'kafka', 'messaging.operation.type': 'send' },
      });
    }

    const handled = (group: string) =>
      spans.filter((span) => span.kind === CONSUMER && span.attributes['messaging.consumer.group.name'] === group);
    const each = handled(`${topic}-each`);
    const batch = handled(`${topic}-batch`);
    expect(each).toHaveLength(6);
    expect(batch).toHaveLength(5);
    expect(spans.filter((span) => span.kind === CONSUMER)).toHaveLength(11);
    expect(spans.filter((span) => span.kind === CLIENT)).not.toHaveLength(0);
    for (const span of [...each, ...batch]) {
      expect(span.attributes).toMatchObject({
        'messaging.system': 'kafka',
        'messaging.operation.type': 'process',
        'messaging.destination.partition.id': '0',
        'weir.event.time': 1_700_000_000_000,
      });
    }
    const failed = each.filter((span) => span.status === 2);
    expect(failed).toHaveLength(1);
    expect(failed[0]?.attributes['error.type']).toBe('BusyError');

    const ids = new Set(sent.map((span) => span.spanId));
    for (const span of each) expect(ids).toContain(span.parentSpanId);
    for (const span of batch) expect(span.links).toBe(1);
  });
});
