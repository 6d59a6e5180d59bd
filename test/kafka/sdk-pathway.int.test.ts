import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTopics, type KafkaBroker } from '../../examples/order-pipeline/broker/kafka.ts';
import { startOtlpServer } from '../sdk/otlp-server.ts';
import { checkpoints, exactQuantile, quantile, type SeenCheckpoint } from '../sdk/pathway-points.ts';
import { runProgram } from '../sdk/program.ts';
import { freshTopic, startTestBroker } from './broker.ts';

let broker: KafkaBroker;
beforeAll(async () => {
  broker = await startTestBroker();
}, 300_000);
afterAll(() => broker?.stop());

const COUNT = 6000;
const MODES = ['source', 'each', 'batch', 'named', 'batch', 'sink'];

it('five hops of kafkajs under 10 % head sampling: quantiles within 1 % of exact, every record counted', {
  timeout: 180_000,
}, async () => {
  await using server = await startOtlpServer();
  const topic = await freshTopic(broker, 1);
  const topics = MODES.map((_, i) => `${topic}-${i}`);
  await createTopics(broker.brokers, topics, 1);
  const outputs = await Promise.all(
    MODES.map((MODE, i) =>
      runProgram({
        node: process.execPath,
        program: 'hop.mjs',
        preload: '--import',
        url: server.url,
        env: {
          MODE,
          KAFKA_BROKERS: broker.brokers,
          COUNT: String(COUNT),
          FROM: topics[i - 1] ?? '',
          TO: topics[i] ?? '',
          SERVICE: `hop-${i}`,
          OTEL_SERVICE_NAME: `hop-${i}`,
          OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
          OTEL_TRACES_SAMPLER_ARG: '0.1',
          OTEL_METRIC_EXPORT_INTERVAL: '1000',
        },
      }),
    ),
  );
  const took = JSON.parse(outputs.at(-1)?.stdout ?? '[]') as number[];
  expect(took).toHaveLength(COUNT);

  const found = checkpoints(server.points);
  expect(found).toHaveLength(10);
  const path: SeenCheckpoint[] = [];
  for (let parent = ''; path.length < 10; parent = path.at(-1)?.hash as string) {
    const next = found.filter((checkpoint) => checkpoint.parent === parent);
    expect(next).toHaveLength(1);
    path.push(next[0] as SeenCheckpoint);
  }
  expect(path.map(({ service }) => service)).toEqual([0, 1, 1, 2, 2, 3, 3, 4, 4, 5].map((i) => `hop-${i}`));
  for (const checkpoint of path) expect(checkpoint).toMatchObject({ records: COUNT, latencies: COUNT, edges: COUNT });
  for (const checkpoint of path) expect(checkpoint.windows).toEqual(path[0]?.windows);

  for (const q of [0.5, 0.95, 0.99]) {
    const exact = exactQuantile(took, q) / 1e6;
    const error = Math.abs(quantile(path.at(-1) as SeenCheckpoint, q) - exact) / exact;
    expect(error, `p${q * 100} of ${exact} s`).toBeLessThan(0.01);
  }
  // Spans are a sample; pathways are not.
  const sent = server.spans.filter(({ name }) => name === `send ${topics[0]}`).length;
  expect(sent).toBeGreaterThan(COUNT * 0.05);
  expect(sent).toBeLessThan(COUNT * 0.15);
});
