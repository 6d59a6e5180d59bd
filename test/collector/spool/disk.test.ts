import { statfs } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { DiskSpace } from '../../../collector/spool/disk.ts';
import { folder } from './harness.ts';

const GIBIBYTE = 2 ** 30;

it('counts what is written between two looks as gone, and looks again', async () => {
  const directory = await folder();
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  const disk = new DiskSpace(directory, free - 10 * GIBIBYTE);
  expect(disk.isShortOf(0)).toBe(false);
  await disk.check();
  expect(disk.isShortOf(GIBIBYTE)).toBe(false);
  expect(disk.isShortOf(20 * GIBIBYTE)).toBe(true);
  disk.spend(15 * GIBIBYTE);
  expect(disk.isShortOf(0)).toBe(true);
  await disk.check();
  expect(disk.isShortOf(0)).toBe(false);
});

it('keeps its last answer when the system gives none', async () => {
  const disk = new DiskSpace('/nowhere/at/all', Number.MAX_SAFE_INTEGER);
  await expect(disk.check()).rejects.toMatchObject({ code: 'ENOENT' });
  expect(disk.isShortOf(0)).toBe(false);
});
