/**
 * Numbers by 64-bit id, for hundreds of thousands of lookups a round: open addressing over the halves of the ids, which a map of bigints
 * takes many times as long for.
 */
export interface SeriesIndex {
  readonly size: number;
  /** The number kept under the id with these halves, or -1. */
  find(low: number, high: number): number;
  /** Keeps a number from 0 on under an id. */
  set(low: number, high: number, value: number): void;
}

export function createSeriesIndex(room = 1024): SeriesIndex {
  let mask = room - 1;
  // Per place: low half, high half, number + 1; the last is 0 where nothing is kept.
  let places = new Uint32Array(room * 3);
  let size = 0;

  function placeOf(low: number, high: number): number {
    const mixed = Math.imul(low ^ high, 0x9e3779b1);
    for (let place = (mixed ^ (mixed >>> 15)) & mask; ; place = (place + 1) & mask) {
      const at = place * 3;
      if (places[at + 2] === 0 || (places[at] === low && places[at + 1] === high)) return at;
    }
  }

  function put(low: number, high: number, value: number): void {
    const at = placeOf(low, high);
    if (places[at + 2] === 0) size++;
    places[at] = low;
    places[at + 1] = high;
    places[at + 2] = value + 1;
  }

  return {
    get size() {
      return size;
    },
    find: (low, high) => (places[placeOf(low, high) + 2] as number) - 1,
    set(low, high, value) {
      if (size * 2 > mask) {
        const old = places;
        mask = mask * 2 + 1;
        places = new Uint32Array((mask + 1) * 3);
        size = 0;
        for (let at = 0; at < old.length; at += 3) {
          const kept = old[at + 2] as number;
          if (kept > 0) put(old[at] as number, old[at + 1] as number, kept - 1);
        }
      }
      put(low, high, value);
    },
  };
}

/** The halves of ids as they lie in memory, low before high (all machines Node runs on are little-endian). */
export function halvesOf(ids: BigUint64Array): Uint32Array {
  return new Uint32Array(ids.buffer, ids.byteOffset, ids.length * 2);
}
