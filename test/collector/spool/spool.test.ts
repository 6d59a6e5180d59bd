import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Lines } from '../../../collector/otlp/lines.ts';
import type { StockTable } from '../../../collector/otlp/rows.ts';
import { ENTRY_BYTES } from '../../../collector/spool/entry.ts';
import { REMEMBERED_MS } from '../../../collector/spool/recent.ts';
import type { ClosedSegment } from '../../../collector/spool/segment.ts';
import { Spool, type SpoolOptions } from '../../../collector/spool/spool.ts';
import { WeirError } from '../../../core/errors.ts';
import { silentTelemetry } from '../../../core/telemetry.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'weir-spool-'));
  cleanups.push(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function openSpool(directory: string, options: Partial<SpoolOptions> = {}) {
  const closed: ClosedSegment[] = [];
  const telemetry = silentTelemetry();
  const spool = new Spool({
    directory,
    maxBytes: 1 << 30,
    minFreeBytes: 0,
    segmentAge: 3_600_000,
    segmentBytes: 8 << 20,
    segmentRows: 200_000,
    telemetry,
    now: Date.now,
    onClosed: (segment) => closed.push(segment),
    ...options,
  });
  await spool.open();
  cleanups.push(async () => {
    await spool.close();
    await spool.unlock();
  });
  return { spool, closed, telemetry };
}

function lines(table: StockTable, ...texts: string[]): Lines {
  const bytes = Buffer.from(texts.map((text) => `{"Body":${JSON.stringify(text)}}\n`).join(''));
  return { table, bytes, rows: texts.length, days: new Set([20_000]) };
}

async function texts(spool: Spool, segments: readonly ClosedSegment[]): Promise<string[]> {
  const bodies = await Promise.all(segments.map((segment) => spool.read(segment)));
  return bodies.flatMap((body) =>
    body
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line).Body as string),
  );
}

/** What a kill -9 leaves: the files as they are, without a close. */
async function afterCrash(directory: string): Promise<string> {
  const copy = await folder();
  await cp(directory, copy, { recursive: true });
  return copy;
}

async function files(directory: string, table: StockTable, ending: string): Promise<string[]> {
  const names = await readdir(join(directory, table));
  return names.filter((name) => name.endsWith(ending)).map((name) => join(directory, table, name));
}

const table = 'otel_logs';

describe('append', () => {
  it('has the lines on disk when it returns, whatever happens next', async () => {
    const directory = await folder();
    const { spool } = await openSpool(directory);
    await spool.append([lines(table, 'a', 'b'), lines('otel_traces', 'c')]);
    const { spool: next, closed } = await openSpool(await afterCrash(directory));
    expect((await texts(next, closed)).sort()).toEqual(['a', 'b', 'c']);
    expect(closed.map((segment) => segment.rows).sort()).toEqual([1, 2]);
  });

  it('shares one sync among requests that wait together', async () => {
    const { spool, telemetry } = await openSpool(await folder());
    await Promise.all(Array.from({ length: 200 }, (_, i) => spool.append([lines(table, String(i))])));
    const metrics = await telemetry.registry.getSingleMetricAsString('weir_collector_spool_sync_seconds');
    expect(Number(/_count (\d+)/.exec(metrics)?.[1])).toBeLessThan(20);
  });

  it('keeps the order of each sender', async () => {
    const directory = await folder();
    const { spool } = await openSpool(directory);
    for (const text of ['1', '2', '3']) await spool.append([lines(table, text)]);
    const { spool: next, closed } = await openSpool(await afterCrash(directory));
    expect(await texts(next, closed)).toEqual(['1', '2', '3']);
  });
});

describe('a request that is sent again', () => {
  const digest = 'd'.repeat(32);
  const both = () => [lines(table, 'a', 'b'), lines('otel_traces', 'c')];

  it('is written once, while the first is on its way and after', async () => {
    const { spool, closed } = await openSpool(await folder());
    expect(await Promise.all([spool.append(both(), digest), spool.append(both(), digest)])).toEqual([3, 0]);
    expect(await spool.append(both(), digest)).toBe(0);
    expect(await spool.append(both(), 'e'.repeat(32))).toBe(3);
    await spool.close();
    expect(await texts(spool, closed)).toHaveLength(6);
  });

  it('is recognized after a crash, piece by piece', async () => {
    const directory = await folder();
    const { spool } = await openSpool(directory);
    await spool.append(both(), digest);
    const copy = await afterCrash(directory);
    await rm(join(copy, 'otel_traces'), { recursive: true });
    const { spool: next, closed } = await openSpool(copy);
    expect(await next.append(both(), digest)).toBe(1);
    await next.close();
    expect((await texts(next, closed)).sort()).toEqual(['a', 'b', 'c']);
  });

  it('is written when the first could not be', async () => {
    const directory = await folder();
    const { spool } = await openSpool(directory);
    await rm(join(directory, table), { recursive: true });
    const sent = Promise.allSettled([
      spool.append([lines(table, 'a')], digest),
      spool.append([lines(table, 'a')], digest),
    ]);
    expect((await sent).map((result) => result.status)).toEqual(['rejected', 'rejected']);
    await mkdir(join(directory, table));
    expect(await spool.append([lines(table, 'a')], digest)).toBe(1);
  });

  it('counts as new after some minutes, and without a digest always', async () => {
    let now = Date.now();
    const { spool } = await openSpool(await folder(), { now: () => now });
    await spool.append([lines(table, 'a')], digest);
    now += REMEMBERED_MS;
    expect(await spool.append([lines(table, 'a')], digest)).toBe(1);
    expect(await spool.append([lines(table, 'a')])).toBe(1);
    expect(await spool.append([lines(table, 'a')])).toBe(1);
  });
});

