import { Worker } from 'node:worker_threads';
import { joinKernel, type LstmKernel } from './kernel.ts';

/** What a thread of the pool is started with. */
export interface PoolStart {
  readonly build: LstmKernel['build'];
  readonly memory: WebAssembly.Memory;
  readonly layout: LstmKernel['layout'];
  readonly thread: number;
}

/** Words of the meeting place: which round it is, its rows, how many threads are done with it. `END` rows end the threads. */
export const ROUND = 0;
export const ROWS = 1;
export const DONE = 2;
export const END = -1;

/** Rows of `thread` among `threads`: whole pairs, as the kernel takes them. */
export function rowsOf(rows: number, thread: number, threads: number): readonly [number, number] {
  const pairs = Math.ceil(rows / 2);
  const border = (k: number) => Math.min(rows, 2 * Math.floor((pairs * k) / threads));
  return [border(thread), border(thread + 1)];
}

/** Steps a kernel with all its threads; the caller's thread is one of them. */
export interface Stepper extends AsyncDisposable {
  /** The same as `LstmKernel.step`, returning when all rows are done. */
  step(rows: number): void;
}

/**
 * Starts the further threads of a kernel opened with `threads` of 2 or more. All of them work on the one shared memory,
 * each on its own rows, so nothing is locked; they meet once before and once after a step.
 */
export async function openStepper(kernel: LstmKernel): Promise<Stepper> {
  const { layout, memory } = kernel;
  const meeting = new Int32Array(memory.buffer as unknown as SharedArrayBuffer, layout.meeting, 3);
  const others = layout.threads - 1;
  const run = joinKernel(kernel.build, memory, layout);
  const workers = Array.from({ length: others }, (_, i) => {
    const workerData: PoolStart = { build: kernel.build, memory, layout, thread: i + 1 };
    return new Worker(new URL('./pool-worker.ts', import.meta.url), { workerData });
  });
  await Promise.all(
    workers.map((worker) => new Promise((ready, failed) => worker.once('message', ready).once('error', failed))),
  );
  for (const worker of workers) worker.unref();

  return {
    step(rows) {
      Atomics.store(meeting, DONE, 0);
      Atomics.store(meeting, ROWS, rows);
      Atomics.add(meeting, ROUND, 1);
      Atomics.notify(meeting, ROUND);
      run(...rowsOf(rows, 0, layout.threads), 0);
      for (let done = Atomics.load(meeting, DONE); done < others; done = Atomics.load(meeting, DONE)) {
        Atomics.wait(meeting, DONE, done);
      }
    },
    async [Symbol.asyncDispose]() {
      const ended = workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve).ref()));
      Atomics.store(meeting, ROWS, END);
      Atomics.add(meeting, ROUND, 1);
      Atomics.notify(meeting, ROUND);
      await Promise.all(ended);
    },
  };
}
