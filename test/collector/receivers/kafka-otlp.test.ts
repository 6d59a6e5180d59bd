import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { Admission } from '../../../collector/admission.ts';
import { collectorConfig } from '../../../collector/config.ts';
import { OffsetLedger } from '../../../collector/receivers/kafka-otlp/ledger.ts';
import { createKafkaOtlpReceiver } from '../../../collector/receivers/kafka-otlp/receiver.ts';
import type { KafkaRecord, Position, RecordSource } from '../../../collector/receivers/kafka-otlp/source.ts';
import { WeirError } from '../../../core/errors.ts';
import type { Service } from '../../../core/service.ts';
import { silentTelemetry } from '../../../core/telemetry.ts';

describe('the ledger of a partition', () => {
  it('commits no further than all is dealt with, whatever the order', () => {
    const offsets = fc.uniqueArray(fc.bigInt({ min: 0n, max: 500n }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(offsets, fc.func(fc.nat()), (unsorted, order) => {
        const ascending = unsorted.toSorted((a, b) => (a < b ? -1 : 1));
        const ledger = new OffsetLedger(ascending[0] as bigint);
        for (const offset of ascending) expect(ledger.begin(offset)).toBe('new');
        const open = new Set(ascending);
        let before = ascending[0] as bigint;
        for (const offset of ascending.toSorted((a, b) => order(a) - order(b))) {
          ledger.done(offset);
          open.delete(offset);
          const position = ledger.uncommitted ?? before;
          expect(position).toBeGreaterThanOrEqual(before);
          for (const left of open) expect(left).toBeGreaterThanOrEqual(position);
          before = position;
        }
        expect(ledger.uncommitted).toBe((ascending.at(-1) as bigint) + 1n);
      }),
    );
  });

  it('knows what comes again, and what begins anew', () => {
    const ledger = new OffsetLedger(100n);
    for (const offset of [100n, 101n, 105n]) ledger.begin(offset);
    for (const offset of [100n, 101n]) ledger.done(offset);
    expect(ledger.uncommitted).toBe(102n);
    ledger.committed(102n);
    expect(ledger.uncommitted).toBeUndefined();
    expect([102n, 105n, 106n].map((offset) => ledger.begin(offset))).toEqual(['known', 'known', 'new']);
    expect(ledger.begin(0n)).toBe('rewound');
    ledger.done(999n);
    expect(ledger.uncommitted).toBeUndefined();
  });
});

const TOPIC = 'otlp_spans';

/** A consumer group member whose records and commits the test writes and reads. */
class ScriptedSource implements RecordSource {
  readonly missing: readonly string[] = [];
  readonly commits: Position[] = [];
  readonly owned = new Set([0, 1, 2]);
  asked = 0;
  closed = false;
  rebalance = () => {};
  readonly #queue: KafkaRecord[] = [];
  #wake = () => {};
  #error: Error | undefined;

  give(partition: number, offset: number, value: string | null = `${partition}:${offset}`): void {
    const bytes = value === null ? undefined : Buffer.from(value);
    this.#queue.push({ topic: TOPIC, partition, offset: BigInt(offset), leaderEpoch: 1, value: bytes });
    this.#wake();
  }

  fail(error: Error): void {
    this.#error = error;
    this.#wake();
  }

  async *records(): AsyncGenerator<KafkaRecord> {
    while (!this.closed) {
      if (this.#error !== undefined) throw this.#error;
      const record = this.#queue.shift();
      if (record === undefined) {
        await new Promise<void>((done) => {
          this.#wake = done;
        });
        continue;
      }
      this.asked++;
      yield record;
    }
  }

  appeared = async () => false;
  owns = (_topic: string, partition: number) => this.owned.has(partition);
  commit = async (positions: readonly Position[]) => {
    this.commits.push(...positions);
  };
  onRebalance = (listener: () => void) => {
    this.rebalance = listener;
  };
  close = async () => {
    this.closed = true;
    this.#wake();
  };
  /** The last committed offset of each partition. */
  get positions(): Record<number, number> {
    return Object.fromEntries(this.commits.map(({ partition, offset }) => [partition, Number(offset)]));
  }
}

let running: Service | undefined;
afterEach(async () => {
  await running?.stop();
  running = undefined;
});

async function start(consume: (value: string) => Promise<void>, config: object = {}) {
  const telemetry = silentTelemetry();
  const sources: ScriptedSource[] = [];
  const admission = new Admission(1 << 20);
  const receiver = createKafkaOtlpReceiver({
    config: collectorConfig.parse({
      kafka_otlp: { brokers: ['kafka:9092'], commit_interval: '20ms', max_in_flight: 4, ...config },
    }).kafka_otlp,
    ingest: {
      refused() {},
      async consume(_receiver, _signal, _encoding, bytes) {
        await consume(Buffer.from(bytes).toString());
        return { accepted: 1, rejected: 0, message: '' };
      },
    },
    admission,
    telemetry,
    retry: { min: 10, max: 50 },
    async open() {
      const source = new ScriptedSource();
      sources.push(source);
      return source;
    },
  });
  running = receiver;
  await receiver.start();
  await until(() => sources.length === 1);
  const count = async (outcome: string) =>
    Number(new RegExp(`outcome="${outcome}"} (\\d+)`).exec(await telemetry.registry.metrics())?.[1] ?? 0);
  return { receiver, sources, source: sources[0] as ScriptedSource, count, admission };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('it did not come true');
    await new Promise((next) => setTimeout(next, 5));
  }
}

const pause = (ms: number) => new Promise((next) => setTimeout(next, ms));
const retryable = () => new WeirError('collector_spool_refused', 'full', { retryable: true, retryAfterMs: 20 });

describe('OTLP out of Kafka', () => {
  it('is off without brokers', async () => {
    const receiver = createKafkaOtlpReceiver({
      config: collectorConfig.parse({}).kafka_otlp,
      ingest: { refused() {}, consume: async () => ({ accepted: 0, rejected: 0, message: '' }) },
      admission: new Admission(1 << 20),
      telemetry: silentTelemetry(),
      open: () => Promise.reject(new Error('it asked')),
    });
    await receiver.start();
    expect(receiver.health()).toEqual({ ready: true });
    await receiver.stop();
  });

  it('commits a message only when it and all before it are durable', async () => {
    const finish = new Map<string, () => void>();
    const { source } = await start((value) => new Promise((done) => finish.set(value, done)));
    for (const offset of [7, 8, 9]) source.give(0, offset);
    await until(() => finish.size === 3);
    finish.get('0:8')?.();
    finish.get('0:9')?.();
    await pause(100);
    expect(source.commits).toEqual([]);
    finish.get('0:7')?.();
    await until(() => source.positions[0] === 10);
  });

  it('holds no more than max_in_flight, and reads on when one is done', async () => {
    const finish: (() => void)[] = [];
    const { source } = await start(() => new Promise((done) => finish.push(done)));
    for (let offset = 0; offset < 20; offset++) source.give(0, offset);
    await until(() => finish.length === 4);
    await pause(50);
    expect([finish.length, source.asked]).toEqual([4, 4]);
    finish.shift()?.();
    await until(() => source.asked === 5);
    expect(finish.length).toBe(4);
    for (let done = 1; done < 20; done++) {
      await until(() => finish.length > 0);
      finish.shift()?.();
    }
    await until(() => source.positions[0] === 20);
  });

  it('tries again what could not be made durable, and passes over what never can', async () => {
    let attempts = 0;
    const { source, count } = await start(async (value) => {
      if (value === '0:1' && ++attempts < 4) throw retryable();
      if (value === '0:2') throw new WeirError('collector_request_malformed', 'no request');
      if (value === '0:3') throw new Error('a fault of ours');
    });
    for (const offset of [1, 2, 3]) source.give(0, offset);
    source.give(0, 4, null);
    await until(() => source.positions[0] === 5);
    expect(attempts).toBe(4);
    expect(await count('stored')).toBe(1);
    expect(await count('collector_request_malformed')).toBe(1);
    expect(await count('collector_internal')).toBe(1);
    expect(await count('empty')).toBe(1);
  });

  it('stores once what a rebalance brings again, and commits nothing of partitions of others', async () => {
    const stored: string[] = [];
    const { source, count } = await start(async (value) => void stored.push(value));
    for (const offset of [0, 1]) source.give(0, offset);
    source.owned.delete(1);
    source.give(1, 0);
    for (const offset of [0, 1, 2]) source.give(0, offset);
    await until(() => source.positions[0] === 3);
    expect(stored.filter((value) => value.startsWith('0:'))).toEqual(['0:0', '0:1', '0:2']);
    expect(await count('repeated')).toBe(2);
    expect(source.positions).toEqual({ 0: 3 });
  });

  it('reads a topic that was made anew from its beginning', async () => {
    const stored: string[] = [];
    const { source } = await start(async (value) => void stored.push(value));
    source.give(0, 500, 'old');
    await until(() => source.positions[0] === 501);
    source.give(0, 0, 'new');
    await until(() => source.positions[0] === 1);
    expect(stored).toEqual(['old', 'new']);
  });

  it('joins again after a failure, and says meanwhile that Kafka is away', async () => {
    const stored: string[] = [];
    const { source, sources, receiver } = await start(async (value) => void stored.push(value));
    source.commit = () => Promise.reject(new Error('broker gone'));
    source.give(0, 0);
    await until(() => stored.length === 1);
    let seen: string | undefined;
    const watch = setInterval(() => {
      seen ??= receiver.health().detail;
    }, 1);
    source.fail(new Error('broker gone'));
    await until(() => sources.length === 2);
    clearInterval(watch);
    expect(source.closed).toBe(true);
    expect(seen).toContain('broker gone');
    sources[1]?.give(0, 0);
    sources[1]?.give(0, 1);
    await until(() => stored.length === 2);
    expect(stored).toEqual(['0:0', '0:1']);
    expect(receiver.health()).toEqual({ ready: true });
  });

  it('stops with what is on its way stored and committed, and gives up what cannot be', async () => {
    let isFull = false;
    const { source, receiver, admission } = await start(async () => {
      await pause(30);
      if (isFull) throw retryable();
    });
    source.give(0, 0);
    await pause(10);
    isFull = false;
    source.give(1, 0);
    await pause(10);
    await receiver.stop();
    expect(source.positions).toEqual({ 0: 1, 1: 1 });
    expect([source.closed, admission.bytes]).toEqual([true, 0]);

    isFull = true;
    const second = await start(() => Promise.reject(retryable()));
    second.source.give(0, 0);
    await pause(50);
    await second.receiver.stop();
    expect(second.source.commits).toEqual([]);
  });
});