describe('segments', () => {
  it('are closed at their age', async () => {
    const { spool, closed } = await openSpool(await folder(), { segmentAge: 50 });
    await spool.append([lines(table, 'a')]);
    await vi.waitFor(() => expect(closed).toHaveLength(1), { timeout: 10_000 });
    expect(await texts(spool, closed)).toEqual(['a']);
  });

  it('are closed at their size, with nothing lost between two', async () => {
    const { spool, closed } = await openSpool(await folder(), { segmentRows: 10 });
    await Promise.all(Array.from({ length: 95 }, (_, i) => spool.append([lines(table, String(i))])));
    await spool.close();
    expect(closed.every((segment) => segment.rows <= 10)).toBe(true);
    expect((await texts(spool, closed)).map(Number).sort((a, b) => a - b)).toEqual([...Array(95).keys()]);
  });

  it('touch no more days than one insert may', async () => {
    const { spool, closed } = await openSpool(await folder());
    for (let day = 0; day < 200; day += 50) {
      const days = new Set(Array.from({ length: 50 }, (_, i) => day + i));
      await spool.append([{ ...lines(table, String(day)), days }]);
    }
    await spool.close();
    expect(closed).toHaveLength(4);
  });

  it('have ids that sort by age and never repeat', async () => {
    const directory = await folder();
    const ids: string[] = [];
    for (let run = 0; run < 3; run++) {
      const { spool, closed } = await openSpool(directory, { segmentRows: 1, now: () => 1_700_000_000_000 + run });
      for (let i = 0; i < 3; i++) await spool.append([lines(table, 'x')]);
      await spool.close();
      for (const segment of closed) await spool.remove(segment);
      await spool.unlock();
      ids.push(...closed.map((segment) => segment.id));
    }
    expect(new Set(ids).size).toBe(9);
    expect([...ids].sort()).toEqual(ids);
    expect(await files(directory, table, '')).toEqual([]);
  });
});

