import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { REMEMBERED_MS } from '../../../collector/spool/recent.ts';
import type { ClosedSegment } from '../../../collector/spool/segment.ts';
import { WeirError } from '../../../core/errors.ts';
import { afterCrash, files, folder, openSpool, SLOW_ROLL } from './harness.ts';

describe('commit', () => {
  it('has the rows on disk when it returns, whatever happens next', async () => {
    const directory = await folder();
    const { write } = await openSpool(directory);
    await write({ logs: ['a', 'b'], spans: ['c'], resource_scopes: ['d'] });
    const { closed, texts } = await openSpool(await afterCrash(directory));
    expect((await texts()).sort()).toEqual(['a', 'b', 'c', 'd']);
    expect(closed.map((segment) => segment.rows).sort()).toEqual([1, 1, 2]);
  });

  it('shares one write among requests that wait together', async () => {
    const { write, telemetry, closed, close } = await openSpool(await folder());
    await Promise.all(
      Array.from({ length: 200 }, (_, i) => write({ logs: [String(i)] }, String(i + 1).padStart(32, '0'))),
    );
    const metrics = await telemetry.registry.getSingleMetricAsString('weir_collector_spool_sync_seconds');
    expect(Number(/_count (\d+)/.exec(metrics)?.[1])).toBeLessThan(20);
    await close();
    expect(closed[0]?.blocks).toBeLessThan(20);
  });

  it('keeps the order of each sender', async () => {
    const directory = await folder();
    const { write } = await openSpool(directory);
    for (const text of ['1', '2', '3']) await write({ logs: [text] });
    const { texts } = await openSpool(await afterCrash(directory));
    expect(await texts()).toEqual(['1', '2', '3']);
  });
});

describe('a request that is sent again', () => {
  const digest = 'd'.repeat(32);
  const both = { logs: ['a', 'b'], spans: ['c'] };

  it('is written once, while the first is on its way and after', async () => {
    const { write, close, texts } = await openSpool(await folder());
    expect(await Promise.all([write(both, digest), write(both, digest)])).toEqual([3, 0]);
    expect(await write(both, digest)).toBe(0);
    expect(await write(both, 'e'.repeat(32))).toBe(3);
    await close();
    expect(await texts()).toHaveLength(6);
  });

  it('is recognized after a crash, table by table', async () => {
    const directory = await folder();
    const { write } = await openSpool(directory);
    const others = Array.from({ length: 7 }, (_, i) => write({ logs: [`other ${i}`] }, String(i + 1).repeat(32)));
    await Promise.all([write(both, digest), ...others]);
    const copy = await afterCrash(directory);
    await rm(join(copy, 'spans'), { recursive: true });
    const next = await openSpool(copy);
    expect(await next.write(both, digest)).toBe(1);
    for (let i = 0; i < 7; i++) expect(await next.write({ logs: ['again'] }, String(i + 1).repeat(32))).toBe(0);
    await next.close();
    expect((await next.texts()).filter((text) => text.length === 1).sort()).toEqual(['a', 'b', 'c']);
  });

  it('tells scopes and series again', async () => {
    const directory = await folder();
    const { write } = await openSpool(directory);
    await write({ resource_scopes: ['scope'], spans: ['c'] }, digest);
    expect(await write({ resource_scopes: ['scope'], spans: ['c'] }, digest)).toBe(1);
    const next = await openSpool(await afterCrash(directory));
    expect(await next.write({ resource_scopes: ['scope'], spans: ['c'] }, digest)).toBe(1);
  });

  it('is written when the first could not be', async () => {
    const directory = await folder();
    const { write } = await openSpool(directory);
    await rm(join(directory, 'logs'), { recursive: true });
    const sent = Promise.allSettled([write({ logs: ['a'] }, digest), write({ logs: ['a'] }, digest)]);
    expect((await sent).map((result) => result.status)).toEqual(['rejected', 'rejected']);
    await mkdir(join(directory, 'logs'));
    expect(await write({ logs: ['a'] }, digest)).toBe(1);
  });

  it('counts as new after some minutes, and without a digest always', async () => {
    let now = Date.now();
    const { write } = await openSpool(await folder(), { now: () => now });
    await write({ logs: ['a'] }, digest);
    now += REMEMBERED_MS;
    expect(await write({ logs: ['a'] }, digest)).toBe(1);
    expect(await write({ logs: ['a'] })).toBe(1);
    expect(await write({ logs: ['a'] })).toBe(1);
  });
});

