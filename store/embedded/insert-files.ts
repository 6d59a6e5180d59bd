import { link, lstat, realpath, rm } from 'node:fs/promises';
import { isAbsolute, join, resolve, sep } from 'node:path';
import { denied, Refusal } from './refusal.ts';
import type { InsertFile } from './spool.ts';

/** Header of an insert whose data lies in a file already: the file's absolute path, percent-encoded. */
export const INSERT_FILE_HEADER = 'x-weir-insert-file';

/** Loads files that another process of the platform wrote, from the one folder named at the start. */
export interface InsertFiles {
  /**
   * Gives a file the engine may read. Throws a Refusal: 497 for a path that leads out of the folder in any way, 107
   * when there is no such file. The file itself stays its owner's; `remove` only takes our name of it away.
   */
  take(header: string): Promise<InsertFile>;
}

const GLOB = /[*?{}[\]]/;
const CONTROL = /\p{Cc}/u;

/**
 * `folder` is absolute, or undefined to refuse all; it need not exist yet. The engine expands `*?{}` in paths and
 * follows links, so it is given a hard link of ours in `links`, a relative path without such characters: what was
 * checked is what is read, whatever the folder is called.
 */
export function createInsertFiles(folder: string | undefined, links: string): InsertFiles {
  let count = 0;
  return {
    async take(header) {
      const path = decodePath(header);
      if (folder === undefined) throw denied('an insert from a file (no folder is open for it)');
      const inside = path.slice(folder.length + 1);
      if (!path.startsWith(folder + sep) || resolve(path) !== path) throw denied('a file outside the insert folder');
      if (GLOB.test(inside)) throw denied('a pattern in the path of an insert file');
      const [root, real] = await Promise.all([folder, path].map((name) => realpath(name).catch(() => undefined)));
      if (root === undefined || real === undefined) throw missing(inside);
      // A link anywhere below the folder would make these two differ.
      if (real !== join(root, inside)) throw denied('a link in the path of an insert file');
      count += 1;
      const taken = join(links, `file-${count}.data`);
      try {
        await link(real, taken);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT') throw missing(inside);
        // Directories cannot be linked.
        if (code === 'EPERM' || code === 'EISDIR') throw denied('an insert file that is not a plain file');
        if (code === 'EXDEV') throw new Refusal(36, 'BAD_ARGUMENTS', 'the insert folder lies on another file system');
        throw error;
      }
      const remove = () => rm(taken, { force: true });
      const status = await lstat(taken);
      if (status.isFile()) return { path: taken, bytes: status.size, remove };
      await remove();
      throw denied('an insert file that is not a plain file');
    },
  };
}

function decodePath(header: string): string {
  let path = '';
  try {
    path = decodeURIComponent(header);
  } catch {
    // Refused below, as every path that is not absolute.
  }
  if (isAbsolute(path) && !CONTROL.test(path)) return path;
  throw new Refusal(36, 'BAD_ARGUMENTS', 'the insert file is not an absolute path');
}

function missing(name: string): Refusal {
  return new Refusal(107, 'FILE_DOESNT_EXIST', `there is no insert file ${JSON.stringify(name)}`, 404);
}
