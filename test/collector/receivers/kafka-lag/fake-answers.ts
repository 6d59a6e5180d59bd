import type { Answer, Request } from '../../../../collector/receivers/kafka-lag/protocol/wire.ts';
import type { FakeGroup, FakePartition, FakeState } from './fake-cluster.ts';
import { writeLogDirs, writeTopicConfigs } from './fake-details.ts';

const NOT_COORDINATOR = 16;
const NOT_LEADER = 6;
const UNKNOWN_TOPIC = 3;

/** Bodies of answers, written from the state of the cluster after Kafka's published message formats. */
export class FakeAnswers {
  readonly #state: FakeState;
  readonly #ports: ReadonlyMap<number, number>;

  constructor(state: FakeState, ports: ReadonlyMap<number, number>) {
    this.#state = state;
    this.#ports = ports;
  }

  write(broker: number, key: number, version: number, request: Answer, response: Request): void {
    if (key === 18) this.#apiVersions(response);
    else if (key === 3) this.#metadata(version, response);
    else if (key === 2) this.#listOffsets(broker, version, request, response);
    else if (key === 9) this.#offsetFetch(broker, version, request, response);
    else if (key === 10) this.#findCoordinator(version, request, response);
    else if (key === 16) this.#listGroups(broker, version, response);
    else if (key === 15) this.#describeClassic(broker, version, request, response);
    else if (key === 69 || key === 77) this.#describeNewer(key, version, request, response);
    else if (key === 32) writeTopicConfigs(this.#state, version, request, response);
    else if (key === 35) writeLogDirs(this.#state, broker, version, response);
    else if (key === 90) this.#shareOffsets(version, request, response);
    else throw new Error(`API ${key} is not known`);
  }

  #apiVersions(out: Request): void {
    out.int16(0);
    const spoken = Object.entries(this.#state.newest);
    out.count(spoken.length);
    for (const [key, newest] of spoken) {
      out.int16(Number(key));
      out.int16(key === '77' ? 1 : 0);
      out.int16(newest);
    }
  }

  #metadata(version: number, out: Request): void {
    out.int32(0);
    out.count(this.#ports.size);
    for (const [id, port] of this.#ports) {
      out.int32(id);
      out.text('127.0.0.1');
      out.int32(port);
      out.text(null);
      out.tags();
    }
    out.text('fake-cluster');
    out.int32(1);
    const topics = Object.entries(this.#state.topics);
    out.count(topics.length);
    for (const [name, { id, partitions, error = 0 }] of topics) {
      out.int16(error);
      out.text(name);
      if (version >= 10) uuid(out, id);
      out.boolean(name.startsWith('_'));
      out.count(partitions.length);
      for (const [index, { leader, replicas, inSync }] of partitions.entries()) {
        out.int16(leader < 0 ? 5 : 0);
        out.int32(index);
        out.int32(leader);
        if (version >= 7) out.int32(7);
        for (const nodes of [replicas, inSync]) {
          out.count(nodes);
          for (let i = 0; i < nodes; i++) out.int32(i + 1);
        }
        if (version >= 5) out.count(0);
        out.tags();
      }
      if (version >= 8) out.int32(-2147483648);
      out.tags();
    }
    if (version >= 8 && version <= 10) out.int32(-2147483648);
    out.tags();
  }

  #listOffsets(broker: number, version: number, request: Answer, out: Request): void {
    request.int32();
    const isolation = request.int8();
    out.int32(0);
    const topics = request.count();
    out.count(topics);
    for (let t = 0; t < topics; t++) {
      const name = request.text();
      const partitions = request.count();
      out.text(name);
      out.count(partitions);
      for (let p = 0; p < partitions; p++) {
        const index = request.int32();
        if (version >= 4) request.int32();
        const asked = request.int64();
        request.tags();
        const partition = this.#state.topics[name]?.partitions[index];
        const error = this.#state.errors[2] ?? partitionError(partition, broker);
        const found = error === 0 ? lookUp(partition as FakePartition, asked, isolation) : [-1, -1];
        out.int32(index);
        out.int16(error);
        out.int64(found[0] as number);
        out.int64(found[1] as number);
        if (version >= 4) out.int32(7);
        out.tags();
      }
      request.tags();
      out.tags();
    }
    out.tags();
  }

  #offsetFetch(broker: number, version: number, request: Answer, out: Request): void {
    if (version >= 3) out.int32(0);
    const groups = version >= 8 ? request.count() : 1;
    if (version >= 8) out.count(groups);
    for (let g = 0; g < groups; g++) {
      const id = request.text();
      if (version >= 9) {
        request.text();
        request.int32();
      }
      request.count();
      if (version >= 8) request.tags();
      const group = this.#state.groups[id];
      const error = this.#state.errors[9] ?? group?.error ?? (group?.coordinator === broker ? 0 : NOT_COORDINATOR);
      if (version >= 8) out.text(id);
      const topics = error === 0 ? Object.entries(group?.commits ?? {}) : [];
      out.count(topics.length);
      for (const [topic, offsets] of topics) {
        out.text(topic);
        const partitions = Object.entries(offsets);
        out.count(partitions.length);
        for (const [partition, offset] of partitions) {
          out.int32(Number(partition));
          out.int64(offset);
          if (version >= 5) out.int32(7);
          out.text('');
          out.int16(group?.partitionError ?? 0);
          out.tags();
        }
        out.tags();
      }
      out.int16(error);
      if (version >= 8) out.tags();
    }
    out.tags();
  }

  #findCoordinator(version: number, request: Answer, out: Request): void {
    if (version >= 4) request.int8();
    const keys = version >= 4 ? Array.from({ length: request.count() }, () => request.text()) : [request.text()];
    out.int32(0);
    if (version >= 4) out.count(keys.length);
    for (const key of keys) {
      const id = this.#state.groups[key]?.coordinator ?? 1;
      if (version >= 4) out.text(key);
      else {
        out.int16(0);
        out.text(null);
      }
      out.int32(id);
      out.text('127.0.0.1');
      out.int32(this.#ports.get(id) ?? 0);
      if (version >= 4) {
        out.int16(0);
        out.text(null);
        out.tags();
      }
    }
    out.tags();
  }

  #listGroups(broker: number, version: number, out: Request): void {
    out.int32(0);
    out.int16(this.#state.errors[16] ?? 0);
    const groups = Object.entries(this.#state.groups).filter(([, group]) => group.coordinator === broker);
    out.count(groups.length);
    for (const [id, { protocolType, state, type }] of groups) {
      out.text(id);
      out.text(protocolType);
      if (version >= 4) out.text(state);
      if (version >= 5) out.text(type);
      out.tags();
    }
    out.tags();
  }

  #describeClassic(broker: number, version: number, request: Answer, out: Request): void {
    const ids = Array.from({ length: request.count() }, () => request.text());
    out.int32(0);
    out.count(ids.length);
    for (const id of ids) {
      const group = this.#state.groups[id];
      const isKnown = group?.type === 'classic' && group.coordinator === broker;
      out.int16(group?.describeError ?? 0);
      out.text(id);
      out.text(isKnown ? (group.describedState ?? group.state) : 'Dead');
      out.text('consumer');
      out.text('range');
      const members = isKnown ? group.members : 0;
      out.count(members);
      for (let i = 0; i < members; i++) {
        out.text(`member-${i}`);
        if (version >= 4) out.text(null);
        out.text('client');
        out.text('/127.0.0.1');
        for (const size of [12, 30]) bytes(out, size, version >= 5);
        out.tags();
      }
      if (version >= 3) out.int32(-2147483648);
      out.tags();
    }
    out.tags();
  }

  #describeNewer(key: number, version: number, request: Answer, out: Request): void {
    const ids = Array.from({ length: request.count() }, () => request.text());
    out.int32(0);
    out.count(ids.length);
    for (const id of ids) {
      const group = this.#state.groups[id] as FakeGroup;
      out.int16(group.describeError ?? 0);
      out.text(null);
      out.text(id);
      out.text(group.describedState ?? group.state);
      out.int32(3);
      out.int32(3);
      out.text('uniform');
      out.count(group.members);
      for (let i = 0; i < group.members; i++) {
        out.text(`member-${i}`);
        if (key === 69) out.text(null);
        out.text(null);
        out.int32(3);
        out.text('client');
        out.text('/127.0.0.1');
        out.texts(['orders', 'payments']);
        if (key === 69) out.text(null);
        for (let assigned = 0; assigned < (key === 69 ? 2 : 1); assigned++) assignment(out);
        if (key === 69 && version >= 1) out.int8(1);
        out.tags();
      }
      out.int32(-2147483648);
      out.tags();
    }
    out.tags();
  }

