import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'weir-model-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function weir(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [join(root, 'main.ts'), 'model', ...args], { cwd: folder }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

describe('weir model', () => {
  it('exports the shipped network, imports a changed one, and exports that', async () => {
    expect(await weir('export', 'out')).toMatchObject({ code: 0, stdout: expect.stringContaining('to out') });
    expect(readdirSync(join(folder, 'out')).sort()).toEqual(['model.json', 'weights.bin']);
    const weights = readFileSync(join(folder, 'out/weights.bin'));
    weights.writeFloatLE(0.5, 0);
    writeFileSync(join(folder, 'out/weights.bin'), weights);
    expect(await weir('import', 'out')).toMatchObject({ code: 0, stdout: expect.stringContaining('32 units') });
    expect((await weir('export', 'again')).code).toBe(0);
    expect(readFileSync(join(folder, 'again/weights.bin'))).toEqual(weights);
  });

  it('refuses a folder without a model, and one to write to that has one', async () => {
    expect(await weir('import', 'nowhere')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('[detector_model_unreadable]'),
    });
    const full = join(folder, 'full');
    expect((await weir('export', full)).code).toBe(0);
    expect(await weir('export', full)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('[detector_model_exists]'),
    });
  });

  it('trains from CSV files that are there only', async () => {
    expect(await weir('train', 'new', '--csv', 'nowhere')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('nowhere holds no CSV file with a series [detector_folder_empty]'),
    });
  });
});
