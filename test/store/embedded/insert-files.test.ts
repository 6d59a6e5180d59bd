import { link, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentTelemetry } from '../../../core/telemetry.ts';
import { openStore, type Store } from '../../../store/client.ts';
import { createEngine, type Engine } from '../../../store/embedded/engine.ts';
import { INSERT_FILE_HEADER } from '../../../store/embedded/insert-files.ts';
import { nativeBlock } from '../../../store/native-block.ts';

/** A name the engine would take for a pattern, and letters outside ASCII: any data folder must do. */
const FOLDER = 'spöol {a,b}[1]*';

let root: string;
let folder: string;
let engine: Engine;
/** The same engine: files by their path, and files as bodies, as a ClickHouse server gets them. */
let shared: Store;
let sending: Store;

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'weir-insert-files-')));
  folder = join(root, FOLDER);
  await mkdir(join(folder, 'spans'), { recursive: true });
  engine = createEngine({
    dataDir: join(root, 'store'),
    insertFolder: folder,
    port: 0,
    telemetry: silentTelemetry(),
  });
  await engine.start();
  const { insertFolder, ...endpoint } = engine.endpoint();
  expect(insertFolder).toBe(folder);
  shared = openStore(engine.endpoint());
  sending = openStore(endpoint);
  await shared.client.command({
    query: `CREATE TABLE t (day UInt16, id UInt64) ENGINE = MergeTree PARTITION BY day ORDER BY id
      SETTINGS non_replicated_deduplication_window = 100, fsync_after_insert = 1`,
  });
  await shared.client.command({
    query: `CREATE TABLE sums (day UInt16, n SimpleAggregateFunction(sum, UInt64)) ENGINE = AggregatingMergeTree
      ORDER BY day SETTINGS non_replicated_deduplication_window = 100`,
  });
  const query = 'CREATE MATERIALIZED VIEW sums_mv TO sums AS SELECT day, count() AS n FROM t GROUP BY day';
  await shared.client.command({ query });
  await shared.client.command({ query: 'SYSTEM STOP MERGES' });
});
afterAll(async () => {
  await shared?.close();
  await sending?.close();
  await engine?.stop();
  await rm(root, { recursive: true, force: true });
});

/** A block of `rows` rows with ids from `first` on, over three days. */
function block(first: number, rows: number): Buffer {
  const days = Buffer.alloc(rows * 2);
  const ids = Buffer.alloc(rows * 8);
  for (let i = 0; i < rows; i++) {
    days.writeUInt16LE(20_000 + (i % 3), i * 2);
    ids.writeBigUInt64LE(BigInt(first + i), i * 8);
  }
  const columns = [
    { name: 'day', type: 'UInt16', values: days },
    { name: 'id', type: 'UInt64', values: ids },
  ];
  return nativeBlock(columns, rows);
}

async function file(name: string, ...blocks: Buffer[]): Promise<{ path: string; bytes: number }> {
  const bytes = Buffer.concat(blocks);
  const path = join(folder, name);
  await writeFile(path, bytes);
  return { path, bytes: bytes.length };
}

const reset = async () => {
  for (const table of ['t', 'sums']) await shared.client.command({ query: `TRUNCATE TABLE ${table}` });
};
const count = async () => {
  const [row] = await shared.rows<{ rows: number; rolled: number }>(
    'SELECT (SELECT toUInt32(count()) FROM t) AS rows, (SELECT toUInt32(sum(n)) FROM sums) AS rolled',
  );
  return row;
};

describe.each([
  ['by its path', () => shared],
  ['as a body', () => sending],
])('a file of Native blocks, %s', (_, store) => {
  test('becomes one part for each partition, and one in the view', async () => {
    await reset();
    const { path, bytes } = await file(
      'spans/many.native',
      ...Array.from({ length: 200 }, (_, i) => block(i * 30, 30)),
    );
    await store().insertFile('t', path, { token: `many ${_}`, bytes });
    expect(await count()).toEqual({ rows: 6000, rolled: 6000 });
    const parts = await shared.rows<{ table: string; parts: number }>(
      `SELECT table, toUInt32(count()) AS parts FROM system.parts WHERE active AND table IN ('t', 'sums') AND rows > 0
       GROUP BY table ORDER BY table`,
    );
    expect(parts).toEqual([
      { table: 'sums', parts: 1 },
      { table: 't', parts: 3 },
    ]);
  });

  test('is stored once for its token, also past the size at which the engine would cut a block', async () => {
    await reset();
    const { path, bytes } = await file(
      'spans/large.native',
      ...Array.from({ length: 12 }, (_, i) => block(i * 1e5, 1e5)),
    );
    for (let i = 0; i < 3; i++) await store().insertFile('t', path, { token: `large ${_}`, bytes });
    expect(await count()).toEqual({ rows: 1_200_000, rolled: 1_200_000 });
    const [parts] = await shared.rows(
      "SELECT toUInt32(count()) AS n FROM system.parts WHERE active AND table = 't' AND rows > 0",
    );
    expect(parts).toEqual({ n: 3 });
  });

  test('is stored whole or not at all', async () => {
    await reset();
    const { path, bytes } = await file('spans/torn.native', block(0, 100), block(100, 100).subarray(0, 500));
    await expect(store().insertFile('t', path, { token: `torn ${_}`, bytes })).rejects.toMatchObject({ code: '33' });
    expect(await count()).toEqual({ rows: 0, rolled: 0 });
  });

  test('a table that is not there, and a view that fails, come out as the store says them', async () => {
    await reset();
    const { path, bytes } = await file('spans/view.native', block(0, 3));
    const options = { token: `view ${_}`, bytes };
    await expect(store().insertFile('nowhere', path, options)).rejects.toMatchObject({ code: '60' });
    await shared.client.command({
      query: 'CREATE MATERIALIZED VIEW bad_mv ENGINE = MergeTree ORDER BY a AS SELECT throwIf(id = 2) AS a FROM t',
    });
    await expect(store().insertFile('t', path, options)).rejects.toThrow(/while pushing to view/);
    await store().insertFile('t', path, { ...options, ignoreViewErrors: true });
    await shared.client.command({ query: 'DROP VIEW bad_mv' });
    expect(await count()).toEqual({ rows: 3, rolled: 3 });
  });

  test('a file that is not there is an error', async () => {
    const insert = store().insertFile('t', join(folder, 'spans/nothing.native'), { token: `nothing ${_}`, bytes: 9 });
    await expect(insert).rejects.toThrow(/no such file|no insert file/);
  });

  test('a call can be given up', async () => {
    const { path, bytes } = await file('spans/given-up.native', block(0, 3));
    const signal = AbortSignal.abort();
    await expect(store().insertFile('t', path, { token: `given up ${_}`, bytes, signal })).rejects.toThrow(/abort/i);
  });
});

