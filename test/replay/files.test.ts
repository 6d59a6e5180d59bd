import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findFile, readBytes } from '../../replay/files.ts';

describe('findFile', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'weir-files-'));
    mkdirSync(join(folder, 'nab/data/real'), { recursive: true });
    writeFileSync(join(folder, 'nab/data/real/taxi.csv.gz'), gzipSync('timestamp,value\n1,2\n'));
    writeFileSync(join(folder, 'nab/plain.csv'), 'timestamp,value\n1,2\n');
    writeFileSync(join(folder, 'spans.json'), '{}');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('a path is a path; its endings do not belong to the stem', () => {
    expect(findFile(join(folder, 'nab/data/real/taxi.csv.gz'), undefined)).toMatchObject({ stem: 'taxi', csv: true });
    expect(findFile(join(folder, 'spans.json'), undefined)).toMatchObject({ stem: 'spans', csv: false });
  });

  test.each(['nab:real/taxi.csv', 'nab:real/taxi', 'nab:real/taxi.csv.gz', 'nab:data/real/taxi.csv', 'nab:plain.csv'])(
    '%s is found in the benchmark data',
    (name) => {
      const found = findFile(name, folder);
      expect(found.csv).toBe(true);
      expect(readBytes(found.path).toString()).toBe('timestamp,value\n1,2\n');
    },
  );

  test('what is missing says where it was looked for', () => {
    expect(() => findFile('nab:real/none.csv', folder)).toThrow(/nab:real\/none.csv was not found; looked for .*nab/);
    expect(() => findFile('nab:real/none.csv', undefined)).toThrow(/set WEIR_BENCHMARKS/);
    expect(() => findFile('none.csv', folder)).toThrow('there is no file none.csv');
  });

  test('a broken archive is named', () => {
    const path = join(folder, 'broken.csv.gz');
    writeFileSync(path, gzipSync('timestamp,value\n1,2\n').subarray(0, 20));
    expect(() => readBytes(path)).toThrow(expect.objectContaining({ code: 'replay_file_unreadable' }));
  });
});
