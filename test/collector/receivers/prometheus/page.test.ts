import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Admission } from '../../../../collector/admission.ts';
import { prometheusConfig, type ScrapeJob } from '../../../../collector/receivers/prometheus/config.ts';
import { fetchPage, openConnections } from '../../../../collector/receivers/prometheus/page.ts';
import { type Target, targetsOf } from '../../../../collector/receivers/prometheus/targets.ts';
import { type ExporterServer, page, startExporter } from './exporter-server.ts';

let exporter: ExporterServer;
let other: ExporterServer;
beforeAll(async () => {
  exporter = await startExporter(page('up 1\n'));
  other = await startExporter(page('elsewhere 1\n'));
});
afterAll(() => Promise.all([exporter?.close(), other?.close()]));
afterEach(() => {
  exporter.answer = page('up 1\n');
  exporter.requests.length = 0;
  other.requests.length = 0;
});

function targetOf(written: Record<string, unknown> = {}, address = exporter.address): Target {
  const { scrape_configs } = prometheusConfig.parse({
    scrape_configs: [{ job_name: 'j', scrape_timeout: '5s', static_configs: [{ targets: [address] }], ...written }],
  });
  const job = scrape_configs[0] as ScrapeJob;
  return targetsOf(job, job.static_configs).targets[0] as Target;
}

async function fetched(target: Target, signal = new AbortController().signal, admission = new Admission(1 << 26)) {
  const connections = openConnections(target.job);
  const ticket = admission.enter();
  try {
    return await fetchPage(target, connections, ticket, signal);
  } finally {
    ticket.leave();
    connections.close();
    expect(admission.bytes).toBe(0);
  }
}

const failure = (target: Target, signal?: AbortSignal) => expect(fetched(target, signal)).rejects;

describe('a page', () => {
  it('is asked for as Prometheus asks', async () => {
    expect(await fetched(targetOf({ params: { x: ['1', '2'] } }))).toEqual({ text: 'up 1\n', format: 'text' });
    const [request] = exporter.requests;
    expect(request?.url).toBe('/metrics?x=1&x=2');
    expect(request?.headers).toMatchObject({
      accept: expect.stringContaining('application/openmetrics-text;version=1.0.0'),
      'accept-encoding': 'gzip',
      'x-prometheus-scrape-timeout-seconds': '5',
    });
  });

  it.each<[string, string]>([
    ['application/openmetrics-text; version=1.0.0; charset=utf-8', 'openmetrics'],
    ['text/plain; version=0.0.4', 'text'],
    ['Text/Plain', 'text'],
    ['', 'text'],
    ['application/octet-stream', 'text'],
  ])('of the type "%s" is read as %s', async (type, format) => {
    exporter.answer = page('# EOF\n', type === '' ? {} : { 'content-type': type });
    expect((await fetched(targetOf())).format).toBe(format);
  });

  it('may come in gzip, and be empty', async () => {
    const text = 'a{x="é"} 1\n'.repeat(10_000);
    exporter.answer = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(text));
    expect((await fetched(targetOf())).text).toBe(text);
    exporter.answer = page('');
    expect((await fetched(targetOf())).text).toBe('');
  });

  it('is shown who asks', async () => {
    await fetched(targetOf({ basic_auth: { username: 'weir', password: 'pä:ss' } }));
    await fetched(targetOf({ authorization: { credentials: 'abc' } }));
    await fetched(targetOf({ authorization: { type: 'Token', credentials: 'abc' } }));
    expect(exporter.requests.map(({ headers }) => headers.authorization)).toEqual([
      `Basic ${Buffer.from('weir:pä:ss').toString('base64')}`,
      'Bearer abc',
      'Token abc',
    ]);
  });

  it('is followed to where it has gone, without credentials elsewhere', async () => {
    exporter.answer = (request, response) => {
      const location = request.url === '/metrics' ? '/new' : `http://${other.address}/there`;
      response.writeHead(302, { location }).end();
    };
    expect((await fetched(targetOf({ authorization: { credentials: 'secret' } }))).text).toBe('elsewhere 1\n');
    expect(exporter.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ['/metrics', 'Bearer secret'],
      ['/new', 'Bearer secret'],
    ]);
    expect(other.requests[0]?.headers.authorization).toBe(undefined);
    await failure(targetOf({ follow_redirects: false })).toMatchObject({ code: 'collector_prometheus_status' });
  });
});

