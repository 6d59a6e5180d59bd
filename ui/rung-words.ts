import type { DetectorRecordView } from '../core/feedback-view.ts';
import { RUNGS, type Rung } from '../core/rung.ts';
import { formatCount } from './format.ts';

/** What a series on each rung knows of itself. */
const KNOWN: Readonly<Record<Rung, string>> = {
  learning: 'first points',
  zero_shot: 'forecasts of the network',
  baseline: 'level',
  season: 'time of day',
  full: 'days and weekends',
};

/** `its level`; undefined where nothing is known of a rung of that name. */
export function knownText(rung: string): string | undefined {
  const known = RUNGS.find((one) => one === rung);
  if (known === undefined) return undefined;
  return known === 'zero_shot' ? `the ${KNOWN[known]}` : `its ${KNOWN[known]}`;
}

type Rungs = DetectorRecordView['rungs'];

/** `level`, or `first points 1, level 3` where series differ, those that know the least in front; empty where none stands on a rung. */
export function rungsText(rungs: Rungs): string {
  const present = RUNGS.filter((rung) => (rungs[rung] ?? 0) > 0);
  if (present.length === 1) return KNOWN[present[0] as Rung];
  return present.map((rung) => `${KNOWN[rung]} ${formatCount(rungs[rung] ?? 0)}`).join(', ');
}

/** `LatencyHigh 1 of 4, DependencySlow`: detectors with series that have no baseline yet, and how many where others have one. */
export function learningText(records: readonly Pick<DetectorRecordView, 'detector' | 'rungs'>[]): string {
  return records
    .flatMap(({ detector, rungs }) => {
      const early = (rungs['learning'] ?? 0) + (rungs['zero_shot'] ?? 0);
      const all = RUNGS.reduce((sum, rung) => sum + (rungs[rung] ?? 0), 0);
      if (early === 0) return [];
      return early === all ? [detector] : [`${detector} ${formatCount(early)} of ${formatCount(all)}`];
    })
    .join(', ');
}
