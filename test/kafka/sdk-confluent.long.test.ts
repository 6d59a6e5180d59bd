import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTopics, type KafkaBroker } from '../../examples/order-pipeline/broker/kafka.ts';
import { startOtlpServer } from '../sdk/otlp-server.ts';
import { checkpoints } from '../sdk/pathway-points.ts';
import { runProgram } from '../sdk/program.ts';
import { freshTopic, startTestBroker } from './broker.ts';
import { installConfluent } from './confluent.ts';

const INSTALL_MS = 1_800_000;
let broker: KafkaBroker;
let client: string;
beforeAll(async () => {
  client = await installConfluent(INSTALL_MS);
  broker = await startTestBroker();
}, INSTALL_MS + 300_000);
afterAll(() => broker?.stop());

const cases = [
  { name: 'with --import', preload: '--import', env: {} },
  { name: 'with --require', preload: '--require', env: {} },
  { name: 'without spans', preload: '--import', env: { WEIR_SPANS: 'off' } },
] as const;

describe('@confluentinc/kafka-javascript', () => {
  it.each(cases)('is followed through records and batches, $name', { timeout: 180_000 }, async ({ preload, env }) => {
    await using server = await startOtlpServer();
    const topic = await freshTopic(broker, 1);
    await createTopics(broker.brokers, [`${topic}-2`, `${topic}-3`], 1);
    const { stdout } = await runProgram({
      ...{ node: process.execPath, program: 'confluent.cjs', preload, url: server.url },
      env: { KAFKA_BROKERS: broker.brokers, TOPIC: topic, CONFLUENT: client, ...env },
    });
    const { seen, inBatches, kept } = JSON.parse(stdout) as { seen: number; inBatches: number; kept: string[] };
    expect([seen, inBatches]).toEqual([6, 6]);
    expect(kept).toHaveLength(1);
    expect(kept[0]?.split(',')).toEqual(expect.arrayContaining(['own', 'weir-pathway']));

    const found = checkpoints(server.points);
    const path = ['out', 'in', 'out', 'in', 'out'];
    const places = [topic, topic, `${topic}-2`, `${topic}-2`, `${topic}-3`];
    const groups = ['', `${topic}-each`, '', `${topic}-batch`, ''];
    let parent = '';
    for (const [i, direction] of path.entries()) {
      const next = found.filter((checkpoint) => checkpoint.parent === parent);
      expect(next, `checkpoint ${i}`).toHaveLength(1);
      expect(next[0]).toMatchObject({ direction, destination: places[i], group: groups[i], system: 'kafka' });
      expect(next[0]).toMatchObject({ records: 6, latencies: 6 });
      parent = next[0]?.hash ?? '';
    }

    const traced = !('WEIR_SPANS' in env);
    const named = (start: string) => server.spans.filter((span) => span.name.startsWith(start));
    expect(named('send ')).toHaveLength(traced ? 18 : 0);
    const handled = named(`process ${topic}`).filter(({ name }) => name === `process ${topic}`);
    expect(handled).toHaveLength(traced ? 6 : 0);
    const ids = new Set(named('send ').map((span) => span.spanId));
    for (const span of handled) expect(ids).toContain(span.parentSpanId);
    for (const span of handled) expect(span.attributes['weir.event.time']).toBe(1_700_000_000_000);
  });
});
