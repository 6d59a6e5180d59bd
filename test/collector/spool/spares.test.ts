import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LeanTable } from '../../../collector/reader/tables.ts';
import { OpenSegment } from '../../../collector/spool/segment.ts';
import { SpareSegments } from '../../../collector/spool/spares.ts';

let directory: string;
let made: string[];
let failures: number;
let spares: SpareSegments;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-spares-'));
  await mkdir(join(directory, 'spans'));
  made = [];
  failures = 0;
  spares = new SpareSegments(async (table: LeanTable) => {
    const id = String(made.push(table));
    if (failures-- > 0) throw new Error('no space left');
    return OpenSegment.create(directory, table, id);
  });
});

afterEach(async () => {
  await spares.close();
  await rm(directory, { recursive: true, force: true });
});

describe('spare segments', () => {
  it('are made once, ahead of their use', async () => {
    spares.prepare('spans');
    spares.prepare('spans');
    const segment = await spares.take('spans');
    expect(made).toHaveLength(1);
    expect(segment.id).toBe('1');
    await segment.close();
  });

  it('are each used once', async () => {
    spares.prepare('spans');
    const [first, second] = [await spares.take('spans'), await spares.take('spans')];
    expect([first.id, second.id]).toEqual(['1', '2']);
    await Promise.all([first.close(), second.close()]);
  });

  it('that could not be made are made when they are needed', async () => {
    failures = 1;
    spares.prepare('spans');
    const segment = await spares.take('spans');
    expect(segment.id).toBe('2');
    await segment.close();
  });

  it('tell why, when they cannot be made then either', async () => {
    failures = 2;
    spares.prepare('spans');
    await expect(spares.take('spans')).rejects.toThrow('no space left');
  });

  it('leave no file behind when they are not used', async () => {
    spares.prepare('spans');
    await spares.close();
    expect(await readdir(join(directory, 'spans'))).toEqual([]);
  });
});
