import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type ClickHouseClient, ClickHouseError, type ClickHouseSettings, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StoreEndpoint } from '../../store/client.ts';
import { nativeBlock } from '../../store/native-block.ts';

/**
 * What users do with ClickHouse's HTTP interface through @clickhouse/client. It says nothing that a ClickHouse server
 * would not do as well, so it runs against either.
 */
export function describeClientBattery(name: string, endpointOf: () => StoreEndpoint): void {
  describe(`@clickhouse/client on ${name}`, () => {
    let client: ClickHouseClient;
    const table = `battery_${process.pid}_${Date.now()}`;
    const open = (extra: object = {}) => {
      const { url, database, username, password } = endpointOf();
      return createClient({ url, database, username, password, log: { level: 127 }, ...extra });
    };
    const command = (query: string) => client.command({ query });
    const rows = async (query: string) => (await client.query({ query, format: 'JSONEachRow' })).json();

    beforeAll(async () => {
      client = open();
      await command(
        `CREATE TABLE ${table} (id UInt64, name String, tags Map(String, String), at DateTime64(9) DEFAULT 0)
         ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100`,
      );
    });
    afterAll(async () => {
      await command(`DROP TABLE IF EXISTS ${table}`);
      await client.close();
    });

    test('ping', async () => {
      expect(await client.ping()).toEqual({ success: true });
      expect(await client.ping({ select: true })).toEqual({ success: true });
      const wrong = open({ password: 'wrong-wrong-wrong-wrong-wrong-wrong' });
      expect((await wrong.ping({ select: true })).success).toBe(false);
      await wrong.close();
    });

    test.each([
      ['JSONEachRow', '{"n":0,"s":"0"}\n{"n":1,"s":"1"}\n'],
      ['JSONCompactEachRow', '[0, "0"]\n[1, "1"]\n'],
      ['JSONStringsEachRow', '{"n":"0","s":"0"}\n{"n":"1","s":"1"}\n'],
      ['JSONCompactEachRowWithNamesAndTypes', '["n", "s"]\n["UInt8", "String"]\n[0, "0"]\n[1, "1"]\n'],
      ['CSV', '0,"0"\n1,"1"\n'],
      ['CSVWithNames', '"n","s"\n0,"0"\n1,"1"\n'],
      ['TabSeparated', '0\t0\n1\t1\n'],
      ['TabSeparatedWithNames', 'n\ts\n0\t0\n1\t1\n'],
    ] as const)('query as %s', async (format, expected) => {
      const result = await client.query({
        query: 'SELECT number::UInt8 AS n, toString(n) AS s FROM numbers(2)',
        format,
      });
      expect(await result.text()).toBe(expected);
      expect(result.response_headers['x-clickhouse-format']).toBe(format);
    });

    test('query as JSON tells names, types and rows', async () => {
      const result = await client.query({ query: 'SELECT 1::UInt8 AS a, NULL AS b', format: 'JSON' });
      const json = await result.json<{ a: number; b: null }>();
      expect(json.data).toEqual([{ a: 1, b: null }]);
      expect(json.meta).toEqual([
        { name: 'a', type: 'UInt8' },
        { name: 'b', type: 'Nullable(Nothing)' },
      ]);
      expect(json.rows).toBe(1);
    });

    test('Parquet and Native come as bytes', async () => {
      const native = await client.exec({ query: 'SELECT 258::UInt16 AS x FORMAT Native' });
      const chunks: Buffer[] = [];
      for await (const chunk of native.stream) chunks.push(chunk as Buffer);
      expect(Buffer.concat(chunks)).toEqual(
        nativeBlock([{ name: 'x', type: 'UInt16', values: Buffer.from([2, 1]) }], 1),
      );
      const parquet = await client.exec({ query: 'SELECT 1 AS x FORMAT Parquet' });
      const bytes: Buffer[] = [];
      for await (const chunk of parquet.stream) bytes.push(chunk as Buffer);
      expect(Buffer.concat(bytes).subarray(0, 4).toString()).toBe('PAR1');
    });

    test.each([
      ['UInt8', 7, '7'],
      ['Int64', '-9007199254740993', '-9007199254740993'],
      ['Float64', 0.5, '0.5'],
      ['Bool', true, 'true'],
      [
        'String',
        'it\'s a \\ "quoted"\n\ttext; DROP -- ` \u00e9\u4e16\ud83d\ude00',
        'it\'s a \\ "quoted"\n\ttext; DROP -- ` \u00e9\u4e16\ud83d\ude00',
      ],
      ['String', '', ''],
      ['Nullable(String)', null, '\\N'],
      ['Array(String)', ["a'b", 'c\\d', '\n'], "['a\\'b','c\\\\d','\\n']"],
      ['Array(UInt32)', [], '[]'],
      ['Map(String, UInt8)', { k: 1 }, "{'k':1}"],
      ['DateTime', new Date(0), '1970-01-01 00:00:00'],
      ['DateTime64(3)', new Date(1.5e12), '2017-07-14 02:40:00.000'],
      ['UUID', '61f0c404-5cb3-11e7-907b-a6006ad3dba0', '61f0c404-5cb3-11e7-907b-a6006ad3dba0'],
      ["Enum8('a' = 1, 'b' = 2)", 'b', 'b'],
    ])('a %s parameter is bound by the server', async (type, value, expected) => {
      const result = await client.query({
        query: `SELECT {value:${type}} AS v, toTypeName(v) AS t`,
        format: 'TabSeparatedRaw',
        query_params: { value },
        clickhouse_settings: { session_timezone: 'UTC' },
      });
      const out = await result.text();
      expect(out.slice(0, out.lastIndexOf('\t'))).toBe(expected);
      expect(out.slice(out.lastIndexOf('\t') + 1)).toBe(`${type}\n`);
    });

    test('identifiers are parameters too, and a missing one is told', async () => {
      const result = await client.query({
        query: 'SELECT count() AS n FROM {db:Identifier}.{table:Identifier}',
        query_params: { db: 'system', table: 'one' },
        format: 'JSONEachRow',
      });
      expect(await result.json()).toEqual([{ n: 1 }]);
      for (let i = 0; i < 12; i++) {
        await client.query({ query: 'SELECT {lent:UInt8}', query_params: { lent: 1 } }).then((r) => r.text());
      }
      await expect(client.query({ query: 'SELECT {lent:UInt8}' })).rejects.toMatchObject({
        code: '456',
        type: 'UNKNOWN_QUERY_PARAMETER',
      });
    });

    test('parameters too long for a URL go as a form', async () => {
      const names = Array.from({ length: 5000 }, (_, i) => `name-${i}`);
      const result = await client.query({
        query: 'SELECT length({names:Array(String)}) AS n',
        query_params: { names },
        use_multipart_params: true,
        format: 'JSONEachRow',
      });
      expect(await result.json()).toEqual([{ n: 5000 }]);
    });

    test('settings hold for one request', async () => {
      const read = async (settings: ClickHouseSettings) => {
        const result = await client.query({
          query: "SELECT getSetting('max_block_size')::String AS s",
          format: 'JSONEachRow',
          clickhouse_settings: settings,
        });
        return result.json();
      };
      const [before] = (await read({})) as { s: string }[];
      expect(await read({ max_block_size: '12345' })).toEqual([{ s: '12345' }]);
      for (let i = 0; i < 12; i++) expect(await read({})).toEqual([before]);
      await expect(read({ no_such_setting: '1' })).rejects.toMatchObject({ code: '115', type: 'UNKNOWN_SETTING' });
    });

    test('a large result streams, row after row', async () => {
      const result = await client.query({
        query: 'SELECT number AS n FROM numbers(400000)',
        format: 'JSONEachRow',
        clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
      });
      let next = 0;
      for await (const batch of result.stream<{ n: number }>()) {
        for (const row of batch) {
          if (row.json().n !== next) throw new Error(`row ${next} is out of order`);
          next += 1;
        }
      }
      expect(next).toBe(400_000);
    });

    test('rows inserted from an array, and with a column list', async () => {
      const done = await client.insert({
        table,
        values: [
          { id: 1, name: 'one\n\nSELECT 2', tags: { a: 'b' } },
          { id: 2, name: "it's\u0000\u00e9", tags: {} },
        ],
        format: 'JSONEachRow',
      });
      expect(done.executed).toBe(true);
      expect(done.summary).toMatchObject({ written_rows: '2' });
      await client.insert({ table, values: [[3, 'three']], columns: ['id', 'name'], format: 'JSONCompactEachRow' });
      await client.insert({
        table,
        values: [[4, 'four']],
        columns: { except: ['tags', 'at'] },
        format: 'JSONCompactEachRow',
      });
      expect(await rows(`SELECT id, name, tags FROM ${table} WHERE id < 5 ORDER BY id`)).toEqual([
        { id: 1, name: 'one\n\nSELECT 2', tags: { a: 'b' } },
        { id: 2, name: "it's\u0000\u00e9", tags: {} },
        { id: 3, name: 'three', tags: {} },
        { id: 4, name: 'four', tags: {} },
      ]);
    });

    test('rows inserted from streams of objects and of text', async () => {
      const objects = Readable.from(Array.from({ length: 3000 }, (_, i) => ({ id: 1000 + i, name: `n${i}` })));
      await client.insert({ table, values: objects, format: 'JSONEachRow' });
      await client.insert({
        table,
        values: Readable.from(['5000,"a,b"\n', '5001,"c\n\nd"\n'], { objectMode: false }),
        columns: ['id', 'name'],
        format: 'CSV',
      });
      expect(await rows(`SELECT count() AS n, max(id) AS m FROM ${table} WHERE id >= 1000`)).toEqual([
        { n: 3002, m: 5001 },
      ]);
      expect(await rows(`SELECT name FROM ${table} WHERE id = 5001`)).toEqual([{ name: 'c\n\nd' }]);
    });

    test('Native blocks, whatever bytes they hold', async () => {
      // 0x0A0A is the blank line that ends inline data, and 2570 rows put it into the head of the block.
      const count = 2570;
      const ids = Buffer.alloc(count * 8);
      for (let i = 0; i < count; i++) ids.writeBigUInt64LE(BigInt(100_000 + i), i * 8);
      const names = Buffer.concat(
        Array.from({ length: count }, (_, i) => {
          const value = Buffer.from(i % 2 === 0 ? '\n\nDROP TABLE x\n\n' : '\x00\x0a\x0a\xff', 'latin1');
          return Buffer.concat([Buffer.from([value.length]), value]);
        }),
      );
      const block = nativeBlock(
        [
          { name: 'id', type: 'UInt64', values: ids },
          { name: 'name', type: 'String', values: names },
        ],
        count,
      );
      const done = await client.exec({
        query: `INSERT INTO ${table} (id, name) FORMAT Native`,
        values: Readable.from([block.subarray(0, 1000), block.subarray(1000)], { objectMode: false }),
      });
      await text(done.stream);
      const [row] = (await rows(
        `SELECT count() AS n, sum(id) AS s, countIf(hex(name) = '000A0AFF') AS h FROM ${table} WHERE id >= 100000`,
      )) as object[];
      expect(row).toEqual({ n: count, s: count * 100_000 + (count * (count - 1)) / 2, h: count / 2 });
    });

    test('a deduplication token makes an insert idempotent', async () => {
      for (let i = 0; i < 3; i++) {
        await client.insert({
          table,
          values: [{ id: 9000 + i, name: 'token' }],
          format: 'JSONEachRow',
          clickhouse_settings: { insert_deduplication_token: 'battery-1' },
        });
      }
      expect(await rows(`SELECT id FROM ${table} WHERE name = 'token'`)).toEqual([{ id: 9000 }]);
    });

    test('INSERT with VALUES, with SELECT, and with nothing', async () => {
      await command(`INSERT INTO ${table} (id, name) VALUES (6000, 'a;\n\nb'), (6000 + 1, concat('c', 'd'));`);
      await command(`INSERT INTO ${table} (id, name) SELECT 6002, 'from select'`);
      expect((await client.insert({ table, values: [], format: 'JSONEachRow' })).executed).toBe(false);
      expect(await rows(`SELECT id, name FROM ${table} WHERE id BETWEEN 6000 AND 6002 ORDER BY id`)).toEqual([
        { id: 6000, name: 'a;\n\nb' },
        { id: 6001, name: 'cd' },
        { id: 6002, name: 'from select' },
      ]);
    });

    test.each([
      ['SELEC 1', '62', 'SYNTAX_ERROR'],
      ['SELECT nope', '47', 'UNKNOWN_IDENTIFIER'],
      ['SELECT * FROM no_such_table', '60', 'UNKNOWN_TABLE'],
      ["SELECT throwIf(number = 1, 'boom') FROM numbers(3)", '395', 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO'],
    ])('%s fails with its code', async (query, code, type) => {
      const failure = client.query({ query, format: 'JSONEachRow' }).then((r) => r.text());
      await expect(failure).rejects.toBeInstanceOf(ClickHouseError);
      await expect(failure).rejects.toMatchObject({ code, type });
    });

    test('malformed rows are refused, all of them', async () => {
      const values = Readable.from(['{"id":7000,"name":"x"}\n{"id":7001,', 'oops\n'], { objectMode: false });
      const failure = client
        .exec({ query: `INSERT INTO ${table} FORMAT JSONEachRow`, values })
        .then((r) => text(r.stream));
      await expect(failure).rejects.toBeInstanceOf(ClickHouseError);
      expect(await rows(`SELECT count() AS n FROM ${table} WHERE id BETWEEN 7000 AND 7001`)).toEqual([{ n: 0 }]);
    });

    test('an error in the middle of a stream reaches the reader', async () => {
      const read = async () => {
        const result = await client.query({
          query: 'SELECT throwIf(number = 900000) AS x, number FROM numbers(1000000)',
          format: 'JSONEachRow',
          clickhouse_settings: { max_block_size: '1000', max_threads: 1 },
        });
        let seen = 0;
        for await (const batch of result.stream()) seen += batch.length;
        return seen;
      };
      await expect(read()).rejects.toMatchObject({ code: '395' });
    });

    test('a failed query leaves nothing behind for the next one', async () => {
      for (let i = 0; i < 12; i++) {
        const failing = client.query({
          query: 'SELECT throwIf(number = 100000) AS x FROM numbers(200000)',
          format: 'JSON',
        });
        await expect(failing.then((r) => r.text())).rejects.toMatchObject({ code: '395' });
        expect(await rows('SELECT 5 AS n')).toEqual([{ n: 5 }]);
      }
    });

    test('query ids come back, given or made', async () => {
      const given = await client.query({ query: 'SELECT 1', query_id: 'my-query-1' });
      expect(given.query_id).toBe('my-query-1');
      expect(given.response_headers['x-clickhouse-query-id']).toBe('my-query-1');
      await given.text();
    });

    test('an aborted query rejects at once and leaves the client usable', async () => {
      const controller = new AbortController();
      const slow = client.query({
        query: 'SELECT sum(sipHash64(number)) FROM numbers(20000000000)',
        abort_signal: controller.signal,
        format: 'TabSeparated',
      });
      setTimeout(() => controller.abort(), 200);
      await expect(slow).rejects.toThrow(/abort/i);
      expect(await rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    });

    test('compression both ways', async () => {
      const packed = open({ compression: { request: true, response: true } });
      const values = Array.from({ length: 2000 }, (_, i) => ({ id: 20_000 + i, name: `packed ${i}` }));
      await packed.insert({ table, values, format: 'JSONEachRow' });
      const result = await packed.query({
        query: `SELECT id, name FROM ${table} WHERE name LIKE 'packed%' ORDER BY id`,
        format: 'JSONEachRow',
      });
      expect(await result.json()).toEqual(values);
      expect(result.response_headers['content-encoding']).toBe('gzip');
      await packed.close();
    });

    test('DDL through command, and a database of its own', async () => {
      const database = `${table}_db`;
      await command(`CREATE DATABASE ${database}`);
      const inside = open({ database });
      await inside.command({ query: 'CREATE TABLE t (x Int32) ENGINE = MergeTree ORDER BY x' });
      await inside.insert({ table: 't', values: [{ x: -1 }], format: 'JSONEachRow' });
      expect(await rows(`SELECT x FROM ${database}.t`)).toEqual([{ x: -1 }]);
      await inside.close();
      await command(`DROP DATABASE ${database} SYNC`);
      const gone = open({ database });
      await expect(gone.query({ query: 'SELECT 1' })).rejects.toMatchObject({ code: '81', type: 'UNKNOWN_DATABASE' });
      await gone.close();
    });

    test('many requests at once', async () => {
      const answers = await Promise.all(
        Array.from({ length: 60 }, (_, i) =>
          client
            .query({ query: 'SELECT {i:UInt32} AS i', query_params: { i }, format: 'JSONEachRow' })
            .then((r) => r.json()),
        ),
      );
      expect(answers).toEqual(Array.from({ length: 60 }, (_, i) => [{ i }]));
    });
  });
}
