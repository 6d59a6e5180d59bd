import type { LeanTable } from '../reader/tables.ts';
import { type OpenSegment, removeSegment } from './segment.ts';

/**
 * Empty segments made ahead of their use: making one costs the disk two new names and a sync of their folder, which
 * requests would wait for at every roll.
 */
export class SpareSegments {
  readonly #create: (table: LeanTable) => Promise<OpenSegment>;
  readonly #spares = new Map<LeanTable, Promise<OpenSegment>>();

  constructor(create: (table: LeanTable) => Promise<OpenSegment>) {
    this.#create = create;
  }

  /** The table's spare, or a new one where there is none or making it failed. Throws what creating throws. */
  async take(table: LeanTable): Promise<OpenSegment> {
    const spare = this.#spares.get(table);
    this.#spares.delete(table);
    return (await spare?.catch(() => undefined)) ?? this.#create(table);
  }

  /** Makes a spare for the table unless it has one. */
  prepare(table: LeanTable): void {
    if (this.#spares.has(table)) return;
    const spare = this.#create(table);
    // Whoever takes it hears of the failure by trying again.
    spare.catch(() => {});
    this.#spares.set(table, spare);
  }

  /** Removes all spares. */
  async close(): Promise<void> {
    const spares = [...this.#spares.values()];
    this.#spares.clear();
    for (const result of await Promise.allSettled(spares)) {
      if (result.status === 'fulfilled') await removeSegment(await result.value.close());
    }
  }
}
