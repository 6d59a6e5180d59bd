import { fingerprint } from '../../core/labels.ts';
import { createExpectationQueue } from '../../detector/expectation-queue.ts';
import { writeExpectations } from '../../store/queries/expectations.ts';
import { startTestStore } from '../../test/store/harness.ts';

// node bench/detect/expectations.ts [rounds]: the bands of a tick over 100,000 series into the embedded engine, from the queue on.
// Processor time is that of this process; the engine has one of its own.

const SERIES = 100_000;
const BATCH = 20_000;
const STEP = 10_000;
const rounds = Number(process.argv[2] ?? 5);
const series = Array.from({ length: SERIES }, (_, i) => {
  const stage = `stage-${Math.floor(i / 10)}`;
  const labels = { group: stage, pipeline: `pipeline-${Math.floor(i / 200)}`, signal: 'lag', stage, topic: `t${i}` };
  return { key: fingerprint(labels), labels };
});

await using stand = await startTestStore();
const queue = createExpectationQueue(SERIES);
const began = Math.floor(Date.now() / STEP) * STEP;
for (let round = 0; round < rounds; round++) {
  for (const [i, one] of series.entries()) {
    const expected = 100 + Math.sin(i + round);
    const said = { expected, lower: expected - 9.5, upper: expected + 9.5, score: (i % 100) / 50 };
    queue.push(one, began + round * STEP, expected + Math.cos(i), said);
  }
  const from = performance.now();
  const cpu = process.cpuUsage();
  while (queue.length > 0) {
    await writeExpectations(stand.store, queue.oldest(BATCH));
    queue.shift();
  }
  const { user, system } = process.cpuUsage(cpu);
  const clock = performance.now() - from;
  process.stdout.write(`${((user + system) / 1000).toFixed(0)} ms of processor, ${clock.toFixed(0)} ms by the clock\n`);
}
const [stored] = await stand.store.rows<{ n: number }>('SELECT count() AS n FROM expectations');
process.stdout.write(`${stored?.n} rows stored\n`);
