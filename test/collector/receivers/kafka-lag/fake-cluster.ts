import { createServer, type Server, type Socket } from 'node:net';
import { Answer, Request } from '../../../../collector/receivers/kafka-lag/protocol/wire.ts';
import { FakeAnswers } from './fake-answers.ts';

export interface FakePartition {
  leader: number;
  replicas: number;
  inSync: number;
  earliest: number;
  stable: number;
  end: number;
  /** Bytes of its log. */
  size: number;
  /** Timestamp of the record at an offset, undefined where there is none. Without it records have no times. */
  timeOf?: (offset: number) => number | undefined;
  /** The first record at or after a time, and its own, where looking at each would take too long. */
  recordAt?: (time: number) => readonly [number, number];
  /** Error of ListOffsets. */
  error?: number;
}

export interface FakeTopic {
  /** 32 hexadecimal digits. */
  id: string;
  partitions: FakePartition[];
  error?: number;
  settings?: Record<string, string | null>;
  settingsError?: number;
}

export interface FakeGroup {
  type: 'classic' | 'consumer' | 'share' | 'streams';
  protocolType: string;
  state: string;
  members: number;
  coordinator: number;
  /** Committed offsets, or start offsets of a share group, by topic and partition. */
  commits: Record<string, Record<number, number>>;
  /** Error of OffsetFetch. */
  error?: number;
  partitionError?: number;
  describeError?: number;
  describedState?: string;
  shareLag?: number;
}

/** What the cluster is at this moment; tests change it between rounds. */
export interface FakeState {
  topics: Record<string, FakeTopic>;
  groups: Record<string, FakeGroup>;
  /** Errors of whole requests, by API key. */
  errors: Record<number, number>;
  /** Newest version spoken, by API key; undefined for one that is not known. */
  newest: Record<number, number>;
  /** Brokers that take requests and do not answer. */
  silent: Set<number>;
  /** Called with every request, before it is answered. */
  onRequest?: (broker: number, key: number) => void;
  /** Cuts answers of an API short. */
  cut?: number;
  /** Answers a request that was seen before as it was answered then. */
  isRecorded?: boolean;
}

const FLEXIBLE: Readonly<Record<number, number>> = {
  2: 6,
  3: 9,
  9: 6,
  10: 3,
  15: 5,
  16: 3,
  18: 3,
  32: 4,
  35: 2,
  69: 0,
  77: 0,
  90: 0,
};
/** As Kafka 4.2 speaks them. */
const NEWEST: Readonly<Record<number, number>> = {
  2: 11,
  3: 13,
  9: 10,
  10: 6,
  15: 6,
  16: 5,
  18: 4,
  32: 4,
  35: 5,
  69: 1,
  77: 1,
  90: 1,
};

export interface FakeCluster {
  readonly state: FakeState;
  /** `host:port` of every broker. */
  readonly brokers: string[];
  /** How often each API was asked for, by key. */
  readonly asked: Map<number, number>;
  port(broker: number): number;
  /** Ends a broker's connections and takes no more. */
  down(broker: number): Promise<void>;
  up(broker: number): Promise<void>;
  stop(): Promise<void>;
}

/** A cluster that speaks Kafka's protocol on real sockets, and says what the test wants it to. */
export async function startFakeCluster(count: number, state: Partial<FakeState> = {}): Promise<FakeCluster> {
  const cluster: FakeState = { topics: {}, groups: {}, errors: {}, newest: { ...NEWEST }, silent: new Set(), ...state };
  const asked = new Map<number, number>();
  const ports = new Map<number, number>();
  const servers = new Map<number, { server: Server; sockets: Set<Socket> }>();
  const recorded = new Map<string, Buffer>();
  const answers = new FakeAnswers(cluster, ports);

  async function up(broker: number): Promise<void> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => {});
      let pending: Buffer = Buffer.alloc(0);
      socket.on('data', (chunk: Buffer) => {
        pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
        while (pending.length >= 4 && pending.length >= 4 + pending.readInt32BE(0)) {
          const size = pending.readInt32BE(0);
          const request = pending.subarray(4, 4 + size);
          pending = pending.subarray(4 + size);
          const answer = answerTo(broker, request);
          if (answer !== undefined) socket.write(answer);
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(ports.get(broker) ?? 0, '127.0.0.1', resolve));
    ports.set(broker, (server.address() as { port: number }).port);
    servers.set(broker, { server, sockets });
  }

  function answerTo(broker: number, bytes: Buffer): Buffer | undefined {
    const key = bytes.readInt16BE(0);
    const version = bytes.readInt16BE(2);
    asked.set(key, (asked.get(key) ?? 0) + 1);
    cluster.onRequest?.(broker, key);
    if (cluster.silent.has(broker)) return undefined;
    const question = cluster.isRecorded ? `${broker} ${key} ${bytes.toString('latin1', 8)}` : '';
    const known = recorded.get(question);
    if (known !== undefined) return Buffer.concat([known.subarray(0, 4), bytes.subarray(4, 8), known.subarray(8)]);
    const flexible = version >= (FLEXIBLE[key] ?? Number.POSITIVE_INFINITY);
    const client = bytes.readInt16BE(8);
    const body = bytes.subarray(10 + Math.max(0, client) + (flexible ? 1 : 0));
    const response = new Request(flexible);
    answers.write(broker, key, version, new Answer(body, flexible), response);
    let written = response.bytes;
    if (cluster.cut === key) written = written.subarray(0, written.length >> 1);
    const head = Buffer.alloc(flexible ? 9 : 8);
    head.writeInt32BE(head.length - 4 + written.length, 0);
    bytes.copy(head, 4, 4, 8);
    const answer = Buffer.concat([head, written]);
    if (cluster.isRecorded) recorded.set(question, answer);
    return answer;
  }

  async function down(broker: number): Promise<void> {
    const running = servers.get(broker);
    servers.delete(broker);
    for (const socket of running?.sockets ?? []) socket.destroy();
    await new Promise((resolve) => (running === undefined ? resolve(undefined) : running.server.close(resolve)));
  }

  for (let broker = 1; broker <= count; broker++) await up(broker);
  return {
    state: cluster,
    brokers: [...ports.values()].map((port) => `127.0.0.1:${port}`),
    asked,
    port: (broker) => ports.get(broker) as number,
    down,
    up,
    async stop() {
      for (const broker of [...servers.keys()]) await down(broker);
    },
  };
}

/** A topic whose partitions are led by broker 1, hold records 0 to `end` and have all replicas in sync. */
export function fakeTopic(ends: readonly number[], change: Partial<FakePartition> = {}): FakeTopic {
  const partitions = ends.map((end) => ({
    ...{ leader: 1, replicas: 3, inSync: 3, earliest: 0, stable: end, end, size: 100 * end },
    ...change,
  }));
  return { id: '0123456789ab0000000000000000abcd', partitions };
}

export function fakeGroup(commits: FakeGroup['commits'], change: Partial<FakeGroup> = {}): FakeGroup {
  const plain = { type: 'classic', protocolType: 'consumer', state: 'Stable', members: 1, coordinator: 1 } as const;
  return { ...plain, commits, ...change };
}
