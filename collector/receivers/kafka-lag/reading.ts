import { WeirError } from '../../../core/errors.ts';
import type { KafkaClusterConfig } from './config.ts';
import type { Connections } from './connections.ts';
import { brokerAway, reasonOf } from './errors.ts';
import { type BrokerAddress, metadata } from './protocol/metadata.ts';
import type { Call } from './protocol/wire.ts';
import { Topics } from './topics.ts';

/** Counts what could not be read, by reason; `detail` is a sentence about a broker, for the log. */
export type Failures = (reason: string, times?: number, detail?: string) => void;

/**
 * What one round shares: where requests go, which brokers have failed in it already, and where failures are counted.
 * A broker that is away costs a round one time limit and no more.
 */
export class Reading {
  readonly #connections: Connections;
  readonly #away = new Map<string, WeirError>();
  readonly failed: Failures;

  constructor(connections: Connections, failed: Failures) {
    this.#connections = connections;
    this.failed = failed;
  }

  get connections(): Connections {
    return this.#connections;
  }

  /** The answer, or undefined when there is none; why is counted. */
  async ask<T>(broker: BrokerAddress, call: Call<T>): Promise<T | undefined> {
    const key = `${broker.host}:${broker.port}`;
    if (this.#away.has(key)) return undefined;
    try {
      return await this.#connections.call(broker, call);
    } catch (error) {
      this.#blame(key, error);
      return undefined;
    }
  }

  isAway({ host, port }: BrokerAddress): boolean {
    return this.#away.has(`${host}:${port}`);
  }

  /** Metadata from the first broker that answers. Throws what the last one said when none does. */
  async topics(brokers: readonly BrokerAddress[], config: { readonly topicMatch: RegExp }): Promise<Topics> {
    let last: unknown = brokerAway('of the configuration', 'none is named');
    for (const broker of brokers) {
      if (this.isAway(broker)) continue;
      const topics = new Topics(config.topicMatch, (code) => this.failed(reasonOf(code)));
      try {
        await this.#connections.call(broker, metadata(topics));
        // A broker that is starting or cut off from the others may answer that it knows none.
        if (topics.brokers.size > 0) return topics;
        last = brokerAway(`${broker.host}:${broker.port}`, 'it knows no brokers');
      } catch (error) {
        last = error;
        this.#blame(`${broker.host}:${broker.port}`, error);
      }
    }
    throw last;
  }

  #blame(key: string, error: unknown): void {
    const known = error instanceof WeirError ? error : brokerAway(key, error);
    if (known.code === 'collector_kafka_lag_unsupported') this.failed('unsupported_version', 1, known.message);
    else {
      const isFirst = !this.#away.has(key);
      this.#away.set(key, known);
      const isMalformed = known.code === 'collector_kafka_lag_malformed';
      if (isFirst) this.failed(isMalformed ? 'malformed_answer' : 'broker_unreachable', 1, known.message);
    }
  }
}

/** `host:port` of the configuration, with IPv6 in brackets, as an address. */
export function parseBroker(text: string): BrokerAddress {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}

/** The brokers of the configuration first, then those the cluster was last known to have. */
export function brokersToTry(config: KafkaClusterConfig, known: Iterable<BrokerAddress>): BrokerAddress[] {
  const all = [...config.brokers.map(parseBroker), ...known];
  return [...new Map(all.map((broker) => [`${broker.host}:${broker.port}`, broker])).values()];
}