describe('segments', () => {
  it('are closed at their age', async () => {
    const { write, closed, texts } = await openSpool(await folder(), { roll: { ...SLOW_ROLL, idleAge: 50 } });
    await write({ logs: ['a'] });
    await vi.waitFor(() => expect(closed).toHaveLength(1), { timeout: 10_000 });
    expect(await texts()).toEqual(['a']);
  });

  it('wait for a writer that is busy, but no longer than their greatest age', async () => {
    let isBusy = true;
    const roll = { ...SLOW_ROLL, idleAge: 20, maxAge: 400 };
    const { write, closed } = await openSpool(await folder(), { roll, isBusy: () => isBusy });
    await write({ logs: ['a'] });
    await new Promise((next) => setTimeout(next, 150));
    expect(closed).toHaveLength(0);
    await vi.waitFor(() => expect(closed).toHaveLength(1), { timeout: 10_000 });
    await write({ logs: ['b'] });
    isBusy = false;
    await vi.waitFor(() => expect(closed).toHaveLength(2), { timeout: 350, interval: 10 });
  });

  it('are closed at their size, with nothing lost between two', async () => {
    const { write, closed, close, texts } = await openSpool(await folder(), { roll: { ...SLOW_ROLL, maxRows: 10 } });
    for (let i = 0; i < 95; i += 5) {
      await Promise.all(Array.from({ length: 5 }, (_, k) => write({ logs: [String(i + k)] })));
    }
    await close();
    expect(closed.length).toBeGreaterThanOrEqual(10);
    expect(closed.every((segment) => segment.rows <= 10)).toBe(true);
    expect((await texts()).map(Number).sort((a, b) => a - b)).toEqual([...Array(95).keys()]);
  });

  it('have ids that sort by age and never repeat', async () => {
    const directory = await folder();
    const ids: string[] = [];
    for (let run = 0; run < 3; run++) {
      const roll = { ...SLOW_ROLL, maxRows: 1 };
      const options = { roll, now: () => 1_700_000_000_000 + run };
      const { spool, write, closed, close } = await openSpool(directory, options);
      for (let i = 0; i < 3; i++) await write({ logs: ['x'] });
      await close();
      for (const segment of closed) await spool.remove(segment);
      ids.push(...closed.map((segment) => segment.id));
    }
    expect(new Set(ids).size).toBe(9);
    expect([...ids].sort()).toEqual(ids);
    expect(await files(directory, 'logs', '')).toEqual([]);
  });
});

describe('back-pressure', () => {
  const refused = { code: 'collector_spool_refused', retryable: true };

  it('refuses above its bound and takes again when the store has caught up', async () => {
    const roll = { ...SLOW_ROLL, maxRows: 1 };
    const { spool, write, closed } = await openSpool(await folder(), { maxBytes: 100, roll });
    await write({ logs: ['x'.repeat(150)] }, 'd'.repeat(32));
    await expect(write({ logs: ['y'] })).rejects.toMatchObject(refused);
    expect(spool.refusal()).toContain('spool.max_bytes');
    expect(await write({ logs: ['x'.repeat(150)] }, 'd'.repeat(32))).toBe(0);
    await vi.waitFor(() => expect(closed).toHaveLength(1));
    await spool.remove(closed[0] as ClosedSegment);
    expect(spool.backlogBytes).toBe(0);
    await write({ logs: ['y'] });
  });

  it('refuses when the disk is nearly full', async () => {
    const { spool, write } = await openSpool(await folder(), { minFreeBytes: Number.MAX_SAFE_INTEGER });
    await expect(write({ logs: ['x'] })).rejects.toMatchObject(refused);
    expect(spool.refusal()).toContain('free on the disk');
  });

  it('lets requests wait while the reader is full, and reads them when it was emptied', async () => {
    const { spool, source, write, texts, close } = await openSpool(await folder(), {
      roll: { ...SLOW_ROLL, maxRows: 900_000 },
    });
    const many = Array.from({ length: 401_000 }, () => 'x');
    const first = write({ logs: many });
    expect(source.pendingRows).toBe(401_000);
    const second = write({ logs: ['y'] });
    expect(source.pendingRows).toBe(401_000);
    await Promise.all([first, second]);
    expect(spool.refusal()).toBeUndefined();
    await close();
    expect((await texts()).at(-1)).toBe('y');
  });

  it('refuses when it is closed, having kept what it took', async () => {
    const { spool, write, texts } = await openSpool(await folder());
    const taken = write({ logs: ['a'] });
    await spool.close();
    await taken;
    expect(await texts()).toEqual(['a']);
    await expect(write({ logs: ['b'] })).rejects.toBeInstanceOf(WeirError);
  });
});

describe('a disk that fails', () => {
  const failed = { code: 'collector_spool_failed', retryable: true };

  it('tells senders to wait, and goes on when it is back', async () => {
    const directory = await folder();
    const { write, source, close, texts } = await openSpool(directory, { roll: { ...SLOW_ROLL, maxRows: 1 } });
    await rm(join(directory, 'logs'), { recursive: true });
    await expect(write({ logs: ['a'] })).rejects.toMatchObject(failed);
    expect(source.forgotten).toBe(1);
    await write({ spans: ['other table'] });
    await mkdir(join(directory, 'logs'));
    await write({ logs: ['a'] });
    await close();
    expect((await texts()).sort()).toEqual(['a', 'other table']);
  });

  it('takes back what it wrote of the group in other tables, and what was read after it', async () => {
    const directory = await folder();
    const { write, close, texts } = await openSpool(directory);
    await write({ spans: ['kept'] });
    await rm(join(directory, 'logs'), { recursive: true });
    const group = write({ spans: ['taken back'], logs: ['never written'] });
    // The next request may lean on scopes that only the failing group tells of.
    await new Promise((next) => setImmediate(next));
    const next = write({ spans: ['read meanwhile'] });
    expect((await Promise.allSettled([group, next])).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await mkdir(join(directory, 'logs'));
    await write({ spans: ['later'] });
    const crashed = await openSpool(await afterCrash(directory));
    expect((await crashed.texts()).sort()).toEqual(['kept', 'later']);
    await close();
    expect((await texts()).sort()).toEqual(['kept', 'later']);
  });
});

describe('the lock', () => {
  it('keeps a second collector out of the folder until the first is done', async () => {
    const directory = await folder();
    const { close } = await openSpool(directory);
    await expect(openSpool(directory)).rejects.toMatchObject({ code: 'collector_spool_locked' });
    await close();
    await openSpool(directory);
    expect(await readdir(directory)).toContain('spans');
  });
});
