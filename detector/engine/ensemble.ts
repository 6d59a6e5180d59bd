import { STREAMS } from './streams.ts';

/**
 * Streams that others bring: the residual of a forecast of one step, and the mean of the last 12 residuals of one of some
 * steps. Signed, in raw units.
 */
export const OUTSIDE = ['forecast', 'drift'] as const;
/** All streams of the ensemble; what follows is in this order. */
export const NAMES = [...STREAMS, ...OUTSIDE];
export const COUNT = NAMES.length;
export const FIRST_OUTSIDE = STREAMS.length;
/** What each stream weighs, alone and beside a forecast, which says what step and regression try to. */
export const WEIGHTS = Float64Array.of(1.5, 0.7, 0.5, 0.4, 0.5, 0.7, 0.5, 0.8, 0.4);
export const WEIGHTS_WITH_FORECAST = Float64Array.of(1.5, 0.7, 0.5, 0.4, 0.2, 0.7, 0, 0.8, 0.4);
export const DRIFT_GAIN = 2 / 13;
/** Share of the points that makes the tail of each stream. */
export const TAIL_SHARES = Float64Array.of(0.1, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05);
export const SPREAD = STREAMS.indexOf('spread');
/** Streams that tell how low a value is, the first of them that is ready. */
export const LOWNESS = [STREAMS.indexOf('profile'), STREAMS.indexOf('level'), STREAMS.indexOf('step')];
