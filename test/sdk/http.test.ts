import { beforeAll, describe, expect, it } from 'vitest';
import { ensureSdkBuilt } from '../../sdk/build.ts';
import { startOtlpServer } from './otlp-server.ts';
import { checkpoints } from './pathway-points.ts';
import { installNode, OLDEST_NODE, runProgram } from './program.ts';

let oldest = '';
beforeAll(async () => {
  ensureSdkBuilt();
  oldest = await installNode(OLDEST_NODE);
}, 180_000);

const cases = [
  { name: 'with spans', env: {}, spans: true },
  { name: 'without', env: { WEIR_SPANS: 'off' }, spans: false },
  { name: 'without, on the oldest Node', env: { WEIR_SPANS: 'off' }, spans: false, old: true },
  { name: 'none sampled', env: { OTEL_TRACES_SAMPLER: 'always_off' }, spans: false },
  { name: 'a tenth sampled', env: { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.1' } },
];

describe('HTTP passes pathways on', () => {
  it.each(cases)('$name', { timeout: 60_000 }, async ({ env, spans, old }) => {
    await using server = await startOtlpServer();
    const { stdout, stderr } = await runProgram({
      node: old === true ? oldest : process.execPath,
      program: 'pathway-http.mjs',
      preload: '--import',
      url: server.url,
      env: env as Record<string, string>,
    });
    expect(stderr).toBe('');
    const { first, headers } = JSON.parse(stdout) as { first: string; headers: string[] };
    const found = checkpoints(server.points);
    const begun = found.find(({ hash }) => hash === first.slice(3, 19));
    const received = found.find(({ parent }) => parent === begun?.hash);
    expect(received).toMatchObject({ direction: 'in', destination: 'in', records: 1 });
    // Both calls, by fetch and by node:http, and no third checkpoint for the calls themselves.
    const sent = found.find(({ parent }) => parent === received?.hash);
    expect(sent).toMatchObject({ direction: 'out', destination: 'out', records: 2 });
    const outside = found.filter(({ parent, destination }) => parent === '' && destination === 'out');
    expect(outside).toMatchObject([{ records: 1 }]);
    expect(found).toHaveLength(4);
    const origin = (header: string | undefined) => header?.slice(20, 34);
    expect(headers.map(origin).slice(0, 2)).toEqual([origin(first), origin(first)]);
    expect(origin(headers[2])).not.toBe(origin(first));
    if (spans === true) expect(server.spans.length).toBeGreaterThan(5);
    if (spans === false) expect(server.spans).toEqual([]);
  });
});

describe('a program that has set up OpenTelemetry itself', () => {
  it('keeps its spans and its resource, and gets pathways of the same service', { timeout: 60_000 }, async () => {
    await using server = await startOtlpServer();
    const { stdout, stderr } = await runProgram({
      node: process.execPath,
      program: 'own-setup.mjs',
      url: server.url,
      env: { OTEL_LOG_LEVEL: 'error' },
    });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual(['traceparent', 'weir-pathway']);
    expect(server.spans.map(({ name, service }) => `${service}: ${name}`).sort()).toEqual([
      'hosts-own: process orders',
      'hosts-own: send orders',
    ]);
    const found = checkpoints(server.points);
    expect(found.map(({ service, direction }) => [service, direction])).toEqual([
      ['hosts-own', 'out'],
      ['hosts-own', 'in'],
    ]);
  });
});
