import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StoreEndpoint } from '../../store/client.ts';

/** What users do with ClickHouse's HTTP interface through curl; runs against a ClickHouse server as well. */
export function describeCurlBattery(name: string, endpointOf: () => StoreEndpoint): void {
  describe(`curl on ${name}`, () => {
    let folder = '';
    const table = `curl_${process.pid}_${Date.now()}`;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'weir-curl-'));
      await curl(['--data-binary', `CREATE TABLE ${table} (a UInt32, b String) ENGINE = MergeTree ORDER BY a`]);
    });
    afterAll(async () => {
      await curl(['--data-binary', `DROP TABLE ${table}`]);
      await rm(folder, { recursive: true, force: true });
    });

    interface Answer {
      readonly status: number;
      readonly head: string;
      readonly body: Buffer;
    }
    function curl(args: readonly string[], url = '/', credentials?: readonly string[]): Promise<Answer> {
      const { url: base, username, password, database } = endpointOf();
      const login = credentials ?? ['-H', `X-ClickHouse-User: ${username}`, '-H', `X-ClickHouse-Key: ${password}`];
      const target = new URL(url, base);
      if (!target.searchParams.has('database') && database !== 'default') target.searchParams.set('database', database);
      const all = ['-sS', '-i', '--noproxy', '*', ...login, ...args, target.href];
      return new Promise((resolve, reject) => {
        execFile('curl', all, { encoding: 'buffer', maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
          if (error !== null && stdout.length === 0) return reject(new Error(stderr.toString()));
          let rest = stdout;
          let head = '';
          do {
            const end = rest.indexOf('\r\n\r\n');
            head = rest.subarray(0, end).toString();
            rest = rest.subarray(end + 4);
          } while (/^HTTP\/1\.1 100/.test(head));
          resolve({ status: Number(head.split(' ')[1]), head, body: rest });
        });
      });
    }

    test('liveness', async () => {
      expect((await curl([], '/ping', [])).body.toString()).toBe('Ok.\n');
      expect((await curl([], '/', [])).body.toString()).toBe('Ok.\n');
      expect((await curl([], '/replicas_status')).status).toBe(200);
    });

    test('GET with a query, POST with a body, and both', async () => {
      expect((await curl([], '/?query=SELECT%201%2B1')).body.toString()).toBe('2\n');
      expect((await curl(['-d', 'SELECT 3'])).body.toString()).toBe('3\n');
      expect((await curl(['-d', ', 5'], '/?query=SELECT%204')).body.toString()).toBe('4\t5\n');
    });

    test('default_format, X-ClickHouse-Format and FORMAT', async () => {
      const one = await curl([], '/?query=SELECT%201%20AS%20x&default_format=JSONEachRow');
      expect(one.body.toString()).toBe('{"x":1}\n');
      expect(one.head).toMatch(/X-ClickHouse-Format: JSONEachRow/i);
      expect((await curl(['-H', 'X-ClickHouse-Format: CSVWithNames', '-d', 'SELECT 1 AS x'])).body.toString()).toBe(
        '"x"\n1\n',
      );
      const three = await curl(['-d', 'SELECT 1 AS x FORMAT JSONCompact'], '/?default_format=CSV');
      expect(JSON.parse(three.body.toString()).data).toEqual([[1]]);
      expect(three.head).toMatch(/Content-Type: application\/json/i);
    });

    test('parameters and settings in the URL', async () => {
      const answer = await curl(
        ['-d', "SELECT {s:String}, {n:UInt8} + 1, getSetting('max_threads')::String"],
        '/?param_s=a%27b%5Ctc&param_n=7&max_threads=3',
      );
      expect(answer.body.toString()).toBe("a\\'b\\tc\t8\t3\n");
    });

    test('inserts: VALUES, a file, and a query in the URL', async () => {
      await curl(['-d', "(1, 'x'), (2, 'y')"], `/?query=INSERT%20INTO%20${table}%20VALUES`);
      await writeFile(join(folder, 'rows.csv'), '3,"a\n\nb"\n4,z\n');
      const done = await curl(
        ['--data-binary', `@${join(folder, 'rows.csv')}`],
        `/?query=INSERT%20INTO%20${table}%20FORMAT%20CSV`,
      );
      expect(done.status).toBe(200);
      expect(done.head).toMatch(/X-ClickHouse-Summary: .*"written_rows":"2"/i);
      await curl([
        '--data-binary',
        `INSERT INTO ${table} FORMAT JSONEachRow\n{"a":5,"b":"inline"}\n{"a":6,"b":"\\n\\n"}`,
      ]);
      expect((await curl(['-d', `SELECT a, b FROM ${table} ORDER BY a`])).body.toString()).toBe(
        '1\tx\n2\ty\n3\ta\\n\\nb\n4\tz\n5\tinline\n6\t\\n\\n\n',
      );
    });

    test('gzip both ways', async () => {
      await writeFile(join(folder, 'rows.gz'), gzipSync('100\tpacked\n'));
      const sent = await curl(
        ['-H', 'Content-Encoding: gzip', '--data-binary', `@${join(folder, 'rows.gz')}`],
        `/?query=INSERT%20INTO%20${table}%20FORMAT%20TSV`,
      );
      expect(sent.status).toBe(200);
      const packed = await curl(
        ['-H', 'Accept-Encoding: gzip', '-d', `SELECT b FROM ${table} WHERE a = 100`],
        '/?enable_http_compression=1',
      );
      expect(packed.head).toMatch(/Content-Encoding: gzip/i);
      expect(gunzipSync(packed.body).toString()).toBe('packed\n');
      const plain = await curl(['-H', 'Accept-Encoding: gzip', '-d', 'SELECT 1']);
      expect(plain.head).not.toMatch(/Content-Encoding/i);
    });

    test('Basic authorization and the URL carry credentials as well', async () => {
      const { username, password } = endpointOf();
      expect((await curl(['-d', 'SELECT 1'], '/', ['-u', `${username}:${password}`])).body.toString()).toBe('1\n');
      const inUrl = `/?user=${username}&password=${encodeURIComponent(password)}`;
      expect((await curl(['-d', 'SELECT 1'], inUrl, [])).body.toString()).toBe('1\n');
    });

    test('a wrong password is 403 with code 516', async () => {
      const answer = await curl(['-d', 'SELECT 1'], '/', [
        '-H',
        'X-ClickHouse-Key: wrong',
        '-H',
        'X-ClickHouse-User: default',
      ]);
      expect(answer.status).toBe(403);
      expect(answer.head).toMatch(/X-ClickHouse-Exception-Code: 516/i);
      expect(answer.body.toString()).toMatch(/^Code: 516\. DB::Exception: .*\(AUTHENTICATION_FAILED\)/);
    });

    test.each([
      ['SELEC', 400, 62],
      ['SELECT * FROM nowhere', 404, 60],
      ['SELECT 1 FORMAT NoSuchFormat', 404, 73],
      ["SELECT toDate('nope')", 400, 38],
      ['SELECT throwIf(1)', 500, 395],
    ])('%s answers %i', async (query, status, code) => {
      const answer = await curl(['-d', query]);
      expect(answer.status).toBe(status);
      expect(answer.head).toMatch(new RegExp(`X-ClickHouse-Exception-Code: ${code}\\b`, 'i'));
      expect(answer.body.toString()).toMatch(new RegExp(`^Code: ${code}\\. DB::Exception: `));
    });

    test('GET does not write', async () => {
      const answer = await curl([], `/?query=DROP%20TABLE%20${table}`);
      expect(answer.head).toMatch(/X-ClickHouse-Exception-Code: 164/i);
      expect((await curl([], `/?query=EXISTS%20${table}`)).body.toString()).toBe('1\n');
    });

    test('wait_end_of_query turns an error in the middle into a status', async () => {
      const query = 'SELECT throwIf(number = 900000), number FROM numbers(1000000)';
      const answer = await curl(['-d', query], '/?wait_end_of_query=1&max_block_size=1000');
      expect(answer.status).toBe(500);
    });

    test('query_id comes back', async () => {
      expect((await curl(['-d', 'SELECT 1'], '/?query_id=abc-1')).head).toMatch(/X-ClickHouse-Query-Id: abc-1/i);
    });
  });
}
