import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { ensureSdkBuilt } from '../../sdk/build.ts';
import { startOtlpServer } from './otlp-server.ts';
import { runProgram } from './program.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
const UNREACHABLE = 'http://127.0.0.1:9';

beforeAll(() => {
  ensureSdkBuilt();
});

function start(url: string, env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, ['--import', '@weir/sdk/register', join(HERE, 'programs', 'service.mjs')], {
    cwd: HERE,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      OTEL_SERVICE_NAME: 'service',
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      // So that nothing is exported before the end.
      OTEL_BSP_SCHEDULE_DELAY: '60000',
      ...env,
    },
  });
}

const groups = (spans: readonly { readonly attributes: Readonly<Record<string, unknown>> }[]) =>
  spans.map((span) => span.attributes['messaging.consumer.group.name']);

describe('the end of a program', () => {
  it('SIGTERM without a handler: spans are exported, then the signal does what it does', {
    timeout: 60_000,
  }, async () => {
    await using server = await startOtlpServer();
    const child = start(server.url);
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([null, 'SIGTERM']);
    expect(groups(server.spans)).toEqual(['before']);
  });

  it('SIGTERM with a handler: the program ends by itself, and its last spans arrive', { timeout: 60_000 }, async () => {
    await using server = await startOtlpServer();
    const child = start(server.url, { HANDLER: '1' });
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(groups(server.spans).sort()).toEqual(['before', 'draining']);
  });

  it('process.exit after shutdown()', { timeout: 60_000 }, async () => {
    await using server = await startOtlpServer();
    const child = start(server.url, { EXIT: '1' });
    expect(await once(child, 'exit')).toEqual([3, null]);
    expect(groups(server.spans)).toEqual(['before']);
  });

  it('is not held up for long by a platform that is not there', { timeout: 60_000 }, async () => {
    const child = start(UNREACHABLE);
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    const asked = Date.now();
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([null, 'SIGTERM']);
    expect(Date.now() - asked).toBeLessThan(15_000);
  });
});

describe('whatever is configured', () => {
  it.each([
    { OTEL_SDK_DISABLED: 'true' },
    { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'not an address' },
    { OTEL_METRIC_EXPORT_INTERVAL: '5000', OTEL_METRIC_EXPORT_TIMEOUT: '9000' },
    { OTEL_METRICS_EXPORTER: 'carrier-pigeon', OTEL_RESOURCE_ATTRIBUTES: '%%%=,,=x' },
  ])('the program does its work: %o', { timeout: 60_000 }, async (env) => {
    await using server = await startOtlpServer();
    const { stdout } = await runProgram({
      node: process.execPath,
      program: 'http.mjs',
      preload: '--import',
      url: server.url,
      env: env as unknown as Record<string, string>,
    });
    expect(JSON.parse(stdout)).toMatchObject({ total: 42 });
  });

  it('keeps its own wishes out of the environment of child processes', { timeout: 60_000 }, async () => {
    await using server = await startOtlpServer();
    const { stdout } = await runProgram({
      node: process.execPath,
      program: 'environment.mjs',
      url: server.url,
      preload: '--import',
      env: { OTEL_SERVICE_NAME: 'kept' },
    });
    expect(JSON.parse(stdout)).toEqual([
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'OTEL_EXPORTER_OTLP_PROTOCOL',
      'OTEL_RESOURCE_ATTRIBUTES',
      'OTEL_SERVICE_NAME',
    ]);
  });
});
