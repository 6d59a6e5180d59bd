/**
 * The offsets of one partition: which were taken up, which are dealt with, and up to where that holds without a hole,
 * for only so far may be committed. Offsets may have gaps (compaction, transaction markers) but ascend.
 */
export class OffsetLedger {
  readonly #open = new Map<bigint, boolean>();
  readonly #first: bigint;
  #next: bigint;
  #position: bigint;
  #committed: bigint | undefined;

  /** `first` is the offset that the partition is read from. */
  constructor(first: bigint) {
    this.#first = first;
    this.#next = first;
    this.#position = first;
  }

  /**
   * Takes an offset up. `known`: it was taken up before, and is durable or on its way; a rebalance brings it again.
   * `rewound`: it lies before everything that we committed, so the topic is not the one it was.
   */
  begin(offset: bigint): 'new' | 'known' | 'rewound' {
    if (offset < (this.#committed ?? this.#first)) return 'rewound';
    if (offset < this.#next) return 'known';
    this.#open.set(offset, false);
    this.#next = offset + 1n;
    return 'new';
  }

  /** The offset is dealt with: its rows are durable, or it never can be read. */
  done(offset: bigint): void {
    if (!this.#open.has(offset)) return;
    this.#open.set(offset, true);
    for (const [first, isDone] of this.#open) {
      if (!isDone) break;
      this.#open.delete(first);
      this.#position = first + 1n;
    }
  }

  /** The offset to commit, the next one to be read; undefined when it is committed already. */
  get uncommitted(): bigint | undefined {
    return this.#position > (this.#committed ?? this.#first) ? this.#position : undefined;
  }

  committed(offset: bigint): void {
    if (this.#committed === undefined || offset > this.#committed) this.#committed = offset;
  }
}
