import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { WeirError } from '../../core/errors.ts';
import type { Millis } from '../../core/time.ts';
import { findInputs } from './inputs.ts';
import { type BacktestReport, reportOf } from './report.ts';
import type { FileReport, SeriesFile } from './series-file.ts';
import type { WorkerSetup } from './worker.ts';

export interface BacktestOptions {
  /** Folder of the files, and of the answers. */
  readonly data: string;
  readonly out: string;
  /** Distance of the rows of files without times. */
  readonly interval?: Millis | undefined;
  readonly timeColumn?: string | undefined;
  /** Whether alarms are put beside the labels of files that have them. The judge never sees them. */
  readonly againstLabels?: boolean | undefined;
  /** Threads, each with files of its own. */
  readonly jobs?: number | undefined;
  /** Module whose `createRowJudge` judges, instead of the product's. */
  readonly judge?: URL | undefined;
}

export const DEFAULT_INTERVAL: Millis = 60_000;
const PRODUCT = new URL('./product.ts', import.meta.url);

/**
 * Judges every series below `data` row by row, writes an answer for each below `out`, and `backtest.json` with what was
 * done. Files are spread over threads; what is said of one does not depend on any other.
 * Throws `backtest_data_empty` when there is no CSV file, and `backtest_*` of what it reads.
 */
export async function backtest(options: BacktestOptions): Promise<BacktestReport> {
  const began = performance.now();
  const { groups, doubles } = findInputs(options.data, options.out);
  if (groups.length === 0) {
    throw new WeirError('backtest_data_empty', `${options.data}: no .csv or .csv.gz file in it or below it`);
  }
  mkdirSync(options.out, { recursive: true });
  const interval = options.interval ?? DEFAULT_INTERVAL;
  const jobs = Math.max(1, Math.min(options.jobs ?? availableParallelism(), groups.length));
  const setup: WorkerSetup = {
    options: { interval, timeColumn: options.timeColumn, againstLabels: options.againstLabels },
    judge: (options.judge ?? PRODUCT).href,
  };
  const queue = [...groups];
  const reports = (await Promise.all(Array.from({ length: jobs }, () => work(queue, setup)))).flat();
  const refused = doubles.map((file): FileReport => {
    return { file, state: 'failed', reason: 'its answer would replace that of the file of this name without .gz' };
  });
  const seconds = (performance.now() - began) / 1000;
  const report = reportOf([...reports, ...refused], { data: options.data, interval, jobs, seconds });
  writeFileSync(join(options.out, 'backtest.json'), `${JSON.stringify(report, null, 1)}\n`);
  return report;
}

/** One thread that is given the next group of the queue for each one that it has judged. */
function work(queue: (readonly SeriesFile[])[], setup: WorkerSetup): Promise<FileReport[]> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: setup });
  const reports: FileReport[] = [];
  let group: readonly SeriesFile[] | undefined;
  const done = new Promise<FileReport[]>((resolve, reject) => {
    const next = () => {
      group = queue.shift();
      if (group === undefined) resolve(reports);
      else worker.postMessage(group);
    };
    worker.on('message', (answer: readonly FileReport[]) => {
      reports.push(...answer);
      next();
    });
    worker.on('error', reject);
    worker.on('exit', (code) => {
      const names = group?.map(({ name }) => name).join(', ');
      reject(new WeirError('backtest_thread_ended', `the thread for ${names} ended with ${code}; is memory short?`));
    });
    next();
  });
  return done.finally(() => worker.terminate());
}
