import type { Service } from '../../../core/service.ts';
import type { Telemetry } from '../../../core/telemetry.ts';
import type { Millis } from '../../../core/time.ts';
import type { Admission } from '../../admission.ts';
import type { MetricsRequest } from '../../otlp/model.ts';
import { within } from '../deadline.ts';
import type { PrometheusConfig, ScrapeJob, TargetGroup } from './config.ts';
import { createScrapeCounts } from './counts.ts';
import { createFactLedger } from './fact-ledger.ts';
import { type FileDiscovery, followFiles } from './file-discovery.ts';
import { type Connections, openConnections } from './page.ts';
import { startTargetLoop, type TargetLoop } from './target-loop.ts';
import { targetsOf } from './targets.ts';

export interface PrometheusOptions {
  readonly config: PrometheusConfig;
  /** Makes a request durable; a scrape it rejects is lost, and counted. */
  readonly consume: (request: MetricsRequest) => Promise<unknown>;
  readonly admission: Admission;
  readonly telemetry: Telemetry;
  readonly now?: () => Millis;
}

const STOP_MS = 3000;

/** The targets of one job, which come and go with its files. */
interface Job {
  readonly job: ScrapeJob;
  readonly connections: Connections;
  readonly loops: Map<string, TargetLoop>;
  /** Groups of each entry of `file_sd_configs`. */
  readonly discovered: (readonly TargetGroup[])[];
  readonly discoveries: FileDiscovery[];
}

/**
 * Scrapes Prometheus targets and hands what they say on as OTLP metrics. Off without `scrape_configs`. A target that is
 * away, slow or wrong is counted and tried again at its next time; nothing it answers ends the collector.
 */
export function createPrometheusReceiver(options: PrometheusOptions): Service {
  const { config, consume, admission, telemetry, now = Date.now } = options;
  const jobs: Job[] = [];
  const ledger = createFactLedger();
  const counts = createScrapeCounts(telemetry, () => new Map(jobs.map(({ job, loops }) => [job.job_name, loops.size])));
  let ending: Promise<unknown>[] = [];
  let running = false;

  function apply(one: Job): void {
    if (!running) return;
    const { job, loops } = one;
    const { targets, invalid } = targetsOf(job, [...job.static_configs, ...one.discovered.flat()]);
    for (const { address, reason } of invalid) {
      const event = 'collector_prometheus_target_invalid';
      telemetry.log.warn({ event, job: job.job_name, address, reason }, 'a target cannot be scraped');
    }
    const wanted = new Set(targets.map(({ key }) => key));
    for (const [key, loop] of loops) {
      if (wanted.has(key)) continue;
      loops.delete(key);
      const stopped = loop.stop(true).catch(() => {});
      ending.push(stopped);
      void stopped.then(() => {
        ending = ending.filter((other) => other !== stopped);
      });
    }
    for (const target of targets) {
      if (loops.has(target.key)) continue;
      const { connections } = one;
      const shared = { admission, ledger, consume, counts, telemetry, now };
      loops.set(target.key, startTargetLoop(target, { connections, ...shared }));
    }
  }

  function open(job: ScrapeJob): Job {
    const discovered = job.file_sd_configs.map((): readonly TargetGroup[] => []);
    const one: Job = { job, connections: openConnections(job), loops: new Map(), discovered, discoveries: [] };
    for (const outcome of ['read', 'failed']) counts.scrapes.inc({ job: job.job_name, outcome }, 0);
    return one;
  }

  function discover(one: Job): void {
    const { job, discovered } = one;
    const failing = new Set<string>();
    for (const [i, entry] of job.file_sd_configs.entries()) {
      const discovery = followFiles({
        config: entry,
        onGroups(groups) {
          discovered[i] = groups;
          apply(one);
        },
        onRead(file, error) {
          counts.discoveries.inc({ job: job.job_name, outcome: error === undefined ? 'read' : 'failed' });
          if (error === undefined) failing.delete(file);
          else if (!failing.has(file)) {
            failing.add(file);
            const event = 'collector_prometheus_file_invalid';
            telemetry.log.warn(
              { event, job: job.job_name, file, reason: error },
              'targets of a file stay as they were',
            );
          }
        },
      });
      one.discoveries.push(discovery);
    }
  }

  return {
    name: 'prometheus',
    async start() {
      if (running) return;
      for (const job of config.scrape_configs) jobs.push(open(job));
      running = true;
      for (const one of jobs) {
        apply(one);
        discover(one);
      }
    },
    async stop() {
      running = false;
      for (const { discoveries } of jobs) for (const discovery of discoveries) discovery.close();
      const stopped = jobs.flatMap(({ loops }) => [...loops.values()].map((loop) => loop.stop(false)));
      await within(Promise.all([...stopped, ...ending]), STOP_MS);
      for (const { connections } of jobs) connections.close();
      jobs.length = 0;
    },
  };
}