describe('what the engine process loads', () => {
  /** Sends the header as any client could. */
  const load = async (path: string, query = 'INSERT INTO t FORMAT Native', body = '') => {
    const result = await shared.client.exec({
      query,
      http_headers: { [INSERT_FILE_HEADER]: encodeURIComponent(path) },
      ...(body === '' ? {} : { values: (await import('node:stream')).Readable.from([body], { objectMode: false }) }),
    });
    for await (const _ of result.stream);
  };
  const good = block(0, 3);

  test('lies in the folder, whatever its depth, and stays there', async () => {
    await reset();
    await mkdir(join(folder, 'spans/parts'), { recursive: true });
    const { path } = await file('spans/parts/deep.native', good);
    await load(path);
    await load(path);
    expect(await count()).toMatchObject({ rows: 3 });
    expect(await realpath(path)).toBe(path);
  });

  test('is no file elsewhere, by no way of spelling it', async () => {
    await reset();
    const outside = join(root, 'outside.native');
    await writeFile(outside, good);
    await mkdir(join(root, `${FOLDER}-neighbour`));
    await writeFile(join(root, `${FOLDER}-neighbour/x.native`), good);
    await symlink(outside, join(folder, 'link.native'));
    await symlink(root, join(folder, 'way-out'));
    await symlink(join(folder, 'spans'), join(folder, 'way-in'));
    await file('spans/a.native', good);
    const denied = { code: '497' };
    for (const path of [
      outside,
      '/etc/passwd',
      folder,
      join(root, `${FOLDER}-neighbour/x.native`),
      `${folder}/../outside.native`,
      `${folder}/spans/../spans/a.native`,
      `${folder}//spans/a.native`,
      `${folder}/./spans/a.native`,
      `${folder}/spans/a.native/`,
      join(folder, 'link.native'),
      join(folder, 'way-out/outside.native'),
      join(folder, 'way-in/a.native'),
      join(folder, 'spans'),
      join(folder, 'spans/*.native'),
      join(folder, 'spans/?.native'),
      join(folder, 'spans/{a,b}.native'),
      join(folder, 'spans/[a].native'),
    ]) {
      await expect(load(path), path).rejects.toMatchObject(denied);
    }
    for (const path of ['spans/a.native', '%', `${folder}/spans/a.native\n`, `${folder}/spans/a\0.native`]) {
      await expect(load(path), path).rejects.toMatchObject({ code: '36' });
    }
    await expect(load(join(folder, 'spans/absent.native'))).rejects.toMatchObject({ code: '107' });
    expect(await count()).toEqual({ rows: 0, rolled: 0 });
  });

  test('goes into nothing but an insert of Native without a body, past the same guard', async () => {
    await reset();
    const { path } = await file('spans/b.native', good);
    await expect(load(path, 'SELECT 1')).rejects.toMatchObject({ code: '36' });
    await expect(load(path, 'SELECT 1 FORMAT Native')).rejects.toMatchObject({ code: '36' });
    await expect(load(path, 'INSERT INTO t FORMAT RowBinary')).rejects.toMatchObject({ code: '36' });
    await expect(load(path, 'INSERT INTO t VALUES (1, 2)')).rejects.toMatchObject({ code: '36' });
    await expect(load(path, 'INSERT INTO t FORMAT Native', 'x')).rejects.toMatchObject({ code: '36' });
    await expect(load(path, "INSERT INTO FUNCTION file('x') FORMAT Native")).rejects.toMatchObject({ code: '497' });
    expect(await count()).toEqual({ rows: 0, rolled: 0 });
  });

  test('is nothing at all for an engine that was given no folder', async () => {
    await using closed = await import('../harness.ts').then(({ startTestStore }) => startTestStore({ migrate: false }));
    const path = join(folder, 'spans/c.native');
    await writeFile(path, good);
    await link(path, join(folder, 'spans/d.native'));
    const call = closed.store.client.exec({
      query: 'INSERT INTO t FORMAT Native',
      http_headers: { [INSERT_FILE_HEADER]: encodeURIComponent(path) },
    });
    await expect(call).rejects.toMatchObject({ code: '497' });
  });
});
