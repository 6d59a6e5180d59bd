import { connect, type Socket } from 'node:net';
import type { Assignment, LogMessage, LogRecord } from './log.ts';
import { type LogAnswer, type LogRequest, readLines, writeLine } from './wire.ts';

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** A connection to the log: appends, and reads as a member of a group. */
export class LogClient {
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  readonly #rebalance = new Map<string, () => void>();
  readonly #reading = new Set<Promise<void>>();
  #nextId = 1;
  #stopping = false;
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    readLines<LogAnswer>(socket, (answer) => this.#receive(answer));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#end());
  }

  static async open(address: string): Promise<LogClient> {
    const [host, port] = address.split(':');
    const socket = connect({ host: host as string, port: Number(port), noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new LogClient(socket);
  }

  append(topic: string, message: LogMessage): Promise<{ partition: number; offset: number }> {
    return this.#ask({ op: 'append', topic, message });
  }

  /**
   * Reads a topic as a member of `group` until `close`: partitions side by side, the records of one in order. Each
   * record is committed after `handle` has returned; one whose handling rejects is delivered again.
   */
  consume(topic: string, group: string, handle: (record: LogRecord, partition: number) => Promise<void>) {
    const reading = this.#consume(topic, group, handle);
    this.#reading.add(reading);
    return reading.finally(() => this.#reading.delete(reading));
  }

  async #consume(topic: string, group: string, handle: (record: LogRecord, partition: number) => Promise<void>) {
    while (!this.#stopping) {
      const changed = Promise.withResolvers<void>();
      this.#rebalance.set(group, changed.resolve);
      const assignment = await this.#ask<Assignment>({ op: 'join', group, topic });
      let current = true;
      void changed.promise.then(() => {
        current = false;
      });
      const readers = assignment.partitions.map(async (partition) => {
        await this.#read(topic, group, partition, assignment.generation, () => current && !this.#stopping, handle);
      });
      await Promise.all([...readers, changed.promise]);
    }
  }

  async #read(
    topic: string,
    group: string,
    partition: number,
    generation: number,
    goesOn: () => boolean,
    handle: (record: LogRecord, partition: number) => Promise<void>,
  ): Promise<void> {
    try {
      let offset = await this.#ask<number>({ op: 'position', group, partition });
      while (goesOn()) {
        const records = await this.#ask<LogRecord[]>({ op: 'poll', topic, partition, offset, max: 100 });
        for (const record of records) {
          if (!goesOn()) return;
          await handle(record, partition);
          offset = record.offset + 1;
          const kept = await this.#ask<boolean>({ op: 'commit', group, partition, offset, generation });
          if (!kept) return;
        }
      }
    } catch (error) {
      if (!goesOn()) return;
      console.error(`${group} could not handle a record of ${topic}/${partition}: ${(error as Error).message}`);
      await new Promise((resolve) => setTimeout(resolve, 500));
      if (goesOn()) await this.#read(topic, group, partition, generation, goesOn, handle);
    }
  }

  /** Finishes the records in hand, then leaves. */
  async close(): Promise<void> {
    this.#stopping = true;
    for (const wake of this.#rebalance.values()) wake();
    await Promise.allSettled(this.#reading);
    this.#socket.end();
    this.#end();
  }

  #ask<T>(request: LogRequest): Promise<T> {
    if (this.#closed) return Promise.reject(new Error('the connection to the log is closed'));
    const id = this.#nextId++;
    return new Promise<T>((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
      writeLine(this.#socket, { id, ...request });
    });
  }

  #receive(answer: LogAnswer): void {
    if ('rebalanced' in answer) {
      this.#rebalance.get(answer.rebalanced)?.();
      return;
    }
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if ('error' in answer) pending?.reject(new Error(answer.error));
    else pending?.resolve(answer.result);
  }

  #end(): void {
    this.#stopping = true;
    this.#closed = true;
    for (const pending of this.#pending.values()) pending.reject(new Error('the connection to the log is closed'));
    this.#pending.clear();
    for (const wake of this.#rebalance.values()) wake();
  }
}
