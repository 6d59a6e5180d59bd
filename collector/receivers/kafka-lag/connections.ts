import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { Connection, type ConnectionOptions, type Reader, Writer } from '@platformatic/kafka';
import { WeirError } from '../../../core/errors.ts';
import type { Millis } from '../../../core/time.ts';
import type { KafkaClusterConfig, KafkaTlsConfig } from './config.ts';
import { brokerAway, malformedAnswer, unsupportedCall } from './errors.ts';
import { apiVersions, type BrokerAddress } from './protocol/metadata.ts';
import { Answer, type Call, Request } from './protocol/wire.ts';

type Versions = ReadonlyMap<number, { readonly oldest: number; readonly newest: number }>;

interface Opened {
  readonly connection: Connection;
  readonly versions: Versions;
}

/** Connections to the brokers of one cluster, one each, made when first needed and made anew after they ended. */
export interface Connections {
  /**
   * One request to one broker, in the newest version both sides know. Throws `collector_kafka_lag_unreachable`
   * (retryable), `collector_kafka_lag_unsupported` or `collector_kafka_lag_malformed`.
   */
  call<T>(broker: BrokerAddress, call: Call<T>): Promise<T>;
  /** The newest version of an API the broker speaks; undefined when it does not know the API. */
  newest(broker: BrokerAddress, key: number): Promise<number | undefined>;
  close(): Promise<void>;
}

/** Reads the files of `tls`. Throws `collector_kafka_lag_tls_unreadable` with the path of the key. */
export async function readTls(tls: KafkaTlsConfig, path: string): Promise<TlsOptions> {
  const read = async (key: 'ca_file' | 'cert_file' | 'key_file') => {
    const file = tls[key];
    if (file === undefined) return undefined;
    try {
      return await readFile(file);
    } catch (cause) {
      throw new WeirError('collector_kafka_lag_tls_unreadable', `${path}.${key}: cannot read ${file}`, { cause });
    }
  };
  const [ca, cert, key] = [await read('ca_file'), await read('cert_file'), await read('key_file')];
  return {
    rejectUnauthorized: !tls.insecure_skip_verify,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

export function openConnections(config: KafkaClusterConfig, tls: TlsOptions | undefined): Connections {
  const opened = new Map<string, Promise<Opened>>();
  /** Those that are still being made too: closing does not wait for a broker that says nothing. */
  const all = new Set<Connection>();
  let isClosed = false;

  async function open({ host, port }: BrokerAddress, leave: () => void): Promise<Opened> {
    const connection = new Connection('weir', connectionOptions(config, tls, host));
    // Errors of a connection come to those who wait for it; without a listener they would end the process.
    connection.on('error', () => {});
    all.add(connection);
    const forget = () => {
      all.delete(connection);
      leave();
    };
    connection.once('close', forget);
    try {
      await connection.connect(host, port);
      return { connection, versions: await send(connection, apiVersions, 0, config.timeout) };
    } catch (cause) {
      forget();
      connection.close().catch(() => {});
      throw brokerAway(`${host}:${port}`, cause);
    }
  }

  function connect(broker: BrokerAddress): Promise<Opened> {
    const key = `${broker.host}:${broker.port}`;
    if (isClosed) return Promise.reject(brokerAway(key, 'the receiver was stopped'));
    const found = opened.get(key);
    if (found !== undefined) return found;
    const made = open(broker, () => {
      // By the time one has ended the next may be in its place.
      if (opened.get(key) === made) opened.delete(key);
    });
    opened.set(key, made);
    return made;
  }

  return {
    async call(broker, call) {
      const { connection, versions } = await connect(broker);
      const key = `${broker.host}:${broker.port}`;
      const spoken = versions.get(call.key);
      const version = Math.min(call.newest, spoken?.newest ?? -1);
      if (spoken === undefined || version < call.oldest || version < spoken.oldest)
        throw unsupportedCall(call.name, key);
      try {
        return await send(connection, call, version, config.timeout);
      } catch (error) {
        throw error instanceof WeirError ? error : brokerAway(key, error);
      }
    },
    async newest(broker, key) {
      return (await connect(broker)).versions.get(key)?.newest;
    },
    async close() {
      isClosed = true;
      opened.clear();
      await Promise.all([...all].map((connection) => connection.close().catch(() => {})));
    },
  };
}

function connectionOptions(config: KafkaClusterConfig, tls: TlsOptions | undefined, host: string): ConnectionOptions {
  const { timeout, sasl } = config;
  // An address in figures is no server name (RFC 6066).
  const name = config.tls?.server_name_override ?? (isIP(host) === 0 ? host : undefined);
  return {
    connectTimeout: timeout,
    requestTimeout: timeout,
    maxInflights: 4,
    ...(tls === undefined ? {} : { tls }),
    ...(tls === undefined || name === undefined ? {} : { tlsServerName: name }),
    ...(sasl === undefined ? {} : { sasl }),
  };
}

function send<T>(connection: Connection, call: Call<T>, version: number, timeout: Millis): Promise<T> {
  const flexible = version >= call.flexible;
  return new Promise((resolve, reject) => {
    // The client's own clock starts when a request is written; one that never is would wait for good.
    const timer = setTimeout(() => reject(new Error(`no answer to ${call.name} within ${timeout} ms`)), 2 * timeout);
    connection.send<T>(
      call.key,
      version,
      () => {
        const request = new Request(flexible);
        call.write(request, version);
        return Writer.create().append(request.bytes);
      },
      (_correlation: number, _key: number, _version: number, reader: Reader) => {
        const bytes = reader.buffer.slice(reader.position);
        try {
          return call.read(new Answer(bytes, flexible), version);
        } catch (error) {
          throw error instanceof WeirError ? error : malformedAnswer(`${call.name}: ${String(error)}`);
        }
      },
      flexible,
      // ApiVersions is answered in the oldest spelling whatever was asked (KIP-511), and only version 0 is asked here.
      flexible,
      (error, value) => {
        clearTimeout(timer);
        if (error) reject(error);
        else resolve(value as T);
      },
    );
  });
}
