import type { Outlook } from '../../../detector/ahead/lookout.ts';
import { detectorConfig } from '../../../detector/config.ts';
import type { FeedbackBook } from '../../../detector/feedback.ts';
import { openForesight } from '../../../detector/foresight.ts';
import { judge } from '../../../detector/judge.ts';
import type { Verdict } from '../../../detector/verdict.ts';
import { createCatalogue, createWatched, type Watched } from '../../../detector/watched.ts';
import { EPOCH } from '../world.ts';

export const MINUTE = 60_000;
/** Of the shipped network: nothing was imported here. */
export const foresight = await openForesight('/nowhere');

export interface Played {
  readonly watched: Watched;
  /** What was said at the end of each minute; the minute is counted from 0. */
  readonly said: readonly { readonly minute: number; readonly verdict: Verdict }[];
  /** Minutes at whose end a warning fired and resolved. */
  readonly fired: readonly number[];
  readonly resolved: readonly number[];
  chanceAt(minute: number): number;
  outlookAt(minute: number): Outlook | undefined;
}

export interface PlayOptions {
  /** Of an entry `Limit` for the values, beside its name and query. */
  readonly entry?: object;
  readonly ahead?: object;
  readonly step?: number;
  readonly feedback?: FeedbackBook;
  /** A series that goes on from a copy of what another was at its end. */
  readonly from?: Watched;
}

/** Judges one value a step, of a series with a limit of 900 above unless `entry` has others. */
export function play(values: ArrayLike<number>, options: PlayOptions = {}): Played {
  const { entry = { scorers: { threshold: { above: 900 } } }, ahead = {}, step = MINUTE, feedback } = options;
  const detectors = [{ name: 'Limit', query: { signal: 'custom' as const }, ...entry }];
  const catalogue = createCatalogue(detectorConfig.parse({ shipped: false, ahead, detectors }), foresight);
  const labels = { signal: 'custom', pipeline: 'orders', stage: 'billing', name: 'waiting' };
  const watched = options.from ?? createWatched(labels, EPOCH, EPOCH);
  const begin = options.from?.next ?? EPOCH;
  const said: { minute: number; verdict: Verdict }[] = [];
  for (let i = 0; i < values.length; i++) {
    const point = { time: begin + i * step, value: values[i] as number, volume: Number.NaN };
    const verdict = judge(catalogue, watched, point, step, feedback).verdicts.find(
      (one) => one.watcher.entry.name === 'LimitAhead',
    );
    // The chance of a minute is asked for with the first step after it.
    if (verdict) said.push({ minute: Math.round((point.time - begin) / MINUTE) - 1, verdict });
  }
  const minutes = (transition: string) =>
    said.filter(({ verdict }) => verdict.transition === transition).map(({ minute }) => minute);
  const outlookAt = (minute: number) => said.find((one) => one.minute === minute)?.verdict.outlook;
  return {
    watched,
    said,
    fired: minutes('fired'),
    resolved: minutes('resolved'),
    outlookAt,
    chanceAt: (minute) => outlookAt(minute)?.chances[1] ?? Number.NaN,
  };
}
