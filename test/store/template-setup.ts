import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TEMPLATE_ENV } from './template.ts';

/** Around a run of vitest: a folder for the store that its files share copies of. */
export default async function setup(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-template-'));
  process.env[TEMPLATE_ENV] = folder;
  return () => rm(folder, { recursive: true, force: true });
}
