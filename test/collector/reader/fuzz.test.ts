import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OTLP_SIGNALS, type OtlpSignal } from '../../../collector/otlp/model.ts';
import { DEFAULT_READER_LIMITS } from '../../../collector/reader/limits.ts';
import { WireReader } from '../../../collector/reader/reader.ts';
import type { TableBlock } from '../../../collector/reader/tables.ts';
import { WeirError } from '../../../core/errors.ts';
import { arbitraryRequests } from '../../oracle/arbitrary-requests.ts';
import { NEWEST, NOW, OLDEST } from '../../oracle/arbitrary-values.ts';
import { decodeRequest } from '../../oracle/decode.ts';
import { leanRows } from '../../oracle/lean-rows.ts';
import { LeanTables, resolved, withoutDescription } from '../../oracle/lean-tables.ts';
import { mutate, nested, wrapped } from '../../oracle/mutations.ts';
import { pick, type Random, randomOf } from '../../oracle/random.ts';
import { writeVaried } from '../../oracle/wire-writer.ts';
import { startTestStore, type TestStore } from '../../store/harness.ts';

/** Damaged requests of each signal; `WEIR_FUZZ_RUNS=100000` is for an evening. */
const RUNS = Number(process.env.WEIR_FUZZ_RUNS ?? 2000);
const SEED = Number(process.env.WEIR_FUZZ_SEED ?? Date.now() % 2 ** 31);
/** Damaged requests between two good ones whose rows are looked at. */
const ROUND = 1000;
const CORPUS = 80;
const CONTEXT = { now: NOW, oldest: OLDEST, newest: NEWEST };
/** Far more than a few hundred small requests need, far less than one that believes a length of 2 GB. */
const MOST_MEMORY = 64 * 1024 * 1024;

let store: TestStore;
let tables: LeanTables;

beforeAll(async () => {
  store = await startTestStore();
  tables = await LeanTables.open(store.store);
}, 60_000);
afterAll(async () => {
  await tables?.close();
  await store?.stop();
});

function corpusOf(signal: OtlpSignal, seed: number): Buffer[] {
  const random = randomOf(seed);
  return fc
    .sample(arbitraryRequests[signal] as fc.Arbitrary<object>, { numRuns: CORPUS, seed })
    .map((request) => writeVaried(signal, request, random));
}

/** Reads what may be malformed; nothing but a typed error that tells the sender not to try again may come out. */
function readAnything(reader: WireReader, signal: OtlpSignal, bytes: Buffer): boolean {
  try {
    reader.read(signal, bytes, CONTEXT);
    return true;
  } catch (error) {
    const told = `seed ${SEED}, ${signal} ${bytes.toString('base64').slice(0, 4000)}`;
    expect(error, told).toBeInstanceOf(WeirError);
    const { code, retryable, message } = error as WeirError;
    expect(code, told).toMatch(/^collector_request_(malformed|too_large)$/);
    expect(retryable, told).toBe(false);
    // A trap is told as a malformed request too, which must never be needed.
    expect(message, told).not.toMatch(/cannot be read/);
    return false;
  }
}

/** A good request after the bad ones gives its rows and no others. */
async function checkGood(reader: WireReader, signal: OtlpSignal, bytes: Buffer, before: TableBlock[]): Promise<void> {
  // Blocks of what was read of damaged requests are whole, whatever the rows say.
  await tables.load(before);
  reader.forget();
  reader.read(signal, bytes, CONTEXT);
  const actual = resolved(await tables.load(reader.take()));
  for (const [table, rows] of leanRows(signal, decodeRequest(signal, bytes), CONTEXT).rows) {
    const expected = rows.map((row) =>
      row.SeriesId === undefined ? row : { ...row, SeriesId: withoutDescription(row.SeriesId as typeof row) },
    );
    expect(actual.get(table), `seed ${SEED}, ${table}`).toEqual(expected);
  }
}

/** A span whose attribute `deep` holds `depth` lists or maps within one another. */
function deepTraces(depth: number, field: 'arrayValue' | 'kvlistValue'): Buffer {
  const level = field === 'arrayValue' ? [0x2a, 0x0a] : [0x32, 0x0a, 0x12];
  const inner = wrapped(Buffer.from('end'), [0x0a]);
  const value = wrapped(inner, [0x12, ...Array.from({ length: depth }, () => level).flat()]);
  const attribute = wrapped(Buffer.concat([wrapped(Buffer.from('deep'), [0x0a]), value]), [0x4a]);
  const time = Buffer.alloc(8);
  time.writeBigUInt64LE(NOW);
  const ids = [wrapped(Buffer.alloc(16, 1), [0x0a]), wrapped(Buffer.alloc(8, 2), [0x12])];
  const times = [Buffer.from([0x39]), time, Buffer.from([0x41]), time];
  return wrapped(Buffer.concat([...ids, ...times, attribute]), [0x0a, 0x12, 0x12]);
}

describe('the reader, given anything', () => {
  it.each(OTLP_SIGNALS)('%s: damaged requests', { timeout: 60_000 + RUNS * 10 }, async (signal) => {
    const reader = await WireReader.open({ limits: DEFAULT_READER_LIMITS });
    const random: Random = randomOf(SEED);
    let good = 0;
    for (let done = 0; done < RUNS; done += ROUND) {
      const corpus = corpusOf(signal, SEED + done);
      const blocks: TableBlock[] = [];
      for (let i = 0; i < Math.min(ROUND, RUNS - done); i++) {
        const rows = reader.pendingRows;
        const isRead = readAnything(reader, signal, mutate(pick(random, corpus), corpus, random));
        if (isRead) good++;
        // All rows of a request are kept or none.
        else expect(reader.pendingRows).toBe(rows);
        if (i % 100 === 99) blocks.push(...reader.take());
      }
      blocks.push(...reader.take());
      await checkGood(reader, signal, pick(random, corpus), blocks);
      expect(reader.memoryBytes).toBeLessThan(MOST_MEMORY);
    }
    // Damage that leaves a request readable is part of the test, and so is damage that does not.
    expect(good).toBeGreaterThan(RUNS / 50);
    expect(good).toBeLessThan(RUNS * 0.9);
  });

  it('values nested a hundred thousand deep', async () => {
    const reader = await WireReader.open({ limits: DEFAULT_READER_LIMITS });
    for (const depth of [60, 64, 65, 1000, 20_000, 100_000]) {
      for (const field of ['arrayValue', 'kvlistValue'] as const) {
        expect(readAnything(reader, 'traces', deepTraces(depth, field))).toBe(true);
        const rows = await tables.load(reader.take());
        const [[key, value] = ['', '']] = (rows.get('spans')?.[0]?.Attributes ?? []) as [string, string][];
        expect(key).toBe('deep');
        expect(value.includes('"..."')).toBe(depth > DEFAULT_READER_LIMITS.depth);
      }
    }
    readAnything(reader, 'logs', nested(200_000, randomOf(SEED)));
    expect(reader.memoryBytes).toBeLessThan(MOST_MEMORY);
  });
});
