import { fork } from 'node:child_process';
import type { Challenge, Challenger } from './challenger.ts';

/** Space for the objects of the process that trains, in MB; what it holds outside them is bounded by its sample. */
const HEAP_MB = 512;
const ERROR_CHARS = 500;

/** How a training ended. `interrupted`: the caller wished so. */
export type TrainResult =
  | ({ readonly outcome: 'trained' } & Challenger)
  | { readonly outcome: 'timeout' | 'crashed' | 'interrupted'; readonly detail: string };

export type Trainer = (challenge: Challenge, deadlineMs: number, signal: AbortSignal) => Promise<TrainResult>;

/**
 * Trains in a process of its own at the lowest priority, so that neither its memory, nor its native code, nor the time it takes
 * can hurt the one that judges. It is killed at the deadline and when `signal` says so. Never rejects.
 */
export const trainInProcess: Trainer = (challenge, deadlineMs, signal) =>
  new Promise((done) => {
    if (signal.aborted) return done({ outcome: 'interrupted', detail: '' });
    const child = fork(`${import.meta.dirname}/challenger.ts`, {
      execArgv: [`--max-old-space-size=${HEAP_MB}`],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let said = '';
    let result: TrainResult | undefined;
    const end = (outcome: 'timeout' | 'interrupted', detail: string) => {
      result ??= { outcome, detail };
      child.kill('SIGKILL');
    };
    const timer = setTimeout(() => end('timeout', `it took longer than ${deadlineMs / 1000} s`), deadlineMs);
    const stop = () => end('interrupted', '');
    signal.addEventListener('abort', stop, { once: true });
    child.stderr?.on('data', (bytes: Buffer) => {
      said = (said + bytes.toString()).slice(-ERROR_CHARS);
    });
    child.once('message', (answer) => {
      result ??= { outcome: 'trained', ...(answer as Challenger) };
    });
    const finish = (detail: string) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      done(result ?? { outcome: 'crashed', detail: said.trim() || detail });
    };
    child.once('error', ({ message }) => finish(message));
    child.once('close', (code, killed) => finish(killed ? `it was ended by ${killed}` : `it ended with ${code}`));
    child.send(challenge, () => {});
  });
