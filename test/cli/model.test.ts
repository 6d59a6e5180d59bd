import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { factLines } from '../../cli/model.ts';

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

  it('says which network is in use, and goes back to the one before', async () => {
    const imported = await weir('show');
    expect(imported).toMatchObject({ code: 0, stdout: expect.stringContaining('forecast-model, 32 units') });
    expect(await weir('back')).toMatchObject({ code: 0, stdout: expect.stringContaining('shipped is in use') });
    expect((await weir('show')).stdout).toMatch(
      /^network +the shipped one, 32 units\ntrained on +synthetic\nloss +0\.\d+$/m,
    );
  });

  it('tells what a night made of a network', () => {
    const tuned = {
      at: '2026-03-03T03:00:00.000Z',
      series: 12,
      made: { before: 0.2, after: 0.21 },
      real: { before: 0.3, after: 0.25 },
    };
    expect(factLines('/data/model', 32, { trained_on: 'synthetic and 12 series of the store', tuned })).toEqual([
      'network     /data/model, 32 units',
      'trained on  synthetic and 12 series of the store',
      'tuned       2026-03-03T03:00:00.000Z, on 12 series of the store',
      'loss        on those series 0.2500, 0.3000 before; on made ones 0.2100, 0.2000 before',
    ]);
    expect(factLines('/m', 8, { tuned: 'by hand' }).at(-1)).toBe('loss        unknown');
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
