import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { Direction } from '../../core/signal.ts';
import { createForesight } from '../../detector/foresight.ts';
import { createForecasts } from '../../detector/lstm/forecast/forecasts.ts';
import { readForecastModel, SHIPPED_MODEL } from '../../detector/lstm/forecast/model-json.ts';
import { seededRandom } from '../../detector/random.ts';
import { createSlots, type Surroundings } from '../../detector/slots.ts';
import { median } from './measures.ts';

// node bench/detect/chain.ts [--series 100000] [--ticks 60] [--threads 2]: points a second through features, network, all scorers and
// calibration, learning included, of series that lie in memory: what bench/detect/live has beside reading, deciding and storing. On
// one thread, of the engine alone and with forecasts, for all series and for so few that they stay in the cache; then on more
// threads, each with series of its own.

const STEP = 10_000;
/** A Monday, 08:00 UTC. */
const EPOCH = Date.UTC(2026, 2, 2, 8);
const FEW = 500;
/** Every so many series one is judged downwards, as flows are. */
const DOWNWARDS = 10;

interface Task {
  readonly series: number;
  readonly ticks: number;
  readonly forecasts: boolean;
}

interface Rate {
  /** Of the later half of the ticks: points a second by the clock (median), and for each second of processor (all together). */
  readonly clock: number;
  readonly processor: number;
}

function measure({ series, ticks, forecasts }: Task): Rate {
  const slots = createSlots();
  const { weights } = readForecastModel(SHIPPED_MODEL);
  const foresight = createForesight(createForecasts(weights), weights);
  const directions = Array.from({ length: series }, (_, i): Direction => (i % DOWNWARDS === 0 ? 'down' : 'up'));
  const places = directions.map((direction) => slots.take(direction));
  const ahead = directions.map(() => foresight.take(STEP));
  const around: { -readonly [K in keyof Surroundings]: Surroundings[K] } = {
    direction: 'up',
    noise: 0,
    forecast: NaN,
    farForecast: NaN,
  };
  const band = { lower: NaN, upper: NaN };
  const random = seededRandom(1);
  const values = new Float64Array(series);
  const clock: number[] = [];
  const later = Math.floor(ticks / 2);
  let processor = 0;
  for (let tick = 0; tick < ticks; tick++) {
    const time = EPOCH + tick * STEP;
    for (let i = 0; i < series; i++) values[i] = 100 + 10 * (random() + random() + random() - 1.5);
    const began = performance.now();
    const cpu = process.threadCpuUsage();
    for (let i = 0; i < series; i++) {
      const value = values[i] as number;
      around.direction = directions[i] as Direction;
      if (forecasts) {
        const { one, five } = foresight.residuals(ahead[i] as number, time, value);
        around.forecast = one;
        around.farForecast = five;
      }
      slots.score(places[i] as number, time, value, around);
      slots.edges(band);
      slots.learn(1, 4, false);
      if (forecasts) foresight.add(ahead[i] as number, time, value);
    }
    const { user, system } = process.threadCpuUsage(cpu);
    clock.push((1000 * series) / (performance.now() - began));
    if (tick >= later) processor += (user + system) / 1e6;
  }
  return { clock: median(clock.slice(later)), processor: (series * (ticks - later)) / processor };
}

/** Each on a thread of its own: code that has run for other series before is not as fast. */
async function together(task: Task, threads: number): Promise<Rate[]> {
  const share = { ...task, series: Math.ceil(task.series / threads) };
  const workers = Array.from({ length: threads }, () => new Worker(new URL(import.meta.url), { workerData: share }));
  return Promise.all(
    workers.map((worker) => new Promise<Rate>((done, fail) => worker.once('message', done).once('error', fail))),
  );
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      series: { type: 'string', default: '100000' },
      ticks: { type: 'string', default: '60' },
      threads: { type: 'string', default: '2' },
    },
  });
  const [series, ticks, threads] = [Number(values.series), Number(values.ticks), Number(values.threads)];
  const say = (text: string) => process.stdout.write(`${text}\n`);
  const millions = (rate: number) => `${(rate / 1e6).toFixed(2)} M`;
  say('points a second of processor, one thread\n\n| series | engine alone | with forecasts |\n|---|---|---|');
  for (const count of [FEW, series]) {
    const task = { series: count, ticks: count === FEW ? 20 * ticks : ticks };
    const [alone] = await together({ ...task, forecasts: false }, 1);
    const [whole] = await together({ ...task, forecasts: true }, 1);
    say(`| ${count} | ${millions((alone as Rate).processor)} | ${millions((whole as Rate).processor)} |`);
  }
  const rates = await together({ series, ticks, forecasts: true }, threads);
  const all = rates.reduce((sum, { clock }) => sum + clock, 0);
  say(`\nwith forecasts on ${threads} threads, ${series} series in all, by the clock: ${millions(all)} a second`);
}

if (isMainThread) await main();
else parentPort?.postMessage(measure(workerData as Task));
