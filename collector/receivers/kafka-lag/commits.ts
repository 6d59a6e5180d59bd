/**
 * Committed offsets as three columns, in the order they were read: those of one group and topic stand together, which
 * sums and encoding rely on. Hundreds of thousands are held in a few megabytes.
 */
export class Commits {
  /** Index of a group, row of a partition, the next offset the group will read. */
  groups = new Int32Array(4096);
  rows = new Int32Array(4096);
  offsets = new Float64Array(4096);
  length = 0;

  add(group: number, row: number, offset: number): void {
    if (this.length === this.rows.length) this.#grow();
    this.groups[this.length] = group;
    this.rows[this.length] = row;
    this.offsets[this.length] = offset;
    this.length++;
  }

  #grow(): void {
    const length = 2 * this.rows.length;
    const groups = new Int32Array(length);
    groups.set(this.groups);
    const rows = new Int32Array(length);
    rows.set(this.rows);
    const offsets = new Float64Array(length);
    offsets.set(this.offsets);
    Object.assign(this, { groups, rows, offsets });
  }
}
