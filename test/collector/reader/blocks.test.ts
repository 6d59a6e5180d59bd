import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TableBlock } from '../../../collector/reader/tables.ts';
import { LeanTables } from '../../oracle/lean-tables.ts';
import { startTestStore, type TestStore } from '../../store/harness.ts';
import { CONTEXT, openReader, pair, SECOND, START, span, traces } from './requests.ts';

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

describe('blocks in the engine', () => {
  it.each([255, 256, 65_535, 65_536])('a dictionary of %i names and the empty one', async (names) => {
    const reader = await openReader();
    for (let from = 0; from < names; from += 8192) {
      const spans = Array.from({ length: Math.min(8192, names - from) }, (_, i) => span({ name: `name ${from + i}` }));
      reader.read('traces', traces(spans), CONTEXT);
    }
    const blocks = reader.take();
    const rows = (await tables.load(blocks)).get('spans') ?? [];
    expect(rows.map((row) => row['SpanName'])).toEqual(Array.from({ length: names }, (_, i) => `name ${i}`));
  });

  it('several blocks in one file are all read, the second with a dictionary of its own', async () => {
    const reader = await openReader();
    reader.read('traces', traces([span({ name: 'a' }), span({ name: 'b' })]), CONTEXT);
    const first = reader.take();
    reader.read('traces', traces([span({ name: 'c' }), span({ name: 'a' })]), CONTEXT);
    const loaded = await tables.load([...first, ...reader.take()]);
    expect(loaded.get('spans')?.map((row) => row['SpanName'])).toEqual(['a', 'b', 'c', 'a']);
    expect(loaded.get('resource_scopes')?.length).toBe(1);
  });

  it('a block keeps its memory until it is given back, and the next one has it then', async () => {
    const reader = await openReader();
    const block = (name: string) => {
      const spans = Array.from({ length: 1000 }, (_, i) => span({ name: `${name} ${i % 10}` }));
      reader.read('traces', traces(spans), CONTEXT);
      return reader.take().find(({ table }) => table === 'spans') as TableBlock;
    };
    const first = block('a');
    const copy = Buffer.from(first.bytes);
    expect(copy.length).toBeGreaterThan(64 * 1024);
    const second = block('b');
    expect(second.bytes.buffer).not.toBe(first.bytes.buffer);
    expect(first.bytes.equals(copy)).toBe(true);
    reader.release([first]);
    const third = block('c');
    expect(third.bytes.buffer).toBe(first.bytes.buffer);
    const names = (await tables.load([second, third])).get('spans')?.map((row) => row['SpanName']);
    expect(new Set(names?.slice(0, 1000))).toEqual(new Set(Array.from({ length: 10 }, (_, i) => `b ${i}`)));
    expect(new Set(names?.slice(1000))).toEqual(new Set(Array.from({ length: 10 }, (_, i) => `c ${i}`)));
  });

  it('attributes come sorted and packed, the last of a repeated key, with bytes 0 and 1 intact', async () => {
    const reader = await openReader();
    const attributes = [
      pair('b', 'first'),
      pair('é\u0000', '\u0000\u0001\u0002'),
      pair('a', 7n),
      pair('b', 'a text of more than sixteen bytes, with \u0001 in it and an ü'),
      pair('', ''),
    ];
    reader.read('traces', traces([span({ attributes }), span({ attributes }), span()]), CONTEXT);
    const rows = (await tables.load(reader.take())).get('spans') ?? [];
    const wanted = [
      ['', ''],
      ['a', '7'],
      ['b', 'a text of more than sixteen bytes, with \u0001 in it and an ü'],
      ['é\u0000', '\u0000\u0001\u0002'],
    ];
    expect(rows.map((row) => row['Attributes'])).toEqual([wanted, wanted, []]);
  });

  it('text that is not UTF-8 is repaired as the platform decodes it', async () => {
    const bad = [0xff, 0xe2, 0x82, 0x41, 0xed, 0xa0, 0x80, 0xf0, 0x9f, 0x98];
    const marker = 'INVALIDXYZ';
    const long = `${marker}, a text of more than sixteen bytes`;
    const bytes = traces([
      span({
        name: marker,
        traceState: long,
        attributes: [pair(marker, long), pair('l', { arrayValue: { values: [{ stringValue: marker }] } })],
      }),
    ]);
    for (let at = bytes.indexOf(marker); at >= 0; at = bytes.indexOf(marker)) bytes.set(bad, at);
    const text = Buffer.from(bad).toString('utf8');
    const reader = await openReader();
    reader.read('traces', bytes, CONTEXT);
    const [row] = (await tables.load(reader.take())).get('spans') ?? [];
    expect(row).toMatchObject({
      SpanName: text,
      TraceState: long.replace(marker, text),
      Attributes: [
        ['l', JSON.stringify([text])],
        [text, long.replace(marker, text)],
      ],
    });
  });

  it('a scope is told once, and again when its items are a minute away from those it was told for', async () => {
    const reader = await openReader();
    const at = (seconds: bigint) =>
      span({ startTimeUnixNano: START + seconds * SECOND, endTimeUnixNano: START + seconds * SECOND });
    reader.read('traces', traces([at(100n), at(130n), at(160n), at(161n), at(40n), at(39n), at(220n)]), CONTEXT);
    reader.read('traces', traces([at(280n), at(282n)]), CONTEXT);
    const scopes = (await tables.load(reader.take())).get('resource_scopes') ?? [];
    const seconds = scopes.map((row) => Number(row['Seen']) - Number(START / SECOND));
    expect(seconds).toEqual([100, 161, 39, 280]);
    reader.read('traces', traces([at(282n)]), CONTEXT);
    expect(reader.take().map(({ table }) => table)).toEqual(['spans']);
    reader.forget();
    reader.read('traces', traces([at(282n)]), CONTEXT);
    expect(reader.take().map(({ table }) => table)).toEqual(['resource_scopes', 'spans']);
  });

  it('the id of a scope depends on its words and on the revision alone', async () => {
    const idOf = async (revision: string, service: string) => {
      const reader = await openReader({ revision });
      reader.read('traces', traces([span()], [pair('service.name', service)]), CONTEXT);
      const loaded = await tables.load(reader.take());
      expect(loaded.get('spans')?.[0]?.['ScopeId']).toBe(loaded.get('resource_scopes')?.[0]?.['ScopeId']);
      return loaded.get('spans')?.[0]?.['ScopeId'];
    };
    const id = await idOf('1', 'shop');
    expect(await idOf('1', 'shop')).toBe(id);
    expect(new Set([id, await idOf('2', 'shop'), await idOf('1', 'shops')]).size).toBe(3);
  });

  it('a request that fails leaves nothing behind, whatever it had written', async () => {
    const reader = await openReader();
    const events = [{ name: 'e', timeUnixNano: START, attributes: [pair('k', 'v')] }];
    reader.read('traces', traces([span({ name: 'kept', events })]), CONTEXT);
    const late = START + 600n * SECOND;
    const later = Array.from({ length: 50 }, (_, i) =>
      span({
        name: `gone ${i}`,
        events,
        attributes: [pair(`gone ${i}`, 'x')],
        startTimeUnixNano: late,
        endTimeUnixNano: late,
      }),
    );
    const broken = Buffer.concat([traces(later, [pair('service.name', 'other')]), Buffer.from([0x0a, 0x7f])]);
    expect(() => reader.read('traces', broken, CONTEXT)).toThrow(/a length of 127 bytes where 0 are left/);
    reader.read('traces', traces([span({ name: 'kept too', events })]), CONTEXT);
    const loaded = await tables.load(reader.take());
    expect(loaded.get('spans')?.map((row) => row['SpanName'])).toEqual(['kept', 'kept too']);
    expect(loaded.get('spans')?.map((row) => row['Events'])).toEqual(
      [0, 0].map(() => [[`${START}`, 'e', [['k', 'v']], 0]]),
    );
    expect(loaded.get('resource_scopes')?.map((row) => row['ServiceName'])).toEqual(['shop']);
    // What the failed request told is untold.
    reader.read('traces', traces([span()], [pair('service.name', 'other')]), CONTEXT);
    expect(reader.take().map(({ table }) => table)).toEqual(['resource_scopes', 'spans']);
  });

  it('a span that is refused takes its events and links with it', async () => {
    const reader = await openReader();
    const events = [{ name: 'e', timeUnixNano: START, attributes: [pair('k', 'v')] }];
    const links = [{ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceState: 's' }];
    const outcome = reader.read(
      'traces',
      traces([span({ events, links }), span({ events, links, spanId: '' }), span({ name: 'last', events: [], links })]),
      CONTEXT,
    );
    expect([outcome.accepted, outcome.rejections.message('spans')]).toEqual([
      2,
      '1 spans refused: the span id is empty at resourceSpans[0].scopeSpans[0].spans[1]',
    ]);
    const rows = (await tables.load(reader.take())).get('spans') ?? [];
    expect(rows.map((row) => [(row['Events'] as []).length, (row['Links'] as []).length])).toEqual([
      [1, 1],
      [0, 1],
    ]);
  });
});
