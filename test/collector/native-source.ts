import type { LeanTable, TableBlock } from '../../collector/reader/tables.ts';
import type { BlockSource } from '../../collector/spool/source.ts';
import type { Spool } from '../../collector/spool/spool.ts';
import type { Store } from '../../store/client.ts';

/** Rows of a SELECT as a Native block for a table; columns it does not name take their defaults there. */
export async function selectBlock(store: Store, table: LeanTable, sql: string): Promise<TableBlock> {
  const [count] = await store.rows<{ rows: number }>(`SELECT toUInt32(count()) AS rows FROM (${sql})`);
  const result = await store.client.exec({ query: `${sql} FORMAT Native` });
  const chunks: Buffer[] = [];
  for await (const chunk of result.stream) chunks.push(chunk as Buffer);
  return { table, rows: count?.rows ?? 0, bytes: Buffer.concat(chunks) };
}

/** Stands for the wire reader with blocks that the engine itself has made. */
export class NativeSource implements BlockSource {
  #blocks: TableBlock[] = [];
  forgotten = 0;

  get pendingRows(): number {
    return this.#blocks.reduce((total, { rows }) => total + rows, 0);
  }

  get pendingBytes(): number {
    return this.#blocks.reduce((total, { bytes }) => total + bytes.length, 0);
  }

  /** Whoever still reads a block reads zeros. */
  release(blocks: readonly TableBlock[]): void {
    for (const { bytes } of blocks) bytes.fill(0);
  }

  take(): TableBlock[] {
    const tables = new Set(this.#blocks.map(({ table }) => table));
    const blocks = [...tables].map((table) => {
      const own = this.#blocks.filter((block) => block.table === table);
      const rows = own.reduce((total, block) => total + block.rows, 0);
      return { table, rows, bytes: Buffer.concat(own.map(({ bytes }) => bytes)) };
    });
    this.#blocks = [];
    return blocks;
  }

  forget(): void {
    this.forgotten++;
  }

  /** One request that gives these blocks; returns when it is durable. */
  append(spool: Spool, ...blocks: TableBlock[]): Promise<void> {
    return spool.append('', () => {
      this.#blocks.push(...blocks);
      return { digest: '', tables: [...new Set(blocks.map(({ table }) => table))] };
    });
  }
}
