import { statfs } from 'node:fs/promises';

/**
 * Free space of the disk under the spool. It is asked for from time to time; what is written in between counts as
 * gone, so that a fast writer cannot run past the bound between two looks.
 */
export class DiskSpace {
  readonly #directory: string;
  readonly #minFreeBytes: number;
  #freeBytes = Number.POSITIVE_INFINITY;
  #checking = false;

  constructor(directory: string, minFreeBytes: number) {
    this.#directory = directory;
    this.#minFreeBytes = minFreeBytes;
  }

  /** Whether `bytes` more would leave less than the bound. */
  isShortOf(bytes: number): boolean {
    return this.#freeBytes - bytes < this.#minFreeBytes;
  }

  spend(bytes: number): void {
    this.#freeBytes -= bytes;
  }

  /** Looks again. Throws what the system says when it cannot; the last answer stays. One look at a time. */
  async check(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    try {
      const { bavail, bsize } = await statfs(this.#directory);
      this.#freeBytes = bavail * bsize;
    } finally {
      this.#checking = false;
    }
  }
}
