import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Fails with what is missing when the scorers, python3 or numpy are not there. */
export function assertScorers(data: string): void {
  const tools = join(data, 'tools');
  if (!existsSync(join(tools, 'tsad_score.py'))) {
    throw new Error(`${tools}: no scorers there; DATA_DIR is the folder that holds nab/, kpi/, ... and tools/`);
  }
  const python = spawnSync('python3', ['-c', 'import numpy'], { encoding: 'utf8' });
  if (python.error !== undefined) throw new Error(`the scorers need python3: ${python.error.message}`);
  if (python.status !== 0) throw new Error('the scorers need numpy: python3 cannot import it (pip install numpy)');
}

/** Runs a scorer and answers what it wrote as JSON. Throws with the scorer's own words when it fails. */
export function runScorer<T>(data: string, script: string, args: readonly string[]): T {
  const folder = mkdtempSync(join(tmpdir(), 'weir-score-'));
  try {
    const json = join(folder, 'result.json');
    const line = [join(data, 'tools', script), ...args, '--json', json];
    const run = spawnSync('python3', line, { encoding: 'utf8', maxBuffer: 1 << 26 });
    if (run.status !== 0) throw new Error(`${script} ${args.join(' ')} failed:\n${run.stderr || run.stdout}`);
    // Python writes NaN, which JSON does not have.
    return JSON.parse(readFileSync(json, 'utf8').replace(/\b(NaN|-?Infinity)\b/g, 'null')) as T;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
