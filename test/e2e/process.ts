import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

/** Every port chosen by the system, so that suites run side by side. */
export const FREE_PORTS = [
  'telemetry.listen.port=0',
  'store.listen.port=0',
  'collector.otlp_http.port=0',
  'collector.otlp_grpc.port=0',
  'alerting.listen.port=0',
  'api.listen.port=0',
].flatMap((pair) => ['--set', pair]);

export interface WeirProcess {
  readonly child: ChildProcess;
  /** Addresses of the banner by name: Interface, OTLP/HTTP, OTLP/gRPC, Alerting, ClickHouse. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Everything printed so far, both streams. */
  output(): string;
  /** SIGKILL to the process and all its children. */
  kill(): Promise<void>;
  /** SIGTERM, then the exit code. */
  stop(): Promise<number | null>;
}

/** Starts `weir <args>` in a process group of its own and waits for its banner. */
export async function startWeir(args: readonly string[], waitMs = 120_000): Promise<WeirProcess> {
  const child = spawn(process.execPath, [join(root, 'main.ts'), ...args], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
  });
  const exited = new Promise<number | null>((done) => child.once('exit', (code) => done(code)));
  const group = (signal: NodeJS.Signals) => {
    try {
      process.kill(-(child.pid as number), signal);
    } catch {
      // The group is gone already, which is what the caller wanted.
    }
  };
  await until(
    () => text.includes('Stop with Ctrl-C') || child.exitCode !== null,
    waitMs,
    () => text,
  );
  if (child.exitCode !== null) throw new Error(`weir ${args.join(' ')} exited with ${child.exitCode}:\n${text}`);
  const rows = [...text.matchAll(/^ {2}(\S+) +(http:\/\/\S+|\S+:\d+)$/gm)];
  return {
    child,
    addresses: Object.fromEntries(rows.map((row) => [row[1] as string, row[2] as string])),
    output: () => text,
    kill: async () => {
      group('SIGKILL');
      await exited;
    },
    stop: async () => {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

/** Waits until `condition` holds; fails with what `describe` says when it does not within `waitMs`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  waitMs: number,
  describe: () => string = () => '',
): Promise<void> {
  const deadline = Date.now() + waitMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${waitMs} ms. ${describe().slice(-4000)}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

export function temporaryFolder(name: string): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `weir-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
}
