import { parentPort, workerData } from 'node:worker_threads';
import type { CreateRowJudge } from './judge.ts';
import { type FileOptions, judgeFiles, type SeriesFile } from './series-file.ts';

export interface WorkerSetup {
  readonly options: FileOptions;
  /** Address of the module whose `createRowJudge` judges. */
  readonly judge: string;
}

const { options, judge } = workerData as WorkerSetup;
const { createRowJudge } = (await import(judge)) as { createRowJudge: CreateRowJudge };
const port = parentPort;

port?.on('message', async (group: readonly SeriesFile[]) => {
  port.postMessage(await judgeFiles(group, createRowJudge, options));
});
