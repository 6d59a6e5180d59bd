import { describe, expect, it } from 'vitest';
import { prometheusConfig, type ScrapeJob } from '../../../../collector/receivers/prometheus/config.ts';
import { untilNext } from '../../../../collector/receivers/prometheus/target-loop.ts';
import { targetsOf } from '../../../../collector/receivers/prometheus/targets.ts';

type Written = Record<string, unknown>;

function jobOf(written: Written): ScrapeJob {
  return prometheusConfig.parse({ scrape_configs: [{ job_name: 'j', ...written }] }).scrape_configs[0] as ScrapeJob;
}

function targets(written: Written) {
  const job = jobOf(written);
  return targetsOf(job, job.static_configs);
}

const shown = (written: Written) =>
  targets(written).targets.map(({ url, labels }) => ({ url: url.href, ...Object.fromEntries(labels) }));

describe('targets', () => {
  it("are the addresses, with the job's defaults", () => {
    expect(shown({ static_configs: [{ targets: ['a:1', '[::1]:2'], labels: { env: 'prod', empty: '' } }] })).toEqual([
      { url: 'http://a:1/metrics', job: 'j', instance: 'a:1', env: 'prod' },
      { url: 'http://[::1]:2/metrics', job: 'j', instance: '[::1]:2', env: 'prod' },
    ]);
  });

  it("have the job's scheme, path and parameters", () => {
    expect(
      shown({
        scheme: 'https',
        metrics_path: '/federate',
        params: { 'match[]': ['{job="a"}', 'up'], x: ['1'] },
        static_configs: [{ targets: ['prometheus'] }],
      }),
    ).toEqual([
      {
        url: 'https://prometheus/federate?match%5B%5D=%7Bjob%3D%22a%22%7D&match%5B%5D=up&x=1',
        job: 'j',
        instance: 'prometheus',
      },
    ]);
  });

  it('are what the rules make of them, as for an exporter that probes others', () => {
    expect(
      shown({
        metrics_path: '/probe',
        params: { module: ['http_2xx'] },
        static_configs: [{ targets: ['https://example.com/page'] }],
        relabel_configs: [
          { source_labels: ['__address__'], target_label: '__param_target' },
          { source_labels: ['__param_target'], target_label: 'instance' },
          { target_label: '__address__', replacement: 'blackbox:9115' },
          { target_label: 'job', replacement: 'probe' },
          { target_label: '__tmp', replacement: 'x' },
        ],
      }),
    ).toEqual([
      {
        url: 'http://blackbox:9115/probe?module=http_2xx&target=https%3A%2F%2Fexample.com%2Fpage',
        job: 'probe',
        instance: 'https://example.com/page',
      },
    ]);
  });

  it('can have times of their own', () => {
    const { targets: found } = targets({
      static_configs: [{ targets: ['a:1'], labels: { __scrape_interval__: '5s', __scrape_timeout__: '2s' } }],
    });
    expect(found[0]).toMatchObject({ interval: 5000, timeout: 2000 });
  });

  it('are dropped by rules, and one that is there twice is one', () => {
    const { targets: found, dropped } = targets({
      static_configs: [{ targets: ['a:1', 'b:1'] }, { targets: ['a:1'] }],
      relabel_configs: [{ source_labels: ['__address__'], regex: 'b.*', action: 'drop' }],
    });
    expect(found).toHaveLength(1);
    expect(dropped).toBe(1);
  });

  it.each<[string, Written[], string]>([
    ['an address that is none', [{ target_label: '__address__', replacement: 'a/b' }], '"a/b" is not host:port'],
    ['no address', [{ target_label: '__address__', replacement: '' }], '"" is not host:port'],
    ['a scheme nobody speaks', [{ target_label: '__scheme__', replacement: 'ftp' }], 'neither http nor https'],
    ['a port that is none', [{ target_label: '__address__', replacement: 'a:99999' }], 'is not an address'],
    [
      'a timeout above the interval',
      [{ target_label: '__scrape_interval__', replacement: '1s' }],
      'a timeout of 10s at an interval of 1s',
    ],
    [
      'an interval that is none',
      [{ target_label: '__scrape_interval__', replacement: 'soon' }],
      'at an interval of 0s',
    ],
  ])('with %s are told, and the others stay', (_what, rules, reason) => {
    const one = { source_labels: ['__address__'], regex: 'a:1' };
    const { targets: found, invalid } = targets({
      static_configs: [{ targets: ['a:1', 'b:1'] }],
      relabel_configs: rules.map((rule) => ({ ...one, ...rule })),
    });
    expect(found.map(({ url }) => url.host)).toEqual(['b:1']);
    expect(invalid).toEqual([{ address: 'a:1', reason: expect.stringContaining(reason) }]);
  });

  it('above the limit are refused', () => {
    const { targets: found, invalid } = targets({ target_limit: 1, static_configs: [{ targets: ['a:1', 'b:1'] }] });
    expect(found).toHaveLength(1);
    expect(invalid[0]?.reason).toContain('target_limit');
  });
});

