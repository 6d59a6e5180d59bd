import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LeanTables } from '../../oracle/lean-tables.ts';
import { startTestStore, type TestStore } from '../../store/harness.ts';
import { CONTEXT, logs, openReader, SECOND, START, span, traces } from './requests.ts';

let store: TestStore;
let tables: LeanTables;
beforeAll(async () => {
  store = await startTestStore();
  tables = await LeanTables.open(store.store);
});
afterAll(async () => {
  await tables?.close();
  await store?.stop();
});

describe('the context of a read', () => {
  it('times outside the window are refused by name', async () => {
    const reader = await openReader();
    const at = (time: bigint) => span({ startTimeUnixNano: time, endTimeUnixNano: time });
    const context = { now: START, oldest: START - SECOND, newest: START + SECOND };
    const spans = [at(START - SECOND - 1n), at(START - SECOND), at(START + SECOND), at(START + SECOND + 1n)];
    const { accepted, rejections } = reader.read('traces', traces(spans), context);
    expect([accepted, Object.fromEntries(rejections.counts)]).toEqual([2, { too_old: 1, too_new: 1 }]);
    expect(rejections.message('spans')).toBe(
      `2 spans refused: the time ${START - SECOND - 1n} is older than what is taken at resourceSpans[0].scopeSpans[0].spans[0]; ` +
        `the time ${START + SECOND + 1n} lies in the future at resourceSpans[0].scopeSpans[0].spans[3]`,
    );
  });

  it('a record without any time gets the time of arrival, and the outcome says so', async () => {
    const reader = await openReader();
    const now = START + 7n;
    const read = (record: object) => reader.read('logs', logs([record]), { ...CONTEXT, now }).dated;
    expect(read({ timeUnixNano: START })).toBe(true);
    expect(read({ observedTimeUnixNano: START })).toBe(true);
    expect(read({ body: { stringValue: 'x' } })).toBe(false);
    const rows = (await tables.load(reader.take())).get('logs') ?? [];
    expect(rows.map((row) => row['Timestamp'])).toEqual([`${START}`, `${START}`, `${now}`]);
  });

  it('tables to be skipped get nothing, and their scopes are told later', async () => {
    const reader = await openReader();
    const skip = new Set(['resource_scopes'] as const);
    const outcome = reader.read('traces', traces([span()]), { ...CONTEXT, skip });
    expect([outcome.accepted, outcome.tables]).toEqual([1, ['spans']]);
    const other = reader.read('traces', traces([span()]), { ...CONTEXT, skip: new Set(['spans'] as const) });
    expect(other.tables).toEqual(['resource_scopes']);
    expect(reader.take().map(({ table, rows }) => [table, rows])).toEqual([
      ['resource_scopes', 1],
      ['spans', 1],
    ]);
  });
});
