import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** An entry that promised a part which never came to be. */
export interface GhostEntry {
  readonly table: string;
  readonly part: string;
}

interface PartRange {
  readonly partition: string;
  readonly first: number;
  readonly last: number;
}

/**
 * Makes insert deduplication safe against a killed engine. MergeTree writes a block's token to the table's
 * deduplication log first and renames the part into place after it; an engine that dies between the two remembers a
 * token whose rows it never got, and silently drops the insert when its sender repeats it. Before the engine opens
 * the folder, this removes the entries whose part (or one merged from it) is not there.
 *
 * `path` is the engine's data folder; tables lie in `store/<3 digits>/<uuid>`. A log line is the operation (1 adds, 2
 * drops), the part's name and the block's id, divided by tabs.
 */
export async function repairDeduplicationLogs(path: string): Promise<readonly GhostEntry[]> {
  const ghosts: GhostEntry[] = [];
  for (const group of await names(join(path, 'store'))) {
    for (const table of await names(join(path, 'store', group))) {
      const folder = join(path, 'store', group, table);
      for (const part of await repairTable(folder)) ghosts.push({ table, part });
    }
  }
  return ghosts;
}

async function repairTable(folder: string): Promise<readonly string[]> {
  const logs = (await names(join(folder, 'deduplication_logs'))).filter((name) => name.endsWith('.txt'));
  if (logs.length === 0) return [];
  const parts = (await names(folder)).map(parsePart).filter((part) => part !== undefined);
  const isThere = (name: string): boolean => {
    const wanted = parsePart(name);
    if (wanted === undefined) return true;
    const { partition, first, last } = wanted;
    return parts.some((part) => part.partition === partition && part.first <= first && part.last >= last);
  };
  const ghosts = new Set<string>();
  for (const log of logs) {
    const file = join(folder, 'deduplication_logs', log);
    const lines = (await readFile(file, 'utf8')).split('\n');
    const kept = lines.filter((line) => {
      const [operation, part = ''] = line.split('\t');
      const isGhost = operation === '1' && !isThere(part);
      if (isGhost) ghosts.add(part);
      return !isGhost;
    });
    if (kept.length === lines.length) continue;
    await writeFile(`${file}.new`, kept.join('\n'), { flush: true });
    await rename(`${file}.new`, file);
  }
  return [...ghosts];
}

/** Partition and block numbers of a part's name: `<partition>_<first>_<last>_<level>` and perhaps `_<mutation>`. */
function parsePart(name: string): PartRange | undefined {
  const match = /^([^_]+)_(\d+)_(\d+)_\d+(?:_\d+)?$/.exec(name);
  return match === null
    ? undefined
    : { partition: match[1] as string, first: Number(match[2]), last: Number(match[3]) };
}

async function names(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
