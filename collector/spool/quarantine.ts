import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LeanTable } from '../reader/tables.ts';

/** Where blocks go that cannot be stored: `<folder>/<table>/<name>.native`, with the reason beside each. */
export class Quarantine {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Returns the path of the kept bytes once the disk has them. */
  async keep(table: LeanTable, name: string, bytes: Buffer, reason: string): Promise<string> {
    const folder = join(this.#folder, table);
    await mkdir(folder, { recursive: true });
    const path = join(folder, `${name}.native`);
    await writeFile(`${path}.reason.txt`, `${reason}\n`);
    await writeFile(path, bytes, { flush: true });
    return path;
  }
}
