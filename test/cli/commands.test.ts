import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'weir-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `weir <args>` as a person runs it, without the shim's install check. */
function weir(...args: string[]): Promise<Outcome> {
  return new Promise((done) => {
    execFile(process.execPath, [join(root, 'main.ts'), ...args], { cwd: folder }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

describe('weir', () => {
  it('lists its commands with --help and answers --version', async () => {
    const help = await weir('--help');
    expect(help.code).toBe(0);
    for (const name of ['run', 'demo', 'check', 'replay', 'query', 'explain', 'model', 'backtest'])
      expect(help.stdout).toMatch(new RegExp(`^ +${name}\\b`, 'm'));
    expect((await weir('--version')).stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it.each(['run', 'demo', 'check', 'replay', 'query', 'explain', 'model', 'backtest'])(
    'explains %s with --help',
    async (name) => {
      const help = await weir(name, '--help');
      expect(help.code).toBe(0);
      expect(help.stdout).toContain(`Usage: weir ${name}`);
    },
  );

  it('exits with 2 when it does not understand', async () => {
    expect((await weir('fly')).code).toBe(2);
    expect((await weir('run', '--role', 'pilot')).code).toBe(2);
    expect((await weir('query')).code).toBe(2);
  });
});

describe('weir check', () => {
  it('says that a file is valid', async () => {
    writeFileSync(join(folder, 'good.yaml'), 'detector:\n  step: 10s\n');
    expect(await weir('check', 'good.yaml')).toEqual({ code: 0, stdout: 'good.yaml is valid\n', stderr: '' });
  });

  it('prints every mistake with its path and exits with 1', async () => {
    writeFileSync(join(folder, 'bad.yaml'), 'detektor: {}\ncollector:\n  otlp_htp: {}\n');
    const outcome = await weir('check', 'bad.yaml');
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('detektor: unknown key; did you mean "detector"?');
    expect(outcome.stderr).toContain('collector.otlp_htp: unknown key; did you mean "otlp_http"?');
  });

  it('accepts the example configuration of the repository', async () => {
    expect((await weir('check', join(root, 'config.yaml'))).code).toBe(0);
  });

  it('refuses a listener off loopback without a token, as run does', async () => {
    writeFileSync(join(folder, 'open.yaml'), 'api:\n  listen:\n    host: 0.0.0.0\n');
    for (const args of [
      ['check', 'open.yaml'],
      ['run', '--config', 'open.yaml', '--data', join(folder, 'never')],
    ]) {
      const outcome = await weir(...args);
      expect(outcome.code).toBe(1);
      expect(outcome.stderr).toContain('api.listen would listen on 0.0.0.0 without a token');
      expect(outcome.stderr).toContain('Set api.listen.token');
    }
  });
});

describe('weir query', () => {
  const data = join(folder, 'data');
  const query = (...args: string[]) => weir('query', '--data', data, '--set', 'store.listen.port=1', ...args);

  it('reads from a store that is not running, as TSV by default', async () => {
    expect(await query("SELECT 1 AS a, 'x' AS b")).toEqual({ code: 0, stdout: '1\tx\n', stderr: '' });
    expect((await query('SELECT 1 AS a', '--format', 'JSONEachRow')).stdout).toBe('{"a":1}\n');
  });

  it.each([
    'CREATE TABLE t (a Int8) ENGINE = Memory',
    'DROP TABLE otel_traces',
    "SELECT * FROM file('x')",
    'SELECT 1; SELECT 2',
  ])('refuses %s', async (sql) => {
    const outcome = await query(sql);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('cli_query_refused');
  });
});
