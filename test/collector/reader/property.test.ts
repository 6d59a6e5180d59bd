import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeRequest } from '../../../collector/otlp/encode.ts';
import { parseJson } from '../../../collector/otlp/json.ts';
import { OTLP_SIGNALS, type OtlpRequests, type OtlpSignal } from '../../../collector/otlp/model.ts';
import { DEFAULT_READER_LIMITS } from '../../../collector/reader/limits.ts';
import { WireReader } from '../../../collector/reader/reader.ts';
import type { LeanTable, TableBlock } from '../../../collector/reader/tables.ts';
import { arbitraryRequests } from '../../oracle/arbitrary-requests.ts';
import { NEWEST, NOW, OLDEST } from '../../oracle/arbitrary-values.ts';
import { decodeRequest } from '../../oracle/decode.ts';
import { writeJson } from '../../oracle/json-writer.ts';
import type { LeanRow } from '../../oracle/lean-row.ts';
import { leanRows } from '../../oracle/lean-rows.ts';
import { described, LeanTables, resolved, withoutDescription } from '../../oracle/lean-tables.ts';
import { randomOf } from '../../oracle/random.ts';
import { writeVaried } from '../../oracle/wire-writer.ts';
import { startTestStore, type TestStore } from '../../store/harness.ts';

/** Requests of each signal in each way; `WEIR_FUZZ_RUNS=100000` is for an evening. */
const RUNS = Number(process.env.WEIR_FUZZ_RUNS ?? 240);
const SEED = Number(process.env.WEIR_FUZZ_SEED ?? Date.now() % 2 ** 31);
/** Requests between two looks at the rows: one block for each table holds rows of many. */
const ROUND = 120;
const CONTEXT = { now: NOW, oldest: OLDEST, newest: NEWEST };

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

interface Expected {
  readonly row: LeanRow;
  readonly where: string;
}

/** Reads the requests and sees that the rows in the engine, the counts and the reasons are those of the oracle. */
async function check<S extends OtlpSignal>(
  signal: S,
  requests: readonly OtlpRequests[S][],
  bytesOf: (request: OtlpRequests[S], index: number) => Uint8Array,
): Promise<number> {
  const reader = await WireReader.open({ limits: DEFAULT_READER_LIMITS });
  const expected = new Map<LeanTable, Expected[]>();
  const blocks: TableBlock[] = [];
  let rows = 0;
  for (const [index, request] of requests.entries()) {
    const bytes = bytesOf(request, index);
    const where = `request ${index} of ${signal}, seed ${SEED}`;
    const outcome = reader.read(signal, bytes, CONTEXT);
    const oracle = leanRows(signal, decodeRequest(signal, bytes), CONTEXT);
    expect(Object.fromEntries(outcome.rejections.counts), where).toEqual(Object.fromEntries(oracle.rejected));
    expect(outcome.accepted, where).toBe(oracle.accepted);
    for (const [table, own] of oracle.rows) {
      const all = expected.get(table) ?? [];
      expected.set(table, all);
      for (const row of own) all.push({ row, where });
    }
    rows += oracle.accepted;
    if (index % 50 === 49) blocks.push(...reader.take());
  }
  blocks.push(...reader.take());
  const actual = resolved(await tables.load(blocks));
  const descriptions = new Set<string>();
  for (const [table, wanted] of expected) {
    const got = actual.get(table) ?? [];
    for (const [i, { row, where }] of wanted.entries()) {
      expect(got[i], `${table} row ${i}, ${where}`).toEqual(undescribed(row, descriptions));
    }
    expect(got.length, table).toBe(wanted.length);
  }
  for (const row of actual.get('metric_series') ?? []) expect(descriptions).toContain(described(row));
  expect([...actual.keys()].filter((table) => table !== 'metric_series').sort()).toEqual([...expected.keys()].sort());
  return rows;
}

/** The row with its series' description moved to `descriptions`. */
function undescribed(row: LeanRow, descriptions: Set<string>): LeanRow {
  if (row.SeriesId === undefined) return row;
  const series = row.SeriesId as LeanRow;
  descriptions.add(described(series));
  return { ...row, SeriesId: withoutDescription(series) };
}

describe('random requests give the rows of the oracle', () => {
  it.each(OTLP_SIGNALS)('%s, written in unusual ways', { timeout: 30_000 + RUNS * 20 }, async (signal) => {
    await inRounds(signal, (request, random) => writeVaried(signal, request, random));
  });

  it.each(OTLP_SIGNALS)('%s, as OTLP/JSON', { timeout: 30_000 + RUNS * 20 }, async (signal) => {
    await inRounds(signal, (request) => encodeRequest(signal, parseJson(signal, Buffer.from(writeJson(request)))));
  });

  async function inRounds<S extends OtlpSignal>(
    signal: S,
    bytesOf: (request: OtlpRequests[S], random: () => number) => Uint8Array,
  ): Promise<void> {
    let rows = 0;
    for (let done = 0; done < RUNS; done += ROUND) {
      const seed = SEED + done;
      const requests = fc.sample(arbitraryRequests[signal], { numRuns: Math.min(ROUND, RUNS - done), seed });
      const random = randomOf(seed);
      rows += await check(signal, requests as OtlpRequests[S][], (request) => bytesOf(request, random));
    }
    expect(rows).toBeGreaterThan(RUNS);
  }
});
