import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder, until } from '../e2e/process.ts';

export interface PrometheusServer {
  /** `host:port`. */
  readonly address: string;
  /** Series of an instant query: their labels, and the value as Prometheus writes it. */
  query(expression: string): Promise<readonly { metric: Record<string, string>; value: [number, string] }[]>;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

/** Debian's Prometheus with these `scrape_configs`, ready to be asked. `SELF` among the targets stands for its own address. */
export async function startPrometheus(scrape_configs: readonly object[]): Promise<PrometheusServer> {
  const folder = temporaryFolder('prometheus');
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  mkdirSync(join(folder.path, 'data'));
  const config = JSON.stringify({ global: { scrape_interval: '1s' }, scrape_configs }).replaceAll('SELF', address);
  // JSON is YAML, so the file needs no writer of its own.
  writeFileSync(join(folder.path, 'prometheus.yml'), config);
  const log = join(folder.path, 'log');
  const out = openSync(log, 'a');
  const child: ChildProcess = spawn(
    'prometheus',
    [
      `--config.file=${join(folder.path, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder.path, 'data')}`,
      `--web.listen-address=${address}`,
    ],
    { cwd: folder.path, stdio: ['ignore', out, out] },
  );
  const exited = new Promise<void>((done) => {
    child.once('exit', () => done());
    child.once('error', () => done());
  });
  const isReady = () =>
    fetch(`http://${address}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until(isReady, 30_000, () => readFileSync(log, 'utf8'));
  return {
    address,
    async query(expression) {
      const answer = await fetch(`http://${address}/api/v1/query?query=${encodeURIComponent(expression)}`);
      const body = (await answer.json()) as { data: { result: [] } };
      return body.data.result;
    },
    async stop() {
      child.kill('SIGKILL');
      await exited;
      folder.remove();
    },
  };
}
