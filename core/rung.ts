/**
 * How far a series has come with its detectors: what its expectation rests on. `zero_shot`: the forecasts of the network, before the series has a
 * baseline of its own; `baseline`: its level; `season`: its time of day, too; `full`: that, known for a week.
 */
export const RUNGS = ['learning', 'zero_shot', 'baseline', 'season', 'full'] as const;
export type Rung = (typeof RUNGS)[number];
