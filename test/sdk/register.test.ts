import { beforeAll, describe, expect, it } from 'vitest';
import { startOtlpServer } from './otlp-server.ts';
import { installNode, OLDEST_NODE, runProgram } from './program.ts';

const KIND = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 };
const nodes: Record<string, string> = { current: process.execPath };

beforeAll(async () => {
  nodes['oldest'] = await installNode(OLDEST_NODE);
}, 180_000);

const programs = [
  { program: 'http.mjs', preload: '--import', node: 'oldest' },
  { program: 'http.cjs', preload: '--require', node: 'oldest' },
  { program: 'http.mjs', preload: '--import', node: 'current' },
  { program: 'http.cjs', preload: '--require', node: 'current' },
] as const;

describe.each(programs)('$preload @weir/sdk/register with $program on the $node Node', ({ program, preload, node }) => {
  it('exports every span of the program, once, in one trace per message', { timeout: 90_000 }, async () => {
    await using server = await startOtlpServer();
    const { stdout, stderr } = await runProgram({ node: nodes[node] as string, program, preload, url: server.url });
    expect(stderr).toBe('');
    const { total, traceparent } = JSON.parse(stdout);
    expect(total).toBe(42);

    const count = (kind: number, name?: string) =>
      server.spans.filter((span) => span.kind === kind && (name === undefined || span.name === name)).length;
    expect(count(KIND.server, 'GET /orders/:id')).toBe(2);
    expect(count(KIND.client, 'GET')).toBe(2);
    expect(count(KIND.client, 'INSERT orders')).toBe(1);
    expect(count(KIND.producer, 'send orders')).toBe(1);
    expect(count(KIND.consumer, 'process orders')).toBe(3);
    expect(count(KIND.internal)).toBe(1);
    expect(server.spans).toHaveLength(10);

    const sent = server.spans.find((span) => span.kind === KIND.producer);
    const [priced, audited, poisoned] = server.spans.filter((span) => span.kind === KIND.consumer);
    expect(traceparent).toBe(`00-${sent?.traceId}-${sent?.spanId}-01`);
    expect(priced).toMatchObject({
      traceId: sent?.traceId,
      parentSpanId: sent?.spanId,
      attributes: {
        'messaging.system': 'rabbitmq',
        'messaging.destination.name': 'orders',
        'messaging.operation.type': 'process',
        'messaging.consumer.group.name': 'pricing',
        'weir.event.time': 1_700_000_000_000,
      },
      resource: { 'service.name': 'program', 'service.namespace': 'tests' },
    });
    expect(audited).toMatchObject({ links: 2, attributes: { 'messaging.batch.message_count': 2 } });
    expect(poisoned).toMatchObject({ status: 2, attributes: { 'error.type': 'TypeError' } });
    expect(server.spans.find((span) => span.name === 'INSERT orders')?.attributes).toMatchObject({
      'db.system.name': 'sqlite',
      'db.namespace': 'warehouse',
    });
    const gauge = server.points.find((point) => point.metric === 'weir.event.time');
    expect(gauge).toMatchObject({
      kind: 'gauge',
      attributes: { 'messaging.destination.name': 'orders', 'messaging.consumer.group.name': 'pricing' },
    });
  });
});