describe('the place of a target within its interval', () => {
  it('is its own, and the same after a restart', () => {
    const waits = ['a', 'b', 'c', 'd', 'e'].map((key) => untilNext({ key, interval: 10_000 }, 1_000_000));
    expect(new Set(waits).size).toBe(5);
    for (const wait of waits) expect(wait).toBeGreaterThan(0);
    for (const wait of waits) expect(wait).toBeLessThanOrEqual(10_000);
    const wait = untilNext({ key: 'a', interval: 10_000 }, 1_000_000);
    expect(untilNext({ key: 'a', interval: 10_000 }, 1_000_000 + wait)).toBe(10_000);
    expect(untilNext({ key: 'a', interval: 10_000 }, 1_000_000 + wait + 3000)).toBe(7000);
  });
});

describe('the configuration', () => {
  const issues = (tree: unknown) =>
    (prometheusConfig.safeParse(tree).error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
  const job = (rest: Written) => ({ scrape_configs: [{ job_name: 'j', ...rest }] });

  it('takes the times of a job from the global ones', () => {
    const { scrape_configs } = prometheusConfig.parse({
      global: { scrape_interval: '1m' },
      scrape_configs: [
        { job_name: 'a' },
        { job_name: 'b', scrape_interval: '5s' },
        { job_name: 'c', scrape_timeout: '20s' },
      ],
    });
    expect(scrape_configs.map((one) => [one.scrape_interval, one.scrape_timeout])).toEqual([
      [60_000, 10_000],
      [5000, 5000],
      [60_000, 20_000],
    ]);
    expect(prometheusConfig.parse({})).toMatchObject({ scrape_configs: [] });
  });

  it.each([
    ['10MB', 10 * 2 ** 20],
    ['1 GiB', 2 ** 30],
    ['512', 512],
    [0, 0],
  ])('takes the size %s', (written, bytes) => {
    expect(jobOf({ body_size_limit: written }).body_size_limit).toBe(bytes);
  });

  it.each<[string, unknown, string]>([
    [
      'a job twice',
      { scrape_configs: [{ job_name: 'a' }, { job_name: 'a' }] },
      'scrape_configs.1.job_name: "a" is the name of another job too',
    ],
    [
      'a timeout above the interval',
      job({ scrape_interval: '5s', scrape_timeout: '6s' }),
      'scrape_configs.0.scrape_timeout: is longer than the interval of 5s',
    ],
    [
      'an interval of nothing',
      job({ scrape_interval: '0s' }),
      'scrape_configs.0.scrape_interval: is shorter than 100ms',
    ],
    [
      'an address with a path',
      job({ static_configs: [{ targets: ['http://a:1/metrics'] }] }),
      'scrape_configs.0.static_configs.0.targets.0: is not host:port, without a scheme and a path',
    ],
    [
      'two ways to log in',
      job({ basic_auth: { username: 'a' }, authorization: { credentials: 'b' } }),
      'scrape_configs.0.authorization: stands beside basic_auth; keep one of them',
    ],
    [
      'a certificate without its key',
      job({ tls_config: { cert_file: 'a.pem' } }),
      'scrape_configs.0.tls_config: cert_file and key_file are needed together',
    ],
    [
      'a file that is no list of targets',
      job({ file_sd_configs: [{ files: ['targets.txt'] }] }),
      'scrape_configs.0.file_sd_configs.0.files.0: is not a path to .json, .yml or .yaml with at most one *',
    ],
    ['a key nobody knows', job({ scrape_intervall: '5s' }), 'scrape_configs.0: Unrecognized key: "scrape_intervall"'],
  ])('refuses %s', (_what, tree, message) => {
    expect(issues(tree)).toContain(message);
  });
});
