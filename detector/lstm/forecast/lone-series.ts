import type { Millis } from '../../../core/time.ts';
import type { LstmWeights } from '../kernel/weights.ts';
import { createForecasts, type Residuals } from './forecasts.ts';

/** Points from which the interval between them is read before the first is shown to the network. */
const FIRST_POINTS = 12;
/** Points that must have come at another interval, one after the other, before the series is begun again with it. */
const OTHER_POINTS = 60;
/** Intervals this near, as a share, are one. */
const TOLERANCE = 0.1;

/** Forecasts of a single series of which nothing is known beforehand, not even the interval between its points. */
export interface LoneForecasts {
  /** How far a value that was not added yet lies from what was forecast for it; NaN where nothing was. Used again. */
  residuals(time: Millis, value: number): Readonly<Residuals>;
  /** Shows a point to the network. `interval`: between the points of the series, as far as that is known by now. */
  add(time: Millis, value: number, interval: Millis): void;
}

export function createLoneForecasts(weights: LstmWeights): LoneForecasts {
  const forecasts = createForecasts(weights, { batch: 1 });
  const residuals: Residuals = { one: NaN, five: NaN };
  let begunWith = NaN;
  let points = 0;
  let others = 0;

  return {
    residuals: (time, value) => (Number.isNaN(begunWith) ? residuals : forecasts.residuals(0, time, value, residuals)),
    add(time, value, interval) {
      if (Number.isNaN(begunWith)) {
        points++;
        if (points < FIRST_POINTS) return;
      } else {
        others = Math.abs(interval - begunWith) <= TOLERANCE * begunWith ? 0 : others + 1;
      }
      if (Number.isNaN(begunWith) || others >= OTHER_POINTS) {
        forecasts.begin(0, interval);
        begunWith = interval;
        others = 0;
      }
      forecasts.add(0, time, value);
      forecasts.run();
    },
  };
}
