import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ensureSdkBuilt } from '../../sdk/build.ts';

const run = promisify(execFile);
const HERE = dirname(fileURLToPath(import.meta.url));

/** The oldest Node the OpenTelemetry packages support. */
export const OLDEST_NODE = '22.15.0';

/** A Node of that version from the npm registry, kept in a cache outside the repository. */
export async function installNode(version: string): Promise<string> {
  const name = `node-${process.platform}-${process.arch}`;
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'weir', `node-${version}`);
  const binary = join(cache, 'node_modules', name, 'bin', 'node');
  if (!existsSync(binary)) {
    mkdirSync(cache, { recursive: true });
    await run('npm', ['install', '--prefix', cache, '--no-save', '--no-audit', '--no-fund', `${name}@${version}`]);
  }
  return binary;
}

export interface ProgramResult {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of `test/sdk/programs` under the SDK, exporting OTLP/HTTP JSON to `url`. */
export async function runProgram(options: {
  readonly node: string;
  readonly program: string;
  readonly url: string;
  readonly preload?: '--import' | '--require';
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}): Promise<ProgramResult> {
  ensureSdkBuilt();
  const preload = options.preload === undefined ? [] : [options.preload, '@weir/sdk/register'];
  const file = join(HERE, 'programs', options.program);
  return await run(options.node, [...preload, file, ...(options.args ?? [])], {
    cwd: HERE,
    timeout: 60_000,
    env: {
      PATH: process.env['PATH'],
      OTEL_SERVICE_NAME: 'program',
      OTEL_RESOURCE_ATTRIBUTES: 'service.namespace=tests',
      OTEL_EXPORTER_OTLP_ENDPOINT: options.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      ...options.env,
    },
  });
}
