import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeEntry, parseIndex, RECORD_BYTES } from '../../../collector/spool/entry.ts';
import { afterCrash, files, folder, openSpool } from './harness.ts';

const table = 'logs';

/** A folder with one segment of one block for each text. */
async function segmentOf(...texts: string[]) {
  const directory = await folder();
  const { write } = await openSpool(directory);
  for (const text of texts) await write({ logs: [text] });
  const [data] = (await files(directory, table, '.native')) as [string];
  const [index] = (await files(directory, table, '.idx')) as [string];
  return { directory, data: basename(data), index: basename(index) };
}

describe('entries', () => {
  it('are read as they were written, any of them damaged or cut away', () => {
    const entry = fc.record({
      offset: fc.nat(),
      length: fc.nat(),
      rows: fc.nat(),
      crc: fc.nat(),
      digests: fc.array(fc.stringMatching(/^[0-9a-f]{31}[1-9a-f]$/), { maxLength: 5 }),
    });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 6 }), fc.nat(), (list, at) => {
        const entries = list.map((fields, number) => ({ number, ...fields }));
        const pieces = entries.map(encodeEntry);
        const bytes = Buffer.concat(pieces);
        expect(parseIndex(bytes)).toEqual({ entries, isTailDamaged: false });
        if (bytes.length === 0) return;
        const place = at % bytes.length;
        const hit = pieces.findIndex((_, i) => Buffer.concat(pieces.slice(0, i + 1)).length > place);
        const changed = Buffer.from(bytes);
        changed[place] = (changed[place] as number) ^ 0x40;
        const others = parseIndex(changed).entries.filter(({ number }) => number !== hit);
        expect(others).toEqual(entries.filter(({ number }) => number !== hit));
        const cut = parseIndex(bytes.subarray(0, place));
        expect(cut.isTailDamaged).toBe(false);
        expect(cut.entries).toEqual(entries.slice(0, cut.entries.length));
      }),
    );
  });
});

describe('recovery', () => {
  it('cuts a torn tail and keeps what was acknowledged', async () => {
    const { directory, data } = await segmentOf('a');
    const copy = await afterCrash(directory);
    await writeFile(join(copy, table, data), 'half a block', { flag: 'a' });
    const { texts, closed } = await openSpool(copy);
    expect(await texts()).toEqual(['a']);
    expect(closed).toMatchObject([{ isIntact: true, blocks: 1 }]);
    expect((await stat(join(copy, table, data))).size).toBe(closed[0]?.bytes);
    expect(await readdir(copy)).not.toContain('quarantine');
  });

  it('survives a cut at every byte of the data and of the index', async () => {
    const { directory, data, index } = await segmentOf('a', 'b');
    for (const [which, name] of [
      ['data', data],
      ['index', index],
    ] as const) {
      const { size } = await stat(join(directory, table, name));
      for (let length = 0; length <= size; length += 3) {
        const copy = await afterCrash(directory);
        await truncate(join(copy, table, name), length);
        const { texts, close, closed } = await openSpool(copy);
        const whole = which === 'data' ? Math.floor((length * 2) / size) : Math.floor(length / RECORD_BYTES);
        expect(await texts(), `${which} cut at ${length}`).toEqual(['a', 'b'].slice(0, whole));
        expect(closed.every(({ isIntact }) => isIntact)).toBe(true);
        await close();
        // What was cut once does not come back with the next start.
        const again = await openSpool(copy);
        expect(await again.texts()).toEqual(['a', 'b'].slice(0, whole));
        await again.close();
      }
    }
  });

  it('leaves out a block whose bytes changed, keeps its neighbours, and says so', async () => {
    const { directory, data } = await segmentOf('first', 'second', 'third');
    const copy = await afterCrash(directory);
    const path = join(copy, table, data);
    const bytes = await readFile(path);
    bytes[bytes.indexOf('second')] = 0x53;
    await writeFile(path, bytes);
    const { texts, closed, telemetry } = await openSpool(copy);
    expect(await texts()).toEqual(['first', 'third']);
    expect(closed).toMatchObject([{ isIntact: false, rows: 2 }]);
    expect(await telemetry.registry.metrics()).toContain('weir_collector_spool_damaged_rows_total{table="logs"} 1');
    const kept = (await readdir(join(copy, 'quarantine', table))).sort();
    expect(kept).toHaveLength(2);
    expect(await readFile(join(copy, 'quarantine', table, kept[0] as string), 'utf8')).toContain('Second');
    expect(await readFile(join(copy, 'quarantine', table, kept[1] as string), 'utf8')).toContain('checksum');
  });

  it('survives a changed bit anywhere: no wrong row, no lost neighbour, nothing lost in silence', async () => {
    const { directory, data, index } = await segmentOf('first', 'second', 'third');
    for (const name of [data, index]) {
      const { size } = await stat(join(directory, table, name));
      for (let at = 0; at < size; at += 5) {
        const copy = await afterCrash(directory);
        const path = join(copy, table, name);
        const bytes = await readFile(path);
        bytes[at] = (bytes[at] as number) ^ 0x10;
        await writeFile(path, bytes);
        const { texts, close } = await openSpool(copy);
        const found = await texts();
        expect(found, `${name} changed at ${at}`).toHaveLength(2);
        expect(['first', 'second', 'third'].filter((text) => found.includes(text))).toEqual(found);
        const kept = (await readdir(join(copy, 'quarantine', table))).filter((file) => file.endsWith('.native'));
        expect(kept, `${name} changed at ${at}`).toHaveLength(1);
        await close();
      }
    }
  });

  it('removes files that hold nothing', async () => {
    const directory = await folder();
    const { close } = await openSpool(directory);
    await close();
    await writeFile(join(directory, table, '1-a-1.native'), 'never acknowledged');
    await writeFile(join(directory, table, '1-a-2.idx'), 'orphan');
    const { closed } = await openSpool(directory);
    expect(closed).toEqual([]);
    expect(await files(directory, table, '')).toEqual([]);
  });
});
