import { NONE } from './errors.ts';
import type { BrokerAddress, MetadataSink } from './protocol/metadata.ts';

export interface Topic {
  readonly name: string;
  /** 48 bits of the topic's id; undefined where brokers are too old to have ids. */
  readonly identity: number | undefined;
  /** Its partition `p` is row `first + p` of every column. */
  readonly first: number;
  readonly partitions: number;
}

/**
 * One reading of a cluster's metadata: brokers, the topics that are looked at, and a column entry for each of their
 * partitions. Topics that are not looked at still count for the health of the cluster.
 */
export class Topics implements MetadataSink {
  readonly #match: RegExp;
  readonly #failed: (code: number) => void;
  readonly brokers = new Map<number, BrokerAddress>();
  readonly list: Topic[] = [];
  readonly byName = new Map<string, Topic>();
  clusterId = '';
  size = 0;
  /** Broker that leads a partition, -1 for none; replicas, and how many of them are in sync. */
  leaders = new Int32Array(1024);
  replicas = new Int32Array(1024);
  inSync = new Int32Array(1024);
  offline = 0;
  underReplicated = 0;
  #current: Topic | undefined;

  /** `failed` is told the error of a topic that is left out. */
  constructor(match: RegExp, failed: (code: number) => void) {
    this.#match = match;
    this.#failed = failed;
  }

  cluster(id: string): void {
    this.clusterId = id;
  }

  broker(id: number, address: BrokerAddress): void {
    this.brokers.set(id, address);
  }

  topic(name: string, error: number, identity: number | undefined, partitions: number): void {
    this.#current = undefined;
    if (name === '' || !this.#match.test(name)) return;
    if (error !== NONE) {
      this.#failed(error);
      return;
    }
    const topic = { name, identity, first: this.size, partitions };
    this.#reserve(this.size + partitions);
    this.leaders.fill(-1, this.size, this.size + partitions);
    this.replicas.fill(0, this.size, this.size + partitions);
    this.inSync.fill(0, this.size, this.size + partitions);
    this.size += partitions;
    this.list.push(topic);
    this.byName.set(name, topic);
    this.#current = topic;
  }

  partition(index: number, _error: number, leader: number, replicas: number, inSync: number): void {
    if (leader < 0) this.offline++;
    if (inSync < replicas) this.underReplicated++;
    const topic = this.#current;
    if (topic === undefined || index < 0 || index >= topic.partitions) return;
    const row = topic.first + index;
    this.leaders[row] = leader;
    this.replicas[row] = replicas;
    this.inSync[row] = inSync;
  }

  /** The row of a partition; -1 when it is none that is looked at. */
  row(name: string, partition: number): number {
    const topic = this.byName.get(name);
    if (topic === undefined || partition < 0 || partition >= topic.partitions) return -1;
    return topic.first + partition;
  }

  /** The topic a row belongs to. */
  topicOf(row: number): Topic {
    let low = 0;
    let high = this.list.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      // A topic without partitions shares its first row with the next one, which is the later of the two.
      if ((this.list[middle] as Topic).first <= row) low = middle;
      else high = middle - 1;
    }
    return this.list[low] as Topic;
  }

  /** Takes over who leads what from a later reading; everything else stays as it was. */
  adoptLeaders(later: Topics): void {
    for (const [id, address] of later.brokers) this.brokers.set(id, address);
    for (const topic of this.list) {
      const found = later.byName.get(topic.name);
      if (found === undefined) {
        this.leaders.fill(-1, topic.first, topic.first + topic.partitions);
        continue;
      }
      const known = Math.min(topic.partitions, found.partitions);
      this.leaders.set(later.leaders.subarray(found.first, found.first + known), topic.first);
    }
  }

  #reserve(size: number): void {
    if (size <= this.leaders.length) return;
    const length = Math.max(size, 2 * this.leaders.length);
    this.leaders = grown(this.leaders, length);
    this.replicas = grown(this.replicas, length);
    this.inSync = grown(this.inSync, length);
  }
}

function grown(column: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length);
  larger.set(column);
  return larger;
}
