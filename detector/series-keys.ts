import { fingerprint, type Labels } from '../core/labels.ts';
import type { Series } from '../core/series.ts';
import type { Watched } from './watched.ts';

/** How many series that are gone are passed over to find the next one again. */
const LOOK_AHEAD = 64;

/** Texts of labels that are kept once, however many series carry them. */
const MOST_TEXTS = 1 << 18;

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
  /** Labels of the series at a place of the answer that was asked about last: the same object for as long as it is known. */
  labelsAt(place: number): Labels;
}

/** `watched`: by key, series of which labels and key are kept already. */
export function createSeriesKeys(
  watched: ReadonlyMap<string, Pick<Watched, 'key' | 'labels'>> = new Map(),
): SeriesKeys {
  const texts = new Map<string, string>();
  let known: Labels[] = [];
  let keys: string[] = [];
  let spareKnown: Labels[] = [];
  let spareKeys: string[] = [];

  function textOf(text: string): string {
    const known = texts.get(text);
    if (known !== undefined) return known;
    // Series come and go: texts of those that are gone must not be kept for ever.
    if (texts.size === MOST_TEXTS) texts.clear();
    texts.set(text, text);
    return text;
  }

  function kept(labels: Labels): Pick<Watched, 'key' | 'labels'> {
    const key = fingerprint(labels);
    const one = watched.get(key);
    if (one && isSame(one.labels, labels)) return one;
    const own: Record<string, string> = { ...labels };
    for (const name of Object.keys(own)) own[name] = textOf(own[name] as string);
    return { key, labels: own };
  }

  return {
    labelsAt: (place) => known[place] as Labels,

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
        if (place < 0) {
          const { key, labels: own } = kept(labels);
          nextKnown[i] = own;
          nextKeys[i] = key;
          continue;
        }
        // The labels that were first seen are kept: newer ones can go.
        nextKnown[i] = known[place] as Labels;
        nextKeys[i] = keys[place] as string;
        at = place + 1;
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
