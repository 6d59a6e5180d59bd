import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Outcome } from './goals.ts';
import { peer, peerNull } from './peer.ts';
import { probeMachine } from './probe.ts';
import { reportText } from './report.ts';
import type { Context } from './scenarios/context.ts';
import { dashboards } from './scenarios/dashboards.ts';
import { idle, latency } from './scenarios/latency.ts';
import { spool } from './scenarios/spool.ts';
import { throughput } from './scenarios/throughput.ts';
import { traces } from './scenarios/traces.ts';
import { freeBytes, MIN_FREE_BYTES } from './watch.ts';

/** In the order they run when several are asked for; seconds are the default of each. */
const SCENARIOS: Readonly<Record<string, readonly [seconds: number, run: (context: Context) => Promise<Outcome>]>> = {
  spool: [10, spool],
  'peer-null': [10, peerNull],
  burst: [60, (context) => throughput(context, 'burst', { signal: 'traces', seconds: context.seconds })],
  sustained: [600, (context) => throughput(context, 'sustained', { signal: 'traces', seconds: context.seconds })],
  peer: [60, peer],
  metrics: [
    60,
    (context) => throughput(context, 'metrics', { signal: 'metrics', seconds: context.seconds, batch: 4096 }),
  ],
  logs: [60, (context) => throughput(context, 'logs', { signal: 'logs', seconds: context.seconds, batch: 4096 })],
  latency: [60, latency],
  idle: [30, idle],
  dashboards: [0, dashboards],
  traces: [0, traces],
};

const HELP = `node bench/ingest/main.ts --scenario <names> [options]

  --scenario <names>   comma-separated, or "all": ${Object.keys(SCENARIOS).join(', ')}
  --seconds <n>        how long to send (default: sustained 600, others 10 to 60)
  --connections <n>    kept-alive connections of the generator (8)
  --batch <n>          items of one request (spans 2048, metrics and logs 4096, latency 512)
  --templates <n>      distinct requests sent in turns (16); for metrics, times --batch, the number of series
  --rate <n>           items a second of "latency" (default: half of what "sustained" or "burst" reached in this run, else 100000)
  --spans <n>          spans that "dashboards" (10 million) and "traces" (50 million) fill in
  --optimize           merge every partition to one part before bytes are counted
  --set <key=value>    of Weir's configuration, repeatable
  --data <folder>      where data folders are made and removed (default: the system's folder for temporary files)
  --json <file>        everything that was measured (default: bench.json in --data)
`;

const { values } = parseArgs({
  options: {
    scenario: { type: 'string' },
    seconds: { type: 'string' },
    connections: { type: 'string', default: '8' },
    batch: { type: 'string' },
    templates: { type: 'string', default: '16' },
    rate: { type: 'string' },
    spans: { type: 'string' },
    optimize: { type: 'boolean', default: false },
    set: { type: 'string', multiple: true, default: [] },
    data: { type: 'string', default: tmpdir() },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

function whole(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value <= 0) throw new Error(`--${name} is a whole number above 0, not "${text}"`);
  return value;
}

function chosen(names: string | undefined): readonly string[] {
  const asked = names === 'all' ? Object.keys(SCENARIOS) : (names ?? '').split(',');
  for (const name of asked) if (SCENARIOS[name] === undefined) throw new Error(`no scenario "${name}"\n\n${HELP}`);
  return asked;
}

function halfOf(outcomes: readonly Outcome[]): number | undefined {
  const best =
    outcomes.find(({ goals }) => goals.sustained !== undefined) ??
    outcomes.find(({ goals }) => goals.burst !== undefined);
  const reached = best?.goals.sustained ?? best?.goals.burst;
  return reached === undefined ? undefined : Math.round(reached / 2);
}

async function run(): Promise<void> {
  const root = resolve(values.data);
  mkdirSync(root, { recursive: true });
  const free = freeBytes(root);
  if (free < MIN_FREE_BYTES) throw new Error(`${root} has ${Math.round(free / 1e9)} GB free, 15 are needed`);
  const machine = probeMachine(root);
  const outcomes: Outcome[] = [];
  const log = (text: string) => process.stderr.write(`${text}\n`);
  log(`${JSON.stringify(machine)}, ${Math.round(free / 1e9)} GB free`);
  for (const name of chosen(values.scenario)) {
    const [seconds, scenario] = SCENARIOS[name] as (typeof SCENARIOS)[string];
    const folders: string[] = [];
    const context: Context = {
      seconds: whole('seconds', values.seconds) ?? seconds,
      connections: whole('connections', values.connections) ?? 8,
      batch: whole('batch', values.batch),
      templates: whole('templates', values.templates) ?? 16,
      seed: (Date.now() % 500_000) + 1,
      rate: whole('rate', values.rate) ?? halfOf(outcomes) ?? 100_000,
      spans: whole('spans', values.spans),
      optimize: values.optimize,
      set: values.set,
      folder: () => {
        const folder = mkdtempSync(join(root, 'weir-bench-'));
        folders.push(folder);
        return folder;
      },
      log,
    };
    log(`${name} ...`);
    try {
      outcomes.push(await scenario(context));
    } finally {
      for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  }
  process.stdout.write(`${reportText(outcomes)}\n`);
  const json = values.json ?? join(root, 'bench.json');
  writeFileSync(
    json,
    JSON.stringify({ at: new Date().toISOString(), machine, argv: process.argv.slice(2), outcomes }, null, 1),
  );
  log(`everything measured: ${json}`);
}

if (values.help || values.scenario === undefined) process.stdout.write(HELP);
else await run();
