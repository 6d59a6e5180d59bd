import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { silentTelemetry } from '../../../core/telemetry.ts';
import { detectorConfig } from '../../../detector/config.ts';
import { createDetector } from '../../../detector/main.ts';
import type { Store } from '../../../store/client.ts';
import { createFleet } from './fleet.ts';
import { type Goal, goalText } from './goals.ts';
import { peerRates } from './peers.ts';

// node bench/detect/live/main.ts [--series 100000] [--ticks 40] [--history 25m] [--no-lstm] [--no-peers] [--onnx DIR]: the detector as it runs, on made
// series of a fleet of stages that answer from memory, with a local server for alerting on a thread of its own and a clock that
// is set. Each tick one more stage breaks, so that each has an alert to post that is new.

const { values } = parseArgs({
  allowNegative: true,
  options: {
    series: { type: 'string', default: '100000' },
    ticks: { type: 'string', default: '40' },
    history: { type: 'string', default: '25m' },
    lstm: { type: 'boolean', default: true },
    peers: { type: 'boolean', default: true },
    onnx: { type: 'string' },
  },
});
const STEP = 10_000;
/** A Monday, 08:00 UTC. */
const EPOCH = Date.UTC(2026, 2, 2, 8);
const FAULT_STEPS = 12;
const size = Number(values.series);
const ticks = Number(values.ticks);

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const resident = () => {
  collect();
  collect();
  return process.memoryUsage();
};
const percentile = (all: readonly number[], share: number) =>
  all.toSorted((a, b) => a - b)[Math.min(all.length - 1, Math.floor(share * all.length))] ?? NaN;
const seconds = (from: number) => (performance.now() - from) / 1000;
const processor = (from: NodeJS.CpuUsage) => {
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1e6;
};
/** The longest time for which nothing else could run. */
function watchStalls() {
  let last = performance.now();
  let longest = 0;
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 2);
  return {
    reset() {
      longest = 0;
      last = performance.now();
    },
    longest: () => Math.max(longest, performance.now() - last),
    end: () => clearInterval(timer),
  };
}
const say = (text: string) => process.stdout.write(`${text}\n`);

const dataDir = mkdtempSync(join(tmpdir(), 'weir-live-'));
const inbox = new Worker(new URL('./inbox.ts', import.meta.url));
/** When each stage was first heard of. */
const heard = new Map<string, number>();
const alertingPort = await new Promise<number>((resolve) => {
  inbox.on('message', (message: { port?: number; at: number; stages?: string[] }) => {
    if (message.port !== undefined) resolve(message.port);
    for (const stage of message.stages ?? []) if (!heard.has(stage)) heard.set(stage, message.at);
  });
});

const fleet = createFleet(size, STEP, EPOCH);
const config = detectorConfig.parse({ history: values.history, lstm: { enabled: values.lstm } });
const stalls = watchStalls();
const open = () =>
  createDetector({
    config,
    store: {} as Store,
    port: fleet,
    alertingUrl: `http://127.0.0.1:${alertingPort}`,
    dataDir,
    telemetry: silentTelemetry(),
    now: () => fleet.now + config.lateness,
  });

const goals: Goal[] = [];
const before = resident();
let detector = open();
const loadedFrom = performance.now();
const loadedCpu = process.cpuUsage();
await detector.start();
await detector.tick();
await detector.settled();
const learnt = size * Math.round(config.history / STEP);
say(`${size} series, forecasts ${values.lstm ? 'on' : 'off'}, Node ${process.version}`);
say(
  `history of ${values.history} replayed: ${(learnt / seconds(loadedFrom) / 1e3).toFixed(0)} k points/s by the clock, ` +
    `${(learnt / processor(loadedCpu) / 1e3).toFixed(0)} k per second of processor`,
);

