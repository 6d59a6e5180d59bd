import { formatDuration, type Millis } from '../../../core/time.ts';
import { isAddress, labelDuration, type ScrapeJob, type TargetGroup } from './config.ts';
import { relabel } from './relabel.ts';

/** One address to scrape. Two targets with the same `key` are the same. */
export interface Target {
  readonly key: string;
  readonly job: ScrapeJob;
  readonly url: URL;
  /** What every sample of it carries; `job` and `instance` are among them. */
  readonly labels: ReadonlyMap<string, string>;
  readonly interval: Millis;
  readonly timeout: Millis;
}

export interface Targets {
  readonly targets: readonly Target[];
  /** How many the rules dropped. */
  readonly dropped: number;
  /** Those that no address can be made of, and why. */
  readonly invalid: readonly { readonly address: string; readonly reason: string }[];
}

/**
 * The targets of a job: the labels of each group, its address, and the job's defaults as `__`-labels go through
 * `relabel_configs`; what is left without two leading underscores is what samples carry. As Prometheus does it.
 */
export function targetsOf(job: ScrapeJob, groups: readonly TargetGroup[]): Targets {
  const targets = new Map<string, Target>();
  const invalid: { address: string; reason: string }[] = [];
  let dropped = 0;
  for (const group of groups) {
    for (const address of group.targets) {
      const labels = discovered(job, group, address);
      if (!relabel(labels, job.relabel_configs)) {
        dropped++;
        continue;
      }
      const made = targetOf(job, labels);
      if (typeof made === 'string') invalid.push({ address, reason: made });
      else if (job.target_limit > 0 && targets.size >= job.target_limit && !targets.has(made.key)) {
        invalid.push({ address, reason: `the job has more than ${job.target_limit} targets (target_limit)` });
      } else targets.set(made.key, made);
    }
  }
  return { targets: [...targets.values()], dropped, invalid };
}

function discovered(job: ScrapeJob, group: TargetGroup, address: string): Map<string, string> {
  const labels = new Map<string, string>([
    ['job', job.job_name],
    ['__scrape_interval__', formatDuration(job.scrape_interval)],
    ['__scrape_timeout__', formatDuration(job.scrape_timeout)],
    ['__metrics_path__', job.metrics_path],
    ['__scheme__', job.scheme],
  ]);
  for (const [name, [first]] of Object.entries(job.params)) {
    if (first !== undefined) labels.set(`__param_${name}`, first);
  }
  for (const [name, value] of Object.entries(group.labels)) if (value !== '') labels.set(name, value);
  labels.set('__address__', address);
  return labels;
}

/** The target, or why there can be none. */
function targetOf(job: ScrapeJob, labels: Map<string, string>): Target | string {
  const address = labels.get('__address__') ?? '';
  if (!isAddress(address)) return `"${address}" is not host:port`;
  const scheme = labels.get('__scheme__') ?? '';
  if (scheme !== 'http' && scheme !== 'https') return `the scheme "${scheme}" is neither http nor https`;
  const interval = labelDuration(labels.get('__scrape_interval__')) ?? 0;
  const timeout = labelDuration(labels.get('__scrape_timeout__')) ?? 0;
  if (interval <= 0 || timeout <= 0 || timeout > interval) {
    return `a timeout of ${formatDuration(timeout)} at an interval of ${formatDuration(interval)}`;
  }
  const path = labels.get('__metrics_path__') ?? '/metrics';
  let url: URL;
  try {
    url = new URL(path.startsWith('/') ? path : `/${path}`, `${scheme}://${address}`);
  } catch {
    return `"${scheme}://${address}${path}" is not an address`;
  }
  addParameters(url, job, labels);
  const kept = new Map<string, string>([['instance', address]]);
  for (const [name, value] of labels) if (!name.startsWith('__')) kept.set(name, value);
  const text = JSON.stringify([job.job_name, url.href, interval, timeout, [...kept].sort()]);
  return { key: text, job, url, labels: kept, interval, timeout };
}

function addParameters(url: URL, job: ScrapeJob, labels: ReadonlyMap<string, string>): void {
  const names = new Set(Object.keys(job.params));
  for (const label of labels.keys()) if (label.startsWith('__param_')) names.add(label.slice('__param_'.length));
  for (const name of names) {
    const first = labels.get(`__param_${name}`);
    const rest = (job.params[name] ?? []).slice(1);
    for (const value of first === undefined ? rest : [first, ...rest]) url.searchParams.append(name, value);
  }
}
