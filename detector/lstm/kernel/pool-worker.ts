import { parentPort, workerData } from 'node:worker_threads';
import { joinKernel } from './kernel.ts';
import { DONE, END, type PoolStart, ROUND, ROWS, rowsOf } from './pool.ts';

const { build, memory, layout, thread } = workerData as PoolStart;
const meeting = new Int32Array(memory.buffer as unknown as SharedArrayBuffer, layout.meeting, 3);
const run = joinKernel(build, memory, layout);
let round = Atomics.load(meeting, ROUND);
parentPort?.postMessage('ready');
for (;;) {
  Atomics.wait(meeting, ROUND, round);
  const next = Atomics.load(meeting, ROUND);
  if (next === round) continue;
  round = next;
  const rows = Atomics.load(meeting, ROWS);
  if (rows === END) break;
  run(...rowsOf(rows, thread, layout.threads), thread);
  Atomics.add(meeting, DONE, 1);
  Atomics.notify(meeting, DONE);
}
