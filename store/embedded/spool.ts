import { createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Refusal } from './refusal.ts';

/** Where insert bodies wait for the engine. */
export interface InsertSpool {
  /** Writes `head` and what is left of `rest` to a new file. The caller removes it. */
  write(head: Buffer, rest: AsyncIterable<Buffer>): Promise<InsertFile>;
}

export interface InsertFile {
  readonly path: string;
  readonly bytes: number;
  remove(): Promise<void>;
}

/**
 * A spool in `folder`, which is emptied. `write` throws 413 above `maxBytes`, and rejects with the body's own error when the client goes away; the
 * file is removed then. The engine expands `*?{}` in paths, so `folder` should be a relative path without them.
 */
export function createInsertSpool(folder: string, maxBytes: number): InsertSpool {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let count = 0;
  return {
    async write(head, rest) {
      count += 1;
      const path = join(folder, `${count}.data`);
      let bytes = 0;
      const counted = async function* () {
        if (head.length > 0) yield head;
        bytes = head.length;
        for await (const chunk of rest) {
          bytes += chunk.length;
          if (bytes > maxBytes) {
            throw new Refusal(229, 'QUERY_IS_TOO_LARGE', `the insert is over ${maxBytes} bytes: send it in parts`);
          }
          yield chunk;
        }
      };
      try {
        await pipeline(counted, createWriteStream(path, { mode: 0o600, flags: 'wx' }));
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      }
      return { path, bytes, remove: () => rm(path, { force: true }) };
    },
  };
}
