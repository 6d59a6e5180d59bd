export interface LogMessage {
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Event time, unix milliseconds. */
  readonly timestamp: number;
}

export interface LogRecord extends LogMessage {
  readonly offset: number;
  readonly appendedAt: number;
}

export interface GroupLag {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly committed: number;
  readonly end: number;
  readonly lag: number;
  /** Age of the oldest record not committed, in seconds; 0 when all are. */
  readonly lagSeconds: number;
}

export interface Assignment {
  readonly generation: number;
  readonly partitions: readonly number[];
}

interface Partition {
  /** Offset of `records[0]`. */
  first: number;
  records: LogRecord[];
}

interface Group {
  readonly topic: string;
  generation: number;
  readonly members: Set<string>;
  readonly committed: Map<number, number>;
}

export interface LogOptions {
  readonly now: () => number;
  /** Records older than this are dropped. */
  readonly retentionMs?: number;
  /** Most records of one partition. */
  readonly retentionRecords?: number;
}

/** A key's partition: FNV-1a 32, so that records of one key stay in order. */
export function partitionOf(key: string, partitions: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % partitions;
}

/**
 * A partitioned log in memory, with what a pipeline needs of one: ordered partitions with offsets, consumer groups
 * that share partitions and commit offsets, retention. A commit carries the generation of its assignment; one that
 * comes after a rebalance is refused, so that a member that was sent away moves no offset.
 */
export class PartitionedLog {
  readonly #now: () => number;
  readonly #retentionMs: number;
  readonly #retentionRecords: number;
  readonly #topics = new Map<string, Partition[]>();
  readonly #groups = new Map<string, Group>();
  readonly #waiting = new Set<() => void>();
  readonly #rebalanced: ((group: string) => void)[] = [];

  constructor(options: LogOptions) {
    this.#now = options.now;
    this.#retentionMs = options.retentionMs ?? 30 * 60_000;
    this.#retentionRecords = options.retentionRecords ?? 50_000;
  }

  /** How long records are kept, milliseconds. */
  get retentionMs(): number {
    return this.#retentionMs;
  }

  createTopic(topic: string, partitions: number): void {
    if (this.#topics.has(topic)) return;
    this.#topics.set(
      topic,
      Array.from({ length: partitions }, () => ({ first: 0, records: [] })),
    );
  }

  append(topic: string, message: LogMessage): { partition: number; offset: number } {
    const partitions = this.#partitions(topic);
    const partition = partitionOf(message.key, partitions.length);
    const target = partitions[partition] as Partition;
    const offset = target.first + target.records.length;
    target.records.push({ ...message, offset, appendedAt: this.#now() });
    this.#retain(target);
    for (const wake of this.#waiting) wake();
    return { partition, offset };
  }

  /** Records from `offset` on; from the oldest kept one when retention has overtaken it. */
  read(topic: string, partition: number, offset: number, max: number): readonly LogRecord[] {
    const source = this.#partition(topic, partition);
    const from = Math.max(0, offset - source.first);
    return source.records.slice(from, from + max);
  }

  /** As `read`, but waits until there is something or `waitMs` have passed. */
  async poll(topic: string, partition: number, offset: number, max: number, waitMs: number) {
    const deadline = this.#now() + waitMs;
    for (;;) {
      const records = this.read(topic, partition, offset, max);
      const rest = deadline - this.#now();
      if (records.length > 0 || rest <= 0) return records;
      await new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, rest);
        this.#waiting.add(wake);
      });
    }
  }

  earliest(topic: string, partition: number): number {
    return this.#partition(topic, partition).first;
  }

  end(topic: string, partition: number): number {
    const source = this.#partition(topic, partition);
    return source.first + source.records.length;
  }

  /** Enters a group; every member gets new partitions. A group reads one topic, from the beginning at first. */
  join(group: string, topic: string, member: string): Assignment {
    this.#partitions(topic);
    let state = this.#groups.get(group);
    if (state === undefined) {
      state = { topic, generation: 0, members: new Set(), committed: new Map() };
      this.#groups.set(group, state);
    }
    if (state.topic !== topic) throw new Error(`group ${group} reads ${state.topic}, not ${topic}`);
    if (!state.members.has(member)) {
      state.members.add(member);
      this.#rebalance(group, state);
    }
    return this.assignment(group, member);
  }

  leave(group: string, member: string): void {
    const state = this.#groups.get(group);
    if (state?.members.delete(member)) this.#rebalance(group, state);
  }

  /** Partitions of a member, round robin over members in the order they came. */
  assignment(group: string, member: string): Assignment {
    const state = this.#group(group);
    const position = [...state.members].indexOf(member);
    const all = this.#partitions(state.topic).map((_, partition) => partition);
    const partitions = position < 0 ? [] : all.filter((partition) => partition % state.members.size === position);
    return { generation: state.generation, partitions };
  }

  /** Calls back after each rebalance, with the group's name. */
  onRebalance(listener: (group: string) => void): void {
    this.#rebalanced.push(listener);
  }

  /** Next offset the group will read: what was committed, or the oldest record kept. */
  position(group: string, partition: number): number {
    const state = this.#group(group);
    const earliest = this.earliest(state.topic, partition);
    return Math.max(earliest, state.committed.get(partition) ?? 0);
  }

  /** Keeps `offset` as the next to read. False when the assignment it was read under is no longer valid. */
  commit(group: string, partition: number, offset: number, generation: number): boolean {
    const state = this.#group(group);
    if (generation !== state.generation) return false;
    state.committed.set(partition, offset);
    return true;
  }

  members(group: string): number {
    return this.#groups.get(group)?.members.size ?? 0;
  }

  groups(): readonly string[] {
    return [...this.#groups.keys()];
  }

  lags(): readonly GroupLag[] {
    const now = this.#now();
    return [...this.#groups].flatMap(([group, { topic }]) =>
      this.#partitions(topic).map((source, partition) => {
        const committed = this.position(group, partition);
        const end = source.first + source.records.length;
        const oldest = source.records[committed - source.first];
        const lagSeconds = oldest === undefined ? 0 : Math.max(0, now - oldest.appendedAt) / 1000;
        return { group, topic, partition, committed, end, lag: end - committed, lagSeconds };
      }),
    );
  }

  #rebalance(name: string, group: Group): void {
    group.generation++;
    for (const listener of this.#rebalanced) listener(name);
  }

  #retain(partition: Partition): void {
    const oldest = this.#now() - this.#retentionMs;
    let drop = Math.max(0, partition.records.length - this.#retentionRecords);
    while (drop < partition.records.length && (partition.records[drop] as LogRecord).appendedAt < oldest) drop++;
    // Cutting an array is linear in its length: waiting for a tenth to be due keeps the cost per record constant.
    if (drop === 0 || drop < partition.records.length / 10) return;
    partition.records = partition.records.slice(drop);
    partition.first += drop;
  }

  #group(name: string): Group {
    const group = this.#groups.get(name);
    if (group === undefined) throw new Error(`no group ${name}`);
    return group;
  }

  #partitions(topic: string): Partition[] {
    const partitions = this.#topics.get(topic);
    if (partitions === undefined) throw new Error(`no topic ${topic}`);
    return partitions;
  }

  #partition(topic: string, partition: number): Partition {
    const found = this.#partitions(topic)[partition];
    if (found === undefined) throw new Error(`topic ${topic} has no partition ${partition}`);
    return found;
  }
}