  #shareOffsets(version: number, request: Answer, out: Request): void {
    const ids = Array.from({ length: request.count() }, () => {
      const id = request.text();
      request.count();
      request.tags();
      return id;
    });
    out.int32(0);
    out.count(ids.length);
    for (const id of ids) {
      const group = this.#state.groups[id] as FakeGroup;
      out.text(id);
      const topics = Object.entries(group.commits);
      out.count(topics.length);
      for (const [topic, starts] of topics) {
        out.text(topic);
        uuid(out, this.#state.topics[topic]?.id ?? '');
        const partitions = Object.entries(starts);
        out.count(partitions.length);
        for (const [partition, start] of partitions) {
          out.int32(Number(partition));
          out.int64(start);
          out.int32(7);
          if (version >= 1) out.int64(group.shareLag ?? -1);
          out.int16(group.partitionError ?? 0);
          out.text(null);
          out.tags();
        }
        out.tags();
      }
      out.int16(group.error ?? 0);
      out.text(null);
      out.tags();
    }
    out.tags();
  }
}

function partitionError(partition: FakePartition | undefined, broker: number): number {
  if (partition === undefined) return UNKNOWN_TOPIC;
  return partition.error ?? (partition.leader === broker ? 0 : NOT_LEADER);
}

/** Timestamp and offset, as a leader answers: -1 latest, -2 earliest, else the first record at or after the time. */
function lookUp(partition: FakePartition, asked: number, isolation: number): readonly [number, number] {
  if (asked === -1) return [-1, isolation === 1 ? partition.stable : partition.end];
  if (asked === -2) return [-1, partition.earliest];
  if (partition.recordAt !== undefined) return partition.recordAt(asked);
  for (let offset = partition.earliest; offset < partition.end; offset++) {
    const time = partition.timeOf?.(offset);
    if (time !== undefined && time >= asked) return [time, offset];
  }
  return [-1, -1];
}

function uuid(out: Request, hex: string): void {
  for (const byte of Buffer.from(hex.padEnd(32, '0'), 'hex')) out.int8((byte << 24) >> 24);
}

function bytes(out: Request, size: number, flexible: boolean): void {
  if (flexible) out.int8(size + 1);
  else out.int32(size);
  for (let i = 0; i < size; i++) out.int8(i);
}

function assignment(out: Request): void {
  out.count(1);
  uuid(out, 'ff');
  out.text('orders');
  out.count(2);
  out.int32(0);
  out.int32(1);
  out.tags();
  out.tags();
}
