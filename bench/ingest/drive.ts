import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { LoadOptions, LoadReport } from './load.ts';

export interface Drive {
  /** Resolves once its templates are built and it sends. */
  readonly ready: Promise<void>;
  readonly done: Promise<LoadReport>;
  /** The report of the last second. */
  latest(): LoadReport | undefined;
  /** Ends it after what is under way. */
  stop(): void;
}

/** Starts a generator in a process of its own. */
export function startDrive(options: LoadOptions): Drive {
  const generator = join(import.meta.dirname, 'generator.ts');
  const child = spawn(process.execPath, [generator, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let latest: LoadReport | undefined;
  let begun = () => {};
  const ready = new Promise<void>((done) => {
    begun = done;
  });
  const done = new Promise<LoadReport>((finish, fail) => {
    child.once('error', fail);
    child.once('exit', (code) => {
      begun();
      if (latest === undefined || code !== 0) fail(new Error(`the generator ended with code ${code}`));
      else finish(latest);
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = JSON.parse(line) as LoadReport & { ready?: true };
      if (said.ready) begun();
      else latest = said;
    });
  });
  return { ready, done, latest: () => latest, stop: () => child.kill('SIGTERM') };
}
