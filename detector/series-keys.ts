import { fingerprint, type Labels } from '../core/labels.ts';
import type { Series } from '../core/series.ts';

/** How many series that are gone are passed over to find the next one again. */
const LOOK_AHEAD = 64;

/**
 * The fingerprints of answer after answer of the store, which holds mostly the same series in the same order, as new
 * objects: who stands where it stood is compared, and only who is new there is hashed.
 */
export interface SeriesKeys {
  /**
   * Keys of `series`, place by place: the same array as before while all stand where they stood, else the next one. It is
   * good until the call after the next.
   */
  of(series: readonly Series[]): readonly string[];
}

export function createSeriesKeys(): SeriesKeys {
  let known: Labels[] = [];
  let keys: string[] = [];
  let spareKnown: Labels[] = [];
  let spareKeys: string[] = [];

  return {
    of(series) {
      const nextKnown = spareKnown;
      const nextKeys = spareKeys;
      nextKnown.length = series.length;
      nextKeys.length = series.length;
      let at = 0;
      let moved = series.length !== known.length;
      for (let i = 0; i < series.length; i++) {
        const { labels } = series[i] as Series;
        const place = placeOf(known, at, labels);
        if (place !== i) moved = true;
        // The labels that were first seen are kept: newer ones can go.
        nextKnown[i] = place < 0 ? labels : (known[place] as Labels);
        nextKeys[i] = place < 0 ? fingerprint(labels) : (keys[place] as string);
        if (place >= 0) at = place + 1;
      }
      if (!moved) return keys;
      spareKnown = known;
      spareKeys = keys;
      known = nextKnown;
      keys = nextKeys;
      return keys;
    },
  };
}

/** The place of `labels` in `known`, from `at` on; -1 when they are not near. */
function placeOf(known: readonly Labels[], at: number, labels: Labels): number {
  const end = Math.min(known.length, at + LOOK_AHEAD);
  for (let i = at; i < end; i++) if (isSame(known[i] as Labels, labels)) return i;
  return -1;
}

function isSame(a: Labels, b: Labels): boolean {
  if (a === b) return true;
  let names = 0;
  for (const name in a) {
    if (a[name] !== b[name]) return false;
    names++;
  }
  for (const _ in b) names--;
  return names === 0;
}
