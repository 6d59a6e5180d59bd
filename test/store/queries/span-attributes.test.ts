import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSlowestSpans } from '../../../store/queries/slow-spans.ts';
import { readAttributeKeys, readAttributeValues } from '../../../store/queries/span-attributes.ts';
import { startTestStore, type TestStore } from '../harness.ts';
import { insertStock } from '../stock-rows.ts';
import { NOON, span } from './telemetry-rows.ts';

const range = { from: NOON - 3_600_000, to: NOON + 1000 };
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

let stand: TestStore;
beforeAll(async () => {
  stand = await startTestStore();
  await insertStock(stand.store, 'otel_traces', [
    span({ at: NOON, ms: 5, attributes: { 'app.tenant': 'acme', 'app.user': 'bob', 'a\u0001\u0000': 'odd' } }),
    span({ at: NOON - 1_800_000, ms: 700, trace: TRACE, attributes: { 'app.tenant': 'acme' } }),
    span({
      at: NOON - 1_900_000,
      ms: 9,
      service: 'billing',
      name: 'pay',
      attributes: { 'app.tenant': 'zenith', 'http.route': '/' },
    }),
    span({ at: NOON - 7_200_000, ms: 9000, attributes: { 'too.old': 'yes' } }),
    span({ at: NOON, ms: 6 }),
  ]);
});
afterAll(() => stand?.stop());

test('keys are counted over the range, the most frequent first, by what they begin with and by filter', async () => {
  expect(await readAttributeKeys(stand.store, range)).toEqual([
    { text: 'app.tenant', spans: 3 },
    { text: 'a\u0001\u0000', spans: 1 },
    { text: 'app.user', spans: 1 },
    { text: 'http.route', spans: 1 },
  ]);
  const keys = async (query: object) =>
    (await readAttributeKeys(stand.store, { ...range, ...query })).map((key) => key.text);
  expect(await keys({ prefix: 'app.' })).toEqual(['app.tenant', 'app.user']);
  expect(await keys({ limit: 1 })).toEqual(['app.tenant']);
  expect(await keys({ service: 'billing' })).toEqual(['app.tenant', 'http.route']);
  expect(await keys({ from: NOON + 500 })).toEqual([]);
});

test('values are counted over the spans that have the key', async () => {
  const values = (key: string, query: object = {}) => readAttributeValues(stand.store, key, { ...range, ...query });
  expect(await values('app.tenant')).toEqual([
    { text: 'acme', spans: 2 },
    { text: 'zenith', spans: 1 },
  ]);
  expect(await values('app.tenant', { prefix: 'z' })).toEqual([{ text: 'zenith', spans: 1 }]);
  expect(await values('app.tenant', { attributes: { 'app.user': 'bob' } })).toEqual([{ text: 'acme', spans: 1 }]);
  expect(await values('a\u0001\u0000')).toEqual([{ text: 'odd', spans: 1 }]);
  expect(await values('tenant')).toEqual([]);
});

test('the slowest spans come first, of what fits', async () => {
  const found = await readSlowestSpans(stand.store, { ...range, limit: 2 });
  expect(found).toEqual([
    {
      traceId: TRACE,
      spanId: '00f067aa0ba902b7',
      service: 'gateway',
      name: 'work',
      kind: 'Server',
      status: 'Unset',
      start: NOON - 1_800_000,
      durationMs: 700,
    },
    expect.objectContaining({ traceId: '', service: 'billing', durationMs: 9 }),
  ]);
  const tenants = await readSlowestSpans(stand.store, { ...range, attributes: { 'app.tenant': 'acme' } });
  expect(tenants.map((one) => one.durationMs)).toEqual([700, 5]);
});