describe('what is no page', () => {
  it.each<[string, ExporterServer['answer'], Record<string, unknown>, string, string]>([
    ['another status', (_, response) => response.writeHead(503).end('busy'), {}, 'status', 'answered 503'],
    [
      'a circle',
      (_, response) => response.writeHead(302, { location: '/metrics' }).end(),
      {},
      'status',
      'more than 5 redirects',
    ],
    [
      'a way to nowhere',
      (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
      {},
      'status',
      'no address',
    ],
    ['protobuf', page('', { 'content-type': 'application/vnd.google.protobuf; proto=x' }), {}, 'malformed', 'protobuf'],
    [
      'bytes that are no text',
      (_, response) => response.end(Buffer.from([0x61, 0xff, 0x20])),
      {},
      'malformed',
      'not UTF-8',
    ],
    ['too much', page('x'.repeat(2000)), { body_size_limit: 1000 }, 'body_too_large', '1000 bytes (body_size_limit)'],
    [
      'too much in gzip',
      (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(1 << 20))),
      { body_size_limit: '100KB' },
      'body_too_large',
      '102400 bytes',
    ],
    [
      'an end before the end',
      (_, response) => {
        response.writeHead(200, { 'content-length': 100 }).write('up');
        setTimeout(() => response.destroy(), 20);
      },
      {},
      'unreachable',
      '',
    ],
  ])('%s', async (_what, answer, written, kind, message) => {
    exporter.answer = answer;
    await failure(targetOf(written)).toMatchObject({
      code: `collector_prometheus_${kind}`,
      message: expect.stringContaining(message),
    });
  });

  it('gzip that is none, and an encoding nobody asked for', async () => {
    exporter.answer = page('no gzip', { 'content-encoding': 'gzip' });
    await failure(targetOf()).toMatchObject({ code: 'collector_request_malformed' });
    exporter.answer = page('up 1', { 'content-encoding': 'br' });
    await failure(targetOf()).toMatchObject({ code: 'collector_encoding_unknown' });
  });

  it('a target that is away, and one that is late', async () => {
    await failure(targetOf({}, '127.0.0.1:1')).toMatchObject({ code: 'collector_prometheus_unreachable' });
    exporter.answer = (_, response) => {
      response.writeHead(200).write('up');
    };
    await failure(targetOf(), AbortSignal.timeout(50)).toMatchObject({ code: 'collector_prometheus_timeout' });
  });

  it('more than may be read at one time', async () => {
    exporter.answer = page('x'.repeat(100_000));
    const admission = new Admission(20_000);
    const neighbour = admission.enter();
    neighbour.grow(10_000);
    const target = targetOf();
    const connections = openConnections(target.job);
    const ticket = admission.enter();
    const reading = fetchPage(target, connections, ticket, new AbortController().signal);
    await expect(reading).rejects.toMatchObject({ code: 'collector_overloaded' });
    ticket.leave();
    neighbour.leave();
    connections.close();
  });
});

describe('connections', () => {
  const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
  const read = (name: string) => readFileSync(fixture(name), 'utf8');

  it('are as safe as they are configured to be', async () => {
    const secure = await startExporter(page('safe 1\n'), { cert: read('server.pem'), key: read('server.key') });
    const target = (tls_config: object) => targetOf({ scheme: 'https', tls_config }, secure.address);
    try {
      const ca_file = fixture('ca.pem');
      expect((await fetched(target({ ca_file, server_name: 'localhost' }))).text).toBe('safe 1\n');
      expect((await fetched(target({ insecure_skip_verify: true }))).text).toBe('safe 1\n');
      await failure(target({})).toMatchObject({ code: 'collector_prometheus_unreachable' });
      await failure(target({ ca_file, server_name: 'elsewhere' })).toMatchObject({
        code: 'collector_prometheus_unreachable',
      });
    } finally {
      await secure.close();
    }
  });

  it('need files that can be read', () => {
    const { job } = targetOf({ tls_config: { ca_file: '/nowhere/ca.pem' } });
    expect(() => openConnections(job)).toThrow(/tls_config\.ca_file: cannot read \/nowhere\/ca\.pem/);
  });
});
