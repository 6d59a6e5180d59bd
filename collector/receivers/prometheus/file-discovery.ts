import { type FSWatcher, watch } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { errorMessage } from '../../../core/errors.ts';
import { type FileDiscoveryConfig, type TargetGroup, targetGroup } from './config.ts';

export interface FileDiscovery {
  /** Resolves when the files have been read for the first time. */
  readonly ready: Promise<void>;
  close(): void;
}

export interface FileDiscoveryOptions {
  readonly config: FileDiscoveryConfig;
  /** All groups of all files, in the order of the files, whenever they have changed. */
  readonly onGroups: (groups: readonly TargetGroup[]) => void;
  /** Each reading of a file: an error's text, or undefined. */
  readonly onRead: (file: string, error: string | undefined) => void;
}

/** Editors and deployments write in several steps, each of which is told. */
const SETTLE_MS = 100;
const groupList = z.array(targetGroup).nullable();

/**
 * Follows files of targets: read at start, when a folder of theirs changes, and every `refresh_interval`. A file that
 * cannot be read, or is no list of groups, keeps the groups it had, as do those of a folder that cannot be read: half a
 * deployment takes no target away. A file that is gone takes its groups with it.
 */
export function followFiles({ config, onGroups, onRead }: FileDiscoveryOptions): FileDiscovery {
  const known = new Map<string, readonly TargetGroup[]>();
  /** Files by the path or pattern that they were found by. */
  const found = new Map<string, readonly string[]>();
  const watchers = new Map<string, FSWatcher>();
  let told: string | undefined;
  let settling: NodeJS.Timeout | undefined;
  let reading: Promise<void> = Promise.resolve();
  let closed = false;

  async function read(): Promise<void> {
    for (const path of config.files) {
      try {
        found.set(path, await matching(path));
      } catch (error) {
        onRead(path, errorMessage(error));
      }
    }
    if (closed) return;
    const files = config.files.flatMap((path) => found.get(path) ?? []);
    for (const file of [...known.keys()]) if (!files.includes(file)) known.delete(file);
    for (const file of files) {
      try {
        known.set(file, await groupsIn(file));
        onRead(file, undefined);
      } catch (error) {
        onRead(file, errorMessage(error));
      }
    }
    observe();
    const groups = files.flatMap((file) => known.get(file) ?? []);
    const text = JSON.stringify(groups);
    if (closed || text === told) return;
    told = text;
    onGroups(groups);
  }

  function refresh(): void {
    reading = reading.then(() => (closed ? undefined : read())).catch(() => {});
  }

  /** Folders that do not exist yet are looked for again at the next refresh. */
  function observe(): void {
    for (const folder of new Set(config.files.map((file) => dirname(file)))) {
      if (closed || watchers.has(folder)) continue;
      try {
        const watcher = watch(folder, () => {
          clearTimeout(settling);
          settling = setTimeout(refresh, SETTLE_MS);
        });
        const drop = () => {
          watcher.close();
          watchers.delete(folder);
        };
        watcher.on('error', drop);
        watchers.set(folder, watcher);
      } catch {
        // Read every refresh_interval all the same.
      }
    }
  }

  const timer = setInterval(refresh, Math.max(100, config.refresh_interval));
  timer.unref();
  refresh();
  return {
    ready: reading,
    close() {
      closed = true;
      clearInterval(timer);
      clearTimeout(settling);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

/** The files a path with at most one `*`, in its last part, stands for, in order. */
async function matching(path: string): Promise<string[]> {
  const [before, after] = basename(path).split('*');
  if (after === undefined) {
    return await readFile(path).then(
      () => [path],
      (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? [] : [path]),
    );
  }
  const names = await readdir(dirname(path)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const fits = (name: string) =>
    name.length >= path.length - dirname(path).length - 2 && name.startsWith(before as string) && name.endsWith(after);
  return names
    .filter(fits)
    .sort()
    .map((name) => join(dirname(path), name));
}

async function groupsIn(file: string): Promise<readonly TargetGroup[]> {
  const text = await readFile(file, 'utf8');
  const tree: unknown = file.endsWith('.json') ? JSON.parse(text) : parseYaml(text);
  const result = groupList.safeParse(tree);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new Error(`${(issue?.path ?? []).map(String).join('.') || 'the file'}: ${issue?.message ?? ''}`);
  }
  return (result.data ?? []).map((group) => ({
    ...group,
    labels: { ...group.labels, __meta_filepath: file },
  }));
}
