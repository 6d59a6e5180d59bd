import { type ChildProcess, fork } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FaultName } from './faults.ts';
import type { StageName } from './topics.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
const RESTART_MS = 1000;
const STOP_MS = 6000;

export interface StageProcess {
  readonly name: StageName;
  /** Resolves when the stage does its work for the first time; rejects when it does not get there. */
  readonly ready: Promise<void>;
  pid(): number | undefined;
  setFault(fault: FaultName, on: boolean): void;
  stop(): Promise<void>;
}

/**
 * A stage as a process of its own, started the way a user would: `node --import @weir/sdk/register stage.ts` with
 * OTEL_* variables. One that ends unasked is started again, with the faults it had.
 */
export function startStage(options: {
  readonly name: StageName;
  readonly env: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
  readonly readyTimeoutMs?: number;
  /** Told the port the stage listens on, and undefined when the process has ended. */
  readonly onPort?: (port: number | undefined) => void;
}): StageProcess {
  const faults = new Set<FaultName>();
  const started = Promise.withResolvers<void>();
  started.promise.catch(() => {});
  let child: ChildProcess | undefined;
  let stopping = false;
  let restart: NodeJS.Timeout | undefined;
  const deadline = setTimeout(
    () => started.reject(new Error(`the stage ${options.name} did not start`)),
    options.readyTimeoutMs ?? 60_000,
  );

  const launch = () => {
    const process_ = fork(join(HERE, 'stages', `${options.name}.ts`), [], {
      cwd: HERE,
      env: options.env,
      execArgv: [
        '--import',
        '@weir/sdk/register',
        '--disable-warning=ExperimentalWarning',
        '--disable-warning=TimeoutNegativeWarning',
      ],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    child = process_;
    process_.stderr?.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n')) if (line.trim() !== '') options.log(`${options.name}: ${line}`);
    });
    process_.on('message', (message: { ready?: boolean; port?: number }) => {
      if (!message.ready) return;
      options.onPort?.(message.port);
      for (const fault of faults) process_.send({ fault, on: true });
      clearTimeout(deadline);
      started.resolve();
    });
    process_.on('error', (error) => options.log(`${options.name}: ${error.message}`));
    process_.on('exit', (code, signal) => {
      options.onPort?.(undefined);
      if (stopping) return;
      options.log(`${options.name} ended (${signal ?? code}); it is started again`);
      restart = setTimeout(launch, RESTART_MS);
    });
  };
  launch();

  return {
    name: options.name,
    ready: started.promise,
    pid: () => child?.pid,
    setFault(fault, on) {
      if (on) faults.add(fault);
      else faults.delete(fault);
      if (child?.connected) child.send({ fault, on });
    },
    async stop() {
      stopping = true;
      clearTimeout(deadline);
      clearTimeout(restart);
      const running = child;
      if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
      await new Promise<void>((resolve) => {
        const kill = setTimeout(() => running.kill('SIGKILL'), STOP_MS);
        running.once('exit', () => {
          clearTimeout(kill);
          resolve();
        });
        running.kill('SIGTERM');
      });
    },
  };
}
