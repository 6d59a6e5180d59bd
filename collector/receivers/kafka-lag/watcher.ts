import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { errorMessage } from '../../../core/errors.ts';
import type { Telemetry } from '../../../core/telemetry.ts';
import type { Millis } from '../../../core/time.ts';
import { within } from '../deadline.ts';
import { Backdating } from './backdating.ts';
import type { KafkaClusterConfig } from './config.ts';
import { type Connections, openConnections, readTls } from './connections.ts';
import type { LagCounts } from './counts.ts';
import type { Details } from './details.ts';
import { type ClusterMemory, pollCluster } from './poll.ts';
import { type Round, reportRound } from './report.ts';

export interface WatcherOptions {
  readonly config: KafkaClusterConfig;
  /** Where the cluster stands in the configuration, for messages. */
  readonly path: string;
  readonly consume: (request: Buffer) => Promise<unknown>;
  readonly counts: LagCounts;
  readonly telemetry: Telemetry;
  readonly now: () => Millis;
}

const STOP_MS = 3000;
/** A trouble that was not seen for so long is told again when it comes back. */
const QUIET_MS = 600_000;

/** Polls one cluster, by itself: another one that is slow or away does not concern it. */
export class ClusterWatcher {
  readonly #options: WatcherOptions;
  readonly #groupMatch: RegExp;
  readonly #topicMatch: RegExp;
  readonly #memory: ClusterMemory;
  readonly #refused = new Set<string>();
  /** When each trouble with a broker was seen last. */
  readonly #troubles = new Map<string, Millis>();
  #connections: Connections | undefined;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  #isRunning = false;
  #isFailing = false;

  constructor(options: WatcherOptions) {
    const { config } = options;
    this.#options = options;
    this.#groupMatch = new RegExp(config.group_match);
    this.#topicMatch = new RegExp(config.topic_match);
    this.#memory = { brokers: [], commitCounts: new Map(), ...this.#untold() };
  }

  /** Begins. Throws `collector_kafka_lag_tls_unreadable` when files of the configuration cannot be read. */
  async start(): Promise<void> {
    if (this.#isRunning) return;
    const { config, counts, telemetry } = this.#options;
    const tls = await this.#tls();
    this.#isRunning = true;
    for (const outcome of ['reported', 'failed']) counts.rounds.inc({ cluster: config.alias, outcome }, 0);
    this.#connections = openConnections(config, tls);
    const { alias: cluster, brokers } = config;
    telemetry.log.info({ event: 'collector_kafka_lag_started', cluster, brokers }, 'reading Kafka');
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    clearTimeout(this.#timer);
    await within(this.#close(), STOP_MS);
    await within(this.#round ?? Promise.resolve(), STOP_MS);
  }

  #schedule(): void {
    const began = performance.now();
    this.#round = this.#poll().then(() => {
      if (!this.#isRunning) return;
      const rest = this.#options.config.poll_interval - (performance.now() - began);
      this.#timer = setTimeout(() => this.#schedule(), Math.max(100, rest));
    });
  }

  async #poll(): Promise<void> {
    const { config, counts, telemetry, now } = this.#options;
    const cluster = config.alias;
    const began = performance.now();
    try {
      if (this.#connections === undefined) {
        // After a failure certificates may have been renewed.
        const tls = await this.#tls();
        if (!this.#isRunning) return;
        this.#connections = openConnections(config, tls);
      }
      const round = await pollCluster({
        config,
        groupMatch: this.#groupMatch,
        topicMatch: this.#topicMatch,
        connections: this.#connections,
        memory: this.#memory,
        failed: (reason, times = 1, detail) => {
          counts.failures.inc({ cluster, reason }, times);
          if (detail !== undefined) this.#sayTrouble(reason, detail);
        },
        now,
      });
      if (!this.#isRunning) return;
      this.#sayRefusals(round.details);
      counts.points.inc({ cluster }, await this.#report(round));
      counts.backdated.inc({ cluster }, round.backdated.length);
      counts.partitions.set({ cluster }, round.commits.length);
      counts.seconds.set({ cluster }, (performance.now() - began) / 1000);
      counts.rounds.inc({ cluster, outcome: 'reported' });
      if (this.#isFailing)
        telemetry.log.info({ event: 'collector_kafka_lag_recovered', cluster }, 'Kafka answers again');
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isRunning) return;
      counts.rounds.inc({ cluster, outcome: 'failed' });
      // One line when it begins to fail; the counter tells how long it goes on.
      if (!this.#isFailing) {
        const reason = errorMessage(error);
        telemetry.log.warn({ event: 'collector_kafka_lag_failed', cluster, reason }, 'a round over Kafka failed');
      }
      this.#isFailing = true;
      if (!(error instanceof NotKept)) await within(this.#close(), STOP_MS);
    }
  }

  /** Gives the number of points that are durable now. What is told once only is told again after a round that was lost. */
  async #report(round: Round): Promise<number> {
    try {
      return await reportRound(round, this.#options.consume);
    } catch (error) {
      Object.assign(this.#memory, this.#untold());
      throw new NotKept(`a round was read and could not be kept: ${errorMessage(error)}`, { cause: error });
    }
  }

  /** What is remembered of things that are told once, before any was. */
  #untold(): Pick<ClusterMemory, 'backdating' | 'detailsAt'> {
    const { poll_interval, backdated_partitions } = this.#options.config;
    return { backdating: new Backdating(poll_interval, backdated_partitions), detailsAt: Number.NEGATIVE_INFINITY };
  }

  /** What goes on for long is said once; the counter tells that it does. */
  #sayTrouble(reason: string, detail: string): void {
    const { config, telemetry, now } = this.#options;
    const seen = this.#troubles.get(detail);
    this.#troubles.delete(detail);
    this.#troubles.set(detail, now());
    // The oldest go first, so that changing sentences do not gather.
    for (const [old, time] of this.#troubles) if (now() - time > QUIET_MS) this.#troubles.delete(old);
    if (this.#isFailing || (seen !== undefined && now() - seen <= QUIET_MS)) return;
    const fields = { event: 'collector_kafka_lag_incomplete', cluster: config.alias, reason, detail };
    telemetry.log.warn(fields, 'a broker could not be read; what others say goes on');
  }

  /** Rights that are missing are said once; the counter goes on. */
  #sayRefusals(details: Details | undefined): void {
    const { config, telemetry } = this.#options;
    for (const [what, reason] of details?.refusals ?? []) {
      if (this.#refused.has(what)) continue;
      this.#refused.add(what);
      const fields = { event: 'collector_kafka_lag_details_refused', cluster: config.alias, what, reason };
      telemetry.log.warn(fields, `Kafka does not tell the ${what} of topics; everything else goes on`);
    }
  }

  async #tls(): Promise<TlsOptions | undefined> {
    const { config, path } = this.#options;
    return config.tls === undefined ? undefined : await readTls(config.tls, `${path}.tls`);
  }

  async #close(): Promise<void> {
    const closing = this.#connections;
    this.#connections = undefined;
    await closing?.close();
  }
}

/** Kafka answered; nobody took what it said. */
class NotKept extends Error {}
