import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { createServer } from 'node:net';
import { WeirError } from '../../core/errors.ts';

/**
 * Keeps a second process from replaying and deleting the segments of this one. The lock is a name in Linux's abstract
 * socket space, which the kernel frees when the process ends, however it ends; other systems go without.
 * Throws `collector_spool_locked`. Returns how to give it back.
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  if (process.platform !== 'linux') return async () => {};
  const digest = createHash('sha256')
    .update(await realpath(directory))
    .digest('hex');
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((done, fail) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return fail(error);
      const message = `another collector uses ${directory}; give each process its own data folder (--data DIR)`;
      fail(new WeirError('collector_spool_locked', message));
    });
    server.listen(`\0weir-spool-${digest}`, done);
  });
  server.unref();
  return () => new Promise((done) => server.close(() => done()));
}
