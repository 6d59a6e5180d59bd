import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messageType } from '../../../collector/otlp/schema.ts';
import type { AttributePlace } from '../../../collector/reader/hooks.ts';
import { LeanTables } from '../../oracle/lean-tables.ts';
import { startTestStore, type TestStore } from '../../store/harness.ts';
import { CONTEXT, openReader, pair, START, span, traces } from './requests.ts';

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

describe('hooks', () => {
  it('attributes are kept, deleted or transformed; a key is asked about once for each place', async () => {
    const asked: [string, AttributePlace][] = [];
    const reader = await openReader({
      hooks: {
        attributeAction: (key, place) => {
          asked.push([key, place]);
          return key === 'secret' ? 1 : key === 'email' ? 2 : 0;
        },
        transform: (key, value, place) => `<${key} ${value.length} ${place} ü>`,
      },
    });
    const attributes = [pair('email', 'ann@example.com'), pair('secret', 's'), pair('a', 1n), pair('http.route', '/x')];
    const events = [{ name: 'e', timeUnixNano: START, attributes: [pair('email', 12n), pair('secret', 's')] }];
    reader.read('traces', traces([span({ attributes, events }), span({ attributes })], [pair('email', 'x')]), CONTEXT);
    const loaded = await tables.load(reader.take());
    const kept = [
      ['a', '1'],
      ['email', '<email 15 item ü>'],
      ['http.route', '/x'],
    ];
    expect(loaded.get('spans')?.map((row) => row['Attributes'])).toEqual([kept, kept]);
    expect(loaded.get('spans')?.[0]?.['Events']).toEqual([[`${START}`, 'e', [['email', '<email 2 item ü>']], 0]]);
    expect(loaded.get('resource_scopes')?.[0]?.['ResourceAttributes']).toEqual([['email', '<email 1 resource ü>']]);
    expect(asked.sort()).toEqual([
      ['a', 'item'],
      ['email', 'item'],
      ['email', 'resource'],
      ['http.route', 'item'],
      ['secret', 'item'],
    ]);
  });

  it('derived columns are made of what a transformation left', async () => {
    const reader = await openReader({
      hooks: { attributeAction: () => 2, transform: (_, value) => value.toUpperCase() },
    });
    reader.read('traces', traces([span({ attributes: [pair('http.route', '/users/ann')] })]), CONTEXT);
    expect((await tables.load(reader.take())).get('spans')?.[0]?.['HttpRoute']).toBe('/USERS/ANN');
  });

  it('items of a filtered scope are asked about, with their bytes; those dropped are counted', async () => {
    const names: unknown[] = [];
    const services: string[] = [];
    const reader = await openReader({
      hooks: {
        filterScope: (_, service) => {
          services.push(service);
          return service === 'shop' ? 1 : 0;
        },
        dropItem: (signal, service, name, message) => {
          const { name: own } = messageType('Span').decode(message) as unknown as { name: string };
          names.push([signal, service, name, own]);
          return own === 'noise';
        },
      },
    });
    const outcome = reader.read('traces', traces([span({ name: 'noise' }), span({ name: 'work' })]), CONTEXT);
    expect([outcome.accepted, Object.fromEntries(outcome.rejections.counts)]).toEqual([1, { filtered: 1 }]);
    expect(reader.read('traces', traces([span({ name: 'noise' })], []), CONTEXT).accepted).toBe(1);
    expect(services).toEqual(['shop', '']);
    expect(names).toEqual([
      ['traces', 'shop', '', 'noise'],
      ['traces', 'shop', '', 'work'],
    ]);
    const rows = (await tables.load(reader.take())).get('spans') ?? [];
    expect(rows.map((row) => row['SpanName'])).toEqual(['work', 'noise']);
  });

  it('a hook that throws fails its request alone', async () => {
    const reader = await openReader({
      hooks: {
        attributeAction: (key) => {
          if (key === 'bad') throw new Error('no');
          return 0;
        },
      },
    });
    reader.read('traces', traces([span()]), CONTEXT);
    expect(() => reader.read('traces', traces([span(), span({ attributes: [pair('bad', '')] })]), CONTEXT)).toThrow(
      'no',
    );
    expect(reader.take().map(({ table, rows }) => [table, rows])).toEqual([
      ['resource_scopes', 1],
      ['spans', 1],
    ]);
  });
});
