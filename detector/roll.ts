import type { Series } from '../core/series.ts';
import { NOWHERE, States, Volumes } from './coverage.ts';
import type { Watched } from './watched.ts';

/**
 * The watched series in their order, and for each its place in the answer (as of `SeriesKeys`), and those of its stage and its
 * group in what the answer says of volumes and states; -1 for none.
 */
export interface Roll {
  readonly watched: readonly Watched[];
  readonly places: Int32Array;
  readonly stages: Int32Array;
  readonly groups: Int32Array;
  readonly volumes: Volumes;
  readonly states: States;
}

/** Finds for all watched series their places in an answer, once for as long as neither changes. */
export interface Rolls {
  /** To be told when series came to `watched` or went. */
  changed(): void;
  call(series: readonly Series[], keys: readonly string[]): Roll;
  /** Lets go of the answer; places stay known. */
  dismiss(): void;
}

const NO_SERIES: readonly Series[] = [];

export function createRolls(watched: ReadonlyMap<string, Watched>): Rolls {
  let calledFor: readonly string[] = [];
  let read = NO_SERIES;
  let volumes = new Volumes(NO_SERIES);
  let states = new States(NO_SERIES);
  let roll: Roll | undefined;

  /** Takes the values of an answer in. */
  function take(series: readonly Series[]): void {
    read = series;
    volumes.read(series);
    states.read(series);
  }

  function find(keys: readonly string[]): Roll {
    const byKey = new Map<string, number>();
    for (let i = 0; i < keys.length; i++) byKey.set(keys[i] as string, i);
    const all = [...watched.values()];
    return {
      watched: all,
      places: Int32Array.from(all, ({ key }) => byKey.get(key) ?? NOWHERE),
      stages: Int32Array.from(all, ({ labels }) => volumes.placeOf(labels)),
      groups: Int32Array.from(all, ({ labels }) => states.placeOf(labels)),
      volumes,
      states,
    };
  }

  return {
    changed() {
      roll = undefined;
    },
    dismiss: () => take(NO_SERIES),
    call(series, keys) {
      if (calledFor !== keys) {
        calledFor = keys;
        read = series;
        volumes = new Volumes(series);
        states = new States(series);
        roll = undefined;
      } else if (read !== series) take(series);
      roll ??= find(keys);
      return roll;
    },
  };
}