describe('recovery', () => {
  it('cuts a torn tail and keeps what was acknowledged', async () => {
    const directory = await folder();
    const { spool } = await openSpool(directory);
    await spool.append([lines(table, 'a')]);
    const copy = await afterCrash(directory);
    const [data] = await files(copy, table, '.jsonl');
    await writeFile(data as string, '{"Body":"half', { flag: 'a' });
    const { spool: next, closed } = await openSpool(copy);
    expect(await texts(next, closed)).toEqual(['a']);
    expect((await stat(data as string)).size).toBe(closed[0]?.bytes);
  });

  it('survives a cut at every byte of the data and of the index', async () => {
    const directory = await folder();
    const { spool } = await openSpool(directory);
    await spool.append([lines(table, 'a')]);
    await spool.append([lines(table, 'b')]);
    const [data] = (await files(directory, table, '.jsonl')) as [string];
    const [index] = (await files(directory, table, '.idx')) as [string];
    const sizes = { data: (await stat(data)).size, index: (await stat(index)).size };
    for (const [which, file, size] of [
      ['data', data, sizes.data],
      ['index', index, sizes.index],
    ] as const) {
      for (let length = 0; length <= size; length += 3) {
        const copy = await afterCrash(directory);
        await truncate(join(copy, table, file.split('/').at(-1) as string), length);
        const { spool: next, closed } = await openSpool(copy);
        const whole = which === 'data' ? Math.floor((length * 2) / size) : Math.floor(length / ENTRY_BYTES);
        expect(await texts(next, closed), `${which} cut at ${length}`).toEqual(['a', 'b'].slice(0, whole));
        await next.close();
        await next.unlock();
      }
    }
  });

  it('leaves out a piece whose bytes changed, keeps its neighbours, and says so', async () => {
    const directory = await folder();
    const { spool } = await openSpool(directory);
    for (const text of ['first', 'second', 'third']) await spool.append([lines(table, text)]);
    const copy = await afterCrash(directory);
    const [data] = (await files(copy, table, '.jsonl')) as [string];
    const bytes = await readFile(data);
    bytes[bytes.indexOf('second')] = 0x53;
    await writeFile(data, bytes);
    const { spool: next, closed, telemetry } = await openSpool(copy);
    expect(await texts(next, closed)).toEqual(['first', 'third']);
    expect(closed[0]?.ranges).toHaveLength(2);
    expect(await telemetry.registry.metrics()).toContain(
      'weir_collector_spool_damaged_rows_total{table="otel_logs"} 1',
    );
    const [kept] = await readdir(join(copy, 'quarantine', table));
    expect(await readFile(join(copy, 'quarantine', table, kept as string), 'utf8')).toContain('Second');
  });

  it('survives a changed bit anywhere: no wrong row, no lost neighbour', async () => {
    const directory = await folder();
    const { spool } = await openSpool(directory);
    for (const text of ['first', 'second', 'third']) await spool.append([lines(table, text)]);
    for (const ending of ['.jsonl', '.idx']) {
      const [file] = (await files(directory, table, ending)) as [string];
      const size = (await stat(file)).size;
      for (let at = 0; at < size; at += 5) {
        const copy = await afterCrash(directory);
        const target = join(copy, table, file.split('/').at(-1) as string);
        const bytes = await readFile(target);
        bytes[at] = (bytes[at] as number) ^ 0x10;
        await writeFile(target, bytes);
        const { spool: next, closed } = await openSpool(copy);
        const found = await texts(next, closed);
        expect(found, `${ending} changed at ${at}`).toHaveLength(2);
        expect(['first', 'second', 'third'].filter((text) => found.includes(text))).toEqual(found);
        await next.close();
        await next.unlock();
      }
    }
  });

  it('removes files that hold nothing', async () => {
    const directory = await folder();
    const { spool } = await openSpool(directory);
    await spool.close();
    await spool.unlock();
    await writeFile(join(directory, table, '1-a-1.jsonl'), '{"Body":"never acknowledged"}\n');
    await writeFile(join(directory, table, '1-a-2.idx'), 'orphan');
    const { closed } = await openSpool(directory);
    expect(closed).toEqual([]);
    expect(await files(directory, table, '')).toEqual([]);
  });
});

describe('back-pressure', () => {
  const refused = { code: 'collector_spool_refused', retryable: true };

  it('refuses above its bound and takes again when the store has caught up', async () => {
    const { spool, closed } = await openSpool(await folder(), { maxBytes: 100, segmentRows: 1 });
    await spool.append([lines(table, 'x'.repeat(150))]);
    await expect(spool.append([lines(table, 'y')])).rejects.toMatchObject(refused);
    expect(spool.refusal()).toContain('spool.max_bytes');
    await vi.waitFor(() => expect(closed).toHaveLength(1));
    await spool.remove(closed[0] as ClosedSegment);
    expect(spool.backlogBytes).toBe(0);
    await spool.append([lines(table, 'y')]);
  });

  it('refuses when the disk is nearly full', async () => {
    const { spool } = await openSpool(await folder(), { minFreeBytes: Number.MAX_SAFE_INTEGER });
    await expect(spool.append([lines(table, 'x')])).rejects.toMatchObject(refused);
    expect(spool.refusal()).toContain('free on the disk');
  });

  it('refuses when it is closed, having kept what it took', async () => {
    const { spool, closed } = await openSpool(await folder());
    const taken = spool.append([lines(table, 'a')]);
    await spool.close();
    await taken;
    expect(await texts(spool, closed)).toEqual(['a']);
    await expect(spool.append([lines(table, 'b')])).rejects.toBeInstanceOf(WeirError);
  });

  it('tells senders to wait when the disk fails, and goes on when it is back', async () => {
    const directory = await folder();
    const { spool, closed } = await openSpool(directory, { segmentRows: 1 });
    await rm(join(directory, table), { recursive: true });
    await expect(spool.append([lines(table, 'a')])).rejects.toMatchObject({
      code: 'collector_spool_failed',
      retryable: true,
    });
    await spool.append([lines('otel_traces', 'other table')]);
    await mkdir(join(directory, table));
    await spool.append([lines(table, 'a')]);
    await spool.close();
    expect((await texts(spool, closed)).sort()).toEqual(['a', 'other table']);
  });
});

describe('the lock', () => {
  it('keeps a second collector out of the folder until the first is done', async () => {
    const directory = await folder();
    const { spool } = await openSpool(directory);
    await expect(openSpool(directory)).rejects.toMatchObject({ code: 'collector_spool_locked' });
    await spool.close();
    await spool.unlock();
    await openSpool(directory);
  });
});
