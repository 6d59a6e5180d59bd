/**
 * What the SDK costs a kafkajs pipeline on a real broker, beside nothing at all and beside OpenTelemetry's own
 * instrumentation of kafkajs in the same run. kafkajs itself pays for every header it carries (a buffer of 512 bytes each),
 * so a program whose messages have a header of the same size is measured too. Every round runs each variant once in a process of its own; printed are
 * the medians, and the median of the rounds' ratios to the uninstrumented program.
 *
 * `node bench/sdk/main.ts [rounds] [records] [variant;variant]`; KAFKA_BROKERS for a broker that runs already.
 */
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createTopics, type KafkaBroker, startKafka } from '../../examples/order-pipeline/broker/kafka.ts';
import { ensureSdkBuilt } from '../../sdk/build.ts';

const run = promisify(execFile);
const HERE = dirname(fileURLToPath(import.meta.url));
const rounds = Number(process.argv[2] ?? 5);
const records = Number(process.argv[3] ?? 200_000);

const TENTH = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.1' };
const OURS = ['--import', '@weir/sdk/register'];
const STOCK = ['--import', join(HERE, 'stock.mjs')];
const variants: Record<string, { readonly preload: readonly string[]; readonly env: Record<string, string> }> = {
  none: { preload: [], env: {} },
  'none, with a header': { preload: [], env: { HEADER: '1' } },
  pathways: { preload: OURS, env: { WEIR_SPANS: 'off' } },
  'pathways, spans 10 %': { preload: OURS, env: TENTH },
  'stock, spans 10 %': { preload: STOCK, env: TENTH },
  'pathways, all spans': { preload: OURS, env: {} },
  'stock, all spans': { preload: STOCK, env: {} },
};
const PHASES = ['send', 'each', 'forward'] as const;
type Phase = (typeof PHASES)[number];
type Result = Record<Phase, { readonly cpu: number; readonly wall: number }>;

const chosen = process.argv[4]?.split(';') ?? Object.keys(variants);

/** An OTLP receiver that says yes, so that exporting is part of what is measured. */
async function startSink(): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => request.resume().once('end', () => response.end()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => server.closeAllConnections(),
  };
}

const given = process.env['KAFKA_BROKERS'];
const broker: KafkaBroker = given
  ? { brokers: given, pid: 0, stop: async () => {} }
  : await startKafka({ log: () => {} });
const sink = await startSink();
ensureSdkBuilt();

async function runOnce(name: string, round: number): Promise<Result> {
  const topic = `bench-${process.pid}-${round}-${Object.keys(variants).indexOf(name)}`;
  await createTopics(broker.brokers, [topic, `${topic}-on`], 1);
  const { preload, env } = variants[name] as (typeof variants)[string];
  const { stdout } = await run(process.execPath, [...preload, join(HERE, 'pipeline.ts')], {
    cwd: HERE,
    timeout: 300_000,
    env: {
      PATH: process.env['PATH'],
      KAFKA_BROKERS: broker.brokers,
      TOPIC: topic,
      RECORDS: String(records),
      OTEL_SERVICE_NAME: 'bench',
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      ...env,
    },
  });
  return JSON.parse(stdout) as Result;
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] as number;
const results: Record<string, Result[]> = Object.fromEntries(chosen.map((name) => [name, []]));
try {
  for (let round = 0; round < rounds; round++) {
    // Each round begins with another variant, so that none always runs on a warmer or busier machine.
    for (const i of chosen.keys()) {
      const name = chosen[(i + round) % chosen.length] as string;
      (results[name] as Result[]).push(await runOnce(name, round));
    }
  }
} finally {
  sink.close();
  await broker.stop();
}

const ratio = (all: Result[], base: Result[] | undefined, phase: Phase, of: 'cpu' | 'wall') =>
  median(all.map((result, i) => result[phase][of] / (base?.[i]?.[phase][of] ?? Number.NaN))).toFixed(2);
console.log(
  `${records} records, ${rounds} rounds: microseconds of processor time, ratios of processor and of wall time`,
);
for (const base of ['none', 'none, with a header']) {
  if (results[base] === undefined) continue;
  console.log(`beside ${base}`);
  for (const [name, all] of Object.entries(results)) {
    const cells = PHASES.map((phase) => {
      const cpu = median(all.map((result) => result[phase].cpu)).toFixed(2);
      const of = (what: 'cpu' | 'wall') => ratio(all, results[base], phase, what);
      return `${phase} ${cpu.padStart(5)} us x${of('cpu')} x${of('wall')}`;
    });
    console.log(`  ${name.padEnd(22)} ${cells.join('   ')}`);
  }
}
process.exit(0);
