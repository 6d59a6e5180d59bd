import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTopics, type KafkaBroker } from '../../examples/order-pipeline/broker/kafka.ts';
import { startOtlpServer } from '../sdk/otlp-server.ts';
import { checkpoints } from '../sdk/pathway-points.ts';
import { runProgram } from '../sdk/program.ts';
import { freshTopic, startTestBroker } from './broker.ts';

let broker: KafkaBroker;
beforeAll(async () => {
  broker = await startTestBroker();
}, 300_000);
afterAll(() => broker?.stop());

const cases = [
  { name: 'text headers', env: {}, sinks: 3 },
  { name: 'headers of bytes', env: { BYTES: '1' }, sinks: 3 },
  { name: 'transactions', env: { TRANSACTION: '1' }, sinks: 2 },
  { name: 'no spans', env: { WEIR_SPANS: 'off' }, sinks: 3 },
  { name: 'spans that are never sampled', env: { OTEL_TRACES_SAMPLER: 'always_off' }, sinks: 3 },
];

describe('@platformatic/kafka', () => {
  it.each(cases)('is followed through a loop, a listener and a stream: $name', { timeout: 120_000 }, async (one) => {
    await using server = await startOtlpServer();
    const topic = await freshTopic(broker, 1);
    await createTopics(broker.brokers, [`${topic}-2`, `${topic}-3`], 1);
    const env = { KAFKA_BROKERS: broker.brokers, TOPIC: topic, ...one.env } as Record<string, string>;
    const program = { node: process.execPath, program: 'platformatic.mjs', preload: '--import' as const };
    const { stdout } = await runProgram({ ...program, url: server.url, env });
    const { kept } = JSON.parse(stdout) as { kept: string[] };
    expect(kept).toHaveLength(1);
    const names = kept[0]?.split(',') ?? [];
    expect(names).toContain('weir-pathway');
    if (!('BYTES' in one.env)) expect(names).toContain('own');

    const found = checkpoints(server.points);
    const path = ['out', 'in', 'out', 'in', 'out'].slice(0, one.sinks * 2 - 1);
    const places = [topic, topic, `${topic}-2`, `${topic}-2`, `${topic}-3`];
    let parent = '';
    for (const [i, direction] of path.entries()) {
      const next = found.filter((checkpoint) => checkpoint.parent === parent);
      expect(next).toHaveLength(1);
      expect(next[0]).toMatchObject({ direction, destination: places[i], system: 'kafka', records: 6, latencies: 6 });
      parent = next[0]?.hash ?? '';
    }
    expect(found[1]?.group).toMatch(/-await$|-data$/);
    const traced = !('WEIR_SPANS' in one.env || 'OTEL_TRACES_SAMPLER' in one.env);
    const named = (start: string) => server.spans.filter((span) => span.name.startsWith(start));
    expect(named('send ')).toHaveLength(traced ? 6 * one.sinks : 0);
    const handled = named('process ');
    expect(handled).toHaveLength(traced ? 12 : 0);
    // Each record is one trace from end to end, in a loop and in a listener.
    const ids = new Set(named('send ').map((span) => span.spanId));
    for (const span of handled) expect(ids).toContain(span.parentSpanId);
    expect(new Set(server.spans.filter((span) => span.kind > 3).map((span) => span.traceId)).size).toBe(traced ? 6 : 0);
    if (traced)
      expect(handled[0]?.attributes).toMatchObject({ 'messaging.system': 'kafka', 'messaging.kafka.offset': 0 });
  });
});
