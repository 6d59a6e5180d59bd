import { cp, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentTelemetry } from '../../core/telemetry.ts';
import { openStore } from '../../store/client.ts';
import { createEngine } from '../../store/embedded/engine.ts';
import { migrate } from '../../store/migrate.ts';

/** The folder of one run of vitest, in which the first who needs a migrated store leaves it for the others. */
export const TEMPLATE_ENV = 'WEIR_TEST_TEMPLATE';

const WAIT_MS = 60_000;

/**
 * Fills `dataDir` with a migrated store that is not running: a copy of the one that was migrated first in this run, since migrating
 * takes longer than most tests. False where there is no run to share one with.
 */
export async function copyMigrated(dataDir: string, folder = process.env[TEMPLATE_ENV]): Promise<boolean> {
  if (folder === undefined) return false;
  const template = join(folder, 'store');
  const isMine = await mkdir(join(folder, 'taken')).then(
    () => true,
    () => false,
  );
  if (isMine) await make(folder, template);
  for (const end = Date.now() + WAIT_MS; !(await isThere(template)); await sleep(50)) {
    if (Date.now() > end) throw new Error(`nobody has left a migrated store in ${template} within ${WAIT_MS} ms`);
  }
  // Tables are symbolic links within the folder, which must not come to point into the template.
  await cp(template, dataDir, { recursive: true, verbatimSymlinks: true });
  return true;
}

async function make(folder: string, template: string): Promise<void> {
  const dataDir = await mkdtemp(join(folder, 'new-'));
  const engine = createEngine({ dataDir, port: 0, telemetry: silentTelemetry() });
  try {
    await engine.start();
    const store = openStore(engine.endpoint());
    await migrate(store).finally(() => store.close());
    await engine.stop();
    await rename(dataDir, template);
  } catch (error) {
    await engine.stop();
    // The next one tries again, and fails with its own error.
    await rm(join(folder, 'taken'), { recursive: true, force: true });
    throw error;
  }
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
