import type { Watched } from './watched.ts';

/** The watched series in their order, and at which place of the answer (as of `SeriesKeys`) each stands; -1 for none. */
export interface Roll {
  readonly watched: readonly Watched[];
  readonly places: Int32Array;
}

/** Finds for all watched series their places in an answer, once for as long as neither changes. */
export interface Rolls {
  /** To be told when series came to `watched` or went. */
  changed(): void;
  call(keys: readonly string[]): Roll;
}

export function createRolls(watched: ReadonlyMap<string, Watched>): Rolls {
  let calledFor: readonly string[] | undefined;
  let roll: Roll = { watched: [], places: new Int32Array(0) };
  return {
    changed() {
      calledFor = undefined;
    },
    call(keys) {
      if (calledFor === keys) return roll;
      calledFor = keys;
      const byKey = new Map<string, number>();
      for (let i = 0; i < keys.length; i++) byKey.set(keys[i] as string, i);
      const all = [...watched.values()];
      roll = { watched: all, places: Int32Array.from(all, ({ key }) => byKey.get(key) ?? -1) };
      return roll;
    },
  };
}
