import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ReportRequest } from './log-process.ts';

const PROGRAM = fileURLToPath(new URL('./log-process.ts', import.meta.url));
const STOP_MS = 5000;

export interface MemoryBroker {
  readonly address: string;
  /** Begins to report the groups' lag through OTLP. */
  reportTo(otlpUrl: string, resource: Readonly<Record<string, string>>): void;
  stop(): Promise<void>;
}

/** Lets a child that ends with its channel do so, and ends it when it does not. */
export async function release(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  if (child.connected) child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await exited;
  clearTimeout(timer);
}

/** Starts the in-process log, with the pipeline's topics, in a process of its own. */
export async function startMemoryBroker(): Promise<MemoryBroker> {
  const child = fork(PROGRAM, [], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const address = await new Promise<string>((resolve, reject) => {
    child.once('message', (message: { address: string }) => resolve(message.address));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the in-process log ended at its start (${code})`)));
  });
  return {
    address,
    reportTo(otlpUrl, resource) {
      const request: ReportRequest = { report: { otlpUrl, resource } };
      if (child.connected) child.send(request);
    },
    stop: () => release(child),
  };
}