const posted: number[] = [];
const rounds: number[] = [];
const judged: number[] = [];
let began = 0;
const broken: { readonly stage: string; readonly tick: number }[] = [];
const starts: number[] = [];
const stalled: number[] = [];
for (let i = 0; i < ticks; i++) {
  const stage = fleet.breakStage(fleet.now, fleet.now + FAULT_STEPS * STEP);
  broken.push({ stage, tick: i });
  fleet.prepare(fleet.now);
  fleet.now += STEP;
  collect();
  stalls.reset();
  starts.push(Date.now());
  began = performance.now();
  const cpu = process.cpuUsage();
  await detector.tick();
  rounds.push(1000 * seconds(began));
  judged.push(size / processor(cpu));
  await new Promise((resolve) => setTimeout(resolve, 20));
  stalled.push(stalls.longest());
}
for (const { stage } of broken) {
  const at = heard.get(stage);
  const start = at === undefined ? undefined : starts.findLast((one) => one <= at);
  if (at !== undefined && start !== undefined) posted.push(at - start);
}
fleet.release();
const after = resident();
const perSeries = (key: keyof NodeJS.MemoryUsage, now = after) => (now[key] - before[key]) / size;

goals.push({
  what: 'tick to alert posted, p50',
  unit: 'ms',
  value: percentile(posted, 0.5),
  reach: 2000,
  stretch: 500,
});
goals.push({
  what: 'tick to alert posted, p99',
  unit: 'ms',
  value: percentile(posted, 0.99),
  reach: 2000,
  stretch: 500,
});
const wall = size / (percentile(rounds, 0.5) / 1000);
goals.push({ what: 'points of a tick, by the clock', unit: '/s', value: wall, reach: 1e6, stretch: 2e6, more: true });
const cpuRate = percentile(judged, 0.5);
goals.push({
  what: 'points for each second of processor',
  unit: '/s',
  value: cpuRate,
  reach: 5e5,
  stretch: 1e6,
  more: true,
});
goals.push({ what: 'resident memory of a series', unit: 'B', value: perSeries('rss'), reach: 3000, stretch: 2000 });
say(
  `memory of a series: objects ${perSeries('heapUsed').toFixed(0)} B, arrays ${perSeries('arrayBuffers').toFixed(0)} B, ` +
    `resident ${perSeries('rss').toFixed(0)} B; alerts seen ${posted.length} of ${broken.length}; round p50 ${percentile(rounds, 0.5).toFixed(0)} ms, ` +
    `p99 ${percentile(rounds, 0.99).toFixed(0)} ms; longest stall in a tick ${Math.max(...stalled).toFixed(0)} ms`,
);

stalls.reset();
const savedFrom = performance.now();
const savedCpu = process.cpuUsage();
await detector.stop();
const saved = 1000 * seconds(savedFrom);
say(
  `snapshot: ${(statSync(join(dataDir, 'detector/state.bin')).size / 1e6).toFixed(0)} MB, ${processor(savedCpu).toFixed(2)} s of processor`,
);
goals.push({ what: 'snapshot written', unit: 'ms', value: saved, reach: 2000, stretch: 1000 });
goals.push({ what: 'longest stall while it is written', unit: 'ms', value: stalls.longest(), reach: 100, stretch: 50 });
stalls.end();

detector = open();
const restoredFrom = performance.now();
const restoredCpu = process.cpuUsage();
await detector.start();
const restored = 1000 * seconds(restoredFrom);
const restoredTime = processor(restoredCpu);
const again = resident();
say(
  `restored: ${restoredTime.toFixed(2)} s of processor; memory of a series: objects ${perSeries('heapUsed', again).toFixed(0)} B, ` +
    `arrays ${perSeries('arrayBuffers', again).toFixed(0)} B`,
);
goals.push({ what: 'restart from the snapshot', unit: 'ms', value: restored, reach: 1000, stretch: 500 });
await detector.stop();
await inbox.terminate();
rmSync(dataDir, { recursive: true, force: true });
say(`\n${goalText(goals)}`);
if (values.peers) {
  say('\npoints for each second of processor: the whole chain, and the network alone by those who run it\n');
  say(`| what | points/s | of the whole chain |\n|---|---|---|`);
  for (const { name, rate } of [{ name: 'whole chain', rate: cpuRate }, ...(await peerRates(values.onnx))]) {
    say(`| ${name} | ${(rate / 1e6).toFixed(3)} M | ${(rate / cpuRate).toFixed(2)} |`);
  }
}
