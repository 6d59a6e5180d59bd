import { z } from 'zod';
import { duration } from '../../../core/config-values.ts';
import { formatDuration, type Millis, parseDuration } from '../../../core/time.ts';
import { relabelConfig } from './relabel.ts';

const MEBIBYTE = 1 << 20;
const SIZE_UNITS: Readonly<Record<string, number>> = { '': 1, B: 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30 };

/** Bytes, as a number or as Prometheus writes sizes (`10MB`); 0 is no limit. */
const byteSize = z
  .union([z.int().min(0), z.string().regex(/^\d+ ?(B|KB|MB|GB|KiB|MiB|GiB)?$/, 'is not a size such as 10MB')])
  .transform((size) => {
    if (typeof size === 'number') return size;
    const [, digits = '0', unit = ''] = /^(\d+) ?(\w*)$/.exec(size) ?? [];
    return Number(digits) * (SIZE_UNITS[unit.replace('i', '')] ?? 1);
  });

const labels = z.record(z.string().min(1), z.string());

/** Whether a text is `host` or `host:port`, which a target's address must be. */
export function isAddress(text: string): boolean {
  return /^(\[[0-9a-fA-F:.%]+\]|[^\s/:[\]]+)(:\d{1,5})?$/.test(text);
}

/** One group of targets, here and in the files of `file_sd_configs`. */
export const targetGroup = z.strictObject({ targets: z.array(z.string().min(1)), labels: labels.default({}) });
export type TargetGroup = z.infer<typeof targetGroup>;

const fileDiscovery = z.strictObject({
  /** JSON or YAML; the last part of a path may have one `*`. */
  files: z
    .array(
      z.string().regex(/^[^*]*(\*[^/*]*)?\.(json|ya?ml)$/, 'is not a path to .json, .yml or .yaml with at most one *'),
    )
    .min(1),
  refresh_interval: duration('5m'),
});
export type FileDiscoveryConfig = z.infer<typeof fileDiscovery>;

const basicAuth = z.strictObject({ username: z.string(), password: z.string().default('') });
const authorization = z.strictObject({ type: z.string().default('Bearer'), credentials: z.string().min(1) });

const tls = z.strictObject({
  /** What a target's certificate must be signed by; else what Node trusts. */
  ca_file: z.string().min(1).optional(),
  cert_file: z.string().min(1).optional(),
  key_file: z.string().min(1).optional(),
  /** The name the certificate must carry, where it is not that of the target. */
  server_name: z.string().min(1).optional(),
  insecure_skip_verify: z.boolean().default(false),
});

const count = (value: number) => z.int().min(0).default(value);
const optionalDuration = z
  .string()
  .refine((text) => labelDuration(text) !== undefined, 'is not a duration: write a number and a unit, such as 30s')
  .transform((text): Millis => parseDuration(text))
  .optional();

const scrapeConfig = z
  .strictObject({
    job_name: z.string().min(1),
    scrape_interval: optionalDuration,
    scrape_timeout: optionalDuration,
    metrics_path: z.string().startsWith('/').default('/metrics'),
    scheme: z.enum(['http', 'https']).default('http'),
    params: z.record(z.string(), z.array(z.string())).default({}),
    honor_labels: z.boolean().default(false),
    honor_timestamps: z.boolean().default(true),
    follow_redirects: z.boolean().default(true),
    static_configs: z.array(targetGroup).default([]),
    file_sd_configs: z.array(fileDiscovery).default([]),
    basic_auth: basicAuth.optional(),
    authorization: authorization.optional(),
    tls_config: tls.prefault({}),
    relabel_configs: z.array(relabelConfig).default([]),
    metric_relabel_configs: z.array(relabelConfig).default([]),
    body_size_limit: byteSize.default(64 * MEBIBYTE),
    sample_limit: count(200_000),
    label_limit: count(128),
    label_name_length_limit: count(0),
    label_value_length_limit: count(0),
    target_limit: count(0),
  })
  .superRefine((config, context) => {
    if (config.basic_auth !== undefined && config.authorization !== undefined) {
      const message = 'stands beside basic_auth; keep one of them';
      context.addIssue({ code: 'custom', path: ['authorization'], message });
    }
    // Rules can make an address of anything; without them it is what is written.
    for (const [i, { targets }] of config.relabel_configs.length > 0 ? [] : config.static_configs.entries()) {
      for (const [j, target] of targets.entries()) {
        if (isAddress(target)) continue;
        const path = ['static_configs', i, 'targets', j];
        context.addIssue({ code: 'custom', path, message: 'is not host:port, without a scheme and a path' });
      }
    }
    const { cert_file: cert, key_file: key } = config.tls_config;
    if ((cert === undefined) !== (key === undefined)) {
      const message = 'cert_file and key_file are needed together';
      context.addIssue({ code: 'custom', path: ['tls_config'], message });
    }
  });

const MIN_INTERVAL: Millis = 100;

/** Scrapes, configured as Prometheus configures them; off without `scrape_configs`. */
export const prometheusConfig = z
  .strictObject({
    global: z.strictObject({ scrape_interval: duration('15s'), scrape_timeout: duration('10s') }).prefault({}),
    scrape_configs: z.array(scrapeConfig).default([]),
  })
  .superRefine(({ scrape_configs: jobs }, context) => {
    const names = new Set<string>();
    for (const [i, { job_name: name }] of jobs.entries()) {
      const path = ['scrape_configs', i, 'job_name'];
      if (names.has(name))
        context.addIssue({ code: 'custom', path, message: `"${name}" is the name of another job too` });
      names.add(name);
    }
  })
  .transform((config, context) => ({
    ...config,
    scrape_configs: config.scrape_configs.map((job, i) => {
      const interval = job.scrape_interval ?? config.global.scrape_interval;
      const timeout = job.scrape_timeout ?? Math.min(config.global.scrape_timeout, interval);
      const fail = (key: string, message: string) =>
        context.addIssue({ code: 'custom', path: ['scrape_configs', i, key], message });
      if (interval < MIN_INTERVAL) fail('scrape_interval', `is shorter than ${formatDuration(MIN_INTERVAL)}`);
      if (timeout <= 0) fail('scrape_timeout', 'is not longer than 0');
      if (timeout > interval) fail('scrape_timeout', `is longer than the interval of ${formatDuration(interval)}`);
      return { ...job, scrape_interval: interval, scrape_timeout: timeout };
    }),
  }));
export type PrometheusConfig = z.infer<typeof prometheusConfig>;
export type ScrapeJob = PrometheusConfig['scrape_configs'][number];

/** A duration as text, here or in a target's label; undefined where it is none. */
export function labelDuration(text: string | undefined): Millis | undefined {
  if (text === undefined) return undefined;
  try {
    return parseDuration(text);
  } catch {
    return undefined;
  }
}
